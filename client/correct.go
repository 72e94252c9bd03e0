package client

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"net/url"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/wire"
)

// Correct encodes d as a memory that supersedes the one with an id, and returns it: from then on, reads, searches and lists have only the
// new one, and [Client.History] has both. What d does not say is as it was with the old one: tags (if nil), state (if nil),
// pin, the end of its ttl, life and policy. When Correct returns without an error, all of this is durable. With an idempotency key the call can be repeated after a failure, as with
// [Client.Encode].
//
// If the memory does not exist, or has faded, the error is [sigil.ErrNotFound]; if it is superseded already, [sigil.ErrConflict] with code
// "superseded", and [SupersededBy] returns the memory that did. [sigil.Reinforce] is refused.
func (c *Client) Correct(ctx context.Context, id sigil.ID, d sigil.Draft) (wire.Memory, error) {
	body, err := appendDraft(nil, d, false)
	if err != nil {
		return wire.Memory{}, err
	}
	return call[wire.Memory](ctx, c, request{
		method: http.MethodPost, path: at(id) + ":correct", body: body, idempotencyKey: d.IdempotencyKey,
	})
}

// SupersededBy returns the memory that supersedes the one that a call was about, if err says so. Reads, pins and forgets of a superseded
// memory are [sigil.ErrGone].
func SupersededBy(err error) (id sigil.ID, ok bool) {
	var e *Error
	if !errors.As(err, &e) || e.Problem.SupersededBy == nil {
		return id, false
	}
	return *e.Problem.SupersededBy, true
}

// HistoryQuery selects a page of versions; the zero value is the first page.
type HistoryQuery struct {
	Limit  int    // entries per page; 0 means the daemon's default
	Cursor string // from the previous page; empty means the first page
	// NoContent leaves out the data and the state of every memory.
	NoContent bool
}

// History returns one page of the chain of corrections that a memory belongs to, live or superseded: the newest first. If the newest one does
// not exist, or has faded, the error is [sigil.ErrNotFound].
func (c *Client) History(ctx context.Context, id sigil.ID, q HistoryQuery) (wire.VersionPage, error) {
	query := url.Values{}
	setLimit(query, q.Limit)
	setCursor(query, q.Cursor)
	if q.NoContent {
		query.Set("content", "false")
	}
	return call[wire.VersionPage](ctx, c, request{method: http.MethodGet, path: at(id) + "/history", query: query})
}

// AllVersions returns the whole chain of corrections that a memory belongs to, page by page like [Client.All].
func (c *Client) AllVersions(ctx context.Context, id sigil.ID, q HistoryQuery) iter.Seq2[wire.Version, error] {
	return entries(q.Cursor, func(cursor string) ([]wire.Version, *string, error) {
		q := q
		q.Cursor = cursor
		page, err := c.History(ctx, id, q)
		return page.Versions, page.Next, err
	})
}

// Correct is like [Client.Correct], over the connection.
func (l *Live) Correct(ctx context.Context, id sigil.ID, d sigil.Draft) (wire.Memory, error) {
	draft, err := appendDraft(nil, d, false)
	if err != nil {
		return wire.Memory{}, err
	}
	return l.memory(l.ask(ctx, wire.LiveRequest{Op: wire.LiveCorrect, Memory: &id, Sigil: draft, IdempotencyKey: d.IdempotencyKey}))
}
