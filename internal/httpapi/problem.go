package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/wire"
)

// This is the one table from errors to statuses: by code if the code has its own status, otherwise by kind.
// An error without a code gets the code of its kind.
var (
	statusOfCode = map[string]int{
		"idempotency_mismatch":   http.StatusUnprocessableEntity,
		"quota_full":             http.StatusConflict,
		"unknown_path":           http.StatusNotFound,
		"method_not_allowed":     http.StatusMethodNotAllowed,
		"unsupported_media_type": http.StatusUnsupportedMediaType,
		"forbidden_host":         http.StatusForbidden,
		"cross_origin":           http.StatusForbidden,
		"signing_off":            http.StatusForbidden,
		"signatures_full":        http.StatusConflict,
		"policies_full":          http.StatusConflict,
		"upgrade_required":       http.StatusUpgradeRequired,
	}
	statusOfKind = []struct {
		kind   error
		status int
		code   string
	}{
		{sigil.ErrInvalid, http.StatusBadRequest, "invalid"},
		{sigil.ErrTooLarge, http.StatusRequestEntityTooLarge, "too_large"},
		{sigil.ErrNotFound, http.StatusNotFound, "not_found"},
		{sigil.ErrGone, http.StatusGone, "gone"},
		{sigil.ErrConflict, http.StatusConflict, "conflict"},
		{sigil.ErrFull, http.StatusInsufficientStorage, "full"},
		{sigil.ErrUnavailable, http.StatusServiceUnavailable, "unavailable"},
		{sigil.ErrClosed, http.StatusServiceUnavailable, "closed"},
		{context.DeadlineExceeded, http.StatusServiceUnavailable, "timeout"},
		{context.Canceled, statusCanceled, "canceled"},
	}
)

// statusCanceled appears only in the log and the metrics: the client has left.
const statusCanceled = 499

const internalDetail = "an internal error; the service's log has the cause under this request id"

// maxField is the maximum length in bytes of an error's field, which may repeat names that the client sent.
const maxField = 200

// problem returns the problem that clients see for err. An error that is not in the table becomes status 500,
// without details.
func (a *API) problem(err error) wire.Problem {
	p := wire.Problem{Status: http.StatusInternalServerError, Code: "internal", Detail: internalDetail}
	kind := err
	var known *sigil.Error
	if errors.As(err, &known) {
		kind = known.Kind // and not the kind of its cause
	}
	for _, row := range statusOfKind {
		if !errors.Is(kind, row.kind) {
			continue
		}
		p.Status, p.Code, p.Detail = row.status, row.code, ""
		if known != nil {
			p.Code, p.Field, p.Detail, p.Oldest, p.Newest = known.Code, shorten(known.Field), known.Detail, known.Oldest, known.Newest
			if known.Duplicate != (sigil.ID{}) {
				p.DuplicateOf = &known.Duplicate
			}
			if known.SupersededBy != (sigil.ID{}) {
				p.SupersededBy = &known.SupersededBy
			}
		}
		if status, ok := statusOfCode[p.Code]; ok {
			p.Status = status
		}
		break
	}
	p.Type, p.Title = "about:blank", http.StatusText(p.Status)
	if openAPI().codes[p.Code] { // otherwise /docs has no such anchor
		p.Type = "/docs#" + p.Code
	}
	if p.Status == statusCanceled {
		p.Title = "Client Closed Request"
	}
	return p
}

// retryAfter returns the value of Retry-After: the seconds after which the same request may succeed, or "" if
// time alone does not help.
func retryAfter(p *wire.Problem) string {
	switch {
	case p.Code == "clock_held": // it takes minutes to confirm, or an operator
		return "60"
	case p.Status == http.StatusServiceUnavailable, p.Code == "idempotency_in_flight":
		return "1"
	case p.Status == http.StatusInsufficientStorage: // the service resumes by itself once the disk has free space
		return "10"
	}
	return ""
}

// ended returns the cause with which the server ended r's context by [context.WithCancelCause], if err is the
// result of that. The client has not left in this case.
func ended(r *http.Request, err error) error {
	if !errors.Is(err, context.Canceled) {
		return nil
	}
	if cause := context.Cause(r.Context()); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// refusal returns an error that only HTTP has. Its status is in statusOfCode.
func refusal(code, field, detail string) error { return sigil.NewInvalid(code, field, detail) }

// shorten returns the part of a client's name that is shown: valid UTF-8 of limited length.
func shorten(field string) string {
	field = strings.ToValidUTF8(field, "\uFFFD")
	if len(field) <= maxField {
		return field
	}
	end := maxField
	for !utf8.RuneStart(field[end]) {
		end--
	}
	return field[:end] + "…"
}

func tooLarge(code, field, format string, args ...any) error {
	return sigil.NewTooLarge(code, field, fmt.Sprintf(format, args...))
}
