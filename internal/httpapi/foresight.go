package httpapi

import (
	"net/http"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi/draft"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
)

func (a *API) explain(c *call) error {
	key, err := c.key()
	if err != nil {
		return err
	}
	x, err := a.engine.Explain(c.r.Context(), key)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, shape.Explanation(&x))
}

func (a *API) forecast(c *call) error {
	q := engine.ForecastQuery{Limit: c.query.limit(), Within: c.query.duration("within", "invalid_within", 24*time.Hour), Tags: c.query.tags()}
	if bins := c.query.whole("bins", "invalid_bins"); bins != nil {
		if q.Bins = *bins; q.Bins < 1 {
			c.query.fail("invalid_bins", "bins", "must be a whole number from 1")
		}
	}
	policy, err := c.query.policy()
	if err == nil {
		err = c.query.err
	}
	if err != nil {
		return err
	}
	q.Policy = policy
	f, err := a.engine.Forecast(c.r.Context(), c.tenant, q)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, shape.Forecast(&f))
}

// duration reads a duration such as "90s", "36h" or "7d", or a number of seconds. It returns unless if the
// parameter is missing.
func (q *query) duration(name, code string, unless time.Duration) time.Duration {
	if !q.values.Has(name) {
		return unless
	}
	text := q.text(name)
	d, ok := draft.Seconds(text)
	if !ok {
		d, ok = draft.Duration(text)
	}
	if !ok || d <= 0 {
		q.fail(code, name, `must be a duration over 0, such as "90s", "36h" or "7d"`)
	}
	return d
}

// policy reads the proposed policy, or returns nil if there is none.
func (q *query) policy() (sigil.Policy, error) {
	if !q.values.Has("policy") {
		return nil, nil
	}
	return sigil.ParsePolicy(q.text("policy"))
}
