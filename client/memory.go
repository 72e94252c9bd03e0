package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/wire"
)

// Recall reads one memory and refreshes it. If the memory does not exist, or has faded, it returns [sigil.ErrNotFound].
func (c *Client) Recall(ctx context.Context, id sigil.ID) (wire.Memory, error) {
	return call[wire.Memory](ctx, c, request{method: http.MethodPost, path: at(id) + ":recall"})
}

// RecallMany recalls each of ids and returns a result for each, in order; [ItemError] returns the error of one that
// could not be recalled. If the data does not fit into one answer, it makes several requests. On an error, it returns
// the results of the requests that succeeded. More ids than the daemon's maximum batch are refused, not split.
func (c *Client) RecallMany(ctx context.Context, ids []sigil.ID) (items []wire.BatchItem, err error) {
	for len(items) < len(ids) {
		some, err := c.recallSome(ctx, ids[len(items):])
		if err != nil {
			return items, err
		}
		items = append(items, some...)
	}
	return items, nil
}

// recallSome recalls as many of ids, in order, as fit into one answer; at least the first.
func (c *Client) recallSome(ctx context.Context, ids []sigil.ID) ([]wire.BatchItem, error) {
	body, err := json.Marshal(struct {
		IDs []sigil.ID `json:"ids"`
	}{ids})
	if err != nil {
		return nil, err
	}
	page, err := call[wire.BatchPage](ctx, c, request{method: http.MethodPost, path: "/v1/sigils:recall", body: body})
	if err == nil && len(page.Results) != len(ids) {
		err = c.strange(fmt.Errorf("%d results for %d ids", len(page.Results), len(ids)))
	}
	if err != nil {
		return nil, err
	}
	for i, item := range page.Results {
		if i > 0 && item.Problem != nil && item.Problem.Code == "answer_full" {
			return page.Results[:i], nil
		}
	}
	return page.Results, nil
}

// Peek reads one memory without refreshing it. If the memory does not exist, or has faded, it returns
// [sigil.ErrNotFound].
func (c *Client) Peek(ctx context.Context, id sigil.ID) (wire.Memory, error) {
	return call[wire.Memory](ctx, c, request{method: http.MethodGet, path: at(id)})
}

// Forget removes one memory. The removal is durable when Forget returns. If the memory does not exist, or has faded, it
// returns [sigil.ErrNotFound].
func (c *Client) Forget(ctx context.Context, id sigil.ID) error {
	_, err := c.ForgetWithUndo(ctx, id)
	return err
}

// Pin keeps one memory from fading until it is unpinned. It still ends if it is forgotten or its ttl ends.
func (c *Client) Pin(ctx context.Context, id sigil.ID) (wire.Memory, error) {
	return call[wire.Memory](ctx, c, request{method: http.MethodPost, path: at(id) + ":pin"})
}

// Unpin ends the effect of [Client.Pin]: the memory can fade again, unless it is crystallized, and its idleness starts
// anew. A memory that is not pinned does not change.
func (c *Client) Unpin(ctx context.Context, id sigil.ID) (wire.Memory, error) {
	return call[wire.Memory](ctx, c, request{method: http.MethodPost, path: at(id) + ":unpin"})
}

// Change changes tags, ttl, life and pin of one memory, all at once or not at all, and returns it as it is then. What is
// already as change says does not change, so that Change can be repeated after a failure. The change is durable when Change
// returns. The answer has a warning if change has a TTL that is over the life of the memory.
func (c *Client) Change(ctx context.Context, id sigil.ID, change sigil.Change) (wire.Memory, error) {
	body, err := changeJSON(change)
	if err != nil {
		return wire.Memory{}, err
	}
	return call[wire.Memory](ctx, c, request{method: http.MethodPatch, path: at(id), body: body})
}

// changeJSON returns a change as a JSON merge patch, in which null removes.
func changeJSON(c sigil.Change) ([]byte, error) {
	patch := map[string]any{}
	if c.Tags != nil {
		patch["tags"] = *c.Tags
	}
	for name, d := range map[string]*time.Duration{"ttl": c.TTL, "life": c.Life} {
		switch {
		case d == nil:
		case *d == 0:
			patch[name] = nil
		default:
			patch[name] = sigil.FormatDuration(*d)
		}
	}
	if c.Pinned != nil {
		patch["pinned"] = *c.Pinned
	}
	body, err := json.Marshal(patch)
	if err != nil {
		return nil, sigil.NewInvalid("invalid_tags", "tags", "cannot be written as JSON")
	}
	return body, nil
}

// RelatedQuery selects neighbors.
type RelatedQuery struct {
	Limit int // maximum number of entries; 0 means the daemon's default
	// Min is the minimum resonance, from 0 to 1; nil means [sigil.ResonanceThreshold].
	Min *float64
	// Content asks for the content of the memories too.
	Content bool
}

// Related returns the memories that resonate with the given one, strongest first, without refreshing any.
func (c *Client) Related(ctx context.Context, id sigil.ID, q RelatedQuery) (wire.RelatedPage, error) {
	query := q.values()
	query.Set("content", strconv.FormatBool(q.Content))
	return call[wire.RelatedPage](ctx, c, request{method: http.MethodGet, path: at(id) + "/related", query: query})
}

// Neighbors is like [Client.Related] but returns only ids and resonances, in about a sixth of the bytes. It ignores
// q.Content.
func (c *Client) Neighbors(ctx context.Context, id sigil.ID, q RelatedQuery) (wire.NeighborPage, error) {
	return call[wire.NeighborPage](ctx, c, request{method: http.MethodGet, path: at(id) + "/related", query: q.values(), brief: true})
}

func (q *RelatedQuery) values() url.Values {
	query := url.Values{}
	setLimit(query, q.Limit)
	if q.Min != nil {
		query.Set("min", strconv.FormatFloat(*q.Min, 'g', -1, 64))
	}
	return query
}

func at(id sigil.ID) string { return "/v1/sigils/" + id.String() }

func setLimit(query url.Values, n int) {
	if n != 0 {
		query.Set("limit", strconv.Itoa(n))
	}
}
