package httpapi

import (
	"github.com/sigil-dna/sigil/internal/httpapi/draft"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
)

func (a *API) encode(c *call) error {
	key, body, err := a.sent(c)
	if err != nil {
		return err
	}
	d, err := a.drafts.Quick(body)
	if err != nil {
		return err
	}
	d.IdempotencyKey = key
	m, err := a.engine.Encode(c.r.Context(), c.tenant, d)
	if err != nil {
		return a.drafts.Blame(body, err)
	}
	c.Header()["Location"] = []string{"/v1/sigils/" + m.ID.String()}
	if c.brief() {
		c.applied()
		v := shape.Kept(&m)
		return c.json(shape.EncodeStatus(&m), &v)
	}
	v := shape.Encoded(&m)
	return c.json(shape.EncodeStatus(&m), &v)
}

// sent returns the idempotency key and the body of a request to encode.
func (a *API) sent(c *call) (key string, body []byte, err error) {
	if _, err := c.contentType(jsonType); err != nil {
		return "", nil, err
	}
	if key, err = idempotencyKey(c.r, draft.MaxKey); err != nil {
		return "", nil, err
	}
	body, err = c.body(a.options.MaxBody, 1)
	return key, body, err
}
