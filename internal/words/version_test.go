package words_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil/internal/words"
)

// TestVersion fails if terms change, by our hand or by a library's. Then indexes must be rebuilt: raise Version, and take over the
// sum that the test reports.
func TestVersion(t *testing.T) {
	const version, want = 1, "49f8c00a4ae8b84b"
	sum := sha256.New()
	for _, language := range words.Languages() {
		a := analyzer(t, words.Settings{Language: language})
		for i, shape := range shapes {
			for _, sign := range signs {
				memory := shape + sign + shapes[(i+1)%len(shapes)]
				if _, err := io.WriteString(sum, terms(a.Document(text(t, memory), nil, nil))+"\n"); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	a := analyzer(t, words.Settings{Language: "none"})
	var all strings.Builder // every character that a word can have
	for r := rune(0x20); r < 0x20000; r++ {
		fmt.Fprintf(&all, "x%cy ", r)
		if r%0x1000 == 0 {
			if _, err := io.WriteString(sum, terms(a.Document(text(t, all.String()), nil, nil))+"\n"); err != nil {
				t.Fatal(err)
			}
			all.Reset()
		}
	}
	if got := fmt.Sprintf("%x", sum.Sum(nil)[:8]); got != want || version != words.Version {
		t.Errorf("the terms of version %d have the sum %s, want those of version %d, %s", words.Version, got, version, want)
	}
}
