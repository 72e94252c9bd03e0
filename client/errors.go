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

// ErrUnreachable means that no answer came: nothing listens at the address, the connection broke, or the HTTP client's
// own timeout expired. Unless the connection was refused, it is unknown whether the daemon carried out the request. (If
// the call's context ended, [errors.Is] finds that error as well.)
var ErrUnreachable = errors.New("daemon is unreachable")

// ErrNotSigil means that something other than a sigil daemon answered: another service, or a proxy without a daemon
// behind it.
var ErrNotSigil = errors.New("not that of a sigil daemon")

// maxProblem is how many bytes of an error's body are read.
const maxProblem = 64 << 10

// maxRetryAfter is the maximum wait that a daemon can ask for, in seconds: a day.
const maxRetryAfter = 24 * 60 * 60

// Error is a refusal or failure that the daemon reported. [errors.Is] finds its kind, one of the Err values of package
// sigil.
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

// Is reports whether target is the error's kind, one of the Err values of package sigil, or [ErrNotSigil] if something
// other than a daemon answered.
func (e *Error) Is(target error) bool {
	if target == ErrNotSigil {
		return e.Problem.Code == "" && e.Problem.Status < 500
	}
	return target != nil && target == kind(&e.Problem)
}

// kind returns the Err value of a problem, or nil if there is none, as for a missing permission.
func kind(p *wire.Problem) error {
	switch p.Code { // the code first, because several kinds share a status
	case "closed":
		return sigil.ErrClosed
	case "quota_full":
		return sigil.ErrFull
	case "idempotency_mismatch":
		return sigil.ErrConflict
	case "", "unknown_path":
		if p.Status == http.StatusNotFound {
			return nil // a wrong path or another service: this does not mean that a memory is missing
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

// ImportError returns the problem of one memory of an import as an error, or nil if it has none.
func ImportError(item wire.ImportItem) error {
	return ItemError(wire.BatchItem{Status: item.Status, Problem: item.Problem})
}

// refused returns the error of an answer that is not a success.
func refused(r request, resp *http.Response) error {
	e := &Error{}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.RetryAfter = time.Duration(min(seconds, maxRetryAfter)) * time.Second
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxProblem)) // part of the body is more useful than the read error
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

// firstLine returns the first line of an unexpected answer, shortened for a message.
func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	const most = 200
	if len(s) > most {
		s = s[:most] + "…"
	}
	return message(s)
}

// message makes s, which came from outside, safe to show on a terminal as a part of one line.
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

// unanswered returns the error of a request that got no answer.
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

// brokeOff returns the error of an answer that began but did not come to its end.
func (c *Client) brokeOff(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return fmt.Errorf("%w: the answer from %s broke off: %w", ErrUnreachable, c, err)
}

// strange returns an error for an answer that makes no sense. Its text has the cause, which is not wrapped: errors.Is
// must not take the cause for an error about the caller's input.
func (c *Client) strange(cause error) error {
	return fmt.Errorf("the answer from %s is %w: %s", c, ErrNotSigil, firstLine(cause.Error()))
}
