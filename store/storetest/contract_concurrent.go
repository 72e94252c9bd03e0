package storetest

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

var concurrencyIdeas = []idea{
	{"no refresh is lost", func(f *fixture) {
		const callers, each = 8, 50
		m := f.encode()
		var wg sync.WaitGroup
		for range callers {
			wg.Go(func() {
				for range each {
					if _, err := f.recall(m.Key, m.CreatedAt); err != nil {
						f.t.Errorf("Update: %v", err)
					}
				}
			})
		}
		wg.Wait()
		got, err := f.Store.Get(f.ctx(), m.Key, start)
		f.ok("Get", err)
		equal(f.t, "accessCount", got.AccessCount, callers*each)
	}},
	{"removed by many, a memory is removed once", func(f *fixture) {
		var keys []sigil.Key
		for range 100 {
			keys = append(keys, f.encode().Key)
		}
		var removed atomic.Int64
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				mine := append([]sigil.Key(nil), keys...)
				rand.New(rand.NewPCG(1, uint64(i))).Shuffle(len(mine), func(a, b int) { mine[a], mine[b] = mine[b], mine[a] })
				for len(mine) > 0 {
					n := min(len(mine), 7)
					events, err := f.Remove(f.ctx(), mine[:n], forgotten(start))
					if err != nil {
						f.t.Errorf("Remove: %v", err)
					}
					removed.Add(int64(len(events)))
					mine = mine[n:]
				}
			})
		}
		wg.Wait()
		equal(f.t, "removed", removed.Load(), int64(len(keys)))
		equal(f.t, "memories", f.stats(sigil.DefaultTenant, start).Memories, 0)
		equal(f.t, "journal entries", len(f.events(sigil.DefaultTenant)), 2*len(keys))
	}},
	{"a sweep and a recall never both win", func(f *fixture) {
		for range 50 {
			m := f.encode(fades(time.Minute))
			deadline := m.FadesAt
			var released atomic.Int64
			var recalled error
			var wg sync.WaitGroup
			wg.Go(func() { _, recalled = f.recall(m.Key, deadline.Add(-time.Millisecond)) })
			wg.Go(func() {
				events, err := f.Remove(f.ctx(), []sigil.Key{m.Key}, func(m sigil.Meta) (sigil.Event, bool) {
					return sigil.Event{Time: deadline, Kind: sigil.Faded, Reason: sigil.ReasonDecay, Memory: m}, m.Due(deadline)
				})
				if err != nil {
					f.t.Errorf("Remove: %v", err)
				}
				released.Store(int64(len(events)))
			})
			wg.Wait()
			if (recalled == nil) == (released.Load() == 1) {
				f.t.Fatalf("recall answered %v, and %d were released", recalled, released.Load())
			}
			_, err := f.Store.Get(f.ctx(), m.Key, deadline)
			if (err == nil) != (recalled == nil) {
				f.t.Fatalf("recall answered %v, and the read after it %v", recalled, err)
			}
		}
	}},
	{"everybody does everything", hammer},
}

// hammer lets callers insert, refresh, pin, remove and read the same memories, and checks the counts at the
// end.
func hammer(f *fixture) {
	const callers, each = 8, 150
	var shared []sigil.Memory
	recalls := map[sigil.ID]*atomic.Int64{}
	for range 20 {
		m := f.encode()
		shared = append(shared, m)
		recalls[m.ID] = &atomic.Int64{}
	}
	var inserted, removed, pins atomic.Int64
	var wg sync.WaitGroup
	for i := range callers {
		rnd := rand.New(rand.NewPCG(2, uint64(i)))
		wg.Go(func() {
			var own []sigil.Memory
			for range each {
				m := shared[rnd.IntN(len(shared))]
				var err error
				switch rnd.IntN(8) {
				case 0, 1:
					m := f.memory()
					if _, err = f.tryInsert(store.Quota{}, m); err == nil {
						inserted.Add(1)
						own = append(own, m)
					}
				case 2, 3:
					if _, err = f.recall(m.Key, m.CreatedAt); err == nil {
						recalls[m.ID].Add(1)
					}
				case 4:
					_, err = f.Update(f.ctx(), m.Key, func(m *sigil.Meta) (*sigil.Event, error) {
						m.Pinned = !m.Pinned
						m.Reschedule()
						return &sigil.Event{Time: start, Kind: sigil.Pinned, Reason: sigil.ReasonRequest, Memory: *m}, nil
					})
					if err == nil {
						pins.Add(1)
					}
				case 5: // mostly its own memories, so that some shared ones remain
					if len(own) > 0 && rnd.IntN(10) > 0 {
						m, own = own[0], own[1:]
					}
					var events []sigil.Event
					events, err = f.Remove(f.ctx(), []sigil.Key{m.Key}, forgotten(start))
					removed.Add(int64(len(events)))
				case 6:
					var got sigil.Memory
					if got, err = f.Store.Get(f.ctx(), m.Key, start); err == nil {
						equal(f.t, "data", got.Data, m.Data)
					}
				case 7:
					_, _, err = f.List(f.ctx(), store.Query{Tenant: m.Tenant, Now: start, Limit: 5})
				}
				if err != nil && !errors.Is(err, sigil.ErrNotFound) {
					f.t.Errorf("%v", err)
				}
			}
		})
	}
	wg.Wait()

	left := int64(len(shared)) + inserted.Load() - removed.Load()
	stats := f.stats(sigil.DefaultTenant, start)
	equal(f.t, "memories", int64(stats.Memories), left)
	count := map[sigil.EventKind]int64{}
	for _, e := range f.events(sigil.DefaultTenant) {
		count[e.Kind]++
	}
	equal(f.t, "journal entries", count, map[sigil.EventKind]int64{
		sigil.Encoded: int64(len(shared)) + inserted.Load(), sigil.Forgotten: removed.Load(), sigil.Pinned: pins.Load(),
	})
	equal(f.t, "position", stats.Position, uint64(count[sigil.Encoded]+count[sigil.Forgotten]+count[sigil.Pinned]))
	pinnedNow, size := 0, 0
	for _, m := range f.list(store.Query{Tenant: sigil.DefaultTenant, Now: start}) {
		if m.Pinned {
			pinnedNow++
		}
		size += m.Size
		if n := recalls[m.ID]; n != nil {
			equal(f.t, "accessCount", m.AccessCount, uint64(n.Load()))
		}
	}
	equal(f.t, "pinned", stats.Pinned, pinnedNow)
	equal(f.t, "bytes", stats.Bytes, int64(size))
	members := 0
	for _, p := range f.patterns(start) {
		members += p.Members
	}
	equal(f.t, "members of patterns", int64(members), left)
}
