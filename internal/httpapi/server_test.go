package httpapi_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/store/storetest"
)

// TestOverASocket tests what only a real server does: bodies of unknown length, connections that are closed
// while a body that is too long arrives, and paths that are not cleaned.
func TestOverASocket(t *testing.T) {
	f := newFace(t, config{api: httpapi.Options{LoopbackOnly: true}})
	server := onFront(t, f.api)
	defer server.Close()
	client := server.client

	post := func(body io.Reader) (int, string) {
		t.Helper()
		resp, err := client.Post(server.url+"/v1/sigils", "application/json", body)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(b)
	}
	chunked := func(s string) io.Reader { return io.MultiReader(strings.NewReader(s)) } // hides the length
	if status, body := post(chunked(`{"data":"` + strings.Repeat("a", 1<<20-2) + `"}`)); status != 201 {
		t.Errorf("the longest data: %d %.200s", status, body)
	}
	tooLong := strings.Repeat(" ", 1<<20+64<<10+1)
	for _, body := range []io.Reader{strings.NewReader(tooLong), chunked(tooLong)} {
		if status, body := post(body); status != 413 || !strings.Contains(body, "body_too_large") {
			t.Errorf("too long: %d %s", status, body)
		}
	}
	if n := f.stats().Memories; n != 1 {
		t.Errorf("%d memories", n)
	}
}

// TestBodyThatNeverComes announces more than it sends: the client gets an error, and nothing is kept.
func TestBodyThatNeverComes(t *testing.T) {
	f := newFace(t, config{})
	server := onFront(t, f.api)
	defer server.Close()
	conn, err := net.Dial("tcp", server.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /v1/sigils HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"data\":1}")
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); resp.StatusCode != 400 || !strings.Contains(string(body), "incomplete_body") {
		t.Errorf("got %d %s", resp.StatusCode, body)
	}
	f.nothingStored()
}

// BenchmarkEncode measures what the API adds to an encode, with a body of about 700 bytes.
func BenchmarkEncode(b *testing.B) {
	api := httpapi.New(engine.New(storetest.NewModel(), nil), nil)
	body := `{"data":{"note":"` + strings.Repeat("kettle ", 80) + `","n":[1,2,3]},"state":{"phi":0.8,"coherence":0.7},"tags":["a"]}`
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest("POST", "/v1/sigils", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		if api.ServeHTTP(w, r); w.Code != http.StatusCreated {
			b.Fatal(w.Body)
		}
	}
}
