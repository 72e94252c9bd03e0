package daemon_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/store/storetest"
)

// TestFilesAreKeptForTheDatabase checks for how many connections to PostgreSQL files are reserved.
func TestFilesAreKeptForTheDatabase(t *testing.T) {
	for want, args := range map[int][]string{
		0:  nil,
		16: {"--store=postgres://sigil@db/sigil"},
		40: {"--store=postgres://sigil@db/sigil?pool_max_conns=40"},
		99: {"--store=postgres://sigil@db/sigil?pool_max_conns=40", "--store-connections=99"},
	} {
		if got := daemon.DatabaseConnections(config(t, args...)); got != want {
			t.Errorf("%q: %d connections, not %d", args, got, want)
		}
	}
}

// TestIdleConnectionsMakeRoom opens more connections than allowed and keeps them all: those that have been idle longest
// are closed, in the fast lane and in net/http, and all clients are answered.
func TestIdleConnectionsMakeRoom(t *testing.T) {
	d := start(t, config(t, "--max-connections=4"), on(storetest.NewModel()))
	type client struct {
		net.Conn
		in *bufio.Reader
	}
	var clients []client
	for i := range 12 {
		path := "/v1/sigils/01890a5d-ac96-774b-bcce-b302099a8057" // the lane's
		if i%2 == 1 {
			path = "/v1/stats"
		}
		conn, err := net.Dial("tcp", d.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(patience))
		c := client{conn, bufio.NewReader(conn)}
		if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", path); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(c.in, nil)
		if err != nil {
			t.Fatalf("client %d: %v", i, err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		clients = append(clients, c)
	}
	for i, c := range clients[:8] {
		if _, err := c.in.ReadByte(); err != io.EOF {
			t.Errorf("client %d, which has waited long: %v", i, err)
		}
	}
}

// TestStreamsLeaveConnections starts more event streams than there may be connections: half of the
// connections remain for requests.
func TestStreamsLeaveConnections(t *testing.T) {
	d := start(t, config(t, "--max-connections=4"), on(storetest.NewModel()))
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	got := map[int]int{}
	for range 8 {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+d.Addr()+"/v1/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", "text/event-stream")
		resp, err := client.Do(r)
		if err != nil {
			t.Fatalf("after %v: %v", got, err)
		}
		defer resp.Body.Close()
		got[resp.StatusCode]++
		if resp.StatusCode != http.StatusOK {
			_, _ = io.Copy(io.Discard, resp.Body)
		}
	}
	if got[200] != 2 || got[503] != 6 {
		t.Errorf("answers: %v, want 2 streams and 6 refusals", got)
	}
	if status, body := ask(t, d, "POST", "/v1/sigils", `{"data":1}`); status != http.StatusCreated {
		t.Errorf("encode: %d %s", status, body)
	}
}
