package engine

import (
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
	"github.com/sigil-dna/sigil/internal/meaning"
	"github.com/sigil-dna/sigil/internal/words"
	"github.com/sigil-dna/sigil/store"
)

const (
	// defaultHits is the number of hits in a page if no limit is given.
	defaultHits = 10
	// reranked is how many of the best memories by words are ranked anew if freshness or strength has a weight.
	reranked = 200
	// halfStrength is the number of recalls at which strength is one half.
	halfStrength = 4
	// leastCosine is over what cosine a memory is found by the vector of a text alone.
	leastCosine = 0.35
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
	// Vector, if not nil, is searched with instead of the vector of the text, among the vectors that were given with memories. Then
	// Text may be empty.
	Vector []float32
	// Like, if not zero, is the id of a memory: it is searched for what is like it, by its words and its vector (its own if it has
	// one), and it is left out. There is then no Text and no Vector.
	Like sigil.ID
	// Weights are the factors of the parts of a score. nil means 0.65 for words and 0.35 for meaning, or 1 for the one of
	// them that the query has. With 0 for meaning, only words find.
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
type Weights struct{ Words, Meaning, Freshness, Strength float64 }

// Parts are what a score is made of, each from 0 to 1.
type Parts struct {
	// Words is the BM25 score divided by the highest one of the query; 0 if the query ranks nothing. In a search by meaning as well,
	// the best 100 hits have the part that package meaning describes, and the others their share divided by 1.4.
	Words float64
	// Meaning is the cosine of the angle between the vectors of the query and the memory, or 0 if it is below.
	Meaning float64
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
	// Why is the arithmetic of the score, if it was asked for.
	Why *ScoreArithmetic

	gone   bool // since it was found
	vector meaning.Vector
}

// SearchPage is one page of hits.
type SearchPage struct {
	Hits []SearchHit
	// Next is the cursor of the next page; empty on the last. Scores change as memories come and go, so a hit may then
	// move from one page to another.
	Next string
	// Incomplete means that the index is still being built after a start, so that memories may be missing.
	Incomplete bool
	// Vectors is whether there is search by meaning. While an endpoint that makes vectors does not answer, they are being built.
	Vectors store.VectorState
	// Model is the model of the vectors that were searched, or empty if only words were.
	Model string
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
	e.use(ctx, tenant)
	r := ranking{e: e, tenant: tenant, now: e.now(), weights: weights, explain: q.Explain}
	find := store.SearchQuery{Tenant: tenant, Now: r.now, Text: q.Text, Filter: q.Filter, Explain: q.Explain}
	if err := r.prepare(ctx, &q, &find); err != nil {
		return page, err
	}
	if r.text == nil && r.vector == nil { // like a memory that has neither words nor a vector
		return page, nil
	}
	depth := e.limits.Page
	find.Limit = min(depth, after.rank+q.Limit+1)
	switch {
	case r.weights.Freshness > 0 || r.weights.Strength > 0:
		depth = min(depth, reranked)
		find.Limit = depth
	case r.vector != nil && find.Limit <= reranked: // the same memories are found for all pages up to there
		find.Limit = min(depth, reranked)
	case r.vector != nil:
		find.Limit = depth
	}
	if r.found, err = e.find(ctx, &find, after.rank+q.Limit, depth); err != nil {
		return page, wrap(err)
	}
	page.Incomplete, page.Vectors = r.found.Incomplete, r.found.Vectors
	if r.unavailable {
		page.Vectors = store.VectorsBuilding
	}
	if r.vector != nil {
		page.Model = find.Model
	}
	r.least = find.Nearest
	if err := r.rank(ctx); err != nil {
		return page, err
	}
	hits := slices.DeleteFunc(r.hits, func(h SearchHit) bool { return h.Score < q.MinScore || h.Memory.ID == q.Like })
	at := after.in(hits)
	if hits, page.Hits, at, err = e.page(ctx, tenant, r.now, hits, at, &q, r.text); err != nil {
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

// find returns what the store finds, up to depth. A search by words alone gets all that have the same score as the last of the
// needed: the freshest of equals come first, and without some of them a page would miss those.
func (e *Engine) find(ctx context.Context, q *store.SearchQuery, needed, depth int) (store.Found, error) {
	for {
		found, err := e.store.Search(ctx, *q)
		n := len(found.Hits)
		if err != nil || n < q.Limit || n < needed || q.Limit >= depth || len(q.Vector) > 0 || found.Hits[n-1].Words < found.Hits[needed-1].Words {
			return found, err
		}
		q.Limit = min(depth, 8*q.Limit)
	}
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
	if !(q.MinScore >= 0 && q.MinScore <= 4) { // also not a number
		return w, sigil.NewInvalid("invalid_min", "minScore", "must be a number from 0 to 4, the highest score with all weights at 1")
	}
	if q.MaxBytes < 0 {
		return w, sigil.NewInvalid("invalid_max_bytes", "maxBytes", "must be 0 or more")
	}
	if q.Weights != nil {
		w = *q.Weights
	}
	for _, v := range []float64{w.Words, w.Meaning, w.Freshness, w.Strength} {
		if !(v >= 0 && v <= 1) {
			return w, sigil.NewInvalid("invalid_weights", "weights", "must be numbers from 0 to 1")
		}
	}
	return w, nil
}

// prepare reads the query, completes find, and sets the weights if none are given.
func (r *ranking) prepare(ctx context.Context, q *SearchQuery, find *store.SearchQuery) error {
	if r.e.analyzer == nil {
		return wrap(store.NewSearchOff())
	}
	byMeaning := q.Weights == nil || q.Weights.Meaning > 0
	if q.Like != (sigil.ID{}) {
		if err := r.like(ctx, q, find, byMeaning); err != nil {
			return err
		}
		r.weigh(q)
		return nil
	}
	var err error
	if q.Vector == nil || strings.TrimSpace(q.Text) != "" {
		if r.text, err = r.e.analyzer.Parse(q.Text); err != nil {
			return wrap(store.NewInvalidQuery(err))
		}
	}
	by := r.e.embeds()
	switch model := r.e.searching.Model(); {
	case q.Vector != nil && (byMeaning || r.text == nil):
		if !r.e.searching.Compares(store.OwnModel) {
			return wrap(store.NewMeaningOff())
		}
		if r.vector, err = compact(q.Vector); err != nil {
			return err
		}
		find.Model, find.Nearest = store.OwnModel, 0
	case q.Vector == nil && byMeaning && model == meaning.Model:
		r.vector = meaning.BuiltIn().Embed(r.text.Plain())
		find.Model, find.Nearest = model, leastCosine
	case q.Vector == nil && byMeaning && by != nil:
		if err := r.byEndpoint(ctx, by, find); err != nil {
			return err
		}
		r.vector = meaning.Vector(find.Vector)
	}
	find.Vector = store.Vector(r.vector)
	r.weigh(q)
	return nil
}

// Indexing reports whether searches are still incomplete after a start, as [SearchPage].Incomplete does.
func (e *Engine) Indexing() bool {
	s, ok := e.store.Store.(store.Indexing)
	return ok && s.Indexing()
}

// DefaultWeights returns the weights of a search by words and meaning, or by words if there is none by meaning.
func (e *Engine) DefaultWeights() Weights {
	if e.searching.Model() == "" && e.embeds() == nil {
		return Weights{Words: 1}
	}
	return Weights{Words: meaning.WordsWeight, Meaning: meaning.MeaningWeight}
}

// weigh sets the weights if none are given.
func (r *ranking) weigh(q *SearchQuery) {
	if q.Weights != nil {
		return
	}
	switch {
	case r.vector == nil:
		r.weights = Weights{Words: 1}
	case r.text == nil:
		r.weights = Weights{Meaning: 1}
	default:
		r.weights = Weights{Words: meaning.WordsWeight, Meaning: meaning.MeaningWeight}
	}
}

// compact returns the compact form of a vector from outside.
func compact(v []float32) (meaning.Vector, error) {
	if len(v) == 0 || len(v) > store.MaxDimensions {
		return nil, sigil.NewInvalid("invalid_vector", "vector", fmt.Sprintf("must have from 1 to %d numbers", store.MaxDimensions))
	}
	c := meaning.Compact(v)
	if c == nil {
		return nil, sigil.NewInvalid("invalid_vector", "vector", "must have finite numbers, not all of them 0")
	}
	return c, nil
}

// page returns the hits of a page that begins at a rank, with their contents, the rank after the last one that was looked at,
// and all hits without those that have gone since they were found.
func (e *Engine) page(ctx context.Context, tenant string, now time.Time, hits []SearchHit, at int, q *SearchQuery, text *words.Query) (left, page []SearchHit, end int, err error) {
	for {
		fit, end := e.fitting(hits, at, q)
		if err := e.read(ctx, tenant, now, fit); err != nil {
			return nil, nil, 0, err
		}
		if !slices.ContainsFunc(fit, func(h *SearchHit) bool { return h.gone }) {
			for _, h := range fit {
				page = append(page, *h)
			}
			if q.Highlight && text != nil {
				highlight(page, text)
			}
			return hits, page, end, nil
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
func highlight(page []SearchHit, text *words.Query) {
	for i := range page {
		page[i].Matched, _ = text.Match(page[i].Memory.Data, page[i].Memory.Tags)
	}
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
