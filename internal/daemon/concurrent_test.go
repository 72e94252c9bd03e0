package daemon_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/wire"
)

// The system that Sigil replaces lost writes and kept removed memories when many clients came at once. Here a
// thousand clients do, on the old path and on /v1, while memories are recalled, forgotten and fade under
// sweeps every ten milliseconds. At the end, every memory that was acknowledged and not removed exists with
// its content, and nothing else does.
func TestAThousandConcurrentClients(t *testing.T) {
	const clients, fleeting = 1000, 100
	// With a half-life of a week, the speed of the machine does not decide what is left.
	d := start(t, config(t, "--policy=halflife", "--half-life=168h"), nil)
	web := newBrowser(t, d)

	stopSweeps := sweepEvery(t, web, 10*time.Millisecond)
	kept := newLedger()
	var wg sync.WaitGroup
	for i := range clients + fleeting {
		wg.Go(func() {
			data := fmt.Sprintf(`{"foo":%d}`, i)
			var id string
			switch {
			case i >= clients: // these end by themselves, under the sweeps
				web.encode(data, `,"ttl":"20ms"`)
				return
			case i%2 == 0:
				id = web.encodeOld(data)
			default:
				id = web.encode(data, "")
			}
			kept.add(id, data)
			if i%3 == 0 {
				web.do(http.MethodPost, "/v1/sigils/"+id+":recall", "", http.StatusOK)
			}
			if i%7 == 0 {
				web.do(http.MethodDelete, "/v1/sigils/"+id, "", http.StatusNoContent)
				kept.remove(id)
			}
		})
	}
	wg.Wait()
	stopSweeps()
	web.awaitEnd(fleeting)

	got := web.all()
	for id, data := range kept.all() {
		if got[id] != data {
			t.Errorf("%s was acknowledged with %s, and holds %q", id, data, got[id])
		}
		delete(got, id)
	}
	for id, data := range got {
		t.Errorf("%s with %s is there and should not be", id, data)
	}
}

func TestFiftyConcurrentEncodesMakeFifty(t *testing.T) {
	d := start(t, config(t, "--policy=halflife", "--half-life=168h"), nil)
	web := newBrowser(t, d)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() { web.encode(fmt.Sprintf(`{"foo":%d}`, i), "") })
	}
	wg.Wait()
	contents := map[string]bool{}
	for _, data := range web.all() {
		contents[data] = true
	}
	if len(contents) != 50 || len(web.all()) != 50 {
		t.Errorf("%d memories with %d contents, want 50 of each", len(web.all()), len(contents))
	}
}

// ledger has the acknowledged memories, by id.
type ledger struct {
	mu sync.Mutex
	// +checklocks:mu
	data map[string]string
}

func newLedger() *ledger { return &ledger{data: map[string]string{}} }

func (l *ledger) add(id, data string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.data[id] = data
}

func (l *ledger) remove(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.data, id)
}

func (l *ledger) all() map[string]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.data
}

// browser is a number of clients of one daemon.
type browser struct {
	t      *testing.T
	base   string
	client *http.Client
}

func newBrowser(t *testing.T, d *daemon.Daemon) *browser {
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	t.Cleanup(transport.CloseIdleConnections)
	return &browser{t: t, base: "http://" + d.Addr(), client: &http.Client{Transport: transport}}
}

// do sends a request and checks the status. It may run on any goroutine.
func (b *browser) do(method, path, body string, want int) []byte {
	r, err := http.NewRequestWithContext(context.Background(), method, b.base+path, strings.NewReader(body))
	if err != nil {
		b.t.Error(err)
		return nil
	}
	w, err := b.client.Do(r)
	if err != nil {
		b.t.Error(err)
		return nil
	}
	defer w.Body.Close()
	answer, err := io.ReadAll(w.Body)
	if err != nil || w.StatusCode != want {
		b.t.Errorf("%s %s: %d %s (%v); want %d", method, path, w.StatusCode, answer, err, want)
	}
	return answer
}

func (b *browser) encode(data, more string) string {
	var v wire.Memory
	b.read(b.do(http.MethodPost, "/v1/sigils", `{"data":`+data+more+`}`, http.StatusCreated), &v)
	return v.ID.String()
}

func (b *browser) encodeOld(data string) string {
	var v struct{ Sigil struct{ ID string } }
	b.read(b.do(http.MethodPost, "/api/consciousness/sigils", `{"data":`+data+`}`, http.StatusOK), &v)
	return v.Sigil.ID
}

func (b *browser) read(body []byte, into any) {
	if err := json.Unmarshal(body, into); err != nil {
		b.t.Errorf("%v in %s", err, body)
	}
}

// all returns the data of every memory, by id.
func (b *browser) all() map[string]string {
	found := map[string]string{}
	for cursor := ""; ; {
		var page wire.MemoryPage
		b.read(b.do(http.MethodGet, "/v1/sigils?limit=97&cursor="+cursor, "", http.StatusOK), &page)
		for _, m := range page.Memories {
			if _, twice := found[m.ID.String()]; twice {
				b.t.Errorf("%s is listed twice", m.ID)
			}
			found[m.ID.String()] = string(m.Data)
		}
		if page.Next == nil {
			return found
		}
		cursor = *page.Next
	}
}

// awaitEnd sweeps until sweeps have released n memories by their ttl.
func (b *browser) awaitEnd(n int) {
	deadline := time.Now().Add(patience)
	for released := 0; released < n; {
		b.do(http.MethodPost, "/v1/sweeps/decay", "", http.StatusOK)
		released = 0
		for after := uint64(0); ; {
			var page wire.EventPage
			b.read(b.do(http.MethodGet, fmt.Sprintf("/v1/events?limit=1000&after=%d", after), "", http.StatusOK), &page)
			for _, e := range page.Events {
				if e.Kind == sigil.Faded && e.Reason == sigil.ReasonTTL {
					released++
				}
			}
			if len(page.Events) == 0 {
				break
			}
			after = page.Next
		}
		if time.Now().After(deadline) {
			b.t.Errorf("%d of %d memories past their ttl were released", released, n)
			return
		}
	}
}

// sweepEvery runs both sweeps at an interval until the func it returns is called.
func sweepEvery(t *testing.T, b *browser, interval time.Duration) (stop func()) {
	t.Helper()
	done, ended := make(chan struct{}), make(chan struct{})
	go func() { // stop waits for it
		defer close(ended)
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				b.do(http.MethodPost, "/v1/sweeps/decay", "", http.StatusOK)
				b.do(http.MethodPost, "/v1/sweeps/crystallize", "", http.StatusOK)
			case <-done:
				return
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}
