package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/meaning"
	"github.com/sigil-dna/sigil/internal/words"
	"github.com/sigil-dna/sigil/store"
)

// vocabulary is how many different words texts have.
const vocabulary = 200_000

// dictionary is Debian's list of American English words (package wamerican).
const dictionary = "/usr/share/dict/american-english"

// texts makes memories of 40 to 80 words, and queries, both of words drawn by Zipf (s = 1.07). They are the same in every
// run with the same dictionary. No word is in any list of stop words, so that all programs have to look for all of them.
// The most frequent are of the dictionary and have vectors; the others are syllables.
type texts struct {
	words []string
	drawn []uint32 // of these words; to draw from them is faster than to draw by Zipf each time
}

func newTexts(known []string) *texts {
	const drawn = 1 << 22
	t := &texts{words: make([]string, vocabulary), drawn: make([]uint32, drawn)}
	for i := range t.words {
		t.words[i] = word(i)
	}
	copy(t.words, known)
	zipf := rand.NewZipf(rand.New(rand.NewPCG(3, 4)), 1.07, 1, vocabulary-1)
	for i := range t.drawn {
		t.drawn[i] = uint32(zipf.Uint64())
	}
	return t
}

// knownWords returns the words of the dictionary that have vectors, one for each stem, in an order of chance that is always
// the same. If the bench is lenient and there is no dictionary, there are none.
func (b *bench) knownWords() ([]string, error) {
	list, err := os.ReadFile(dictionary)
	if errors.Is(err, fs.ErrNotExist) && b.lenient {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	analyzer, err := words.New(words.Settings{})
	if err != nil {
		return nil, err
	}
	var known []string
	seen, table := map[string]bool{}, meaning.BuiltIn()
	for w := range strings.Lines(string(list)) {
		w = strings.TrimSpace(w)
		if strings.ContainsFunc(w, func(r rune) bool { return r < 'a' || r > 'z' }) || table.Word(w) == nil {
			continue
		}
		json := []byte(`"` + w + `"`)
		stop := slices.ContainsFunc(analyzer.Document(json, nil, nil).Terms, func(t words.Term) bool { return t.Stop })
		if all := analyzer.Sequence(json, nil, nil); !stop && len(all) == 1 && !seen[all[0].Term] {
			seen[all[0].Term] = true
			known = append(known, w)
		}
	}
	r := rand.New(rand.NewPCG(7, 8))
	r.Shuffle(len(known), func(i, j int) { known[i], known[j] = known[j], known[i] })
	return known, nil
}

// word returns the i-th word: three syllables, in no order.
func word(i int) string {
	const consonants, vowels, syllables = "bdghjklmnprstv", "aeiou", 14 * 5
	n := i * 7919 % (syllables * syllables * syllables)
	var b []byte
	for range 3 {
		b = append(b, consonants[n%14], vowels[n/14%5])
		n /= syllables
	}
	return string(b)
}

// text returns the i-th text.
func (t *texts) text(i uint64) string {
	r := rand.New(rand.NewPCG(i, 5))
	return t.draw(r, 40+r.IntN(41))
}

func (t *texts) draw(r *rand.Rand, words int) string {
	var b strings.Builder
	for k := range words {
		if k > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(t.words[t.drawn[r.IntN(len(t.drawn))]])
	}
	return b.String()
}

// data returns the i-th text as the value of a memory.
func (t *texts) data(i uint64) []byte { return []byte(`{"text":"` + t.text(i) + `"}`) }

// asked is how many queries of a length are asked, again and again: enough for a 99th percentile. Peers that need a large part of a
// second for a query are asked the first askedSlow of them.
const asked, askedSlow = 200, 40

// queries returns queries of that many words each.
func (t *texts) queries(words int) []string {
	r := rand.New(rand.NewPCG(uint64(words), 6))
	q := make([]string, asked)
	for i := range q {
		q[i] = t.draw(r, words)
	}
	return q
}

// queryLengths are the numbers of words of queries.
var queryLengths = []int{1, 3, 8}

// mixed returns the queries of all lengths in turn.
func (t *texts) mixed() []string {
	q := make([]string, asked*len(queryLengths))
	for k, n := range queryLengths {
		for i, query := range t.queries(n) {
			q[i*len(queryLengths)+k] = query
		}
	}
	return q
}

// library is a store with b.memories texts. One section at a time uses it.
type library struct {
	*texts
	dir string
}

// texts returns the library, which the first call makes.
func (b *bench) texts(ctx context.Context) (*library, error) {
	if b.library != nil {
		return b.library, nil
	}
	known, err := b.knownWords()
	if err != nil {
		return nil, err
	}
	l := &library{newTexts(known), filepath.Join(b.scratch, "library")}
	begin := time.Now()
	e, err := openStore(l.dir, nil)
	if err != nil {
		return nil, err
	}
	err = e.fill(ctx, b.memories, draft(l.data), nil)
	if err = errors.Join(err, e.store.Close()); err != nil {
		return nil, err
	}
	fmt.Printf("filled a store with %s texts (%s)\n", number(float64(b.memories)), time.Since(begin).Round(time.Second))
	b.library = l
	return l, nil
}

// openLibrary opens the library and returns when its index is complete, or at once if there is none.
func openLibrary(ctx context.Context, dir string, clock func() time.Time, o store.SearchSettings) (*embedded, error) {
	e, err := openSearching(dir, clock, o)
	if err != nil || o.Off {
		return e, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		page, err := e.Search(ctx, tenant, engine.SearchQuery{Text: word(0), Limit: 1})
		if err == nil && !page.Incomplete {
			return e, nil
		}
		if err == nil {
			select {
			case <-tick.C:
				continue
			case <-ctx.Done():
				err = ctx.Err()
			}
		}
		return nil, errors.Join(err, e.store.Close())
	}
}

// fresh returns a function that makes drafts of texts that all differ, at hardly any cost: a few texts, whose words begin
// at another one each time.
func (t *texts) fresh() func(i uint64) sigil.Draft {
	const few = 1 << 14
	type ring struct {
		text   string // twice
		starts []int  // of its words
	}
	rings := make([]ring, few)
	for i := range rings {
		text := t.text(1<<40 + uint64(i))
		rings[i].text = text + " " + text
		at := 0
		for w := range strings.SplitSeq(text, " ") {
			rings[i].starts = append(rings[i].starts, at)
			at += len(w) + 1
		}
	}
	return func(i uint64) sigil.Draft {
		r := &rings[i%few]
		at := r.starts[i/few%uint64(len(r.starts))]
		data := make([]byte, 0, 16+len(r.text)/2)
		data = append(data, `{"text":"`...)
		data = append(data, r.text[at:at+len(r.text)/2]...)
		return sigil.Draft{Data: append(data, `"}`...)}
	}
}
