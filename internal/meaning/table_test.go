package meaning

import (
	"slices"
	"testing"
)

func TestBuiltInTableIsWhole(t *testing.T) {
	if err := CheckTable(builtIn); err != nil {
		t.Fatal(err)
	}
	if n := len(builtIn); n > 16_000_000 {
		t.Errorf("the table has %d bytes, more than 16 MB", n)
	}
	if table := BuiltIn(); table.Dims() != 100 || table.Len() < 100_000 {
		t.Errorf("the table has %d words of %d dimensions", table.Len(), table.Dims())
	}
}

func small() []TableWord {
	return []TableWord{
		{"the", 3, Vector{1, -127, 0}},
		{"tea", 1000, Vector{127, 5, -6}},
		{"five", 2000, Vector{-1, -2, -127}},
	}
}

func TestTableHasItsWords(t *testing.T) {
	data, err := AppendTable([]byte("before"), small())
	if err != nil {
		t.Fatal(err)
	}
	data = data[len("before"):]
	if err := CheckTable(data); err != nil {
		t.Error(err)
	}
	table, err := OpenTable(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range small() {
		if v := table.Word(w.Text); !slices.Equal(v, w.Vector) {
			t.Errorf("%s: %v, want %v", w.Text, v, w.Vector)
		}
	}
	if v := table.Word("coffee"); v != nil {
		t.Errorf("coffee: %v, want nil", v)
	}
	// 1000*{127,5,-6} + 2000*{-1,-2,-127}, scaled by 127/260000
	if v := table.Embed("tea five"); !slices.Equal(v, Vector{61, 0, -127}) {
		t.Errorf("the sum of two words: %v", v)
	}
}

func TestDamagedTablesAreRefused(t *testing.T) {
	data, err := AppendTable(nil, small())
	if err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]int{"magic": 0, "version": 7, "count": 8, "dims": 12} {
		bad := slices.Clone(data)
		bad[at]++
		if _, err := OpenTable(bad); err == nil {
			t.Errorf("a table with another %s was opened", name)
		}
	}
	for _, n := range []int{0, 7, tableHeader, len(data) - 1} {
		if _, err := OpenTable(data[:n]); err == nil {
			t.Errorf("%d bytes of a table were opened", n)
		}
	}
	for _, at := range []int{16, tableHeader + 9, tableHeader + bucketsLen + 2, len(data) - 1} {
		bad := slices.Clone(data)
		bad[at]++
		if err := CheckTable(bad); err == nil {
			t.Errorf("byte %d changed, and the table was found whole", at)
		}
	}
}

func TestTablesThatCannotBe(t *testing.T) {
	twice := append(small(), small()[0])
	uneven := append(small(), TableWord{"odd", 1, Vector{1}})
	for name, words := range map[string][]TableWord{"no words": nil, "a word twice": twice, "vectors of two lengths": uneven} {
		if _, err := AppendTable(nil, words); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// BenchmarkOpen is what a start of the program pays for the table.
func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		BuiltIn()
	}
}
