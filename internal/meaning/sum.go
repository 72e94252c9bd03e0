package meaning

// Model is the name of the vectors that [Table.Embed] makes with the built-in table. It changes with them.
const Model = "wink-glove-100d-1"

// Sum makes the vector of a text that comes in parts, as [Table.Embed] does. It is used by one goroutine at a time.
type Sum struct {
	table *Table
	sums  []int64
	text  []byte // the parts so far, a line each
	left  int
}

// NewSum returns a Sum of nothing.
func (t *Table) NewSum() *Sum { return &Sum{table: t, sums: make([]int64, t.dims), left: maxTextBytes} }

// Add adds a part, and reports whether more would count.
func (s *Sum) Add(text []byte) bool {
	text = text[:min(s.left, len(text))]
	s.left -= len(text)
	s.text = append(append(s.text, text...), '\n')
	return s.left > 0
}

// Take returns the vector, or nil if the table has none of the words, and begins anew.
func (s *Sum) Take() Vector {
	s.table.addText(s.sums, string(s.text))
	v := compactSums(s.sums)
	clear(s.sums)
	s.text = s.text[:0]
	s.left = maxTextBytes
	return v
}
