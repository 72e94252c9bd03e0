package meaning

// Model is the name of the vectors that [Table.Embed] makes with the built-in table. It changes with them.
const Model = "wink-glove-100d-1"

// Sum makes the vector of a text that comes in parts, as [Table.Embed] does. It is used by one goroutine at a time.
type Sum struct {
	table *Table
	sums  []int64
	rows  []uint32 // of the words so far
	left  int
}

// NewSum returns a Sum of nothing.
func (t *Table) NewSum() *Sum { return &Sum{table: t, sums: make([]int64, t.dims), left: MaxTextBytes} }

// Add adds a part, and reports whether more would count.
func (s *Sum) Add(text []byte) bool {
	text = text[:min(s.left, len(text))]
	s.left -= len(text)
	s.rows = s.table.AppendRows(s.rows, string(text))
	return s.left > 0
}

// Take returns the vector, or nil if the table has none of the words, and begins anew.
func (s *Sum) Take() Vector {
	v := s.OfRows(nil, s.rows)
	s.rows = s.rows[:0]
	s.left = MaxTextBytes
	return v
}

// OfRows appends the vector of a text, given what [Table.AppendRows] returns for its parts, one after another. It appends nothing if
// the text has none.
func (s *Sum) OfRows(to Vector, rows []uint32) Vector {
	for _, row := range rows {
		factor, codes := s.table.at(int(row))
		sums := s.sums[:len(codes)]
		for i, c := range codes {
			sums[i] += int64(int8(c)) * factor
		}
	}
	to = appendCompact(to, s.sums)
	clear(s.sums)
	return to
}
