package lane

import (
	"bytes"
	"context"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	// maxRequest is the maximum length in bytes of a request, with its body, that is answered here.
	maxRequest = 16 << 10
	// maxLines is the maximum number of its header lines.
	maxLines = 32
)

// verdict classifies the bytes read so far.
type verdict int

const (
	partial verdict = iota // the beginning of a request; the rest has not arrived
	whole                  // a request that is answered here
	other                  // anything else: net/http decides
)

// request is what a connection keeps of its last request. It keeps the header lines, too, since the next
// request has nearly the same.
type request struct {
	blank  http.Request // with the connection's context and address
	http   http.Request
	url    url.URL
	header http.Header
	body   body
	lines  []line
}

// line is a header line and its meaning.
type line struct {
	raw  string // without the line end
	name string // canonical
	text []string
}

type body struct {
	bytes.Reader
	whole []byte
}

// Whole returns the whole body without reading it. The handler may use it until it returns.
func (b *body) Whole() []byte { return b.whole }

func (*body) Close() error { return nil }

func newRequest(ctx context.Context, remote string) *request {
	r := &request{header: http.Header{}}
	r.blank = *(&http.Request{Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, RemoteAddr: remote}).WithContext(ctx)
	return r
}

// parse reads a request from the start of b, if it has the form that is answered here, and returns its length
// in bytes. For a partial request, that is the length of its header, or 0 if the header is not complete. The
// request has the same meaning as for net/http.
func (r *request) parse(b []byte, takes func(method, path, query string) bool) (size int, v verdict) {
	first, rest, ok := cutLine(b)
	if !ok {
		return 0, unless(bytes.IndexByte(b, '\n') >= 0 || len(b) >= maxRequest)
	}
	method, target, ok := r.requestLine(first)
	if !ok {
		return 0, other
	}
	path, query, _ := strings.Cut(target, "?")
	if !takes(method, path, query) {
		return 0, other
	}
	clear(r.header)
	length, host := -1, ""
	for n := 0; ; n++ {
		var raw []byte
		before := rest
		if raw, rest, ok = cutLine(before); !ok {
			return 0, unless(bytes.IndexByte(before, '\n') >= 0 || len(b) >= maxRequest)
		}
		if len(raw) == 0 {
			break
		}
		if n == maxLines || !r.read(n, raw) {
			return 0, other
		}
		switch l := &r.lines[n]; l.name {
		case "Host":
			if host != "" || l.text[0] == "" || strings.Trim(l.text[0], hostBytes) != "" {
				return 0, other
			}
			host = l.text[0]
		case "Content-Length":
			var err error
			if length >= 0 || len(l.text[0]) > 6 || strings.Trim(l.text[0], "0123456789") != "" {
				return 0, other
			}
			if length, err = strconv.Atoi(l.text[0]); err != nil {
				return 0, other
			}
			r.header[l.name] = l.text
		case "Connection":
			if !strings.EqualFold(l.text[0], "keep-alive") {
				return 0, other
			}
			r.add(l)
		case "Transfer-Encoding", "Expect", "Upgrade", "Trailer", "Te", "Pragma":
			return 0, other
		default:
			r.add(l)
		}
	}
	length = max(length, 0)
	switch head := len(b) - len(rest); {
	case host == "" || head+length > maxRequest:
		return 0, other
	case len(rest) < length:
		return head, partial
	default:
		r.set(method, target, path, query, host, rest[:length])
		return head + length, whole
	}
}

func unless(not bool) verdict {
	if not {
		return other
	}
	return partial
}

// hostBytes are the characters of a name or an address, with a port. It is a cutset: no other character may
// remain.
const hostBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-[]"

// cutLine returns the first line, without its CR LF, and the rest.
func cutLine(b []byte) (line, rest []byte, ok bool) {
	i := bytes.IndexByte(b, '\n')
	if i < 1 || b[i-1] != '\r' {
		return nil, nil, false
	}
	return b[:i-1], b[i+1:], true
}

// requestLine splits a request line. The target must be a path, optionally with a query, without escapes.
func (r *request) requestLine(line []byte) (method, target string, ok bool) {
	first, rest, _ := bytes.Cut(line, []byte(" "))
	middle, protocol, _ := bytes.Cut(rest, []byte(" "))
	if string(protocol) != "HTTP/1.1" || len(middle) == 0 || middle[0] != '/' || middle[len(middle)-1] == '?' {
		return "", "", false
	}
	for _, c := range middle {
		if !plainTarget[c] {
			return "", "", false
		}
	}
	switch string(first) {
	case http.MethodGet:
		method = http.MethodGet
	case http.MethodPost:
		method = http.MethodPost
	case http.MethodDelete:
		method = http.MethodDelete
	default:
		return "", "", false
	}
	if r.http.RequestURI != string(middle) { // otherwise the string of the last request is the same
		r.http.RequestURI = string(middle)
	}
	return method, r.http.RequestURI, true
}

var (
	plainTarget = table("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/:?=&,")
	nameBytes   = table("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")
)

func table(of string) (t [256]bool) {
	for i := range len(of) {
		t[of[i]] = true
	}
	return t
}

// read parses raw as the nth line. It returns false if the lane does not accept the line.
func (r *request) read(n int, raw []byte) bool {
	if n < len(r.lines) && r.lines[n].raw == string(raw) {
		return true
	}
	name, value, ok := bytes.Cut(raw, []byte(":"))
	if !ok || len(name) == 0 {
		return false
	}
	for _, c := range name {
		if !nameBytes[c] {
			return false
		}
	}
	for _, c := range value {
		if (c < 0x20 || c > 0x7e) && c != '\t' {
			return false
		}
	}
	text := string(bytes.Trim(value, " \t"))
	l := line{string(raw), textproto.CanonicalMIMEHeaderKey(string(name)), []string{text}}
	if n == len(r.lines) {
		r.lines = append(r.lines, l)
	} else {
		r.lines[n] = l
	}
	return true
}

// add adds a line to the header. The lines are kept for later requests, so nothing is appended to their
// values.
func (r *request) add(l *line) {
	if before, ok := r.header[l.name]; ok {
		r.header[l.name] = append(slices.Clip(before), l.text...)
		return
	}
	r.header[l.name] = l.text
}

// set makes the current request. Its body is b itself, not a copy.
func (r *request) set(method, target, path, query, host string, b []byte) {
	r.url = url.URL{Path: path, RawQuery: query}
	r.http = r.blank
	r.http.Method, r.http.URL, r.http.RequestURI, r.http.Host, r.http.Header = method, &r.url, target, host, r.header
	r.http.ContentLength, r.http.Body = int64(len(b)), http.NoBody
	if len(b) > 0 {
		r.body.Reset(b)
		r.body.whole = b
		r.http.Body = &r.body
	}
}
