package httpapi

import (
	"net/http"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi/draft"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
)

// policy returns the tenant's policy.
func (a *API) policy(c *call) error {
	p, err := a.engine.Policy(c.r.Context(), c.tenant)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, shape.TenantPolicy(&p, nil))
}

// setPolicy sets the tenant's policy to that of {"policy": …, "dryRun"?: …}.
func (a *API) setPolicy(c *call) error {
	if _, err := c.contentType(jsonType); err != nil {
		return err
	}
	body, err := c.body(a.options.MaxBody, 1)
	if err != nil {
		return err
	}
	var p sigil.Policy
	var dry bool
	if err := a.drafts.Object(body, func(name string, value []byte) (err error) {
		switch name {
		case "policy":
			p, err = draft.Policy(value)
		case "dryRun":
			dry, err = draft.Bool(name, value)
		default:
			err = draft.UnknownField(name)
		}
		return err
	}); err != nil {
		return err
	}
	if p == nil {
		return draft.MissingField("policy")
	}
	return a.changePolicy(c, p, dry)
}

// unsetPolicy takes the tenant's own policy away.
func (a *API) unsetPolicy(c *call) error {
	dry := c.query.is("dryRun", false)
	if c.query.err != nil {
		return c.query.err
	}
	return a.changePolicy(c, nil, dry)
}

// changePolicy sets the tenant's policy, to none of its own if p is nil, or says what that would do.
func (a *API) changePolicy(c *call, p sigil.Policy, dry bool) error {
	if !dry {
		set, err := a.engine.SetPolicy(c.r.Context(), c.tenant, p)
		if err != nil {
			return err
		}
		return c.json(http.StatusOK, shape.TenantPolicy(&set, nil))
	}
	effect, err := a.engine.TryPolicy(c.r.Context(), c.tenant, p)
	if err != nil {
		return err
	}
	tried := engine.TenantPolicy{Tenant: c.tenant, Policy: p, Own: p != nil}
	if p == nil {
		tried.Policy = a.engine.Settings().Policy
	}
	return c.json(http.StatusOK, shape.TenantPolicy(&tried, &effect))
}
