package httpapi

import (
	"errors"
	"math"
	"net/http"
	"time"

	"github.com/sigil-dna/sigil"
)

type health struct {
	Status  string       `json:"status"`
	Version string       `json:"version"`
	Clock   *clockHealth `json:"clock,omitempty"`  // nil if nothing is wrong
	Search  string       `json:"search,omitempty"` // "building" after a start, while searches are incomplete
}

// clockHealth describes what is wrong with the clock.
type clockHealth struct {
	// State is "held" while the clock is not confirmed, after a jump or at the start, or "ahead" while time is ahead
	// of the clock.
	State   string  `json:"state"`
	Seconds float64 `json:"seconds"`
	// ConfirmedIn is how many seconds the clock must go on as it does to be confirmed, rounded up; 0 unless held.
	ConfirmedIn float64 `json:"confirmedIn,omitempty"`
}

// alive answers 200 as long as the process runs.
func (a *API) alive(c *call) error {
	return c.json(http.StatusOK, health{Status: "ok", Version: a.options.Version})
}

// ready answers 200 even if the clock is held, since then only sweeps wait. Otherwise several daemons on one
// database would all be unready at once.
func (a *API) ready(c *call) error {
	if a.options.Ready != nil {
		if err := a.options.Ready(); err != nil {
			return notReady(err)
		}
	}
	if a.engine == nil {
		return a.notYet()
	}
	h := health{Status: "ok", Version: a.options.Version}
	switch s := a.engine.Clock(); {
	case s.Held:
		h.Clock = &clockHealth{"held", s.Jump.Seconds(), math.Ceil(s.ConfirmedIn.Seconds())}
	case s.Ahead >= time.Second:
		h.Clock = &clockHealth{State: "ahead", Seconds: s.Ahead.Seconds()}
	}
	if a.engine.Indexing() {
		h.Search = "building"
	}
	return c.json(http.StatusOK, h)
}

// notYet returns the error for a request that needs an engine while there is none.
func (a *API) notYet() error {
	var err error
	if a.options.Ready != nil {
		err = a.options.Ready()
	}
	return notReady(err)
}

// notReady returns an error with status 503, whatever the reason.
func notReady(err error) error {
	p := &sigil.Error{Kind: sigil.ErrUnavailable, Code: "not_ready", Detail: "cannot take requests now", Err: err}
	var known *sigil.Error
	if errors.As(err, &known) && known.Detail != "" {
		p.Detail = known.Detail
	}
	return p
}

func (a *API) metrics(c *call) error {
	if a.options.Metrics == nil {
		return refusal("unknown_path", "", "metrics are not served here")
	}
	a.options.Metrics.ServeHTTP(c, c.r)
	return nil
}
