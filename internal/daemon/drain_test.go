package daemon_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/store/storetest"
)

// answer is the final answer to a request in progress.
type answer struct {
	status int
	body   string
	err    error
}

// post sends an encode and returns a channel for its answer.
func post(d *daemon.Daemon) <-chan answer {
	answers := make(chan answer, 1)
	go func() {
		var a answer
		a.status, a.body, a.err = request(context.Background(), d.Addr(), "POST", "/v1/sigils", `{"data":1}`)
		answers <- a
	}()
	return answers
}

func stopping(d *daemon.Daemon, within time.Duration) <-chan error {
	stopped := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), within)
		defer cancel()
		stopped <- d.Stop(ctx)
	}()
	return stopped
}

func TestRequestsInFlightFinish(t *testing.T) {
	s := newSlow()
	d := start(t, config(t), on(s))
	const n = 50
	var answers []<-chan answer
	for range n {
		answers = append(answers, post(d))
	}
	for range n {
		wait(t, "an insert", s.entered)
	}
	stopped := stopping(d, patience)
	eventually(t, "the listener to close", func() bool {
		c, err := net.Dial("tcp", d.Addr())
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	select {
	case err := <-stopped:
		t.Fatalf("Stop did not wait: %v", err)
	default:
	}
	if closed(s) {
		t.Fatal("the store was closed under requests in flight")
	}
	close(s.letGo)
	for _, a := range answers {
		if a := wait(t, "an answer", a); a.err != nil || a.status != http.StatusCreated {
			t.Errorf("answered %+v", a)
		}
	}
	if err := wait(t, "Stop", stopped); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

// When the time to drain is over, requests are canceled, and their clients get the reason.
func TestRequestsEndWithTheTimeToDrain(t *testing.T) {
	s := newSlow()
	s.heed = true
	d := start(t, config(t), on(s))
	a := post(d)
	wait(t, "the insert", s.entered)
	stopped := stopping(d, time.Millisecond)
	if a := wait(t, "the answer", a); a.status != http.StatusServiceUnavailable || !strings.Contains(a.body, `"stopping"`) {
		t.Errorf("answered %+v", a)
	}
	if err := wait(t, "Stop", stopped); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

func TestStopNamesWhatIsUnfinished(t *testing.T) {
	s := newSlow()
	o := on(s)
	o.Grace = 10 * time.Millisecond
	d := daemon.New(config(t).Config, o)
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	a := post(d)
	wait(t, "the insert", s.entered)
	first := stopping(d, time.Millisecond)
	eventually(t, "the stop", d.Stopping)
	second := stopping(d, patience)
	err := wait(t, "Stop", first)
	if err == nil || !strings.Contains(err.Error(), "HTTP: 1 requests are still running") {
		t.Errorf("Stop: %v", err)
	}
	if again := wait(t, "the second Stop", second); again == nil || again.Error() != err.Error() {
		t.Errorf("the second Stop: %v, want what the first said", again)
	}
	if !closed(s) {
		t.Error("the store was not closed for all that")
	}
	close(s.letGo)
	if a := wait(t, "the answer", a); a.err == nil {
		t.Errorf("answered %+v after all", a)
	}
}

// A client that stalls in the middle of a request does not delay the end.
func TestStalledClientIsCutOff(t *testing.T) {
	o := on(storetest.NewModel())
	o.Grace = 10 * time.Millisecond
	d := daemon.New(config(t).Config, o)
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", d.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST /v1/sigils HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 100\r\n\r\n")
	if _, err := c.Read(make([]byte, 1)); err != nil { // "100 Continue": the request is being worked on
		t.Fatal(err)
	}
	err = wait(t, "Stop", stopping(d, time.Millisecond))
	if err == nil || !strings.Contains(err.Error(), "1 connections cut off") {
		t.Errorf("Stop: %v", err)
	}
	if _, err := io.ReadAll(c); err == nil {
		// Either an orderly end or a reset is correct.
		t.Log("the connection ended in order")
	}
}

// A sweep in progress finishes its current steps and no more; the rest is due at the next start.
func TestSweepStopsAfterItsStep(t *testing.T) {
	s := newSlow()
	const due = 10_000 // twenty steps
	old := engine.New(s.Model, &engine.Options{Settings: engine.Settings{Policy: sigil.DefaultClassic()}, Clock: func() time.Time { return time.Now().Add(-time.Hour) }})
	drafts := make([]sigil.Draft, due)
	for i := range drafts {
		drafts[i].Data = json.RawMessage(fmt.Sprint(i))
	}
	if _, err := old.EncodeBatch(t.Context(), "public", drafts); err != nil {
		t.Fatal(err)
	}

	log := newLogs()
	o := on(s)
	o.Logger = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	d := start(t, config(t, "--log-level=debug", "--decay-schedule=* * * * * *"), o)
	wait(t, "a sweep", s.entered)
	stopped := stopping(d, patience)
	log.await(t, "msg=stopped", "part=HTTP") // next is the scheduler, which waits for the sweep
	s.letGo <- struct{}{}

	steps := 1
	for ended := false; !ended; {
		select {
		case <-s.entered: // began before the stop reached it
			steps++
			s.letGo <- struct{}{}
		case err := <-stopped:
			ended = true
			if err != nil {
				t.Errorf("Stop: %v", err)
			}
		}
	}
	if steps > 1+12 { // the first, and those that are done at once
		t.Errorf("the sweep took %d steps", steps)
	}
	if !closed(s) {
		t.Error("the store is still open")
	}
}

func TestSweepsCountWhetherOrNotTheyRelease(t *testing.T) {
	d := start(t, config(t, "--threshold=0.000001"), on(storetest.NewModel()))
	count := func(series string) string {
		_, text := ask(t, d, "GET", "/metrics", "")
		for line := range strings.Lines(text) {
			if value, ok := strings.CutPrefix(line, series+" "); ok {
				return strings.TrimSpace(value)
			}
		}
		return "missing"
	}
	sweeps, released := `sigil_gc_sweep_total{job="decay"}`, `sigil_gc_released_total{reason="decay"}`
	if n := count(sweeps); n != "0" {
		t.Errorf("%s is %s before any sweep", sweeps, n)
	}
	ask(t, d, "POST", "/v1/sweeps/decay", "")
	if n, r := count(sweeps), count(released); n != "1" || r != "0" {
		t.Errorf("after a sweep that had nothing to do: %s sweeps, %s released", n, r)
	}
	ask(t, d, "POST", "/v1/sigils", `{"data":1,"ttl":"1ms"}`)
	var answer string
	eventually(t, "the memory to fade", func() bool {
		_, answer = ask(t, d, "GET", "/v1/stats", "")
		return strings.Contains(answer, `"memories":0`)
	})
	ask(t, d, "POST", "/v1/sweeps/decay", "")
	if n := count(sweeps); n != "2" {
		t.Errorf("%s is %s after two sweeps", sweeps, n)
	}
	if r := count(`sigil_gc_released_total{reason="ttl"}`); r != "1" {
		t.Errorf("%s released, want 1 (%s)", r, answer)
	}
}
