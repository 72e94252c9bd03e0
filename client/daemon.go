package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/wire"
)

// Patterns returns the tenant's patterns that have a live member, by group.
func (c *Client) Patterns(ctx context.Context) (wire.PatternList, error) {
	return call[wire.PatternList](ctx, c, request{method: http.MethodGet, path: "/v1/patterns"})
}

// Stats counts the tenant's live memories.
func (c *Client) Stats(ctx context.Context) (wire.Stats, error) {
	return call[wire.Stats](ctx, c, request{method: http.MethodGet, path: "/v1/stats"})
}

// Identity returns the sigil of the daemon's own store and the tenant.
func (c *Client) Identity(ctx context.Context) (wire.Identity, error) {
	return call[wire.Identity](ctx, c, request{method: http.MethodGet, path: "/v1/identity"})
}

// Sweep runs a sweep now and returns what it did.
func (c *Client) Sweep(ctx context.Context, job sigil.Job) (wire.Sweep, error) {
	if job != sigil.DecayJob && job != sigil.CrystallizeJob { // job becomes part of the path
		return wire.Sweep{}, sigil.NewInvalid("invalid_job", "job", "must be decay or crystallize")
	}
	return call[wire.Sweep](ctx, c, request{method: http.MethodPost, path: "/v1/sweeps/" + string(job)})
}

// Embeddings returns how many memories, of all tenants, have the vectors that are made of texts.
func (c *Client) Embeddings(ctx context.Context) (wire.Embeddings, error) {
	return call[wire.Embeddings](ctx, c, request{method: http.MethodGet, path: "/v1/embeddings"})
}

// Reembed drops all vectors that are made of texts, and has them made anew behind the answer. Searches find words meanwhile.
func (c *Client) Reembed(ctx context.Context) (wire.Embeddings, error) {
	return call[wire.Embeddings](ctx, c, request{method: http.MethodPost, path: "/v1/embeddings:rebuild"})
}

// StopEmbedding stops the daemon from having missing vectors made by its endpoint, until ResumeEmbedding, or until it is
// started again. New memories get theirs all the same.
func (c *Client) StopEmbedding(ctx context.Context) (wire.Embeddings, error) {
	return call[wire.Embeddings](ctx, c, request{method: http.MethodPost, path: "/v1/embeddings:stop"})
}

// ResumeEmbedding undoes StopEmbedding.
func (c *Client) ResumeEmbedding(ctx context.Context) (wire.Embeddings, error) {
	return call[wire.Embeddings](ctx, c, request{method: http.MethodPost, path: "/v1/embeddings:resume"})
}

// ConfirmClock has the daemon know that the clock of its machine, or of its database, is right. Sweeps resume, and time
// follows it. The answer says whether there was something to confirm.
func (c *Client) ConfirmClock(ctx context.Context) (wire.Clock, error) {
	return call[wire.Clock](ctx, c, request{method: http.MethodPost, path: "/v1/clock:confirm"})
}

// Backup has the daemon make a backup of its store, in the folder that it was started with, and returns what it has. An empty name
// means one made of the time. It may take long; the client's own time limit applies.
func (c *Client) Backup(ctx context.Context, name string) (wire.Backup, error) {
	r := request{method: http.MethodPost, path: "/v1/backups"}
	if name != "" {
		body, err := json.Marshal(map[string]string{"name": name})
		if err != nil {
			return wire.Backup{}, err
		}
		r.body = body
	}
	return call[wire.Backup](ctx, c, r)
}

// Backups returns the daemon's backups, newest first, without their files.
func (c *Client) Backups(ctx context.Context) (wire.BackupList, error) {
	return call[wire.BackupList](ctx, c, request{method: http.MethodGet, path: "/v1/backups"})
}

// Events returns the journal's entries with a position over after, in order. A limit of 0 means the daemon's default. A
// caller that continues after the Next of each page gets every entry exactly once. EventsAfter, with the Token of each page, also
// notices a store that was restored from an older copy and has written other entries since.
func (c *Client) Events(ctx context.Context, after uint64, limit int) (wire.EventPage, error) {
	token := ""
	if after != 0 {
		token = strconv.FormatUint(after, 10)
	}
	return c.EventsAfter(ctx, token, limit)
}

// EventsAfter is like Events, after a token: that of a page or of an entry, or "" for the beginning of the journal. It returns
// ErrGone with code position_ahead if the store has another entry at that position, or none: it was restored from an older copy.
// What was read after the problem's Newest may not be in it. Load the memories again and continue after Newest, or
// read the journal again from its beginning.
func (c *Client) EventsAfter(ctx context.Context, token string, limit int) (wire.EventPage, error) {
	query := url.Values{}
	setLimit(query, limit)
	if token != "" {
		query.Set("after", token)
	}
	return call[wire.EventPage](ctx, c, request{method: http.MethodGet, path: "/v1/events", query: query})
}

// LatestEvents returns the newest entries of the journal, in order. A limit of 0 means the daemon's default.
func (c *Client) LatestEvents(ctx context.Context, limit int) (wire.EventPage, error) {
	query := url.Values{"latest": {"true"}}
	setLimit(query, limit)
	return call[wire.EventPage](ctx, c, request{method: http.MethodGet, path: "/v1/events", query: query})
}

// Ready returns nil if the daemon accepts requests.
func (c *Client) Ready(ctx context.Context) error {
	_, err := c.do(ctx, request{method: http.MethodGet, path: "/readyz"})
	return err
}
