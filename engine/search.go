package engine

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

const (
	// defaultHits is the number of hits in a page if no limit is given.
	defaultHits = 10
	// reranked is how many of the best memories by words are ranked anew if freshness or strength has a weight.
	reranked = 200
	// halfStrength is the number of recalls at which strength is one half.
	halfStrength = 4
)

// What a search takes and returns besides the types here, under this package's name.
type (
	// Filter is [store.Filter].
	Filter = store.Filter
	// Match is [store.Match].
	Match = store.Match
	// Arithmetic is [store.Arithmetic].
	Arithmetic = store.Arithmetic
)

// SearchQuery is a search; everything but Text is optional.
type SearchQuery struct {
	// Text is what a person types: words (any of them; more rank higher), "a phrase", -without, pre*, /pointer:word,
	// tag:word. Whatever cannot be read that way is words. It has at most 4,096 bytes.
	Text   string
	Limit  int    // maximum number of hits; 0 means 10
	Cursor string // from the previous page; empty means the first page
	Filter store.Filter
	// Weights are the factors of the parts of a score; nil means words alone.
	Weights *Weights
	// MinScore leaves out hits with a lower score.
	MinScore float64
	// MaxBytes, if over 0, is how many bytes of data the page may have. A memory that does not fit any more is left out;
	// smaller ones that follow may still fit.
	MaxBytes int64
	// Recall refreshes what is returned, as one recall each.
	Recall bool
	// Highlight asks where the words stand, Explain for the arithmetic of the scores.
	Highlight, Explain bool
}

// Weights are the factors of the parts of a score, each from 0 to 1.
type Weights struct{ Words, Freshness, Strength float64 }

// Parts are what a score is made of, each from 0 to 1.
type Parts struct {
	// Words is the BM25 score divided by the highest one of the query; 0 if the query ranks nothing.
	Words float64
	// Freshness is 1 − decay.
	Freshness float64
	// Strength is n / (n + 4) for a memory with n recalls.
	Strength float64
}

// SearchHit is a memory that was found.
type SearchHit struct {
	Memory sigil.Memory
	// Score is the sum of the parts, each times its weight. By default it is that of words, so that the best hit has 1.
	Score float64
	Parts Parts
	// Matched is where the words stand: tags first, then values in their order.
	Matched []store.Match
	// Terms is the arithmetic of the BM25 score.
	Terms *store.Arithmetic

	gone bool // since it was found
}

// SearchPage is one page of hits.
type SearchPage struct {
	Hits []SearchHit
	// Next is the cursor of the next page; empty on the last. Scores change as memories come and go, so a hit may then
	// move from one page to another.
	Next string
	// Incomplete means that the index is still being built after a start, so that memories may be missing.
	Incomplete bool
}

// Search returns the memories of a tenant that a text finds: best score first, and of equal scores the freshest, then the
// most recalled, then the newest. Pages lead to the best [Limits.Page] hits, and with a weight for freshness or strength
// to the best 200. Unless q.Recall is set, it refreshes none. It sees every change that has returned.
//
// It returns [sigil.ErrInvalid] for a text that is empty or too long, and [sigil.ErrConflict] with code "search_off"
// if the store does not search.
func (e *Engine) Search(ctx context.Context, tenant string, q SearchQuery) (page SearchPage, err error) {
	defer e.observe("search", 1)(&err)
	if err := sigil.CheckTenant(tenant); err != nil {
		return page, err
	}
	weights, err := e.checkSearch(&q)
	if err != nil {
		return page, err
	}
	after, err := decodeHit(q.Cursor)
	if err != nil {
		return page, err
	}
	depth, now := e.limits.Page, e.now()
	want := min(depth, after.rank+q.Limit+1)
	if weights.Freshness > 0 || weights.Strength > 0 {
		depth = min(depth, reranked)
		want = depth
	}
	found, err := e.store.Search(ctx, store.SearchQuery{Tenant: tenant, Now: now, Limit: want, Text: q.Text, Filter: q.Filter, Explain: q.Explain})
	if err != nil {
		return page, wrap(err)
	}
	page.Incomplete = found.Incomplete
	hits := ranked(found.Hits, weights, func(m *sigil.Memory) float64 { return 1 - m.Decay(now) })
	hits = slices.DeleteFunc(hits, func(h SearchHit) bool { return h.Score < q.MinScore })
	at := after.in(hits)
	if hits, page.Hits, at, err = e.page(ctx, tenant, now, hits, at, &q); err != nil {
		return page, err
	}
	if at < len(hits) && at < depth {
		last := &hits[at-1]
		page.Next = hitCursor{rank: at, score: last.Score, id: last.Memory.ID}.encode()
	}
	if q.Recall {
		page.Hits, err = e.recallHits(ctx, page.Hits)
	}
	return page, err
}

// checkSearch checks a query, completes its limit, and returns its weights.
func (e *Engine) checkSearch(q *SearchQuery) (w Weights, err error) {
	if q.Limit == 0 {
		q.Limit = min(defaultHits, e.limits.Page)
	}
	if q.Limit, err = e.limit(q.Limit); err != nil {
		return w, err
	}
	if p := q.Filter.Pattern; p != nil && (*p < 0 || *p >= sigil.NumPatterns) {
		return w, sigil.NewInvalid("invalid_pattern", "pattern", fmt.Sprintf("must be from 0 to %d", sigil.NumPatterns-1))
	}
	for _, list := range []struct {
		field string
		tags  []string
	}{{"tags", q.Filter.Tags}, {"anyTags", q.Filter.AnyTags}, {"notTags", q.Filter.NotTags}} {
		if len(list.tags) > e.limits.Tags {
			return w, sigil.NewInvalid("invalid_tags", list.field, fmt.Sprintf("has more than %d tags", e.limits.Tags))
		}
		if err := checkEach(list.field, list.tags); err != nil {
			return w, err
		}
	}
	if !(q.MinScore >= 0 && q.MinScore <= 3) { // also not a number
		return w, sigil.NewInvalid("invalid_min", "minScore", "must be a number from 0 to 3, the highest score with all weights at 1")
	}
	if q.MaxBytes < 0 {
		return w, sigil.NewInvalid("invalid_max_bytes", "maxBytes", "must be 0 or more")
	}
	w = Weights{Words: 1}
	if q.Weights != nil {
		w = *q.Weights
	}
	for _, v := range []float64{w.Words, w.Freshness, w.Strength} {
		if !(v >= 0 && v <= 1) {
			return w, sigil.NewInvalid("invalid_weights", "weights", "must be numbers from 0 to 1")
		}
	}
	return w, nil
}

// ranked returns the hits with their scores, in order.
func ranked(found []store.Hit, w Weights, freshness func(*sigil.Memory) float64) []SearchHit {
	best := 0.0
	for i := range found {
		best = max(best, found[i].Words)
	}
	hits := make([]SearchHit, len(found))
	for i := range found {
		f := &found[i]
		p := Parts{Freshness: freshness(&f.Memory), Strength: float64(f.Memory.AccessCount) / (float64(f.Memory.AccessCount) + halfStrength)}
		if best > 0 {
			p.Words = f.Words / best
		}
		hits[i] = SearchHit{
			Memory: f.Memory, Parts: p, Terms: f.Terms,
			Score: w.Words*p.Words + w.Freshness*p.Freshness + w.Strength*p.Strength,
		}
	}
	slices.SortStableFunc(hits, func(a, b SearchHit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.Parts.Freshness, a.Parts.Freshness), cmp.Compare(b.Parts.Strength, a.Parts.Strength))
	})
	return hits
}

// page returns the hits of a page that begins at a rank, with their contents, the rank after the last one that was looked at,
// and all hits without those that have gone since they were found.
func (e *Engine) page(ctx context.Context, tenant string, now time.Time, hits []SearchHit, at int, q *SearchQuery) (left, page []SearchHit, end int, err error) {
	for {
		fit, end := e.fitting(hits, at, q)
		if err := e.read(ctx, tenant, now, fit); err != nil {
			return nil, nil, 0, err
		}
		if !slices.ContainsFunc(fit, func(h *SearchHit) bool { return h.gone }) {
			for _, h := range fit {
				page = append(page, *h)
			}
			return hits, page, end, e.highlight(page, q)
		}
		hits = slices.DeleteFunc(hits, func(h SearchHit) bool { return h.gone })
	}
}

// fitting returns the hits of a page that begins at a rank, and the rank after the last one that was looked at.
func (e *Engine) fitting(hits []SearchHit, at int, q *SearchQuery) (page []*SearchHit, end int) {
	var bytes int64
	for end = at; end < len(hits) && len(page) < q.Limit && bytes < e.limits.PageBytes; end++ {
		size := int64(hits[end].Memory.Size)
		if q.MaxBytes > 0 && bytes+size > q.MaxBytes {
			continue
		}
		bytes += size
		page = append(page, &hits[end])
	}
	return page, end
}

// read reads the contents of hits that have none. Those that have gone are marked so.
func (e *Engine) read(ctx context.Context, tenant string, now time.Time, hits []*SearchHit) error {
	var ids []sigil.ID
	for _, h := range hits {
		if h.Memory.Data == nil {
			ids = append(ids, h.Memory.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	all, err := e.store.Contents(ctx, tenant, ids, now)
	if err != nil {
		return wrap(err)
	}
	for _, h := range hits {
		if h.Memory.Data != nil {
			continue
		}
		if len(all) > 0 && all[0].ID == h.Memory.ID {
			h.Memory, all = all[0], all[1:]
		} else {
			h.gone = true
		}
	}
	return nil
}

// highlight finds where the words of a query stand.
func (e *Engine) highlight(page []SearchHit, q *SearchQuery) error {
	if !q.Highlight || strings.TrimSpace(q.Text) == "" {
		return nil
	}
	text, err := e.analyzer.Parse(q.Text)
	if err != nil {
		return wrap(store.NewInvalidQuery(err))
	}
	for i := range page {
		page[i].Matched, _ = text.Match(page[i].Memory.Data, page[i].Memory.Tags)
	}
	return nil
}

// recallHits refreshes hits. One that has faded in the meantime is left out.
func (e *Engine) recallHits(ctx context.Context, hits []SearchHit) ([]SearchHit, error) {
	kept := hits[:0]
	for _, h := range hits {
		m, err := e.Recall(ctx, h.Memory.Key)
		if errors.Is(err, sigil.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		h.Memory = m
		kept = append(kept, h)
	}
	return kept, nil
}

// hitCursor is where a page of hits ended: at a rank, after a hit.
type hitCursor struct {
	rank  int
	score float64
	id    sigil.ID
}

const hitCursorVersion = 2

func (c hitCursor) encode() string {
	b := binary.BigEndian.AppendUint32([]byte{hitCursorVersion}, uint32(c.rank))
	b = binary.BigEndian.AppendUint64(b, math.Float64bits(c.score))
	return base64.RawURLEncoding.EncodeToString(append(b, c.id[:]...))
}

func decodeHit(s string) (c hitCursor, err error) {
	if s == "" {
		return c, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil && len(b) == 13+len(c.id) {
		c.rank = int(binary.BigEndian.Uint32(b[1:]))
		c.score = math.Float64frombits(binary.BigEndian.Uint64(b[5:]))
		copy(c.id[:], b[13:])
	}
	if c.encode() != s || c.rank < 1 {
		return hitCursor{}, sigil.NewInvalid("invalid_cursor", "cursor", "was not made by this service")
	}
	return c, nil
}

// in returns the index of the first hit after the cursor.
func (c *hitCursor) in(hits []SearchHit) int {
	if c.rank == 0 {
		return 0
	}
	if i := slices.IndexFunc(hits, func(h SearchHit) bool { return h.Memory.ID == c.id }); i >= 0 {
		return i + 1
	}
	if i := slices.IndexFunc(hits, func(h SearchHit) bool { return h.Score < c.score }); i >= 0 {
		return i
	}
	return len(hits)
}
