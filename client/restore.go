package client

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/wire"
)

// restorableUntil is the header of an answer to a forget.
const restorableUntil = "Sigil-Restorable-Until"

// ForgetWithUndo is like [Client.Forget], and returns the time from which on the memory cannot be restored any more, or the zero
// time if it cannot be restored at all.
func (c *Client) ForgetWithUndo(ctx context.Context, id sigil.ID) (until time.Time, err error) {
	_, header, err := c.exchange(ctx, request{method: http.MethodDelete, path: at(id)})
	if err != nil {
		return until, err
	}
	if text := header.Get(restorableUntil); text != "" {
		if until, err = time.Parse(time.RFC3339, text); err != nil {
			return until, c.strange(err)
		}
	}
	return until, nil
}

// Restore brings back a memory that faded, was evicted or was forgotten, with its id, content, tags, crystal and recalls; its
// idleness starts anew. It is durable when Restore returns. If the memory was never encoded, or its time to be restored is
// over, the error is [sigil.ErrNotFound]; if it was not removed, or the tenant would be over its quota, or the daemon keeps no
// removed memories, [sigil.ErrConflict], with the codes "not_removed", "quota_full" and "undo_off".
func (c *Client) Restore(ctx context.Context, id sigil.ID) (wire.Memory, error) {
	return call[wire.Memory](ctx, c, request{method: http.MethodPost, path: at(id) + ":restore"})
}

// RestoreMany restores each of ids and returns a result for each, in order, without the content of the memories;
// [RestoreError] returns the error of one that was not restored. More ids than the daemon's maximum batch are refused, not split.
func (c *Client) RestoreMany(ctx context.Context, ids []sigil.ID) ([]wire.RestoredItem, error) {
	if ids == nil {
		ids = []sigil.ID{}
	}
	page, err := c.restore(ctx, struct {
		IDs []sigil.ID `json:"ids"`
	}{ids})
	if err == nil && len(page.Results) != len(ids) {
		err = c.strange(errors.New("it has not one result for each id"))
	}
	if err != nil {
		return nil, err
	}
	return page.Results, nil
}

// RestoreSpan restores all memories that journal entries removed whose positions are over from and at most to, in as many
// requests as that needs. It returns a result for each, in the order of the entries; see [Client.RestoreMany]. On an error, it
// returns those of the requests that succeeded. If entries after from are no longer kept, the error is [sigil.ErrGone].
func (c *Client) RestoreSpan(ctx context.Context, from, to uint64) (items []wire.RestoredItem, err error) {
	for {
		page, err := c.restore(ctx, struct {
			From uint64 `json:"from"`
			To   uint64 `json:"to"`
		}{from, to})
		if err != nil {
			return items, err
		}
		items = append(items, page.Results...)
		if page.Next == nil || *page.Next <= from || *page.Next >= to { // a position that repeats would loop forever
			return items, nil
		}
		from = *page.Next
	}
}

func (c *Client) restore(ctx context.Context, what any) (wire.RestoredPage, error) {
	body, err := json.Marshal(what)
	if err != nil {
		return wire.RestoredPage{}, err
	}
	return call[wire.RestoredPage](ctx, c, request{method: http.MethodPost, path: "/v1/sigils:restore", body: body})
}

// RestoreError returns the error of a memory that was not restored, or nil if it was.
func RestoreError(item wire.RestoredItem) error {
	return ItemError(wire.BatchItem{Status: item.Status, Problem: item.Problem})
}

// RemovedQuery selects a page of removed memories; the zero value is the first page.
type RemovedQuery struct {
	Limit  int    // entries per page; 0 means the daemon's default
	Cursor string // from the previous page; empty means the first page
	// NoContent leaves out the data and the state of every memory.
	NoContent bool
}

// Removed returns one page of the memories that faded, were evicted or were forgotten, and can be restored: the one removed last
// first.
func (c *Client) Removed(ctx context.Context, q RemovedQuery) (wire.RemovedPage, error) {
	query := url.Values{}
	setLimit(query, q.Limit)
	setCursor(query, q.Cursor)
	if q.NoContent {
		query.Set("content", "false")
	}
	return call[wire.RemovedPage](ctx, c, request{method: http.MethodGet, path: "/v1/removed", query: query})
}

// AllRemoved returns all memories that can be restored, page by page like [Client.All].
func (c *Client) AllRemoved(ctx context.Context, q RemovedQuery) iter.Seq2[wire.Removed, error] {
	return entries(q.Cursor, func(cursor string) ([]wire.Removed, *string, error) {
		q := q
		q.Cursor = cursor
		page, err := c.Removed(ctx, q)
		return page.Removed, page.Next, err
	})
}

// ForgetWithUndo is like [Client.ForgetWithUndo], over the connection.
func (l *Live) ForgetWithUndo(ctx context.Context, id sigil.ID) (until time.Time, err error) {
	m, err := l.ask(ctx, wire.LiveRequest{Op: wire.LiveForget, Memory: &id})
	if err == nil && m.RestorableUntil != nil {
		until = m.RestorableUntil.Time
	}
	return until, err
}

// Restore is like [Client.Restore], over the connection.
func (l *Live) Restore(ctx context.Context, id sigil.ID) (wire.Memory, error) {
	return l.memory(l.ask(ctx, wire.LiveRequest{Op: wire.LiveRestore, Memory: &id}))
}
