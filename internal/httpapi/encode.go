package httpapi

import (
	"net/http"

	"github.com/sigil-dna/sigil"
)

// maxKey is the most bytes of an Idempotency-Key, as the engine has it.
const maxKey = 255

func (a *API) encode(c *call) error {
	d, err := a.drafted(c, a.draft)
	if err != nil {
		return err
	}
	m, err := a.engine.Encode(c.r.Context(), c.tenant, d)
	if err != nil {
		return err
	}
	c.Header().Set("Location", "/v1/sigils/"+m.ID.String())
	return c.json(http.StatusCreated, encoded(&m))
}

// drafted gives the draft that read makes of the request's body, with its idempotency key.
func (a *API) drafted(c *call, read func(body []byte) (sigil.Draft, error)) (d sigil.Draft, err error) {
	if _, err := c.contentType(jsonType); err != nil {
		return d, err
	}
	key, err := idempotencyKey(c.r, maxKey)
	if err != nil {
		return d, err
	}
	body, err := c.body(a.options.MaxBody)
	if err != nil {
		return d, err
	}
	d, err = read(body)
	d.IdempotencyKey = key
	return d, err
}

// encoded shows m as it was when it was encoded, so that a repeated request with the same
// Idempotency-Key is answered byte for byte as the first.
func encoded(m *sigil.Memory) sigil.View { return m.View(m.CreatedAt) }
