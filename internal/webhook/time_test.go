package webhook_test

import (
	"context"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/webhook"
)

// hook returns a Hook that sends to r without a network.
func hook(s webhook.Source, r *receiver, log *logs) *webhook.Hook {
	o := options("http://receiver.example/", log)
	o.Through(r)
	return webhook.New(s, o)
}

func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, r := newJournal(t), newReceiver(t)
		var down atomic.Bool
		down.Store(true)
		r.refuse = func(w http.ResponseWriter, _ *http.Request) bool {
			if down.Load() {
				w.WriteHeader(http.StatusServiceUnavailable)
				return true
			}
			return false
		}
		j.write(1)
		h := hook(j, r, &logs{})
		h.Start()
		time.Sleep(time.Hour)
		synctest.Wait()
		_, at := r.heard()
		for i := range at[1:] {
			most := min(time.Second<<min(i, 20), 5*time.Minute)
			if d := at[i+1].Sub(at[i]); d < most/2-time.Millisecond || d > most {
				t.Errorf("wait %d took %v, want %v at most and half of it at least", i, d, most)
			}
		}
		if len(at) < 18 {
			t.Errorf("%d attempts in an hour", len(at))
		}
		down.Store(false)
		time.Sleep(5 * time.Minute)
		r.takes(1, j.newest())
		stop(t, h)
	})
}

// TestLag has a receiver that is down for an hour: the lag is the age of the oldest entry, and 0 once all are accepted.
func TestLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, r := newJournal(t), newReceiver(t)
		var down atomic.Bool
		r.refuse = func(w http.ResponseWriter, _ *http.Request) bool {
			if down.Load() {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			return down.Load()
		}
		h := hook(j, r, &logs{})
		wants := func(when string, want time.Duration) {
			t.Helper()
			synctest.Wait()
			if got := h.Lag(); got < want || got > want+time.Second {
				t.Errorf("%s the lag is %v, want %v", when, got, want)
			}
		}
		wants("before the start", 0)
		h.Start()
		j.write(1)
		time.Sleep(time.Minute)
		wants("when all is accepted", 0)
		down.Store(true)
		j.write(1)
		time.Sleep(30 * time.Minute)
		j.write(1) // the lag is that of the older one
		time.Sleep(30 * time.Minute)
		wants("after an hour", time.Hour)
		down.Store(false)
		time.Sleep(5 * time.Minute)
		r.takes(1, j.newest())
		wants("after all was accepted", 0)
		stop(t, h)
	})
}

func TestRetryAfter(t *testing.T) {
	for _, tt := range []struct {
		name  string
		value func() string
		want  time.Duration
	}{
		{"seconds", func() string { return "60" }, time.Minute},
		{"date", func() string { return time.Now().Add(time.Minute).UTC().Format(http.TimeFormat) }, time.Minute},
		{"much", func() string { return "99999999999" }, 5 * time.Minute},
		{"past", func() string { return time.Now().Add(-time.Minute).UTC().Format(http.TimeFormat) }, time.Second},
		{"nonsense", func() string { return "soon" }, time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j, r := newJournal(t), newReceiver(t)
				first := true
				r.refuse = func(w http.ResponseWriter, _ *http.Request) bool {
					if !first {
						return false
					}
					first = false
					w.Header().Set("Retry-After", tt.value())
					w.WriteHeader(http.StatusTooManyRequests)
					return true
				}
				j.write(1)
				h := hook(j, r, &logs{})
				h.Start()
				time.Sleep(time.Hour)
				stop(t, h)
				_, at := r.heard()
				if d := at[1].Sub(at[0]); d > tt.want || d < tt.want/2-time.Millisecond {
					t.Errorf("waited %v, want %v", d, tt.want)
				}
			})
		})
	}
}

// deaf does not give leases up, like a process that is killed.
type deaf struct{ *journal }

func (d deaf) Claim(ctx context.Context, name string, owner sigil.ID, lease time.Duration) (uint64, bool, error) {
	if lease == 0 {
		return 0, false, nil
	}
	return d.journal.Claim(ctx, name, owner, lease)
}

func TestOneOfTwoDelivers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		killed bool
		after  time.Duration // the next process delivers by then
	}{
		{"and the other when it stops", false, 10 * time.Second},
		{"and the other when it is killed", true, 40 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j, ra, rb := newJournal(t), newReceiver(t), newReceiver(t)
				var source webhook.Source = j
				if tt.killed {
					source = deaf{j}
				}
				a, b := hook(source, ra, &logs{}), hook(j, rb, &logs{})
				a.Start()
				synctest.Wait()
				b.Start()
				for range 10 { // over some leases
					j.write(10)
					time.Sleep(13 * time.Second)
				}
				seen := j.newest()
				ra.takes(1, seen)
				if len(rb.took) > 0 {
					t.Error("both delivered")
				}
				stop(t, a)
				j.write(10)
				time.Sleep(tt.after)
				synctest.Wait()
				rb.takes(seen+1, j.newest())
				if len(ra.took) > 0 {
					t.Error("delivered after Stop")
				}
				stop(t, b)
			})
		})
	}
}

func TestClaimIsKeptWhileTheReceiverIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, ra, rb := newJournal(t), newReceiver(t), newReceiver(t)
		ra.refuse = func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(http.StatusBadGateway)
			return true
		}
		a, b := hook(j, ra, &logs{}), hook(j, rb, &logs{})
		a.Start()
		synctest.Wait()
		b.Start()
		j.write(1)
		time.Sleep(time.Hour)
		if got, _ := rb.heard(); len(got) > 0 {
			t.Errorf("the other sent %q", got)
		}
		stop(t, a)
		stop(t, b)
	})
}

func TestGonePositions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, r, log := newJournal(t), newReceiver(t), &logs{}
		j.write(10)
		trimmed, err := j.model.Trim(t.Context(), time.Time{}, 4)
		if err != nil {
			t.Fatal(err)
		}
		h := hook(j, r, log)
		h.Start()
		r.takes(trimmed+1, j.newest())
		stop(t, h)
		if log.count("level=ERROR") != 1 {
			t.Errorf("logged %s", log.text.String())
		}
	})
}

// TestAheadOfTheJournal begins with a kept position beyond the journal's newest, as in a store that was restored from an
// older copy: that is logged once, new entries are delivered, and the position is replaced.
func TestAheadOfTheJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, r, log := newJournal(t), newReceiver(t), &logs{}
		j.write(5)
		before := j.newest()
		owner := sigil.NewID(time.Now())
		if _, held, err := j.Claim(t.Context(), "webhook/public", owner, time.Second); err != nil || !held {
			t.Fatal(held, err)
		}
		if err := j.Advance(t.Context(), "webhook/public", owner, 1000); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		h := hook(j, r, log)
		h.Start()
		time.Sleep(time.Minute)
		j.write(2)
		newest := j.newest()
		r.takes(before+1, newest)
		stop(t, h)
		if log.count("restored from an older copy") != 1 || log.count("level=ERROR") != 1 {
			t.Errorf("logged %s", log.text.String())
		}
		if position, _, err := j.Claim(t.Context(), "webhook/public", owner, time.Second); err != nil || position != newest {
			t.Errorf("kept at %d, %v, want %d", position, err, newest)
		}
	})
}

// TestDeliveriesAreOfTheirContent restores a store from an older copy: new entries at the same positions are another
// delivery.
func TestDeliveriesAreOfTheirContent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all []string
		for range 2 {
			j, r := newJournal(t), newReceiver(t)
			j.write(3)
			for range 2 { // the same once more is not another one
				h := hook(&forgetful{j}, r, &logs{})
				h.Start()
				r.takes(1, j.newest())
				stop(t, h)
			}
			deliveries, _ := r.heard()
			if len(deliveries) != 2 || deliveries[0] != deliveries[1] {
				t.Errorf("deliveries %q", deliveries)
			}
			all = append(all, deliveries[0])
			time.Sleep(time.Second)
		}
		if all[0] == all[1] {
			t.Errorf("both are %s", all[0])
		}
	})
}

// What was erased while the receiver was down is not sent to it, even if an attempt had it before.
func TestWhatIsErasedIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, r := newJournal(t), newReceiver(t)
		var down atomic.Bool
		down.Store(true)
		r.refuse = func(w http.ResponseWriter, _ *http.Request) bool {
			if down.Load() {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			return down.Load()
		}
		h := hook(j, r, &logs{})
		var ids []sigil.ID
		for range 3 {
			m, err := j.Encode(t.Context(), sigil.DefaultTenant, sigil.Draft{Data: []byte(`{}`)})
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, m.ID)
		}
		h.Start()
		time.Sleep(time.Minute) // of the bubble: the receiver refuses
		erase := func(ids ...sigil.ID) {
			if _, err := j.Erase(t.Context(), sigil.DefaultTenant, engine.EraseQuery{IDs: ids}); err != nil {
				t.Fatal(err)
			}
		}
		erase(ids[1])
		time.Sleep(time.Minute)
		down.Store(false)
		var got []uint64
		for range 3 {
			got = append(got, <-r.took)
		}
		if !slices.Equal(got, []uint64{1, 3, 4}) {
			t.Errorf("it got %d", got)
		}

		down.Store(true)
		j.write(1) // at 5
		time.Sleep(time.Minute)
		page, err := j.List(t.Context(), sigil.DefaultTenant, engine.ListQuery{Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		erase(page.Memories[0].ID)
		time.Sleep(time.Minute)
		down.Store(false)
		if got := <-r.took; got != 6 {
			t.Errorf("it got %d when nothing of a delivery was left", got)
		}
		stop(t, h)
	})
}

// forgetful is a source that does not keep the position.
type forgetful struct{ *journal }

func (f *forgetful) Advance(context.Context, string, sigil.ID, uint64) error { return nil }

// A store that fails for a while is asked again.
func TestSourceFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, r, log := newJournal(t), newReceiver(t), &logs{}
		j.write(3)
		h := hook(&failing{journal: j, calls: 5}, r, log)
		h.Start()
		time.Sleep(10 * time.Minute)
		r.takes(1, j.newest())
		stop(t, h)
		if log.count("level=ERROR") != 1 || log.count("level=INFO") != 1 {
			t.Errorf("logged %s", log.text.String())
		}
	})
}

// failing is a source whose first calls fail.
type failing struct {
	*journal
	calls int // left
}

func (f *failing) Events(ctx context.Context, tenant string, after uint64, limit int) ([]sigil.Event, error) {
	if f.calls > 0 {
		f.calls--
		return nil, &sigil.Error{Kind: sigil.ErrUnavailable, Code: "unavailable"}
	}
	return f.journal.Events(ctx, tenant, after, limit)
}

// A store that is closed before the hook ends it, and Stop before Start is nothing.
func TestEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, r := newJournal(t), newReceiver(t)
		h := hook(j, r, &logs{})
		h.Start()
		synctest.Wait()
		if err := j.model.Close(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		stop(t, h)
		idle := hook(j, r, &logs{})
		stop(t, idle)
		idle.Start()
	})
}
