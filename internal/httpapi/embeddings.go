package httpapi

import (
	"net/http"

	"github.com/sigil-dna/sigil/internal/httpapi/shape"
)

// embeddings answers with how many memories, of all tenants, have the vectors that are made of texts.
func (a *API) embeddings(c *call) error {
	coverage, err := a.engine.Coverage(c.r.Context())
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, shape.Embeddings(&coverage))
}

// rebuildEmbeddings has all of them made anew, behind the answer.
func (a *API) rebuildEmbeddings(c *call) error {
	if err := a.engine.Reembed(c.r.Context()); err != nil {
		return err
	}
	return a.embeddings(c)
}

func (a *API) stopEmbeddings(c *call) error   { return a.holdEmbeddings(c, true) }
func (a *API) resumeEmbeddings(c *call) error { return a.holdEmbeddings(c, false) }

func (a *API) holdEmbeddings(c *call, held bool) error {
	a.engine.HoldEmbedding(held)
	return a.embeddings(c)
}
