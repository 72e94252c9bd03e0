package httpapi

import (
	"errors"
	"net/http"

	"github.com/sigil-dna/sigil"
)

type health struct {
	Status  string `json:"status"`
	Version string `json:"version"`
}

// alive answers as long as the process does.
func (a *API) alive(c *call) error {
	return c.json(http.StatusOK, health{Status: "ok", Version: a.options.Version})
}

func (a *API) ready(c *call) error {
	if a.options.Ready != nil {
		if err := a.options.Ready(); err != nil {
			return notReady(err)
		}
	}
	return a.alive(c)
}

// notReady is always status 503, whatever the reason.
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
	c.Header().Set("Vary", "Accept, Accept-Encoding") // whoever makes them chooses format and coding
	a.options.Metrics.ServeHTTP(c, c.r)
	return nil
}
