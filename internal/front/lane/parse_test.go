package lane

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

func anything(_, _, _ string) bool { return true }

func TestParse(t *testing.T) {
	const get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
	for name, tt := range map[string]struct {
		in   string
		size int
		want verdict
	}{
		"a request":           {get, len(get), whole},
		"two":                 {get + get, len(get), whole},
		"a query":             {"GET /a/b:c?x=1&y=z HTTP/1.1\r\nHost: h:1\r\n\r\n", 42, whole},
		"a body":              {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}GET", 50, whole},
		"part of a body":      {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{", 48, partial},
		"nothing yet":         {"", 0, partial},
		"part of a line":      {"GET /a HT", 0, partial},
		"no end":              {"GET /a HTTP/1.1\r\nHost: h\r\n", 0, partial},
		"no carriage return":  {"GET /a HTTP/1.1\nHost: h\n\n", 0, other},
		"another method":      {"PUT /a HTTP/1.1\r\n", 0, other},
		"another protocol":    {"GET /a HTTP/1.0\r\n", 0, other},
		"a proxy's request":   {"GET http://h/a HTTP/1.1\r\n", 0, other},
		"an escape":           {"GET /%61 HTTP/1.1\r\n", 0, other},
		"an empty query":      {"GET /a? HTTP/1.1\r\n", 0, other},
		"two spaces":          {"GET  /a HTTP/1.1\r\n", 0, other},
		"no host":             {"GET /a HTTP/1.1\r\n\r\n", 0, other},
		"two hosts":           {"GET /a HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", 0, other},
		"a wrong host":        {"GET /a HTTP/1.1\r\nHost: h/\r\n\r\n", 0, other},
		"two lengths":         {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 0, other},
		"a signed length":     {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\n", 0, other},
		"an empty length":     {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n", 0, other},
		"a long body":         {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 16385\r\n\r\n", 0, other},
		"chunks":              {"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", 0, other},
		"an expectation":      {"POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n", 0, other},
		"the last":            {"GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", 0, other},
		"an upgrade":          {"GET /a HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n", 0, other},
		"a folded line":       {"GET /a HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n", 0, other},
		"a space in a name":   {"GET /a HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n", 0, other},
		"no colon":            {"GET /a HTTP/1.1\r\nHost: h\r\nA\r\n\r\n", 0, other},
		"a control character": {"GET /a HTTP/1.1\r\nHost: h\r\nA: \x01\r\n\r\n", 0, other},
		"many lines":          {"GET /a HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("A: b\r\n", maxLines) + "\r\n", 0, other},
		"a long line":         {"GET /" + strings.Repeat("a", maxRequest), 0, other},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRequest(t.Context(), "")
			if size, v := r.parse([]byte(tt.in), anything); size != tt.size || v != tt.want {
				t.Errorf("parse: %d, %d; want %d, %d", size, v, tt.size, tt.want)
			}
		})
	}
}

// FuzzParse compares the requests that are accepted here with what net/http reads from the same bytes, on a
// connection that has had another request before.
func FuzzParse(f *testing.F) {
	f.Add([]byte("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"), []byte("POST /v1/sigils HTTP/1.1\r\nHost: 127.0.0.1:7700\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"))
	f.Add([]byte("GET /a HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n"), []byte("DELETE /a?b=c HTTP/1.1\r\nhost: [::1]:1\r\nA: b\r\na:  c\t\r\nConnection: Keep-Alive\r\nX-Request-Id: x\r\n\r\n"))
	f.Fuzz(func(t *testing.T, before, b []byte) {
		r := newRequest(t.Context(), "")
		r.parse(before, anything)
		size, v := r.parse(b, anything)
		if v != whole {
			if size != 0 && (v != partial || size > len(b)) {
				t.Fatalf("%d bytes of none", size)
			}
			return
		}
		rest := bytes.NewReader(b)
		in := bufio.NewReader(rest)
		want, err := http.ReadRequest(in)
		if err != nil {
			t.Fatalf("net/http refuses it: %v", err)
		}
		wantBody, err := io.ReadAll(want.Body)
		if err != nil {
			t.Fatalf("net/http cannot read its body: %v", err)
		}
		if read := len(b) - rest.Len() - in.Buffered(); read != size {
			t.Fatalf("%d bytes, want %d", size, read)
		}
		got := &r.http
		gotBody, err := io.ReadAll(got.Body)
		if err != nil || !bytes.Equal(gotBody, wantBody) {
			t.Fatalf("body %q, %v; want %q", gotBody, err, wantBody)
		}
		for what, pair := range map[string][2]any{
			"method": {got.Method, want.Method}, "URL": {*got.URL, *want.URL}, "header": {got.Header, want.Header},
			"host": {got.Host, want.Host}, "target": {got.RequestURI, want.RequestURI}, "length": {got.ContentLength, want.ContentLength},
			"protocol": {got.Proto, want.Proto}, "minor": {got.ProtoMinor, want.ProtoMinor}, "encodings": {got.TransferEncoding, want.TransferEncoding},
		} {
			if !reflect.DeepEqual(pair[0], pair[1]) {
				t.Errorf("%s: got %#v, want %#v", what, pair[0], pair[1])
			}
		}
	})
}

func TestBodyIsThereAsAWhole(t *testing.T) {
	r := newRequest(t.Context(), "")
	for _, want := range []string{"first", "the second, which is longer", "3"} {
		b := fmt.Appendf(nil, "POST /v1/sigils HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(want), want)
		if _, v := r.parse(b, anything); v != whole {
			t.Fatalf("verdict %d of %q", v, b)
		}
		if got := r.http.Body.(*body).Whole(); string(got) != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if got, err := io.ReadAll(r.http.Body); string(got) != want || err != nil {
			t.Errorf("read %q, %v, want %q", got, err, want)
		}
	}
}
