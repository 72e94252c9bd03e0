package httpapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi/draft"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
	"github.com/sigil-dna/sigil/wire"
)

// Clients of the system that this one replaces keep working: they find the same verbs under its paths, with
// JSON in its shapes.
var oldPrefixes = []string{"/api/consciousness", "/sigil/api/consciousness"}

func isOld(path string) bool {
	for _, prefix := range oldPrefixes {
		if strings.HasPrefix(path, prefix+"/") {
			return true
		}
	}
	return false
}

type oldSigil struct {
	ID           sigil.ID           `json:"id"`
	Data         json.RawMessage    `json:"data"`
	State        *sigil.State       `json:"consciousnessState"`
	Frequency    float64            `json:"resonanceFrequency"`
	Spiral       []wire.SpiralPoint `json:"memoryPattern"`
	Potential    float64            `json:"crystallizationPotential"`
	Timestamp    wire.Timestamp     `json:"timestamp"`
	AccessCount  uint64             `json:"accessCount"`
	LastAccessed wire.Timestamp     `json:"lastAccessed"`
	Decay        float64            `json:"decay"`
}

func oldView(m *sigil.Memory, v wire.Memory) oldSigil {
	return oldSigil{
		ID: v.ID, Data: v.Data, State: v.State, Frequency: v.Frequency, Spiral: shape.Spiral(m.Hash), Potential: v.Potential,
		Timestamp: v.CreatedAt, AccessCount: v.AccessCount, LastAccessed: v.LastAccessed, Decay: v.Decay,
	}
}

type oldEncoded struct {
	Success  bool        `json:"success"`
	Sigil    oldSigil    `json:"sigil"`
	Metadata oldMetadata `json:"metadata"`
}

type oldMetadata struct {
	Tenant    string         `json:"tenantId"`
	EncodedAt wire.Timestamp `json:"encodedAt"`
}

type oldPage struct {
	Sigils     []oldSigil    `json:"sigils"`
	Total      int           `json:"total"` // the tenant's live memories, not the page's
	Tenant     string        `json:"tenantId"`
	Pagination oldPagination `json:"pagination"`
}

type oldPagination struct {
	Limit   int     `json:"limit"`
	Cursor  *string `json:"cursor"` // of the next page; null on the last one
	HasMore bool    `json:"hasMore"`
}

type oldError struct {
	Error string `json:"error"`
	Code  string `json:"code"`
}

// oldProblem moves the field into the text, since the old form has no place for it.
func oldProblem(p wire.Problem) oldError {
	text := p.Detail
	if text == "" {
		text = p.Title
	}
	if p.Field != "" {
		text = p.Field + ": " + text
	}
	return oldError{Error: text, Code: p.Code}
}

func (a *API) oldEncode(c *call) error {
	key, body, err := a.sent(c)
	if err != nil {
		return err
	}
	d, err := a.oldDraft(body)
	if err != nil {
		return err
	}
	d.IdempotencyKey = key
	m, err := a.engine.Encode(c.r.Context(), c.tenant, d)
	if err != nil {
		return oldNames(err)
	}
	return c.json(http.StatusOK, oldEncoded{
		Success: true, Sigil: oldView(&m, shape.Encoded(&m)),
		Metadata: oldMetadata{Tenant: m.Tenant, EncodedAt: wire.Timestamp{Time: m.CreatedAt}},
	})
}

// oldDraft reads {data, consciousnessState?, metadata?}. It accepts the metadata and drops it.
func (a *API) oldDraft(body []byte) (d sigil.Draft, err error) {
	err = a.drafts.Object(body, func(name string, value []byte) (err error) {
		switch name {
		case "data":
			d.Data = value
		case "consciousnessState":
			d.State, err = draft.State(value)
			err = oldNames(err)
		case "metadata":
			if jsontext.Value(value).Kind() != '{' {
				err = sigil.NewInvalid("invalid_metadata", "metadata", "must be an object")
			}
		default:
			err = draft.UnknownField(name)
		}
		return err
	})
	if err == nil && d.Data == nil {
		err = draft.MissingField("data")
	}
	return d, err
}

// oldNames renames "state" in an error's field to its name in the old API.
func oldNames(err error) error {
	var known *sigil.Error
	if !errors.As(err, &known) {
		return err
	}
	rest, ok := strings.CutPrefix(known.Field, "state")
	if !ok || rest != "" && rest[0] != '.' {
		return err
	}
	renamed := *known
	renamed.Field = "consciousnessState" + rest
	return &renamed
}

func (a *API) oldList(c *call) error {
	q := engine.ListQuery{Limit: c.query.limit(), Cursor: c.query.text("cursor")}
	if c.query.err != nil {
		return c.query.err
	}
	if q.Limit == 0 {
		q.Limit = min(100, a.engine.Limits().Page) // the answer repeats it, so it is decided here
	}
	page, err := a.page(c, q)
	if err != nil {
		return err
	}
	stats, err := a.engine.Stats(c.r.Context(), c.tenant)
	if err != nil {
		return err
	}
	now := a.engine.Now()
	out := oldPage{
		Sigils: make([]oldSigil, len(page.Memories)), Total: stats.Memories, Tenant: c.tenant,
		Pagination: oldPagination{Limit: q.Limit, Cursor: next(page.Next), HasMore: page.Next != ""},
	}
	for i := range page.Memories {
		m := &page.Memories[i]
		out.Sigils[i] = oldView(m, shape.Memory(m, now))
	}
	return c.json(http.StatusOK, out)
}
