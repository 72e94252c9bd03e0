package forgeteval

import "testing"

// Cases of one family differ, and there are at least a thousand.
func TestCasesDiffer(t *testing.T) {
	all := 0
	for _, f := range families {
		seen := map[string]bool{}
		for n := range f.cases {
			seen[(&trial{n: n}).subject().text] = true
		}
		if len(seen) != f.cases {
			t.Errorf("%s: %d different subjects of %d cases", f.name, len(seen), f.cases)
		}
		all += f.cases
	}
	if all < 1000 {
		t.Errorf("%d cases", all)
	}
}
