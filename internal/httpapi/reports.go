package httpapi

import (
	"net/http"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
	"github.com/sigil-dna/sigil/wire"
)

func (a *API) crystals(c *call) error {
	q := engine.CrystalQuery{
		Limit: c.query.limit(), Cursor: c.query.text("cursor"),
		Kind: sigil.CrystalKind(c.query.text("kind")), Lattice: c.query.is("lattice", false),
	}
	if q.Kind == "" && c.query.values.Has("kind") {
		c.query.fail("invalid_kind", "kind", "must be memory or pattern")
	}
	if c.query.err != nil {
		return c.query.err
	}
	page, err := a.engine.Crystals(c.r.Context(), c.tenant, q)
	if err != nil {
		return err
	}
	out := wire.CrystalPage{Crystals: make([]wire.Crystal, len(page.Crystals)), Next: next(page.Next)}
	for i := range page.Crystals {
		out.Crystals[i] = shape.Crystal(&page.Crystals[i])
	}
	return c.json(http.StatusOK, out)
}

func (a *API) patterns(c *call) error {
	patterns, err := a.engine.Patterns(c.r.Context(), c.tenant)
	if err != nil {
		return err
	}
	list := wire.PatternList{Patterns: make([]wire.Pattern, len(patterns))}
	for i := range patterns {
		list.Patterns[i] = shape.Pattern(&patterns[i])
	}
	return c.json(http.StatusOK, list)
}

func (a *API) identity(c *call) error {
	id, err := a.engine.Identity(c.r.Context(), c.tenant)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, shape.Identity(&id))
}

func (a *API) stats(c *call) error {
	stats, err := a.engine.Stats(c.r.Context(), c.tenant)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, shape.Stats(&stats))
}

// journal answers with a page of the journal. At the end of the journal, the page's Next is the reader's
// position.
func (a *API) journal(c *call) error {
	after, limit, latest := c.query.token("after"), c.query.limit(), c.query.is("latest", false)
	c.query.flag("recalls") // pages have no recalls, but a wrong value is still refused
	if c.query.err != nil {
		return c.query.err
	}
	var events []sigil.Event
	var err error
	if latest {
		events, after, err = a.latestEvents(c, after, limit)
	} else {
		events, err = a.engine.EventsAfter(c.r.Context(), c.tenant, after, limit)
	}
	if err != nil {
		return err
	}
	page := wire.EventPage{Events: make([]wire.Event, len(events))}
	for i := range events {
		page.Events[i], after = shape.Event(&events[i]), events[i].Token()
	}
	page.Next, page.Token = after.Position, after.String()
	return c.json(http.StatusOK, page)
}

// latestEvents returns the newest entries after a position, and the position to continue after if there are
// none.
func (a *API) latestEvents(c *call, after sigil.Token, limit int) (events []sigil.Event, next sigil.Token, err error) {
	// Read before the entries, so that entries added in between are not missed.
	_, newest, err := a.engine.JournalBounds(c.r.Context())
	if err != nil {
		return nil, next, err
	}
	if next, err = a.engine.TokenAt(c.r.Context(), newest); err != nil {
		return nil, next, err
	}
	if events, err = a.engine.LatestEvents(c.r.Context(), c.tenant, limit); err == nil {
		err = a.engine.CheckToken(c.r.Context(), after)
	}
	for len(events) > 0 && events[0].Position <= after.Position {
		events = events[1:]
	}
	return events, next, err
}

// sweep runs a job now, for all tenants.
func (a *API) sweep(c *call) error {
	run := a.engine.Sweep
	if sigil.Job(c.r.PathValue("job")) == sigil.CrystallizeJob {
		run = a.engine.Crystallize
	}
	s, err := run(c.r.Context())
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, shape.Sweep(&s))
}

// confirmClock confirms what the clock of the machine or the database shows.
func (a *API) confirmClock(c *call) error {
	confirmed := a.engine.ConfirmClock()
	return c.json(http.StatusOK, wire.Clock{Confirmed: confirmed, AheadSeconds: a.engine.Clock().Ahead.Seconds()})
}
