package httpapi

import (
	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/httpapi/live"
)

// Leave asks the readers of all streams to reconnect, and ends the streams. Streams that begin later end at
// once, until Stay is called.
func (a *API) Leave() { a.live.Leave() }

// Stay reverts Leave, if the service goes on after all.
func (a *API) Stay() { a.live.Stay() }

// Close ends the streams and waits for the goroutines that read the journal for them. The engine's store must
// still be open.
func (a *API) Close() { a.live.Close() }

// events answers with a page of the journal or, if the request asks for one, with a stream of all that
// follows.
func (a *API) events(c *call) error {
	switch {
	case live.Upgrades(c.r):
		return a.webSocket(c, true)
	case live.WantsEvents(c.r):
		q, err := c.start()
		if err != nil {
			return err
		}
		q.Problem = c.problem
		return a.live.Events(c, c.r, q)
	}
	return a.journal(c)
}

func (a *API) socket(c *call) error { return a.webSocket(c, false) }

func (a *API) webSocket(c *call, subscribe bool) error {
	q, err := c.start()
	if err != nil {
		return err
	}
	q.Problem = a.problem
	return a.live.Socket(c, c.r, q, subscribe)
}

// start reads the parameters of a stream. The caller sets Problem.
func (c *call) start() (live.Request, error) {
	q := live.Request{Tenant: c.tenant}
	if c.query.values.Has("after") {
		t := c.query.token("after")
		q.After = &t
	}
	if last := c.r.Header.Get("Last-Event-ID"); last != "" { // from a reader that reconnects: newer than the URL's position
		t, err := sigil.ParseToken("Last-Event-ID", last)
		if err != nil {
			return q, err
		}
		q.After = &t
	}
	for _, name := range []string{"limit", "latest"} {
		if c.query.values.Has(name) {
			c.query.fail("invalid_parameter", name, "is for pages: a stream has no end")
		}
	}
	q.Recalls = c.query.is("recalls", false)
	return q, c.query.err
}
