package httpapi_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// exchange is one request: the parts of which bytes makes exactly what is sent, and what is expected of the answer.
type exchange struct {
	endpoint     *endpoint
	method, path string
	query        string
	host         string
	headers      [][2]string
	body         string
	chunked      bool
	raw          string // if not empty, this is sent instead of the fields above

	valid      bool   // the document allows it
	wrong      bool   // it must be refused
	idempotent bool   // it has an Idempotency-Key, which another request may have had
	mutation   string // what was done to a valid one
}

func (x *exchange) set(name, value string) {
	x.drop(name)
	x.headers = append(x.headers, [2]string{name, value})
}

func (x *exchange) drop(name string) {
	for i, h := range x.headers {
		if strings.EqualFold(h[0], name) {
			x.headers = append(x.headers[:i:i], x.headers[i+1:]...)
			return
		}
	}
}

func (x *exchange) target() string {
	if x.query == "" {
		return x.path
	}
	return x.path + "?" + x.query
}

// bytes returns the request as it goes over the network.
func (x *exchange) bytes() string {
	if x.raw != "" {
		return x.raw
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", x.method, x.target(), x.host)
	for _, h := range x.headers {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	switch {
	case x.chunked:
		b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
		for rest := x.body; rest != ""; {
			n := min(len(rest), 1000)
			fmt.Fprintf(&b, "%x\r\n%s\r\n", n, rest[:n])
			rest = rest[n:]
		}
		b.WriteString("0\r\n\r\n")
	case x.body != "":
		fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(x.body), x.body)
	default:
		b.WriteString("\r\n")
	}
	return b.String()
}

// request returns the request to check against the document, or nil if its path has an invalid
// escape.
func (x *exchange) request() *http.Request {
	u := &url.URL{Scheme: "http", Host: x.host, RawQuery: x.query}
	var err error
	if u.Path, err = url.PathUnescape(x.path); err != nil {
		return nil
	}
	if strings.Contains(strings.ToLower(x.path), "%2f") {
		u.RawPath = x.path
	}
	r := &http.Request{Method: x.method, URL: u, Host: x.host, Header: http.Header{}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, RequestURI: x.target()}
	for _, h := range x.headers {
		r.Header.Add(h[0], h[1])
	}
	return r
}

// wireConn is a connection to a daemon that is reused as long as the daemon allows.
type wireConn struct {
	addr string
	conn net.Conn
	in   *bufio.Reader
}

func (w *wireConn) close() {
	if w.conn != nil {
		w.conn.Close()
		w.conn = nil
	}
}

// send sends x and reads the answer.
func (w *wireConn) send(x *exchange) (got reply, err error) {
	if w.conn == nil {
		if w.conn, err = net.Dial("tcp", w.addr); err != nil {
			return got, err
		}
		w.in = bufio.NewReader(w.conn)
	}
	if err := w.conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return got, err
	}
	// A request that is refused before all of it was read may fail to be sent completely.
	_, sendErr := io.WriteString(w.conn, x.bytes())
	for {
		resp, err := http.ReadResponse(w.in, &http.Request{Method: x.method})
		if err != nil {
			w.close()
			return got, errors.Join(fmt.Errorf("no answer: %w", err), sendErr)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			w.close()
			return got, fmt.Errorf("half an answer: %w", err)
		}
		if resp.StatusCode < 200 {
			continue // 100 Continue
		}
		if resp.Close || sendErr != nil || x.raw != "" {
			w.close()
		}
		return reply{status: resp.StatusCode, header: resp.Header, body: body}, nil
	}
}
