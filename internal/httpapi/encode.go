package httpapi

import (
	"net/http"

	"github.com/sigil-dna/sigil"
)

// maxKey is the most bytes of an Idempotency-Key, as the engine has it.
const maxKey = 255

func (a *API) encode(c *call) error {
	key, body, err := a.sent(c)
	if err != nil {
		return err
	}
	d, err := a.quickDraft(body)
	if err != nil {
		return err
	}
	d.IdempotencyKey = key
	m, err := a.engine.Encode(c.r.Context(), c.tenant, d)
	if err != nil {
		return a.blamed(body, err)
	}
	c.Header()["Location"] = []string{"/v1/sigils/" + m.ID.String()}
	if c.brief() {
		c.applied()
		return c.json(http.StatusCreated, &sigil.Kept{ID: m.ID, Warnings: m.Warnings()})
	}
	v := encoded(&m)
	return c.json(http.StatusCreated, &v)
}

// sent gives what a request to encode has sent.
func (a *API) sent(c *call) (key string, body []byte, err error) {
	if _, err := c.contentType(jsonType); err != nil {
		return "", nil, err
	}
	if key, err = idempotencyKey(c.r, maxKey); err != nil {
		return "", nil, err
	}
	body, err = c.body(a.options.MaxBody, 1)
	return key, body, err
}

// encoded shows m as it was when it was encoded, so that a repeated request with the same
// Idempotency-Key is answered byte for byte as the first.
func encoded(m *sigil.Memory) sigil.View {
	v := m.View(m.CreatedAt)
	v.Warnings = m.Warnings()
	return v
}
