package daemon_test

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/internal/clock"
	"github.com/sigil-dna/sigil/store/storetest"
)

// clocked is a store with its own clock and a journal whose newest time is set.
type clocked struct {
	*storetest.Model
	clock  *clock.Clock
	newest time.Time
}

func (s clocked) Clock() *clock.Clock { return s.clock }

func (s clocked) Newest(context.Context) (time.Time, error) { return s.newest, nil }

func TestAClockThatJumpsIsSeen(t *testing.T) {
	log := newLogs()
	logger := slog.New(slog.NewTextHandler(log, nil))
	var at atomic.Int64
	first := time.Now().Round(0)
	k := clock.New(clock.Reading{Time: first}, clock.Options{Logger: logger, Monotonic: func() time.Duration { return time.Duration(at.Load()) }})
	show := func(after, off time.Duration) {
		at.Store(int64(after))
		k.Observe(clock.Reading{At: after, Time: first.Add(after + off)})
	}
	o := on(clocked{Model: storetest.NewModel(), clock: k})
	o.Logger = logger
	d := start(t, config(t, "--decay-schedule=* * * * * *"), o)
	if status, body := ask(t, d, "POST", "/v1/sigils", `{"data":1}`); status != 201 {
		t.Fatalf("%d %s", status, body)
	}
	metrics := func(want ...string) {
		t.Helper()
		_, text := ask(t, d, "GET", "/metrics", "")
		for _, line := range want {
			if !strings.Contains(text, "\n"+line+"\n") {
				t.Errorf("metrics do not say %s", line)
			}
		}
	}
	metrics("sigil_clock_held 0", "sigil_clock_jumps_total 0")

	show(time.Second, time.Hour)
	log.await(t, "level=WARN", "the machine's clock jumped", "jump=1h0m0s", "confirmed_after=15m0s")
	if status, body := ask(t, d, "GET", "/readyz", ""); status != 200 || !strings.Contains(body, `"clock":{"state":"held","seconds":3600,"confirmedIn":900}`) {
		t.Errorf("/readyz: %d %s", status, body)
	}
	metrics("sigil_clock_held 1", "sigil_clock_jump_seconds 3600", "sigil_clock_jumps_total 1")
	if status, body := ask(t, d, "POST", "/v1/sweeps/decay", ""); status != 503 || !strings.Contains(body, `"clock_held"`) {
		t.Errorf("a sweep: %d %s", status, body)
	}

	show(2*time.Second, 0)
	log.await(t, "level=INFO", "the machine's clock is back", "jumped=1h0m0s")
	metrics("sigil_clock_held 0", "sigil_clock_jump_seconds 0", "sigil_clock_jumps_total 1", `sigil_gc_released_total{reason="decay"} 0`)
	for line := range strings.Lines(log.String()) {
		if strings.Contains(line, "level=ERROR") && !strings.Contains(line, "msg=request") { // a scheduled sweep waits, and did not fail
			t.Errorf("logged %s", line)
		}
	}
}

func TestAStartComparesTheClockWithTheJournal(t *testing.T) {
	for _, c := range []struct {
		off         time.Duration // of the newest entry
		undo        string
		held        bool // nothing is released
		unconfirmed bool // nothing is dropped for good
		want        []string
	}{
		{-50 * time.Second, "24h", false, false, nil},
		{30 * time.Second, "24h", false, false, []string{"level=WARN msg=\"the clock is behind the newest entry"}},
		{time.Hour, "24h", true, true, []string{"level=WARN msg=\"the clock is behind the newest entry", "sigil clock confirm"}},
		{-2 * time.Hour, "24h", false, true, []string{"level=INFO msg=\"the newest entry of the journal is not recent", "ahead=2h0m0s"}},
		{-2 * time.Hour, "1h", true, true, []string{"level=WARN", "(--undo)", "ahead=2h0m0s", "sigil clock confirm"}},
		{-2 * time.Minute, "0", true, true, []string{"level=WARN", "(--undo)"}},
		{-30 * time.Hour, "24h", true, true, []string{"level=WARN", "ahead=30h0m0s", "sigil clock confirm"}},
		{-30 * time.Hour, "48h", false, true, []string{"level=INFO"}},
	} {
		log := newLogs()
		now := time.Now().Round(0)
		k := clock.New(clock.Reading{At: clock.Monotonic(time.Now()), Time: now}, clock.Options{Logger: slog.New(slog.DiscardHandler)})
		o := on(clocked{storetest.NewUndoModel(), k, now.Add(c.off)})
		o.Logger = slog.New(slog.NewTextHandler(log, nil))
		d := start(t, config(t, "--undo="+c.undo), o)
		text := log.String()
		if c.want == nil && strings.Contains(text, "level=WARN") {
			t.Errorf("%s: logged %q", c.off, text)
		}
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: logged %q, want %q", c.off, text, want)
			}
		}
		if status, body := ask(t, d, "GET", "/readyz", ""); status != 200 || c.held != strings.Contains(body, `"clock":{"state":"held","seconds":`) {
			t.Errorf("%s: /readyz: %d %s", c.off, status, body)
		}
		if _, text := ask(t, d, "GET", "/metrics", ""); c.held != strings.Contains(text, "\nsigil_clock_held 1\n") {
			t.Errorf("%s: sigil_clock_held is not %v", c.off, c.held)
		}
		sweeps := func(held bool) {
			t.Helper()
			if status, body := ask(t, d, "POST", "/v1/sweeps/decay", ""); held != (status == 503 && strings.Contains(body, `"clock_held"`)) {
				t.Errorf("%s: a sweep: %d %s, want held %v", c.off, status, body, held)
			}
		}
		sweeps(c.held)
		want := `{"confirmed":false,"aheadSeconds":0}`
		if c.unconfirmed {
			want = `{"confirmed":true,"aheadSeconds":0}`
		}
		if status, body := ask(t, d, "POST", "/v1/clock:confirm", ""); status != 200 || strings.TrimSpace(body) != want {
			t.Errorf("%s: confirmed: %d %s, want %s", c.off, status, body, want)
		}
		sweeps(false)
	}
}
