package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/wire"
)

// ErrUnreachable is found by [errors.Is] if no answer came: nothing listens there, the connection broke, or the HTTP
// client's own timeout expired. Unless the connection was refused, it is unknown whether the daemon carried out the
// request. (If the call's context ended, its error is found as well.)
var ErrUnreachable = errors.New("daemon is unreachable")

// ErrNotSigil is what [errors.Is] finds when something other than a sigil daemon answered: another service, or a
// proxy without a daemon behind it.
var ErrNotSigil = errors.New("not that of a sigil daemon")

// maxProblem bounds how much of an error's body is read.
const maxProblem = 64 << 10

// maxRetryAfter is the most seconds that a daemon can ask to wait: a day.
const maxRetryAfter = 24 * 60 * 60

// Error is a refusal or failure that the daemon reported. [errors.Is] finds the kind in package sigil
// that it stands for.
type Error struct {
	// Problem is the daemon's answer. If something else answered (a proxy, another service), only Status, Title and a
	// short Detail are set.
	Problem wire.Problem
	// RetryAfter is how long the daemon asked to wait; 0 if it did not.
	RetryAfter time.Duration
}

func (e *Error) Error() string {
	p := &e.Problem
	var parts []string
	for _, s := range []string{p.Code, p.Field, p.Detail} {
		if s = message(s); s != "" {
			parts = append(parts, s)
		}
	}
	if message(p.Code) == "" {
		parts = append([]string{strings.TrimSpace(fmt.Sprintf("the daemon answered %d %s", p.Status, message(p.Title)))}, parts...)
	}
	return strings.Join(parts, ": ")
}

// Is reports whether target is the error's kind, one of the Err values of package sigil, or [ErrNotSigil] if no
// daemon answered.
func (e *Error) Is(target error) bool {
	if target == ErrNotSigil {
		return e.Problem.Code == "" && e.Problem.Status < 500
	}
	return target != nil && target == kind(&e.Problem)
}

// kind returns the Err value of a problem, or nil if there is none, as for missing rights.
func kind(p *wire.Problem) error {
	switch p.Code { // the exact word first: several kinds share a status
	case "closed":
		return sigil.ErrClosed
	case "quota_full":
		return sigil.ErrFull
	case "idempotency_mismatch":
		return sigil.ErrConflict
	case "", "unknown_path":
		if p.Status == http.StatusNotFound {
			return nil // a wrong path or another service, which says nothing about a memory
		}
	}
	switch p.Status {
	case http.StatusNotFound:
		return sigil.ErrNotFound
	case http.StatusConflict:
		return sigil.ErrConflict
	case http.StatusGone:
		return sigil.ErrGone
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusUnsupportedMediaType:
		return sigil.ErrInvalid
	case http.StatusRequestEntityTooLarge, http.StatusRequestHeaderFieldsTooLarge, http.StatusRequestURITooLong:
		return sigil.ErrTooLarge
	case http.StatusInsufficientStorage:
		return sigil.ErrFull
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return sigil.ErrUnavailable
	case http.StatusInternalServerError:
		return sigil.ErrInternal
	}
	return nil
}

// ItemError returns the problem of one item of a batch as an error, or nil if it has none.
func ItemError(item wire.BatchItem) error {
	if item.Problem == nil {
		return nil
	}
	e := &Error{Problem: *item.Problem}
	if e.Problem.Status == 0 {
		e.Problem.Status = item.Status
	}
	return e
}

// refused reads an answer that is no success.
func refused(r request, resp *http.Response) error {
	e := &Error{}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.RetryAfter = time.Duration(min(seconds, maxRetryAfter)) * time.Second
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxProblem)) // a part of it helps more than the error of reading it
	mediaType, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if mediaType == problemType && json.Unmarshal(body, &e.Problem) == nil {
		e.Problem.Status = resp.StatusCode
		return e
	}
	e.Problem = wire.Problem{Status: resp.StatusCode, Title: http.StatusText(resp.StatusCode), Detail: firstLine(string(body))}
	if resp.StatusCode < 500 {
		e.Problem.Detail += " (" + r.method + " " + r.path + ": is a sigil daemon there?)"
	}
	return e
}

// firstLine returns the beginning of an unexpected answer, short enough for a message.
func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	const most = 200
	if len(s) > most {
		s = s[:most] + "…"
	}
	return message(s)
}

// message returns s as a part of one line of text: it came from outside, and may be shown on a terminal.
func message(s string) string {
	const most = 1000
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// unanswered explains that a request got no answer.
func (c *Client) unanswered(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	var whole *url.Error
	if errors.As(err, &whole) {
		err = whole.Err // without the method and URL, which are in c's own message
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return fmt.Errorf("%w: cannot connect to %s (%w); `sigil serve` starts a daemon", ErrUnreachable, c, op.Err)
	}
	return fmt.Errorf("%w: no answer from %s: %w", ErrUnreachable, c, err)
}

// brokeOff explains that an answer began but did not come to its end.
func (c *Client) brokeOff(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return fmt.Errorf("%w: the answer of %s broke off: %w", ErrUnreachable, c, err)
}

// strange returns an error for an answer that makes no sense. Its text has the cause, which is not wrapped: the cause
// may be of a kind that is about the caller's own input.
func (c *Client) strange(cause error) error {
	return fmt.Errorf("the answer of %s is %w: %s", c, ErrNotSigil, firstLine(cause.Error()))
}
