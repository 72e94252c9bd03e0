package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/wire"
)

// Recall reads one memory and refreshes it. One that is not there, or has faded, is
// [sigil.ErrNotFound].
func (c *Client) Recall(ctx context.Context, id sigil.ID) (wire.Memory, error) {
	return call[wire.Memory](ctx, c, request{method: http.MethodPost, path: at(id) + ":recall"})
}

// RecallMany recalls each of ids and returns a result for each, in order; [ItemError] returns the error of one that
// could not be recalled. If a request fails, it returns the results so far with the error. It makes one request, or
// several if the data does not fit into one answer. More ids than --max-batch are refused.
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

// recallSome recalls as many of ids as one answer holds: at least the first, and the ones that follow it.
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

// Peek reads one memory without refreshing it. One that is not there, or has faded, is
// [sigil.ErrNotFound].
func (c *Client) Peek(ctx context.Context, id sigil.ID) (wire.Memory, error) {
	return call[wire.Memory](ctx, c, request{method: http.MethodGet, path: at(id)})
}

// Forget removes one memory; that is durable when it returns. One that is not there, or has faded, is
// [sigil.ErrNotFound].
func (c *Client) Forget(ctx context.Context, id sigil.ID) error {
	_, err := c.do(ctx, request{method: http.MethodDelete, path: at(id)})
	return err
}

// Pin keeps one memory from fading until it is unpinned. Only its ttl and [Client.Forget] still end it.
func (c *Client) Pin(ctx context.Context, id sigil.ID) (wire.Memory, error) {
	return call[wire.Memory](ctx, c, request{method: http.MethodPost, path: at(id) + ":pin"})
}

// Unpin lets one memory fade again, unless it is crystallized. Its idleness starts now, under the policy in force.
// Unpinning a memory that is not pinned changes nothing.
func (c *Client) Unpin(ctx context.Context, id sigil.ID) (wire.Memory, error) {
	return call[wire.Memory](ctx, c, request{method: http.MethodPost, path: at(id) + ":unpin"})
}

// RelatedQuery selects neighbors.
type RelatedQuery struct {
	Limit int // entries; 0 is the daemon's default
	// Min is the least resonance, from 0 to 1; nil is [sigil.ResonanceThreshold].
	Min *float64
	// Content asks for the memories' content too.
	Content bool
}

// Related returns the memories that resonate with the one with this id, strongest first, without refreshing any.
func (c *Client) Related(ctx context.Context, id sigil.ID, q RelatedQuery) (wire.RelatedPage, error) {
	query := q.values()
	query.Set("content", strconv.FormatBool(q.Content))
	return call[wire.RelatedPage](ctx, c, request{method: http.MethodGet, path: at(id) + "/related", query: query})
}

// Neighbors is [Client.Related] for whom ids are enough: a sixth of the bytes. q.Content is nothing here.
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
