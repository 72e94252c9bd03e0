package httpapi

import (
	"errors"
	"net/http"
	"strings"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi/draft"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
)

// search answers a search whose query is the body.
func (a *API) search(c *call) error {
	if _, err := c.contentType(jsonType); err != nil {
		return err
	}
	body, err := c.body(a.options.MaxBody, 1)
	if err != nil {
		return err
	}
	q, content, err := a.readSearch(body)
	if err != nil {
		return err
	}
	return a.found(c, q, content)
}

// searchSimply answers a search whose query is in the URL. It changes nothing, as a GET should not, so it recalls
// nothing.
func (a *API) searchSimply(c *call) error {
	if !c.query.values.Has("q") && !c.query.values.Has("like") && !c.query.values.Has("vector") {
		return draft.MissingField("q")
	}
	q := engine.SearchQuery{
		Text: c.query.text("q"), Limit: c.query.limit(), Cursor: c.query.text("cursor"),
		Filter: engine.Filter{
			Crystallized: c.query.flag("crystallized"), Pinned: c.query.flag("pinned"), Pattern: c.query.whole("pattern", "invalid_pattern"),
			CreatedAfter: c.query.moment("createdAfter"), CreatedBefore: c.query.moment("createdBefore"),
			FadingAfter: c.query.moment("fadingAfter"), FadingBefore: c.query.moment("fadingBefore"),
			Tags: c.query.values["tag"], AnyTags: c.query.values["anyTag"], NotTags: c.query.values["notTag"],
		},
		Highlight: c.query.is("highlight", false), Explain: c.query.is("explain", false),
	}
	if least := c.query.number("minScore", "invalid_min"); least != nil {
		q.MinScore = *least
	}
	if most := c.query.whole("maxBytes", "invalid_max_bytes"); most != nil {
		q.MaxBytes = int64(*most)
	}
	if strings.TrimSpace(q.Text) == "" && c.query.values.Has("q") { // also beside a vector or an id
		c.query.fail("invalid_query", "q", emptyQuery)
	}
	q.Like, q.Vector, q.Weights = c.query.id("like"), c.query.vector("vector"), a.weightsOf(&c.query)
	content := c.query.is("content", true)
	if c.query.err != nil {
		return c.query.err
	}
	return namedInURL(a.found(c, q, content))
}

// emptyQuery is what is wrong with a query that is given and blank.
const emptyQuery = "the query is empty"

// namedInURL returns an error about a query with the name that the query has in a URL.
func namedInURL(err error) error {
	var known *sigil.Error
	if errors.As(err, &known) && known.Field == "query" {
		named := *known
		named.Field = "q"
		return &named
	}
	return err
}

// weightsOf returns the weights in a query, or nil if it has none. What is left out has its default.
func (a *API) weightsOf(q *query) *engine.Weights {
	w := a.engine.DefaultWeights()
	given := false
	for name, to := range map[string]*float64{"words": &w.Words, "meaning": &w.Meaning, "freshness": &w.Freshness, "strength": &w.Strength} {
		if v := q.number("weights."+name, "invalid_weights"); v != nil {
			*to, given = *v, true
		}
	}
	if !given {
		return nil
	}
	return &w
}

// found answers with what q finds. Like [API.page], it reserves memory for the largest page first.
func (a *API) found(c *call, q engine.SearchQuery, content bool) error {
	if err := c.hold(a.engine.Limits().PageBytes); err != nil {
		return err
	}
	page, err := a.engine.Search(c.r.Context(), c.tenant, q)
	if err != nil {
		return err
	}
	var held int64
	for i := range page.Hits {
		held += 2 * int64(len(page.Hits[i].Memory.Data))
	}
	c.settle(held)
	v := shape.Search(&page, a.engine.Now(), content)
	return c.json(http.StatusOK, &v)
}
