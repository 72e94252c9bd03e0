package client

import (
	"context"
	"iter"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/wire"
)

// SearchQuery is a search. It has Text, Vector, both, or Like; everything else is optional.
type SearchQuery struct {
	// Text is what a person types: words (any of them; more rank higher), "a phrase", -without, pre*, /pointer:word,
	// tag:word. It has at most 4,096 bytes.
	Text string
	// Vector is compared with the vectors that were given with memories and have as many dimensions.
	Vector []float32
	// Like, if not zero, is the id of a memory: what is like it is found, and it is left out.
	Like   sigil.ID
	Limit  int    // hits per page; 0 means 10
	Cursor string // from the previous page; empty means the first page
	// Tags must all be among the memory's tags, one of AnyTags must be, and none of NotTags.
	Tags, AnyTags, NotTags []string
	// These filters apply if they are set. Times are exclusive, and a memory without a deadline passes neither FadingAfter
	// nor FadingBefore.
	Crystallized                *bool
	Pinned                      *bool
	Pattern                     *int
	CreatedAfter, CreatedBefore time.Time
	FadingAfter, FadingBefore   time.Time
	// MinScore leaves out hits with a lower score.
	MinScore float64
	// Weights are the factors of the parts of a score; nil means 0.65 for words and 0.35 for meaning.
	Weights *SearchWeights
	// MaxBytes, if over 0, is how many bytes of data the hits of a page may have together.
	MaxBytes int64
	// Recall refreshes the memories that are returned, as one recall each.
	Recall bool
	// Highlight asks for Matched of each hit, Explain for Explanation.
	Highlight, Explain bool
	// NoContent leaves out the data and state of the memories.
	NoContent bool
}

// Search returns one page of what q finds, best first. Unless q.Recall is set, it refreshes nothing. A daemon that does
// not search answers with an [*Error] of code "search_off".
func (c *Client) Search(ctx context.Context, q SearchQuery) (wire.SearchPage, error) {
	sent := wire.Search{
		Query: q.Text, Vector: q.Vector, Limit: q.Limit, Cursor: q.Cursor, Tags: q.Tags, AnyTags: q.AnyTags, NotTags: q.NotTags,
		Pinned: q.Pinned, Crystallized: q.Crystallized, Pattern: q.Pattern,
		CreatedAfter: moment(q.CreatedAfter), CreatedBefore: moment(q.CreatedBefore),
		FadingAfter: moment(q.FadingAfter), FadingBefore: moment(q.FadingBefore),
		MinScore: q.MinScore, Weights: q.Weights, MaxBytes: q.MaxBytes, Recall: q.Recall, Highlight: q.Highlight, Explain: q.Explain,
	}
	if q.Like != (sigil.ID{}) {
		sent.Like = &q.Like
	}
	if q.NoContent {
		sent.Content = new(bool)
	}
	return posted[wire.SearchPage](ctx, c, "/v1/sigils:search", sent)
}

// AllHits returns everything that q finds, from q.Cursor on, page by page like [Client.All]. A daemon's pages lead to
// the best 1,000 hits, unless it is set otherwise.
func (c *Client) AllHits(ctx context.Context, q SearchQuery) iter.Seq2[wire.Hit, error] {
	return entries(q.Cursor, func(cursor string) ([]wire.Hit, *string, error) {
		q := q
		q.Cursor = cursor
		page, err := c.Search(ctx, q)
		return page.Hits, page.Next, err
	})
}

// moment returns nil for the zero time.
func moment(t time.Time) *wire.Timestamp {
	if t.IsZero() {
		return nil
	}
	return &wire.Timestamp{Time: t}
}
