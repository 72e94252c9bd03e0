package lane

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// keptBuffer is the most bytes of a buffer that a connection keeps from one answer to the next.
const keptBuffer = 64 << 10

// answer holds an answer until its handler returns, and makes the bytes of it.
type answer struct {
	header http.Header
	status int // 0 while that is not known
	body   []byte
	names  []string // of the header, sorted
	out    []byte
}

func newAnswer() *answer { return &answer{header: http.Header{}} }

func (a *answer) reset() {
	clear(a.header)
	a.status, a.body = 0, a.body[:0]
	if cap(a.body)+cap(a.out) > 2*keptBuffer {
		a.body, a.out = nil, nil
	}
}

func (a *answer) Header() http.Header { return a.header }

// WriteHeader takes the first status that is not of the kind that only announces one.
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
	a.body = append(a.body, b...)
	return len(b), nil
}

// bodied tells whether answers of a status have a body.
func bodied(status int) bool {
	return status != http.StatusNoContent && status != http.StatusNotModified
}

// bytes gives the answer as it is sent. Where the handler announced another length than it wrote, there is
// none: ok is false, and the client must not take what there is for the whole.
func (a *answer) bytes(last bool) (b []byte, ok bool) {
	a.WriteHeader(http.StatusOK)
	if bodied(a.status) {
		if said := a.header["Content-Length"]; len(said) > 1 || len(said) == 1 && said[0] != strconv.Itoa(len(a.body)) {
			return nil, false
		}
		if len(a.body) > 0 && a.header["Content-Type"] == nil {
			a.header.Set("Content-Type", http.DetectContentType(a.body))
		}
	}
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
		b = strconv.AppendInt(b, int64(len(a.body)), 10)
	}
	if last {
		b = append(b, "\r\nConnection: close"...)
	}
	b = append(append(b, "\r\n\r\n"...), a.body...)
	a.out = b
	return b, true
}

var newlines = strings.NewReplacer("\r", " ", "\n", " ")

func appendLine(b []byte, name, value string) []byte {
	if strings.ContainsAny(value, "\r\n") {
		value = newlines.Replace(value)
	}
	return append(append(append(append(b, name...), ": "...), value...), "\r\n"...)
}

// moment is a second, as a header has it.
type moment struct {
	unix int64
	text string
}

var now atomic.Pointer[moment]

// date gives the current second: it is the same for thousands of answers.
func date() string {
	t := time.Now()
	m := now.Load()
	if m == nil || m.unix != t.Unix() {
		m = &moment{t.Unix(), t.UTC().Format(http.TimeFormat)}
		now.Store(m)
	}
	return m.text
}
