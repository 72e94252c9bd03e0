package httpapi

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/canon"
	"github.com/sigil-dna/sigil/internal/httpapi/draft"
)

// query reads query parameters strictly. It keeps the first error in err; values read after that are
// meaningless.
type query struct {
	values url.Values
	err    error
}

// readQuery reads a query. It refuses parameters that are not in known, and repeated ones that are not in lists.
func readQuery(raw string, known, lists []string) (query, error) {
	if raw == "" {
		return query{}, nil
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return query{}, sigil.NewInvalid("invalid_query", "query", "is not well-formed")
	}
	for name, all := range values {
		if !slices.Contains(known, name) {
			return query{}, sigil.NewInvalid("unknown_parameter", canon.Field(name), "is not a query parameter of this path")
		}
		if len(all) > 1 && !slices.Contains(lists, name) {
			return query{}, sigil.NewInvalid("duplicate_parameter", name, "is in the query more than once")
		}
	}
	return query{values: values}, nil
}

func (q *query) fail(code, name, detail string) {
	if q.err == nil {
		q.err = sigil.NewInvalid(code, name, detail)
	}
}

// tags returns all values of the parameter tag. The engine checks them.
func (q *query) tags() []string { return q.values["tag"] }

// sort returns the order of a list, or the empty one if the parameter is missing. The engine checks it.
func (q *query) sort() sigil.Sort {
	by := sigil.Sort(q.text("sort"))
	if by == "" && q.values.Has("sort") {
		q.err = cmp.Or(q.err, sigil.Sort("none").Check())
	}
	return by
}

func (q *query) text(name string) string { return q.values.Get(name) }

// limit returns the limit, or 0 if there is none. The engine checks the maximum.
func (q *query) limit() int {
	if !q.values.Has("limit") {
		return 0
	}
	n, err := strconv.Atoi(q.text("limit"))
	if err != nil || n < 1 {
		q.fail("invalid_limit", "limit", "must be a whole number from 1")
	}
	return n
}

// flag returns nil if the parameter is missing.
func (q *query) flag(name string) *bool {
	if !q.values.Has(name) {
		return nil
	}
	v := q.text(name) == "true"
	if !v && q.text(name) != "false" {
		q.fail("invalid_parameter", name, "must be true or false")
	}
	return &v
}

// is returns the value of a flag, or unless if it is missing.
func (q *query) is(name string, unless bool) bool {
	if v := q.flag(name); v != nil {
		return *v
	}
	return unless
}

func (q *query) whole(name, code string) *int {
	if !q.values.Has(name) {
		return nil
	}
	n, err := strconv.Atoi(q.text(name))
	if err != nil {
		q.fail(code, name, "must be a whole number")
	}
	return &n
}

func (q *query) number(name, code string) *float64 {
	if !q.values.Has(name) {
		return nil
	}
	f, err := strconv.ParseFloat(q.text(name), 64)
	if err != nil {
		q.fail(code, name, "must be a number")
	}
	return &f
}

// token returns that of position 0, the start of the journal, if the parameter is missing.
func (q *query) token(name string) sigil.Token {
	if !q.values.Has(name) {
		return sigil.Token{}
	}
	t, err := sigil.ParseToken(name, q.text(name))
	if err != nil && q.err == nil {
		q.err = err
	}
	return t
}

// id returns the zero id if the parameter is missing.
func (q *query) id(name string) (id sigil.ID) {
	if !q.values.Has(name) {
		return id
	}
	id, err := sigil.ParseID(q.text(name))
	if err != nil {
		q.fail("invalid_id", name, "is not a UUID of 36 characters")
	}
	return id
}

// vector returns the numbers of a parameter, with commas between them, or nil if it is missing.
func (q *query) vector(name string) []float32 {
	if !q.values.Has(name) {
		return nil
	}
	text := q.text(name)
	if strings.ContainsAny(text, " \t\r\n") { // JSON has them between its numbers, the parameter has not
		q.fail("invalid_vector", name, "must be numbers with nothing but commas between them; a + in an address is a space")
		return nil
	}
	v, err := draft.Vector([]byte("[" + text + "]"))
	if err != nil {
		q.err = cmp.Or(q.err, err)
	}
	return v
}

// moment returns the zero time if the parameter is missing.
func (q *query) moment(name string) time.Time {
	if !q.values.Has(name) {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, q.text(name))
	if err != nil || t.IsZero() {
		q.fail("invalid_parameter", name, "must be a time in RFC 3339 form, such as 2026-01-31T12:00:00Z")
	}
	return t
}
