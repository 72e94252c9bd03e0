package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/wire"
)

// call is one request while it is answered. It is also the ResponseWriter of the answer, and records the
// status and the number of bytes.
type call struct {
	http.ResponseWriter
	r     *http.Request
	api   *API
	begin time.Time
	id    string // the request's id

	// The fields below are set as they become known.
	route  string
	tenant string
	query  query
	status int
	bytes  int64
	held   int64         // bytes of memory reserved
	limit  time.Duration // counted from when the whole request has arrived
	late   *time.Timer   // ends the context; nil if this API sets no limit
	code   string        // the problem's code
	cause  error         // of a failure that is not the client's fault, for the log
}

// WriteHeader records the status.
func (c *call) WriteHeader(status int) {
	// A 1xx status is not the answer, except 101: that is final unless the connection cannot be taken over.
	if c.status < 200 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		c.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

func (c *call) Write(b []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	n, err := c.ResponseWriter.Write(b)
	c.bytes += int64(n)
	return n, err
}

// Unwrap lets [http.ResponseController] reach the methods that c does not have.
func (c *call) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// buffers are for answers. Large ones are not returned to the pool.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

const pooledBuffer = 64 << 10

// json answers with v and a line end.
func (c *call) json(status int, v any) error { return c.encoded(status, jsonType, v) }

// encoded answers with each of lines as JSON on a line of its own.
func (c *call) encoded(status int, contentType string, lines ...any) error {
	b := buffers.Get().(*bytes.Buffer)
	b.Reset()
	defer func() {
		if b.Cap() <= pooledBuffer {
			buffers.Put(b)
		}
	}()
	for _, v := range lines {
		if hot, ok := v.(interface {
			AppendJSON(b []byte) ([]byte, error)
		}); ok {
			line, err := hot.AppendJSON(b.AvailableBuffer())
			if err != nil {
				return fmt.Errorf("encode the answer: %w", err)
			}
			b.Write(append(line, '\n'))
			continue
		}
		enc := json.NewEncoder(b)
		enc.SetEscapeHTML(false) // data goes back as it came
		if err := enc.Encode(v); err != nil {
			return fmt.Errorf("encode the answer: %w", err)
		}
	}
	if n := 2 * int64(b.Len()); n > c.held+uncounted { // twice: the answer and what it was made from
		c.settle(n)
	}
	c.bytesOf(status, contentType, b.Bytes())
	return nil
}

var jsonTypes = []string{jsonType}

func (c *call) bytesOf(status int, contentType string, body []byte) {
	h := c.Header()
	if contentType == jsonType {
		h["Content-Type"] = jsonTypes
	} else {
		h.Set("Content-Type", contentType)
	}
	if c.zipped(status, body) {
		return
	}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	c.WriteHeader(status)
	_, _ = c.Write(body) // the client may have left
}

// fail answers with err's problem.
func (c *call) fail(err error) {
	if cause := ended(c.r, err); cause != nil {
		err = cause
	}
	p := c.problem(err)
	if wait := retryAfter(&p); wait != "" {
		c.Header().Set("Retry-After", wait)
	}
	if isOld(c.r.URL.Path) {
		_ = c.json(p.Status, oldProblem(p)) // only strings, which are always valid JSON
		return
	}
	_ = c.encoded(p.Status, "application/problem+json", p)
}

// problem returns err's problem for an answer that contains more than the problem, and records it for the
// log.
func (c *call) problem(err error) wire.Problem {
	p := c.api.problem(err)
	p.RequestID = c.id
	c.blame(p, err)
	return p
}

// blame records a problem for the log: the first one if there are several. That the clock is held is refused as expected, and
// logged once by the clock itself.
func (c *call) blame(p wire.Problem, err error) {
	if p.Status >= 500 && p.Code != "clock_held" && c.cause == nil && c.api.engine != nil { // without an engine, the daemon logs the cause
		c.cause = err
	}
	if c.code == "" {
		c.code = p.Code
	}
}

// finish logs and counts the request. It is deferred, so that it sees a panic.
func (c *call) finish() {
	defer c.settle(0)
	if p := recover(); p != nil {
		if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(p)
		}
		cause := fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		if c.status != 0 { // too late for a problem; the client must not take the partial answer for a whole one
			c.code, c.cause, c.status = "internal", cause, http.StatusInternalServerError
			defer panic(http.ErrAbortHandler)
		} else {
			c.fail(cause)
		}
	}
	if c.status == 0 {
		c.status = http.StatusOK // as net/http does
	}
	if c.route == "" {
		c.route = "unmatched"
	}
	took := time.Since(c.begin)
	if c.api.options.Observe != nil {
		c.api.options.Observe(c.route, methodLabel(c.r.Method), c.status, took)
	}
	c.log(took)
}

func (c *call) log(took time.Duration) {
	level := slog.LevelDebug // one line per request is too much at tens of thousands a second
	if c.cause != nil {
		level = slog.LevelError
	}
	ctx, logger := c.r.Context(), c.api.options.Logger
	if !logger.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", methodLabel(c.r.Method)), slog.String("route", c.route), slog.Int("status", c.status),
		slog.Int64("bytes", c.bytes), slog.Duration("took", took), slog.String("request_id", c.id), slog.String("tenant", c.tenant),
	}
	if c.code != "" {
		attrs = append(attrs, slog.String("code", c.code))
	}
	if c.cause != nil {
		attrs = append(attrs, slog.String("cause", c.cause.Error()))
	}
	logger.LogAttrs(ctx, level, "request", attrs...)
}

// methodLabel returns method, or "OTHER" for an invented one, so that a client cannot add labels to metrics
// and logs.
func methodLabel(method string) string {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE":
		return method
	}
	return "OTHER"
}

// key returns the key of the memory whose id is in the path.
func (c *call) key() (sigil.Key, error) {
	id, err := sigil.ParseID(c.r.PathValue("id"))
	return sigil.Key{Tenant: c.tenant, ID: id}, err
}
