package search

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/sigil-dna/sigil"
)

// text draws words as they occur in texts: by Zipf.
type text struct {
	words []string
	drawn []uint32 // of these words: to draw from them is faster than to draw anew
	rng   *rand.Rand
}

func newText(seed uint64, words int) *text {
	rng := rand.New(rand.NewPCG(seed, 0))
	t := &text{rng: rng, drawn: make([]uint32, 1<<23)}
	zipf := rand.NewZipf(rng, 1.07, 1, uint64(words-1))
	for i := range t.drawn {
		t.drawn[i] = uint32(zipf.Uint64())
	}
	for i := range words {
		t.words = append(t.words, "w"+strconv.FormatInt(int64(i)*7919+1000, 36))
	}
	return t
}

// doc returns a memory of about 60 words.
func (t *text) doc(n uint64) Doc {
	var buf [80]uint32
	words := buf[:40+t.rng.IntN(41)]
	for i := range words {
		words[i] = t.draw()
	}
	slices.Sort(words)
	d := Doc{ID: testID(n), Ref: uint32(n), Length: len(words), Terms: make([]Term, 0, len(words))}
	for i, word := range words {
		if i == 0 || word != words[i-1] {
			d.Terms = append(d.Terms, Term{t.words[word], 0})
		}
		d.Terms[len(d.Terms)-1].Count++
	}
	t.rng.Shuffle(len(d.Terms), func(i, j int) { d.Terms[i], d.Terms[j] = d.Terms[j], d.Terms[i] })
	return d
}

func (t *text) draw() uint32 { return t.drawn[t.rng.IntN(len(t.drawn))] }

func (t *text) query(words int) *Query {
	q := &Query{}
	for range words {
		q.Optional = append(q.Optional, Clause{{Text: t.words[t.draw()], Weight: 1}})
	}
	return q
}

// TestManyAgreeWithTheOracle compares searches over segments of several windows and lists of many blocks with the
// oracle, before memories are removed, after, and after merges.
func TestManyAgreeWithTheOracle(t *testing.T) {
	const memories, queries = 5000, 20
	text := newText(3, 2000)
	x, o := New(), &oracle{docs: map[sigil.ID]Doc{}, live: map[sigil.ID]bool{}}
	for n := range memories {
		at := uint64(n + 1)
		if n%7 == 0 {
			at = uint64(memories + n + 1) // not in the order in which they come
		}
		d := text.doc(at)
		o.docs[d.ID], o.live[d.ID] = d, true
		x.Add(d)
	}
	ask := func() {
		t.Helper()
		j := newJudge(o.present(t, x))
		for n := range queries {
			q := text.query(1 + n%8)
			if n%3 == 0 {
				q.Required, q.Optional = q.Optional[:(len(q.Optional)+1)/2], q.Optional[(len(q.Optional)+1)/2:]
			}
			if n%5 == 0 {
				q.Forbidden = [][]Clause{text.query(1).Optional}
			}
			if n%4 == 0 && len(q.Optional) > 0 {
				v := &q.Optional[0][0]
				v.Prefix, v.Text = true, v.Text[:2]
			}
			if n%6 == 0 && len(q.Required) > 0 {
				q.Required[0] = append(q.Required[0], text.query(1).Optional[0]...)
			}
			o.judge(t, x, j, q, 10, nil)
		}
	}
	ask()
	mergeAll(x)
	ask()
	var ids []sigil.ID
	for id := range o.live {
		if text.rng.IntN(3) == 0 {
			ids = append(ids, id)
			delete(o.live, id)
		}
	}
	x.Remove(ids...)
	ask()
	mergeAll(x)
	ask()
	if s := x.Stats(); s.Segments != 1 || s.Dead != 0 {
		t.Errorf("%+v", s)
	}
}

// mergeAll makes one segment of all.
func mergeAll(x *Index) {
	x.adding.Lock()
	defer x.adding.Unlock()
	x.work.Lock()
	defer x.work.Unlock()
	x.merge(1 << 30)
	x.seal()
	x.begin(x.sealed())
	for !x.merges[0].step(1000) {
	}
	x.install(0)
}
