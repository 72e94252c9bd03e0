package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/wire"
)

// ListQuery selects memories; the zero value selects all, newest first.
type ListQuery struct {
	Limit  int        // entries per page; 0 means the daemon's default
	Cursor string     // from the previous page; empty means the first page
	Sort   sigil.Sort // the order; empty means [sigil.SortCreated]
	// These filters apply if they are set.
	Tags []string // a memory must have all of these
	// Text is a query in the language of [SearchQuery].Text, which a memory must match by its words. It does not change the order, and
	// the pages have all that match. Just after its start, a daemon may refuse it with an [*Error] of code "search_building".
	Text         string
	Crystallized *bool
	Pinned       *bool
	Pattern      *int
	// FadingAfter and FadingBefore are exclusive. A memory without a deadline passes neither.
	FadingAfter, FadingBefore time.Time
	// NoContent leaves out the data and the state of every memory.
	NoContent bool
}

// List returns one page of memories, in the order of q.Sort, without refreshing them.
func (c *Client) List(ctx context.Context, q ListQuery) (wire.MemoryPage, error) {
	query := url.Values{}
	setLimit(query, q.Limit)
	setCursor(query, q.Cursor)
	setTags(query, q.Tags)
	if q.Text != "" {
		query.Set("q", q.Text)
	}
	if q.Sort != "" {
		query.Set("sort", string(q.Sort))
	}
	if q.Crystallized != nil {
		query.Set("crystallized", strconv.FormatBool(*q.Crystallized))
	}
	if q.Pinned != nil {
		query.Set("pinned", strconv.FormatBool(*q.Pinned))
	}
	if q.Pattern != nil {
		query.Set("pattern", strconv.Itoa(*q.Pattern))
	}
	if !q.FadingAfter.IsZero() {
		query.Set("fadingAfter", wire.Timestamp{Time: q.FadingAfter}.String())
	}
	if !q.FadingBefore.IsZero() {
		query.Set("fadingBefore", wire.Timestamp{Time: q.FadingBefore}.String())
	}
	if q.NoContent {
		query.Set("content", "false")
	}
	return call[wire.MemoryPage](ctx, c, request{method: http.MethodGet, path: "/v1/sigils", query: query})
}

// All returns all memories that match q, from q.Cursor on. Pages are requested as the loop reaches them. An error ends
// the loop, as its last pair.
func (c *Client) All(ctx context.Context, q ListQuery) iter.Seq2[wire.Memory, error] {
	return entries(q.Cursor, func(cursor string) ([]wire.Memory, *string, error) {
		q := q
		q.Cursor = cursor
		page, err := c.List(ctx, q)
		return page.Memories, page.Next, err
	})
}

// CrystalQuery selects crystals; the zero value selects all.
type CrystalQuery struct {
	Limit   int               // entries per page; 0 means the daemon's default
	Cursor  string            // from the previous page; empty means the first page
	Kind    sigil.CrystalKind // empty selects both kinds
	Lattice bool              // also return the lattices of memories' crystals
}

// Crystals returns one page of crystals: first those of patterns, by group, then those of memories, newest first.
func (c *Client) Crystals(ctx context.Context, q CrystalQuery) (wire.CrystalPage, error) {
	query := url.Values{}
	setLimit(query, q.Limit)
	setCursor(query, q.Cursor)
	if q.Kind != "" {
		query.Set("kind", string(q.Kind))
	}
	if q.Lattice {
		query.Set("lattice", "true")
	}
	return call[wire.CrystalPage](ctx, c, request{method: http.MethodGet, path: "/v1/crystals", query: query})
}

// AllCrystals returns all crystals that match q, page by page like [Client.All].
func (c *Client) AllCrystals(ctx context.Context, q CrystalQuery) iter.Seq2[wire.Crystal, error] {
	return entries(q.Cursor, func(cursor string) ([]wire.Crystal, *string, error) {
		q := q
		q.Cursor = cursor
		page, err := c.Crystals(ctx, q)
		return page.Crystals, page.Next, err
	})
}

// entries returns the entries of all pages from cursor on.
func entries[T any](cursor string, page func(cursor string) ([]T, *string, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for cursor := cursor; ; {
			list, next, err := page(cursor)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, entry := range list {
				if !yield(entry, nil) {
					return
				}
			}
			if next == nil || *next == "" || *next == cursor { // a cursor that repeats would loop forever
				return
			}
			cursor = *next
		}
	}
}

func setTags(query url.Values, tags []string) {
	for _, tag := range tags {
		query.Add("tag", tag)
	}
}

func setCursor(query url.Values, cursor string) {
	if cursor != "" {
		query.Set("cursor", cursor)
	}
}
