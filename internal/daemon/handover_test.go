package daemon_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
)

// pair is a daemon and the one that is to take over from it, both in this process.
type pair struct {
	old, next *daemon.Daemon
	ended     chan error // what the next one said when it did not take over, or nil
}

// handOver makes a daemon on next take over from d.
func handOver(d *daemon.Daemon, l *daemon.Loaded, next *daemon.Options) (*pair, error) {
	p := &pair{old: d, ended: make(chan error, 1)}
	err := d.HandOver(context.Background(), l.Data, func(sockets []*net.TCPListener, run func(*daemon.Daemon) error) {
		o := *next
		o.Sockets = sockets
		p.next = daemon.New(l.Config, &o)
		p.ended <- run(p.next)
	})
	return p, err
}

// connection is a client's connection, on which it sends arbitrary bytes.
type connection struct {
	net.Conn
	answers *bufio.Reader
}

func dial(t *testing.T, d *daemon.Daemon) *connection {
	t.Helper()
	c, err := net.Dial("tcp", d.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &connection{c, bufio.NewReader(c)}
}

func (c *connection) send(t *testing.T, format string, args ...any) {
	t.Helper()
	if _, err := fmt.Fprintf(c, format, args...); err != nil {
		t.Fatal(err)
	}
}

// answer reads one answer, which must have this status, and reports whether it closes the connection.
func (c *connection) answer(t *testing.T, status int) (body string, closes bool) {
	t.Helper()
	r, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != status {
		t.Fatalf("%s %s (%v), want %d", r.Status, b, err, status)
	}
	return string(b), r.Close
}

const encode = "POST /v1/sigils HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n"

// Connections of the old process keep working: an idle one, one with half a request, one whose client waits
// for permission to continue, and one that begins while no process has the store. Each is answered by the new
// process and then closed.
func TestConnectionsOutliveAHandOver(t *testing.T) {
	l := config(t)
	first, second := newSlow(), storetest.NewModel()
	d := start(t, l, on(first))
	idle, half, careful, during, busy := dial(t, d), dial(t, d), dial(t, d), dial(t, d), dial(t, d)
	idle.send(t, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
	if _, closes := idle.answer(t, http.StatusOK); closes {
		t.Fatal("closed without a hand-over")
	}
	half.send(t, "%s", encode[:len(encode)/2])
	busy.send(t, encode+`{"data":1}`)
	wait(t, "the insert", first.entered)

	opening, open := make(chan struct{}), make(chan struct{})
	next := on(second)
	next.Open = func(daemon.Config, daemon.Hooks) (store.Store, error) {
		close(opening)
		<-open
		return second, nil
	}
	pairs := make(chan *pair, 1)
	go func() {
		p, err := handOver(d, l, next)
		if err != nil {
			t.Errorf("the hand-over: %v", err)
		}
		pairs <- p
	}()
	eventually(t, "the gate to be shut", d.Shut)
	during.send(t, encode+`{"data":2}`)
	careful.send(t, "POST /v1/sigils HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n")
	if closed(first) {
		t.Fatal("the store was closed under a request")
	}
	first.letGo <- struct{}{}
	busy.answer(t, http.StatusCreated)
	wait(t, "the next one to open the store", opening)
	if !closed(first) {
		t.Error("two have the store open")
	}
	close(open)
	p := wait(t, "the hand-over", pairs)
	defer stop(t, p.next)
	if err := wait(t, "the next one", p.ended); err != nil {
		t.Fatal(err)
	}

	if _, closes := during.answer(t, http.StatusCreated); !closes {
		t.Error("a connection that waited is not closed")
	}
	if r, err := http.ReadResponse(careful.answers, nil); err != nil || r.StatusCode != http.StatusContinue {
		t.Fatalf("%v %v, want 100", r, err)
	}
	careful.send(t, `{"data":3}`)
	careful.answer(t, http.StatusCreated)
	half.send(t, "%s", encode[len(encode)/2:]+`{"data":4}`)
	half.answer(t, http.StatusCreated)
	idle.send(t, encode+`{"data":5}`)
	if _, closes := idle.answer(t, http.StatusCreated); !closes {
		t.Error("a connection that was idle is not closed")
	}
	if status, stats := ask(t, p.next, "GET", "/v1/stats", ""); status != http.StatusOK || !strings.Contains(stats, `"memories":4`) {
		t.Errorf("the next one has %d %s, want 4 memories", status, stats)
	}
	busy.send(t, "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
	busy.answer(t, http.StatusOK)
	d.Linger(t.Context()) // returns by itself: no connection is left
	stop(t, d)
}

// A request that takes longer than the time of a step ends the hand-over, not the request.
func TestARequestThatTakesTooLongEndsTheHandOver(t *testing.T) {
	l := config(t, "--handover-timeout=50ms")
	s := newSlow()
	d := start(t, l, on(s))
	a := post(d)
	wait(t, "the insert", s.entered)
	p, err := handOver(d, l, on(storetest.NewModel()))
	if err == nil || !strings.Contains(err.Error(), "1 requests are still running") {
		t.Errorf("the hand-over: %v", err)
	}
	if err := wait(t, "the next one", p.ended); err == nil {
		t.Error("the next one took over")
	}
	s.letGo <- struct{}{}
	if a := wait(t, "the answer", a); a.err != nil || a.status != http.StatusCreated {
		t.Errorf("answered %+v", a)
	}
	if status, body := ask(t, d, "GET", "/readyz", ""); status != http.StatusOK {
		t.Errorf("/readyz: %d %s", status, body)
	}
	stop(t, p.next)
}

// If the next process cannot open the store, the old one opens it again, with the settings in force.
func TestTheStoreIsTakenBack(t *testing.T) {
	l := config(t)
	opened := 0
	d := start(t, l, &daemon.Options{Open: func(daemon.Config, daemon.Hooks) (store.Store, error) {
		opened++
		return storetest.NewModel(), nil
	}})
	changed := config(t, "--max-memories=7", "--policy=halflife")
	if err := d.Configure(changed.Config); err != nil {
		t.Fatal(err)
	}
	refused := errors.New("no")
	next := &daemon.Options{Open: func(daemon.Config, daemon.Hooks) (store.Store, error) { return nil, refused }}
	for range 3 {
		p, err := handOver(d, l, next)
		if err == nil {
			t.Fatal("handed over")
		}
		if err := wait(t, "the next one", p.ended); !errors.Is(err, refused) {
			t.Errorf("the next one: %v", err)
		}
		stop(t, p.next)
		if status, stats := ask(t, d, "GET", "/v1/stats", ""); status != http.StatusOK || !strings.Contains(stats, `"policy":"halflife`) {
			t.Errorf("stats: %d %s", status, stats)
		}
	}
	if opened != 4 {
		t.Errorf("opened %d times, want 4", opened)
	}
}

// If a store cannot be opened again, the daemon ends, and waiting requests get an error.
func TestTheStoreCannotBeTakenBack(t *testing.T) {
	l := config(t)
	broken, opened := errors.New("the disk is broken"), false
	d := start(t, l, &daemon.Options{Open: func(daemon.Config, daemon.Hooks) (store.Store, error) {
		if opened {
			return nil, broken
		}
		opened = true
		return storetest.NewModel(), nil
	}})
	c := dial(t, d)
	c.send(t, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
	c.answer(t, http.StatusOK)
	p, err := handOver(d, l, &daemon.Options{Open: func(daemon.Config, daemon.Hooks) (store.Store, error) { return nil, broken }})
	if !errors.Is(err, broken) {
		t.Errorf("the hand-over: %v", err)
	}
	wait(t, "the failure", d.Failed())
	c.send(t, encode+`{"data":1}`)
	c.answer(t, http.StatusServiceUnavailable)
	stop(t, p.next)
}

// Hand-overs within one process leave no goroutine and no descriptor behind.
func TestHandOversLeakNothing(t *testing.T) {
	l := config(t)
	d := daemon.New(l.Config, on(storetest.NewModel()))
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	var descriptors int
	for i := range 20 {
		p, err := handOver(d, l, on(storetest.NewModel()))
		if err != nil {
			t.Fatal(err)
		}
		d.Linger(t.Context())
		stop(t, d)
		d = p.next
		if status, body := ask(t, d, "GET", "/readyz", ""); status != http.StatusOK {
			t.Fatalf("/readyz: %d %s", status, body)
		}
		if err := wait(t, "the next one", p.ended); err != nil {
			t.Fatal(err)
		}
		if i == 2 {
			descriptors = open(t)
		}
	}
	eventually(t, "no more descriptors than at first", func() bool {
		return open(t) <= descriptors
	})
	stop(t, d)
}

// open counts the descriptors of this process.
func open(t *testing.T) int {
	t.Helper()
	held, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(held)
}
