package lane

import (
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// keptBuffer is the maximum size, in bytes, of the buffers of an answer that is reused.
	keptBuffer = 64 << 10
	// large is the minimum number of bytes in one write that are sent directly instead of being copied.
	large = 32 << 10
)

// answer buffers an answer until its handler returns, and encodes it.
type answer struct {
	header http.Header
	status int // 0 until the status is known
	body   []byte
	names  []string // names in the header, sorted
	out    []byte

	conn   net.Conn
	last   func() bool // reports whether the connection closes after this answer
	closes bool        // the result of last when the header was written
	sent   bool        // the handler's write has sent the whole answer
	failed error       // the error if that failed
}

// answers are reused by all connections. A connection that waits for a request holds none.
var answers = sync.Pool{New: func() any { return &answer{header: http.Header{}} }}

// recycle returns a to the pool.
func (a *answer) recycle() {
	clear(a.header)
	*a = answer{header: a.header, body: a.body[:0], names: a.names[:0], out: a.out[:0]}
	if cap(a.body)+cap(a.out) <= keptBuffer {
		answers.Put(a)
	}
}

func (a *answer) Header() http.Header { return a.header }

// WriteHeader sets the status, unless it is an informational one or the status is set already.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
}

func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if !bodied(a.status) {
		return 0, http.ErrBodyNotAllowed
	}
	if a.sent {
		return 0, http.ErrContentLength
	}
	if said := a.header["Content-Length"]; len(b) >= large && len(a.body) == 0 && len(said) == 1 && said[0] == strconv.Itoa(len(b)) {
		return a.send(b)
	}
	a.body = append(a.body, b...)
	return len(b), nil
}

// bodied reports whether answers with a status have a body.
func bodied(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}

// send sends the answer with body as its whole body.
func (a *answer) send(body []byte) (int, error) {
	a.sent = true
	a.out = append(a.head(len(body)), "\r\n\r\n"...)
	all := net.Buffers{a.out, body}
	if _, a.failed = all.WriteTo(a.conn); a.failed != nil {
		return 0, a.failed
	}
	return len(body), nil
}

// bytes returns the encoded answer. If the handler announced a length and wrote another, ok is false: the
// client must not take the answer for a complete one.
func (a *answer) bytes() (b []byte, ok bool) {
	a.WriteHeader(http.StatusOK)
	if bodied(a.status) {
		if said := a.header["Content-Length"]; len(said) > 1 || len(said) == 1 && said[0] != strconv.Itoa(len(a.body)) {
			return nil, false
		}
		if len(a.body) > 0 && a.header["Content-Type"] == nil {
			a.header.Set("Content-Type", http.DetectContentType(a.body))
		}
	}
	a.out = append(append(a.head(len(a.body)), "\r\n\r\n"...), a.body...)
	return a.out, true
}

// head returns the status line and the header of an answer whose body has that length, without the end of the
// last line.
func (a *answer) head(length int) (b []byte) {
	a.closes = a.last() || a.header.Get("Connection") == "close"
	b = append(a.out[:0], "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(a.status), 10)
	b = append(append(append(b, ' '), http.StatusText(a.status)...), "\r\n"...)
	a.names = a.names[:0]
	for name := range a.header {
		if name != "Date" && name != "Connection" && name != "Content-Length" {
			a.names = append(a.names, name)
		}
	}
	slices.Sort(a.names)
	for _, name := range a.names {
		for _, value := range a.header[name] {
			b = appendLine(b, name, value)
		}
	}
	b = append(append(b, "Date: "...), date()...)
	if bodied(a.status) {
		b = append(b, "\r\nContent-Length: "...)
		b = strconv.AppendInt(b, int64(length), 10)
	}
	if a.closes {
		b = append(b, "\r\nConnection: close"...)
	}
	return b
}

var newlines = strings.NewReplacer("\r", " ", "\n", " ")

func appendLine(b []byte, name, value string) []byte {
	if strings.ContainsAny(value, "\r\n") {
		value = newlines.Replace(value)
	}
	return append(append(append(append(b, name...), ": "...), value...), "\r\n"...)
}

// moment is a second, and its text for the Date header.
type moment struct {
	unix int64
	text string
}

var now atomic.Pointer[moment]

// date returns the text of the current second, formatted once for thousands of answers.
func date() string {
	t := time.Now()
	m := now.Load()
	if m == nil || m.unix != t.Unix() {
		m = &moment{t.Unix(), t.UTC().Format(http.TimeFormat)}
		now.Store(m)
	}
	return m.text
}
