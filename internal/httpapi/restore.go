package httpapi

import (
	"net/http"
	"strconv"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/canon"
	"github.com/sigil-dna/sigil/internal/httpapi/draft"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
	"github.com/sigil-dna/sigil/wire"
)

func (a *API) restore(c *call) error { return c.change(a.engine.Restore, shape.Refreshed) }

// removed lists the memories that can be restored.
func (a *API) removed(c *call) error {
	q := engine.RemovedQuery{Limit: c.query.limit(), Cursor: c.query.text("cursor"), NoData: !c.query.is("content", true)}
	if c.query.err != nil {
		return c.query.err
	}
	if !q.NoData {
		if err := c.hold(a.engine.Limits().PageBytes); err != nil {
			return err
		}
	}
	page, err := a.engine.Removed(c.r.Context(), c.tenant, q)
	if err != nil {
		return err
	}
	out := wire.RemovedPage{Removed: make([]wire.Removed, len(page.Removed)), Next: next(page.Next)}
	var held int64
	for i := range page.Removed {
		held += 2 * int64(len(page.Removed[i].Memory.Data))
		out.Removed[i] = shape.Removed(&page.Removed[i], q.NoData)
	}
	c.settle(held)
	return c.json(http.StatusOK, &out)
}

// restoreMany restores each of {"ids": […]}, or what a span of the journal removed: {"from": …, "to": …}.
func (a *API) restoreMany(c *call) error {
	if _, err := c.contentType(jsonType); err != nil {
		return err
	}
	body, err := c.body(a.options.MaxBody, 1)
	if err != nil {
		return err
	}
	what, err := a.readRestore(body)
	if err != nil {
		return err
	}
	if what.span() {
		results, next, err := a.engine.RestoreSpan(c.r.Context(), c.tenant, *what.from, *what.to)
		if err != nil {
			return err
		}
		return c.json(http.StatusOK, c.restored(make([]wire.RestoredItem, len(results)), results, nil, &next))
	}
	items := make([]wire.RestoredItem, len(what.ids))
	ids, at := parsedIDs(what.ids, func(i int, err error) { items[i] = c.unrestored(nil, err) })
	results, err := a.engine.RestoreMany(c.r.Context(), c.tenant, ids)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, c.restored(items, results, at, nil))
}

// restored puts results into items, at the indexes at (nil means in order), and returns the answer.
func (c *call) restored(items []wire.RestoredItem, results []engine.Result, at []int, next *uint64) *wire.RestoredPage {
	page := &wire.RestoredPage{Results: items, Next: next}
	for i := range results {
		r, to := &results[i], i
		if at != nil {
			to = at[i]
		}
		if r.Err != nil {
			items[to] = c.unrestored(&r.Memory.ID, r.Err)
			continue
		}
		v := shape.Outline(&r.Memory, r.Memory.LastAccessed)
		items[to] = wire.RestoredItem{Status: http.StatusOK, ID: &r.Memory.ID, Memory: &v}
		page.Restored++
	}
	return page
}

func (c *call) unrestored(id *sigil.ID, err error) wire.RestoredItem {
	p := c.problem(err)
	return wire.RestoredItem{Status: p.Status, ID: id, Problem: &p}
}

// toRestore is what a request restores: ids, or a span of the journal.
type toRestore struct {
	ids      []string // nil if there were none
	from, to *uint64
}

func (r *toRestore) span() bool { return r.from != nil }

func (a *API) readRestore(body []byte) (r toRestore, err error) {
	err = a.drafts.Object(body, func(name string, value []byte) (err error) {
		switch name {
		case "ids":
			r.ids, err = a.idList(value)
		case "from":
			r.from, err = bodyPosition(name, value)
		case "to":
			r.to, err = bodyPosition(name, value)
		default:
			err = draft.UnknownField(name)
		}
		return err
	})
	switch {
	case err != nil:
		return r, err
	case r.ids != nil && (r.from != nil || r.to != nil):
		return r, sigil.NewInvalid("invalid_span", "ids", "cannot be there together with from and to")
	case r.ids != nil:
		return r, nil
	case r.from == nil && r.to == nil:
		return r, draft.MissingField("ids")
	case r.from == nil:
		return r, draft.MissingField("from")
	case r.to == nil:
		return r, draft.MissingField("to")
	}
	return r, nil
}

// idList reads an array of ids, which it does not check. It is not nil if there is no error.
func (a *API) idList(value []byte) ([]string, error) {
	values, ok := canon.Array(value)
	if !ok {
		return nil, sigil.NewInvalid("invalid_ids", "ids", "must be an array of ids")
	}
	if most := a.engine.Limits().Batch; len(values) > most {
		return nil, tooLarge("batch_too_large", "ids", "names more than %d memories", most)
	}
	ids := make([]string, len(values))
	for i, v := range values {
		ids[i], _ = canon.String(v) // a value that is not a string is not an id: its item gets the problem
	}
	return ids, nil
}

func bodyPosition(name string, raw []byte) (*uint64, error) {
	n, err := strconv.ParseUint(string(raw), 10, 64)
	if err != nil {
		return nil, sigil.NewInvalid("invalid_parameter", name, "must be a position of the journal: a whole number from 0")
	}
	return &n, nil
}
