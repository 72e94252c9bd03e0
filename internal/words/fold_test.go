package words

import "testing"

// FuzzFold checks that folding, with accents or without, changes nothing the second time.
func FuzzFold(f *testing.F) {
	for _, s := range []string{"Straße", "ΰ", "ᾳ\u0345", "ﷺ", "İ", "e\u0301", "\u0345\u0301", "Ǆ", "ﬁ", "㎏", "ｶﾞ", "한", "ŉ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		folded := fold(s)
		if again := fold(folded); again != folded {
			t.Errorf("%q: %q, then %q", s, folded, again)
		}
		plain := unaccent(folded)
		if again := unaccent(plain); again != plain {
			t.Errorf("%q without accents: %q, then %q", s, plain, again)
		}
	})
}

// TestFoldAll folds every character.
func TestFoldAll(t *testing.T) {
	for r := rune(0); r < 0x30000; r++ {
		folded := fold(string(r))
		if again := fold(folded); again != folded {
			t.Errorf("%U: %q, then %q", r, folded, again)
		}
		if plainPair(r) && folded != string(r) {
			t.Errorf("%U is folded to %q", r, folded)
		}
		plain := unaccent(folded)
		if again := fold(plain); again != plain {
			t.Errorf("%U without accents: %q, folded %q", r, plain, again)
		}
	}
}
