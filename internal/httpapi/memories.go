package httpapi

import (
	"context"
	"net/http"
	"sync"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
	"github.com/sigil-dna/sigil/wire"
)

func (a *API) list(c *call) error {
	q := engine.ListQuery{
		Limit: c.query.limit(), Cursor: c.query.text("cursor"),
		Crystallized: c.query.flag("crystallized"), Pinned: c.query.flag("pinned"),
		Pattern:     c.query.whole("pattern", "invalid_pattern"),
		FadingAfter: c.query.moment("fadingAfter"), FadingBefore: c.query.moment("fadingBefore"),
		Tags: c.query.tags(), Text: c.query.text("q"), Sort: c.query.sort(),
	}
	if c.query.values.Has("q") && q.Text == "" {
		return sigil.NewInvalid("invalid_query", "q", "is empty")
	}
	q.NoData = !c.query.is("content", true)
	if c.query.err != nil {
		return c.query.err
	}
	page, err := a.page(c, q)
	if err != nil {
		return namedInURL(err)
	}
	now := a.engine.Now()
	out := wire.MemoryPage{Memories: make([]wire.Memory, len(page.Memories)), Next: next(page.Next)}
	for i := range page.Memories {
		if m := &page.Memories[i]; !q.NoData {
			out.Memories[i] = shape.Memory(m, now)
		} else {
			out.Memories[i] = shape.Outline(m, now)
		}
	}
	return c.json(http.StatusOK, &out)
}

// page lists memories. It reserves memory for the largest page, and then releases what this page does not
// need.
func (a *API) page(c *call, q engine.ListQuery) (engine.Page, error) {
	if q.NoData {
		return a.engine.List(c.r.Context(), c.tenant, q)
	}
	if err := c.hold(a.engine.Limits().PageBytes); err != nil {
		return engine.Page{}, err
	}
	page, err := a.engine.List(c.r.Context(), c.tenant, q)
	var held int64
	for i := range page.Memories {
		held += 2 * int64(len(page.Memories[i].Data))
	}
	c.settle(held)
	return page, err
}

// next returns the cursor, or nil (null in JSON) for the last page.
func next(cursor string) *string {
	if cursor == "" {
		return nil
	}
	return &cursor
}

func (a *API) peek(c *call) error {
	spiral := c.query.is("spiral", false)
	key, err := c.key()
	if err == nil {
		err = c.query.err
	}
	if err != nil {
		return err
	}
	m, err := a.engine.Peek(c.r.Context(), key)
	if err != nil {
		return err
	}
	v := shape.Memory(&m, a.engine.Now())
	if spiral {
		v.Spiral = shape.Spiral(m.Hash)
	}
	return c.json(http.StatusOK, &v)
}

// forget removes a memory, or erases it.
func (a *API) forget(c *call) error {
	erase := c.query.is("erase", false)
	key, err := c.key()
	if err == nil {
		err = c.query.err
	}
	if err != nil {
		return err
	}
	if erase {
		return a.eraseOne(c, key.ID)
	}
	until, err := a.engine.ForgetWithUndo(c.r.Context(), key)
	if err != nil {
		return err
	}
	if !until.IsZero() {
		c.Header()["Sigil-Restorable-Until"] = []string{wire.Timestamp{Time: until}.String()}
	}
	c.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *API) recall(c *call) error { return c.change(a.engine.Recall, shape.Refreshed) }

func (a *API) pin(c *call) error { return c.change(a.engine.Pin, a.current) }

func (a *API) unpin(c *call) error { return c.change(a.engine.Unpin, a.current) }

// changeMemory answers with the memory after the change. A warning is about a ttl of this change only.
func (a *API) changeMemory(c *call) error {
	if _, err := c.contentType(jsonType, patchType); err != nil {
		return err
	}
	body, err := c.body(a.options.MaxBody, 1)
	if err != nil {
		return err
	}
	change, err := a.drafts.Change(body)
	if err != nil {
		return err
	}
	return c.change(func(ctx context.Context, key sigil.Key) (sigil.Memory, error) {
		return a.engine.Change(ctx, key, change)
	}, func(m *sigil.Memory) wire.Memory { return shape.Changed(m, &change, a.engine.Now()) })
}

func (a *API) current(m *sigil.Memory) wire.Memory { return shape.Memory(m, a.engine.Now()) }

// change answers with the memory that verb returns for the path's id.
func (c *call) change(verb func(context.Context, sigil.Key) (sigil.Memory, error), view func(*sigil.Memory) wire.Memory) error {
	key, err := c.key()
	if err != nil {
		return err
	}
	m, err := verb(c.r.Context(), key)
	if err != nil {
		return err
	}
	v := view(&m)
	return c.json(http.StatusOK, &v)
}

// neighborRooms is a pool of buffers: an answer with 100 neighbors takes 29 KB.
var neighborRooms = sync.Pool{New: func() any { return new([]engine.Neighbor) }}

func (a *API) related(c *call) error {
	brief := c.brief()
	q := engine.RelatedQuery{Limit: c.query.limit(), Min: c.query.number("min", "invalid_min"), Content: c.query.is("content", true) && !brief, IDsOnly: brief}
	key, err := c.key()
	if err == nil {
		err = c.query.err
	}
	if err != nil {
		return err
	}
	if !q.Content { // otherwise the pool would keep their content in memory
		room := neighborRooms.Get().(*[]engine.Neighbor) //nolint:forcetypeassert // nothing else is put there
		q.Buf = *room
		defer func() { *room = q.Buf; neighborRooms.Put(room) }()
	}
	if q.Content {
		if err := c.hold(a.engine.Limits().PageBytes); err != nil {
			return err
		}
	}
	neighbors, err := a.engine.Related(c.r.Context(), key, q)
	if err != nil {
		return err
	}
	q.Buf = neighbors
	if q.Content {
		var held int64
		for i := range neighbors {
			held += 2 * int64(len(neighbors[i].Memory.Data))
		}
		c.settle(held)
	}
	if brief {
		page := wire.NeighborPage{Related: make([]wire.Neighbor, len(neighbors))}
		for i := range neighbors {
			page.Related[i] = wire.Neighbor{ID: neighbors[i].Memory.ID, Resonance: neighbors[i].Resonance}
		}
		c.applied()
		return c.json(http.StatusOK, &page)
	}
	now := a.engine.Now()
	page := wire.RelatedPage{Related: make([]wire.Memory, len(neighbors))}
	for i := range neighbors {
		n := &neighbors[i]
		if q.Content {
			page.Related[i] = shape.Memory(&n.Memory, now)
		} else {
			page.Related[i] = shape.Figures(&n.Memory.Meta, now)
		}
		page.Related[i].Resonance = &n.Resonance
	}
	return c.json(http.StatusOK, &page)
}
