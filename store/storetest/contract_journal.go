package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

var journalIdeas = []idea{
	{"every field comes back as it was", func(f *fixture) {
		var want []sigil.Event
		for i, m := range f.oddMemories() {
			m.Tenant = sigil.DefaultTenant
			crystal := sigil.Crystal{
				Tenant: m.Tenant, Kind: sigil.CrystalOfMemory, Memory: m.ID, Pattern: m.Frequency.Pattern(), Members: 1,
				CreatedAt: m.CreatedAt, UpdatedAt: m.CreatedAt, Stability: m.Potential, Frequency: m.Frequency.Value(),
			}
			events := []sigil.Event{
				{Position: uint64(2*i + 1), Time: m.CreatedAt, Kind: sigil.Encoded, Reason: sigil.ReasonRequest, Memory: m.Meta},
				{Position: uint64(2*i + 2), Time: start, Kind: sigil.Crystallized, Reason: sigil.ReasonPotential, Memory: m.Meta, Crystal: &crystal},
			}
			want = append(want, events...)
			_, err := f.insertItems(store.Item{Memory: m, Events: events})
			f.ok("Insert", err)
		}
		equal(f.t, "events", unhashed(f.events(sigil.DefaultTenant)), want)
	}},
	{"positions start at 1 and grow over all tenants", func(f *fixture) {
		a := f.encode(tenant("a"))
		b := f.encode(tenant("b"))
		f.forget(a.Key, b.Key)
		c := f.memory(tenant("a"))
		_, err := f.insertItems(item(c), item(f.memory(tenant("a"))))
		f.ok("Insert", err)
		equal(f.t, "of a", positions(f.events("a")), []uint64{1, 3, 5, 6})
		equal(f.t, "of b", positions(f.events("b")), []uint64{2, 4})
		equal(f.t, "position", f.stats("b", start).Position, 6)
	}},
	{"the time of the newest entry is known, where a store says it", func(f *fixture) {
		s, ok := f.Store.(interface {
			Newest(ctx context.Context) (time.Time, error)
		})
		if !ok {
			return // not part of the interface
		}
		newest := func(want time.Time) {
			f.t.Helper()
			got, err := s.Newest(f.ctx())
			f.ok("Newest", err)
			equal(f.t, "newest", got, want)
		}
		newest(time.Time{})
		for i, name := range []string{"b", "a", "c", "a"} {
			m := f.memory(tenant(name))
			at := start.Add(time.Duration(4-i) * time.Second) // a clock that runs back
			_, err := f.insertItems(store.Item{Memory: m, Events: []sigil.Event{{Time: at, Kind: sigil.Encoded, Reason: sigil.ReasonRequest, Memory: m.Meta}}})
			f.ok("Insert", err)
			if i == 1 {
				newest(at)
			}
		}
	}},
	{"reads resume after a position", func(f *fixture) {
		for range 5 {
			f.encode(tenant("a"))
			f.encode(tenant("b"))
		}
		for after, want := range map[uint64][]uint64{0: {1, 3}, 1: {3, 5}, 2: {3, 5}, 7: {9}, 9: nil, 10: nil} {
			events, err := f.Events(f.ctx(), "a", after, 2)
			f.ok("Events", err)
			equal(f.t, "positions", positions(events), want)
		}
	}},
	{"a commit of many entries is read from anywhere in it", func(f *fixture) {
		const n = 2_000
		f.encode(tenant("b"))
		items := make([]store.Item, n)
		for i := range items {
			items[i] = item(f.memory(tenant("a")))
		}
		_, err := f.insertItems(items...)
		f.ok("Insert", err)
		var want []uint64
		for i := range uint64(n) {
			want = append(want, i+2)
		}
		equal(f.t, "all", positions(f.events("a")), want)
		for _, at := range []int{0, 1, 299, 300, 1_000, n - 2, n - 1} {
			events, err := f.Events(f.ctx(), "a", want[at], 7)
			f.ok("Events", err)
			rest := want[at+1:]
			if len(rest) == 0 {
				rest = nil
			}
			equal(f.t, "positions", positions(events), rest[:min(7, len(rest))])
		}
	}},
	{"an insert may leave no entry", func(f *fixture) {
		_, err := f.insertItems(store.Item{Memory: f.memory()})
		f.ok("Insert", err)
		equal(f.t, "events", f.events(sigil.DefaultTenant), nil)
		equal(f.t, "memories", f.stats(sigil.DefaultTenant, start).Memories, 1)
	}},
	{"a reader that follows the writers misses nothing and repeats nothing", func(f *fixture) {
		const writers, each = 8, 40
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() {
				for range each {
					m := f.memory()
					if _, err := f.insertItems(item(m)); err != nil {
						f.t.Errorf("Insert: %v", err)
					}
					if _, err := f.Remove(f.ctx(), []sigil.Key{m.Key}, forgotten(start)); err != nil {
						f.t.Errorf("Remove: %v", err)
					}
				}
			})
		}
		written := make(chan struct{})
		go func() { wg.Wait(); close(written) }()
		last := uint64(0)
		encoded := map[sigil.ID]bool{}
		for finished := false; ; {
			events, err := f.Events(f.ctx(), sigil.DefaultTenant, last, 17)
			f.ok("Events", err)
			for _, e := range events {
				if e.Position != last+1 {
					f.t.Fatalf("position %d after %d", e.Position, last)
				}
				last = e.Position
				if encoded[e.Memory.ID] == (e.Kind == sigil.Encoded) {
					f.t.Fatalf("entry %d: %s out of order", e.Position, e.Kind)
				}
				encoded[e.Memory.ID] = true
			}
			if len(events) > 0 {
				continue
			}
			if finished {
				break
			}
			select {
			case <-written:
				finished = true // read until no entry follows
			default:
			}
		}
		equal(f.t, "entries", last, 2*writers*each)
	}},
	{"waiting ends with an entry of the tenant's", func(f *fixture) {
		a := f.encode(tenant("a"))
		f.ok("Wait for what is there", f.Wait(f.ctx(), "a", 0))
		got := make(chan error, 1)
		go func() { got <- f.Wait(f.ctx(), "a", 1) }()
		f.encode(tenant("b"))
		f.forget(a.Key)
		f.ok("Wait for what comes", <-got)
		equal(f.t, "positions", positions(f.events("a")), []uint64{1, 3})
		ctx, cancel := context.WithCancel(f.ctx())
		go func() { got <- f.Wait(ctx, "a", 3) }()
		cancel()
		if err := <-got; !errors.Is(err, context.Canceled) {
			f.t.Errorf("Wait, canceled: %v", err)
		}
	}},
	{"a reader ahead of the journal is told its newest position", func(f *fixture) {
		for newest := range uint64(3) {
			for _, after := range []uint64{newest + 1, newest + 100, math.MaxInt64, math.MaxUint64} {
				for _, call := range []error{second(f.Events(f.ctx(), "a", after, 10)), f.Wait(f.ctx(), "a", after)} {
					fails(f.t, fmt.Sprint(after), call, sigil.ErrGone, "position_ahead")
					var e *sigil.Error
					if errors.As(call, &e) && (e.Newest == nil || *e.Newest != newest) {
						f.t.Errorf("the newest position is %v, want %d", e.Newest, newest)
					}
				}
			}
			events, err := f.Events(f.ctx(), "a", newest, 10)
			f.ok("Events after the newest", err)
			equal(f.t, "entries", len(events), 0)
			f.encode(tenant("b")) // the newest position is that of all tenants
		}
	}},
	{"closing ends the waiting", func(f *fixture) {
		got := make(chan error, 2)
		for range cap(got) {
			go func() { got <- f.Wait(f.ctx(), "a", 0) }()
		}
		f.ok("Close", f.Close())
		for range cap(got) {
			fails(f.t, "Wait", <-got, sigil.ErrClosed, "closed")
		}
	}},
	{"what is old or too much is dropped from the start on", func(f *fixture) {
		at := func(s int) func(*sigil.Memory) { return created(start.Add(time.Duration(s) * time.Second)) }
		for i, name := range []string{"a", "b", "a", "a", "b", "a"} { // at positions 1 to 6
			f.encode(tenant(name), at(i))
		}
		trim := func(before time.Time, keep, want uint64) {
			f.t.Helper()
			trimmed, err := f.Trim(f.ctx(), before, keep)
			f.ok("Trim", err)
			equal(f.t, "trimmed", trimmed, want)
			equal(f.t, "position", f.stats("a", start).Position, 6)
			begin, end, err := f.JournalBounds(f.ctx())
			f.ok("Span", err)
			equal(f.t, "span", [2]uint64{begin, end}, [2]uint64{want, 6})
		}
		trim(time.Time{}, 0, 0)
		trim(time.Time{}, 6, 0)
		trim(start, 0, 0)
		trim(start.Add(time.Second), 0, 1)
		trim(time.Time{}, 4, 2)
		trim(start.Add(time.Second), 5, 2) // it never moves back
		for _, name := range []string{"a", "b", "c"} {
			for _, call := range []error{second(f.Events(f.ctx(), name, 1, 10)), f.Wait(f.ctx(), name, 0)} {
				fails(f.t, name, call, sigil.ErrGone, "position_gone")
				var e *sigil.Error
				if errors.As(call, &e) && e.Oldest != 2 {
					f.t.Errorf("the oldest position is %d, want 2", e.Oldest)
				}
			}
		}
		after := func(name string, after uint64) []uint64 {
			events, err := f.Events(f.ctx(), name, after, 10)
			f.ok("Events", err)
			return positions(events)
		}
		equal(f.t, "of a", after("a", 2), []uint64{3, 4, 6})
		equal(f.t, "of b", after("b", 2), []uint64{5})
		trim(start.Add(time.Hour), 0, 6)
		equal(f.t, "of a, trimmed", after("a", 6), []uint64{})
		m := f.encode(tenant("a"), at(9))
		equal(f.t, "of a, later", after("a", 6), []uint64{7})
		f.forget(m.Key)
		equal(f.t, "memories", f.stats("a", start).Memories, 4)
	}},
	{"part of a commit is dropped", func(f *fixture) {
		items := make([]store.Item, 9)
		for i := range items {
			items[i] = item(f.memory(tenant("a"), created(start.Add(time.Duration(i)*time.Second))))
		}
		_, err := f.insertItems(items...)
		f.ok("Insert", err)
		for _, step := range []struct {
			before     time.Time
			keep, want uint64
		}{{time.Time{}, 6, 3}, {start.Add(5 * time.Second), 0, 5}} {
			trimmed, err := f.Trim(f.ctx(), step.before, step.keep)
			f.ok("Trim", err)
			equal(f.t, "trimmed", trimmed, step.want)
			events, err := f.Events(f.ctx(), "a", trimmed, 2)
			f.ok("Events", err)
			equal(f.t, "positions", positions(events), []uint64{trimmed + 1, trimmed + 2})
		}
	}},
	{"an event never has content, only figures", func(f *fixture) {
		m := f.encode()
		now := start.Add(30 * time.Second)
		e := f.events(m.Tenant)[0]
		e.Time = now
		equal(f.t, "decay", e.Decay(), m.Decay(now))
	}},
}

func positions(events []sigil.Event) []uint64 {
	all := make([]uint64, len(events))
	for i := range events {
		all[i] = events[i].Position
	}
	return all
}

func second[T any](_ T, err error) error { return err }
