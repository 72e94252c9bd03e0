package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/wire"
)

// Explain returns why a memory is alive or gone, with the arithmetic and its history, without refreshing it. If the
// memory is gone and the journal no longer has an entry about it, it returns [sigil.ErrNotFound].
func (c *Client) Explain(ctx context.Context, id sigil.ID) (wire.Explanation, error) {
	return call[wire.Explanation](ctx, c, request{method: http.MethodGet, path: "/v1/sigils/" + id.String() + "/explain"})
}

// ForecastQuery selects what to forecast; the zero value means the next 24 hours.
type ForecastQuery struct {
	Within time.Duration
	// Policy is a proposed policy, as [sigil.ParsePolicy] reads it; empty means each memory's own.
	Policy string
	Tags   []string // only memories that have all of these
	Limit  int      // maximum number of memories listed; 0 means the daemon's default
	Bins   int      // number of bins of the timeline; 0 means the daemon's default
}

// Forecast returns which memories fade within a time if nothing is recalled, optionally under a proposed policy. It
// changes nothing.
func (c *Client) Forecast(ctx context.Context, q ForecastQuery) (wire.Forecast, error) {
	query := url.Values{}
	setLimit(query, q.Limit)
	if q.Within != 0 {
		query.Set("within", sigil.FormatDuration(q.Within))
	}
	if q.Policy != "" {
		query.Set("policy", q.Policy)
	}
	setTags(query, q.Tags)
	if q.Bins != 0 {
		query.Set("bins", strconv.Itoa(q.Bins))
	}
	return call[wire.Forecast](ctx, c, request{method: http.MethodGet, path: "/v1/forecast", query: query})
}
