package engine

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// defaultPage is the number of entries in a page if no limit is given.
const defaultPage = 100

// ListQuery selects memories; the zero value selects the newest 100.
type ListQuery struct {
	Limit  int    // maximum number of entries; 0 means 100
	Cursor string // from the previous page; empty means the first page
	// These filters apply if they are set.
	Crystallized *bool
	Pinned       *bool
	Pattern      *int
	FadingBefore time.Time
	// NoData leaves the data of every memory nil.
	NoData bool
}

// Page is one page of a list.
type Page struct {
	Memories []sigil.Memory
	// Next is the cursor of the next page; empty on the last. It stays valid forever, whatever is encoded or released
	// in between.
	Next string
}

// List returns a tenant's memories, newest first, without refreshing them. A page with [Limits.PageBytes] of data ends
// there, with a cursor.
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
	before, err := decodeCursor(q.Cursor)
	if err != nil {
		return page, err
	}
	memories, more, err := e.store.List(ctx, store.Query{
		Tenant: tenant, Now: e.now(), Limit: limit, Before: before,
		Crystallized: q.Crystallized, Pinned: q.Pinned, Pattern: q.Pattern, FadingBefore: q.FadingBefore,
		Bytes: e.limits.PageBytes, NoData: q.NoData,
	})
	if err != nil {
		return page, wrap(err)
	}
	page.Memories = memories
	if more {
		page.Next = encodeCursor(memories[len(memories)-1].ID)
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

// A cursor is a version byte, which lets its form change later, and the last id of a page.
const cursorVersion = 1

func encodeCursor(id sigil.ID) string {
	return base64.RawURLEncoding.EncodeToString(append([]byte{cursorVersion}, id[:]...))
}

func decodeCursor(s string) (id sigil.ID, err error) {
	if s == "" {
		return id, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil && len(b) == 1+len(id) {
		copy(id[:], b[1:])
	}
	if encodeCursor(id) != s { // base64 accepts line ends and stray bits
		return sigil.ID{}, sigil.NewInvalid("invalid_cursor", "cursor", "was not made by this service")
	}
	return id, nil
}
