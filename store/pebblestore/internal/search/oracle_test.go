package search

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sigil-dna/sigil"
)

// oracle holds the memories that were added, and answers queries by looking at every one of them.
type oracle struct {
	docs map[sigil.ID]Doc // removed ones included
	live map[sigil.ID]bool
}

// present returns the memories that the index still counts: all that are alive, and dead ones that no merge has left
// out yet.
func (o *oracle) present(t failer, x *Index) []Doc {
	x.mu.RLock()
	defer x.mu.RUnlock()
	ids := slices.Clone(x.young.ids)
	for _, s := range x.segments {
		ids = append(ids, s.ids...)
	}
	seen := map[sigil.ID]bool{}
	var docs []Doc
	for _, id := range ids {
		seen[id] = true
		docs = append(docs, o.docs[id])
	}
	for id := range o.live {
		if !seen[id] {
			t.Fatalf("%s is lost", id)
		}
	}
	if len(docs) != x.docs || len(o.live) != x.live {
		t.Fatalf("%d memories, %d alive; the index counts %d and %d", len(docs), len(o.live), x.docs, x.live)
	}
	return docs
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func (d *Doc) count(term string) int {
	for _, t := range d.Terms {
		if t.Text == term {
			return t.Count
		}
	}
	return 0
}

// judge computes scores for one state of an index.
type judge struct {
	docs    []Doc
	average float64
	df      map[string]int
	known   map[Variant]variants
}

// variants are the terms that a variant stands for, and their document frequency.
type variants struct {
	terms []string
	df    int
}

func newJudge(docs []Doc) *judge {
	j := &judge{docs: docs, df: map[string]int{}, known: map[Variant]variants{}}
	for _, d := range docs {
		j.average += float64(d.Length) / float64(len(docs))
		for _, term := range d.Terms {
			j.df[term.Text]++
		}
	}
	if j.average == 0 {
		j.average = 1
	}
	return j
}

func (j *judge) variants(v Variant) variants {
	all, ok := j.known[v]
	if ok {
		return all
	}
	for term, n := range j.df {
		if term == v.Text || v.Prefix && strings.HasPrefix(term, v.Text) {
			all.terms = append(all.terms, term)
			all.df += n
		}
	}
	all.df = min(all.df, len(j.docs))
	j.known[v] = all
	return all
}

// best returns the score of a clause's best variant.
func (j *judge) best(d *Doc, c Clause) (best float64, matches bool) {
	for _, v := range c {
		all := j.variants(v)
		for _, term := range all.terms {
			count := float64(d.count(term))
			if count == 0 {
				continue
			}
			n, df := float64(len(j.docs)), float64(all.df)
			idf := math.Log(1 + (n-df+0.5)/(df+0.5))
			score := v.Weight * idf * count * 2.2 / (count + 1.2*(0.25+0.75*float64(d.Length)/j.average))
			best, matches = max(best, score), true
		}
	}
	return best, matches
}

func (j *judge) score(d *Doc, q *Query) (sum float64, matches bool) {
	for _, c := range q.Required {
		score, ok := j.best(d, c)
		if !ok {
			return 0, false
		}
		sum, matches = sum+score, true
	}
	for _, c := range q.Optional {
		score, ok := j.best(d, c)
		sum, matches = sum+score, matches || ok
	}
	for _, set := range q.Forbidden {
		if len(set) > 0 && !slices.ContainsFunc(set, func(c Clause) bool { _, ok := j.best(d, c); return !ok }) {
			return 0, false
		}
	}
	return sum, matches || len(q.Required)+len(q.Optional) == 0
}

const near = 1e-6

// check compares a search, and what Scores and Explain say, with the oracle.
func (o *oracle) check(t failer, x *Index, q *Query, limit int, accept func(sigil.ID, uint32) bool) {
	t.Helper()
	o.judge(t, x, newJudge(o.present(t, x)), q, limit, accept)
}

func (o *oracle) judge(t failer, x *Index, j *judge, q *Query, limit int, accept func(sigil.ID, uint32) bool) {
	t.Helper()
	want, all := map[sigil.ID]float64{}, map[sigil.ID]float64{}
	var scores []float64
	for i := range j.docs {
		d := &j.docs[i]
		score, ok := j.score(d, q)
		if !ok || !o.live[d.ID] {
			continue
		}
		all[d.ID] = score
		if score >= q.MinScore && (accept == nil || accept(d.ID, d.Ref)) {
			want[d.ID] = score
			scores = append(scores, score)
		}
	}
	slices.SortFunc(scores, func(a, b float64) int { return cmp.Compare(b, a) })

	hits := x.Search(q, limit, accept)
	if len(hits) != min(limit, len(want)) {
		t.Fatalf("%d hits of %d, limit %d: %+v", len(hits), len(want), limit, q)
	}
	seen := map[sigil.ID]bool{}
	for i, h := range hits {
		score, ok := want[h.ID]
		if !ok || seen[h.ID] || h.Ref != o.docs[h.ID].Ref {
			t.Fatalf("hit %d, %v, is none, or there twice: %+v", i, h, q)
		}
		seen[h.ID] = true
		if math.Abs(h.Score-score) > near || math.Abs(h.Score-scores[i]) > near {
			t.Fatalf("hit %d scores %v, not %v; the best there is scores %v: %+v", i, h.Score, score, scores[i], q)
		}
		if i > 0 && (h.Score > hits[i-1].Score || h.Score == hits[i-1].Score && bytes.Compare(h.ID[:], hits[i-1].ID[:]) > 0) {
			t.Fatalf("hits %d and %d, %v and %v, are in the wrong order", i-1, i, hits[i-1], h)
		}
		e, ok := x.Explain(q, h.ID)
		sum := 0.0
		for _, part := range e.Parts {
			if part.Count != o.docs[h.ID].count0(part.Term) || part.DF < j.df[part.Term] {
				t.Fatalf("%v: part %+v has another count or frequency", h, part)
			}
			sum += part.Score
		}
		if !ok || e.Score != h.Score || math.Abs(sum-h.Score) > near || e.Memories != len(j.docs) {
			t.Fatalf("%v is explained by %+v", h, e)
		}
	}
	ids := slices.Collect(maps.Keys(o.docs))
	ids = ids[:min(len(ids), 500)]
	for i, score := range x.Scores(q, ids) {
		if math.Abs(score-all[ids[i]]) > near {
			t.Fatalf("the score of %v is %v, not %v: %+v", ids[i], score, all[ids[i]], q)
		}
	}
}

func (d Doc) count0(term string) int { return d.count(term) }

func testID(n uint64) sigil.ID {
	var id sigil.ID
	binary.BigEndian.PutUint64(id[:], n)
	return id
}

// drawDoc returns a memory with a new id.
func drawDoc(t *rapid.T, o *oracle, terms int) Doc {
	n := uint64(len(o.docs) + 1)
	if rapid.IntRange(0, 3).Draw(t, "order") == 0 {
		n = rapid.Uint64Range(0, 1<<20).Draw(t, "id")<<20 | n // as an import
	} else {
		n |= 1 << 39
	}
	d := Doc{ID: testID(n), Ref: uint32(len(o.docs)), Length: rapid.IntRange(0, 12).Draw(t, "length")}
	for range rapid.IntRange(0, 6).Draw(t, "terms") {
		// Low numbers are drawn more often, as common words.
		number := rapid.IntRange(0, terms).Draw(t, "term") * rapid.IntRange(0, 3).Draw(t, "rarity") / 3
		text := fmt.Sprintf("%c%d", 'a'+number%3, number)
		if d.count(text) == 0 {
			d.Terms = append(d.Terms, Term{text, 1 + rapid.IntRange(0, 3).Draw(t, "count")*rapid.IntRange(0, 3).Draw(t, "more")})
		}
	}
	return d
}

func drawQuery(t *rapid.T, terms int) *Query {
	clauses := func(name string, most int) []Clause {
		return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Clause {
			return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Variant {
				number := rapid.IntRange(0, terms+1).Draw(t, "term")
				v := Variant{Text: fmt.Sprintf("%c%d", 'a'+number%3, number), Weight: rapid.SampledFrom([]float64{1, 1, 0.5, 3, 0}).Draw(t, "weight")}
				if rapid.IntRange(0, 5).Draw(t, "prefix") == 0 {
					v.Prefix, v.Text = true, v.Text[:rapid.IntRange(0, len(v.Text)).Draw(t, "bytes")]
				}
				return v
			}), 1, 3).Draw(t, "variants")
		}), 0, most).Draw(t, name)
	}
	q := &Query{Optional: clauses("optional", 5)}
	if rapid.IntRange(0, 2).Draw(t, "kind") == 0 {
		q.Required = clauses("required", 2)
		q.Forbidden = [][]Clause{clauses("forbidden", 1), clauses("forbidden", 2)}
	}
	if rapid.IntRange(0, 4).Draw(t, "least") == 0 {
		q.MinScore = rapid.Float64Range(0.01, 3).Draw(t, "score") + 0.123456e-4
	}
	return q
}

// TestAgreesWithTheOracle adds and removes memories, seals, merges and searches at random. What is found is what looking
// at all memories finds, with the same scores.
func TestAgreesWithTheOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, o := New(), &oracle{docs: map[sigil.ID]Doc{}, live: map[sigil.ID]bool{}}
		terms := rapid.SampledFrom([]int{2, 10, 60, 400}).Draw(t, "vocabulary")
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				var docs []Doc
				for range rapid.SampledFrom([]int{1, 5, 40, 200}).Draw(t, "memories") {
					d := drawDoc(t, o, terms)
					docs = append(docs, d)
					o.docs[d.ID], o.live[d.ID] = d, true
				}
				x.Add(docs...)
			},
			"remove": func(t *rapid.T) {
				ids := []sigil.ID{testID(1 << 41)}
				odd := rapid.IntRange(1, 40).Draw(t, "one in")
				for _, id := range slices.SortedFunc(maps.Keys(o.live), newer) {
					if int(o.docs[id].Ref)%odd == 0 {
						ids = append(ids, id)
						delete(o.live, id)
					}
				}
				if n := x.Remove(ids...); n != len(ids)-1 {
					t.Fatalf("%d removed, of %d", n, len(ids)-1)
				}
			},
			"seal":  func(*rapid.T) { sealNow(x) },
			"merge": func(t *rapid.T) { mergeNow(x, rapid.IntRange(1, 500).Draw(t, "budget")) },
			"search": func(t *rapid.T) {
				var accept func(sigil.ID, uint32) bool
				if odd := rapid.IntRange(0, 4).Draw(t, "accept"); odd > 1 {
					accept = func(_ sigil.ID, ref uint32) bool { return int(ref)%odd == 0 }
				}
				o.check(t, x, drawQuery(t, terms), rapid.SampledFrom([]int{1, 3, 10, 1000}).Draw(t, "limit"), accept)
			},
			"": func(t *rapid.T) { o.present(t, x) },
		})
		for range 30 {
			mergeNow(x, 1<<20)
		}
	})
}

// sealNow seals the memtable before it is full.
func sealNow(x *Index) {
	x.adding.Lock()
	defer x.adding.Unlock()
	x.seal()
}

// mergeNow does work on a merge of the first segments, whatever is due.
func mergeNow(x *Index, budget int) {
	x.work.Lock()
	defer x.work.Unlock()
	if segments := x.sealed(); len(x.merges) == 0 && len(segments) > 0 {
		x.begin(segments[:min(len(segments), 5)])
	}
	if len(x.merges) > 0 && x.merges[0].step(budget) {
		x.install(0)
	}
}
