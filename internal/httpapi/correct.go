package httpapi

import (
	"net/http"

	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
	"github.com/sigil-dna/sigil/wire"
)

// correct encodes a memory that supersedes the path's.
func (a *API) correct(c *call) error {
	old, err := c.key()
	if err != nil {
		return err
	}
	key, body, err := a.sent(c)
	if err != nil {
		return err
	}
	d, err := a.drafts.Quick(body)
	if err != nil {
		return err
	}
	d.IdempotencyKey = key
	m, err := a.engine.Correct(c.r.Context(), old, d)
	if err != nil {
		return a.drafts.Blame(body, err)
	}
	c.Header()["Location"] = []string{"/v1/sigils/" + m.ID.String()}
	v := shape.Encoded(&m)
	return c.json(http.StatusCreated, &v)
}

// history lists the chain of corrections that the path's memory belongs to.
func (a *API) history(c *call) error {
	q := engine.HistoryQuery{Limit: c.query.limit(), Cursor: c.query.text("cursor"), NoData: !c.query.is("content", true)}
	key, err := c.key()
	if err == nil {
		err = c.query.err
	}
	if err != nil {
		return err
	}
	if !q.NoData {
		if err := c.hold(a.engine.Limits().PageBytes); err != nil {
			return err
		}
	}
	page, err := a.engine.History(c.r.Context(), key, q)
	if err != nil {
		return err
	}
	now := a.engine.Now()
	out := wire.VersionPage{Versions: make([]wire.Version, len(page.Versions)), Next: next(page.Next)}
	var held int64
	for i := range page.Versions {
		held += 2 * int64(len(page.Versions[i].Memory.Data))
		out.Versions[i] = shape.Version(&page.Versions[i], q.NoData, now)
	}
	c.settle(held)
	return c.json(http.StatusOK, &out)
}
