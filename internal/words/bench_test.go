package words_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil/internal/words"
)

// memories returns n memories of 60 words, drawn by Zipf from a vocabulary of 20,000, half of them stop words, with an id and a path
// each, as assistants write.
func memories(n int) (all [][]byte) {
	rng := rand.New(rand.NewPCG(1, 2))
	syllables := []string{"con", "ver", "ta", "ri", "mo", "ne", "pro", "sti", "lo", "ca", "den", "fu", "ga", "hu", "ju", "ki"}
	endings := []string{"ing", "ed", "s", "ation", "er", "ly", "", "", "", ""}
	vocabulary := make([]string, 20_000)
	for i := range vocabulary {
		var b strings.Builder
		for range 2 + rng.IntN(3) {
			b.WriteString(syllables[rng.IntN(len(syllables))])
		}
		vocabulary[i] = b.String() + endings[rng.IntN(len(endings))]
	}
	stops := strings.Fields("the of and to a in is it you that he was for on are with as I his they be at")
	zipf := rand.NewZipf(rng, 1.1, 4, uint64(len(vocabulary)-1))
	for range n {
		var b strings.Builder
		for i := range 58 {
			switch {
			case rng.IntN(2) == 0:
				b.WriteString(stops[rng.IntN(len(stops))])
			default:
				b.WriteString(vocabulary[zipf.Uint64()])
			}
			b.WriteString([]string{" ", " ", " ", " ", " ", " ", ", ", ". "}[(i+rng.IntN(3))%8])
		}
		all = append(all, fmt.Appendf(nil, `{"text":"%s","ref":"issue-%d","file":"internal/%s.go"}`, b.String(), rng.IntN(1000), vocabulary[zipf.Uint64()]))
	}
	return all
}

// TestNoAllocations analyzes a memory whose words are remembered.
func TestNoAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector drops what a pool keeps")
	}
	a := analyzer(t, words.Settings{})
	memory := memories(1)[0]
	var buf []words.Term
	if n := testing.AllocsPerRun(100, func() { buf = a.Document(memory, nil, buf).Terms }); n > 0 {
		t.Errorf("%g allocations", n)
	}
}

func BenchmarkDocument(b *testing.B) {
	all := memories(4096)
	size := 0
	for _, m := range all {
		size += len(m)
	}
	for _, language := range []string{"en", "none"} {
		b.Run(language, func(b *testing.B) {
			a := analyzer(b, words.Settings{Language: language})
			b.ReportAllocs()
			b.SetBytes(int64(size / len(all)))
			terms, i := 0, 0
			for b.Loop() {
				terms += len(a.Document(all[i%len(all)], []string{"project"}, nil).Terms)
				i++
			}
			b.ReportMetric(float64(terms)/float64(i), "terms/op")
		})
	}
	b.Run("buf", func(b *testing.B) {
		a := analyzer(b, words.Settings{})
		b.ReportAllocs()
		var buf []words.Term
		i := 0
		for b.Loop() {
			buf = a.Document(all[i%len(all)], nil, buf).Terms
			i++
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	a := analyzer(b, words.Settings{})
	all := memories(4096)
	q, err := a.Parse(`convertation "in the" /text:profuta`)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		q.Match(all[i%len(all)], nil)
		i++
	}
}

func BenchmarkParse(b *testing.B) {
	a := analyzer(b, words.Settings{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Parse("when did the deployment of the payment-service fail"); err != nil {
			b.Fatal(err)
		}
	}
}
