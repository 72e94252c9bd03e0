package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// defaultPage is the number of entries in a page if no limit is given.
const defaultPage = 100

// ListQuery selects memories; the zero value selects the newest 100.
type ListQuery struct {
	Limit  int        // maximum number of entries; 0 means 100
	Cursor string     // from the previous page; empty means the first page
	Sort   sigil.Sort // the order; empty means [sigil.SortCreated]
	// These filters apply if they are set.
	Tags []string // a memory must have all of these, at most as many as a memory may have
	// Text is a query in the language of searches, which a memory must match by its words. It does not change the order, and the pages
	// have all that match.
	Text         string
	Crystallized *bool
	Pinned       *bool
	Pattern      *int
	// FadingAfter and FadingBefore are exclusive. A memory without a deadline passes neither.
	FadingAfter, FadingBefore time.Time
	// NoData leaves the data of every memory nil.
	NoData bool
}

// Page is one page of a list.
type Page struct {
	Memories []sigil.Memory
	// Next is the cursor of the next page; empty on the last. It stays valid forever, whatever is encoded or released
	// in between. It goes with the order of its list: another one does not accept it.
	Next string
}

// List returns a tenant's memories in the order of q.Sort, without refreshing them. A page with [Limits.PageBytes] of
// data ends there, with a cursor. In an order by figures, a memory that is recalled between two pages may be on both or
// on neither; every other memory is on exactly one page.
//
// With q.Text, it returns [sigil.ErrInvalid] ("invalid_query") for a text that is blank or too long, [sigil.ErrConflict] ("search_off")
// if the store does not search, and [sigil.ErrUnavailable] ("search_building") until the index of words is complete after a start.
func (e *Engine) List(ctx context.Context, tenant string, q ListQuery) (page Page, err error) {
	defer e.observe("list", 1)(&err)
	if err := sigil.CheckTenant(tenant); err != nil {
		return page, err
	}
	limit, err := e.limit(q.Limit)
	if err != nil {
		return page, err
	}
	if q.Pattern != nil && (*q.Pattern < 0 || *q.Pattern >= sigil.NumPatterns) {
		return page, sigil.NewInvalid("invalid_pattern", "pattern", fmt.Sprintf("must be from 0 to %d", sigil.NumPatterns-1))
	}
	if err := e.checkFilter(q.Tags); err != nil {
		return page, err
	}
	if err := q.Sort.Check(); err != nil {
		return page, err
	}
	before, key, err := decodeSorted(q.Sort, q.Cursor)
	if err != nil {
		return page, err
	}
	e.use(ctx, tenant)
	memories, next, more, err := e.store.listPage(ctx, store.Query{
		Tenant: tenant, Now: e.now(), Limit: limit, Sort: q.Sort, Before: before, BeforeKey: key,
		Tags: q.Tags, Text: q.Text, Crystallized: q.Crystallized, Pinned: q.Pinned, Pattern: q.Pattern,
		FadingAfter: q.FadingAfter, FadingBefore: q.FadingBefore, Bytes: e.limits.PageBytes, NoData: q.NoData,
	})
	if err != nil {
		return page, wrap(err)
	}
	page.Memories = memories
	if more {
		page.Next = encodeSorted(q.Sort, next)
	}
	return page, nil
}

// limit returns the page size for a requested limit, or an error.
func (e *Engine) limit(n int) (int, error) {
	if n == 0 {
		return min(defaultPage, e.limits.Page), nil
	}
	if n < 0 || n > e.limits.Page {
		return 0, sigil.NewInvalid("invalid_limit", "limit", fmt.Sprintf("must be from 1 to %d", e.limits.Page))
	}
	return n, nil
}
