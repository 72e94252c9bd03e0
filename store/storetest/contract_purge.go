package storetest

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

var purgeIdeas = []idea{
	{"purged by time, what is removed is gone for good", func(f *fixture) {
		a, b, c := f.encode(), f.encode(), f.encode(tenant("other"))
		f.forgetAt(1, a)
		f.forgetAt(2, b)
		f.forgetAt(1, c)
		f.purges(start.Add(time.Second), store.Quota{}, 10, 0)
		f.purges(start.Add(2*time.Second), store.Quota{}, 10, 2)
		f.purges(start.Add(2*time.Second), store.Quota{}, 10, 0)
		equal(f.t, "removed", removedIDs(f.removed(store.RemovedQuery{})), []sigil.ID{b.ID})
		equal(f.t, "of the other", f.removed(store.RemovedQuery{Tenant: "other"}), nil)
		all, err := f.Restore(f.ctx(), a.Tenant, []sigil.ID{a.ID, b.ID}, store.Quota{}, back(start))
		f.ok("Restore", err)
		equal(f.t, "restored", idsOf(all), []sigil.ID{b.ID})
		f.purges(start.Add(time.Hour), store.Quota{}, 10, 0)
		equal(f.t, "ids", f.ids(start), []sigil.ID{b.ID})
		equal(f.t, "journal entries", len(f.events(a.Tenant)), 5)
	}},
	{"a purge drops at most limit", func(f *fixture) {
		var ms []sigil.Memory
		for range 10 {
			ms = append(ms, f.encode())
		}
		f.forgetAt(1, ms...)
		for _, want := range []int{4, 4, 2, 0} {
			f.purges(start.Add(time.Minute), store.Quota{}, 4, want)
		}
	}},
	{"of each tenant those over the limits are purged, oldest removal first", func(f *fixture) {
		var ms []sigil.Memory
		for i := range 6 {
			ms = append(ms, f.encode(sized(10)))
			f.forgetAt(10-i, ms[i])
		}
		f.forgetAt(0, f.encode(sized(10), tenant("other")))
		f.purges(start, store.Quota{Memories: 6, Bytes: 60}, 100, 0)
		f.purges(start, store.Quota{Memories: 4}, 100, 2)
		equal(f.t, "removed", removedIDs(f.removed(store.RemovedQuery{})), idsOf(ms[:4]))
		f.purges(start, store.Quota{Bytes: 29}, 100, 2)
		equal(f.t, "removed", removedIDs(f.removed(store.RemovedQuery{})), idsOf(ms[:2]))
		f.restores(20, ms[0])
		f.purges(start, store.Quota{Memories: 1, Bytes: 10}, 100, 0)
		equal(f.t, "removed", removedIDs(f.removed(store.RemovedQuery{})), idsOf(ms[1:2]))
		equal(f.t, "of the other", len(f.removed(store.RemovedQuery{Tenant: "other"})), 1)
	}},
	{"many at once, among others that are removed for good or stay", func(f *fixture) {
		var all, kept, gone, stay []sigil.Memory
		for i := range 1000 {
			m := f.memory(tagged("x"))
			all = append(all, m)
			switch {
			case i%100 == 7:
				stay = append(stay, m)
			case i < 500:
				kept = append(kept, m)
			default:
				gone = append(gone, m)
			}
		}
		f.insert(all...)
		f.forgetAt(1, kept[100:200]...)
		f.forgetAt(2, append(kept[:100:100], kept[200:]...)...)
		_, err := f.Remove(f.ctx(), keysOf(gone), func(m sigil.Meta) (sigil.Event, bool) {
			return sigil.Event{Time: start, Kind: sigil.Erased, Reason: sigil.ReasonRequest, Memory: m}, true
		})
		f.ok("Remove", err)
		equal(f.t, "removed", len(f.removed(store.RemovedQuery{})), len(kept))
		equal(f.t, "stay", f.stats(sigil.DefaultTenant, start).Memories, len(stay))
		f.restores(3, kept...)
		for _, m := range append(kept, stay...) {
			got, err := f.Get(f.ctx(), m.Key, start)
			f.ok("Get", err)
			got.Meta = m.Meta
			equal(f.t, "content", got, m)
		}
		equal(f.t, "by tag", len(f.list(store.Query{Tenant: sigil.DefaultTenant, Now: start, Tags: []string{"x"}})), len(kept)+len(stay))
	}},
	{"restored, purged and removed by many, each is restored once", func(f *fixture) {
		var ms []sigil.Memory
		for range 50 {
			ms = append(ms, f.encode())
		}
		f.forgetAt(1, ms...)
		var restored, purged atomic.Int64
		var all sync.WaitGroup
		for i := range 6 {
			all.Go(func() {
				for n := range len(ms) {
					some := []sigil.ID{ms[(7*i+n)%len(ms)].ID, ms[(7*i+n+1)%len(ms)].ID}
					back, err := f.Restore(f.ctx(), sigil.DefaultTenant, some, store.Quota{}, back(start.Add(2*time.Second)))
					if err != nil {
						f.t.Errorf("Restore: %v", err)
					}
					restored.Add(int64(len(back)))
				}
			})
		}
		all.Go(func() {
			for range 10 {
				n, err := f.Purge(f.ctx(), start.Add(time.Minute), store.Quota{}, 2)
				if err != nil {
					f.t.Errorf("Purge: %v", err)
				}
				purged.Add(int64(n))
			}
		})
		all.Wait()
		equal(f.t, "restored and purged", restored.Load()+purged.Load(), int64(len(ms)))
		equal(f.t, "memories", f.stats(sigil.DefaultTenant, start).Memories, int(restored.Load()))
		equal(f.t, "journal entries", len(f.events(sigil.DefaultTenant)), 2*len(ms)+int(restored.Load()))
		equal(f.t, "removed", f.removed(store.RemovedQuery{}), nil)
	}},
}

// purges asserts how many memories a Purge drops.
func (f *fixture) purges(before time.Time, keep store.Quota, limit, want int) {
	f.t.Helper()
	n, err := f.Purge(f.ctx(), before, keep, limit)
	f.ok("Purge", err)
	equal(f.t, "purged", n, want)
}
