package storetest

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// imported returns an item for a memory that is brought back at a time, with its id and its age.
func imported(m sigil.Memory, at time.Time) store.Item {
	return store.Item{Memory: m, At: at, Events: []sigil.Event{{Time: at, Kind: sigil.Encoded, Reason: sigil.ReasonImport, Memory: m.Meta}}}
}

// lived returns a memory that was recalled seven times, and a time, a minute before its deadline, at which it is live.
func (f *fixture) lived(options ...option) (m sigil.Memory, now time.Time) {
	m = f.memory(options...)
	m.AccessCount = 7
	m.Touch(m.Policy, m.CreatedAt.Add(time.Hour)) // it lives for 95 s from there
	return m, m.LastAccessed.Add(35 * time.Second)
}

var importIdeas = []idea{
	{"a memory comes back with its id, its age and its recalls", func(f *fixture) {
		m, now := f.lived()
		i := imported(m, now)
		i.Vector = store.Vector{127, -3}
		_, err := f.insertItems(i)
		f.ok("Insert", err)
		got, err := f.Get(f.ctx(), m.Key, now)
		f.ok("Get", err)
		equal(f.t, "memory", got, m)
		vectors, err := f.Vectors(f.ctx(), m.Tenant, store.OwnModel, []sigil.ID{m.ID})
		f.ok("Vectors", err)
		equal(f.t, "vector", vectors, []store.Vector{{127, -3}})
		want := i.Events[0]
		want.Position, want.Hash = 1, sigil.Hash{}
		equal(f.t, "journal", unhashed(f.events(m.Tenant)), []sigil.Event{want})
	}},
	{"a memory that was removed can be brought back", func(f *fixture) {
		m, now := f.lived()
		_, err := f.insertItems(imported(m, now))
		f.ok("Insert", err)
		f.forget(m.Key)
		_, err = f.insertItems(imported(m, now.Add(time.Second)))
		f.ok("Insert", err)
		got, err := f.Get(f.ctx(), m.Key, now.Add(time.Second))
		f.ok("Get", err)
		equal(f.t, "memory", got, m)
	}},
	{"an id that is there is a conflict, and nothing of the call is kept", func(f *fixture) {
		m, now := f.lived()
		_, err := f.insertItems(imported(m, now))
		f.ok("Insert", err)
		_, err = f.insertItems(imported(f.memory(), now), imported(m, now))
		fails(f.t, "Insert", err, sigil.ErrConflict, "exists")
		equal(f.t, "ids", f.ids(now), []sigil.ID{m.ID})
		equal(f.t, "journal entries", len(f.events(m.Tenant)), 1)
	}},
	{"a quota evicts what is past its deadline at the time of the import", func(f *fixture) {
		faded := f.encode(pinned, fades(time.Second))
		m, now := f.lived()
		inserted, err := f.Insert(f.ctx(), m.Tenant, []store.Item{imported(m, now)}, store.Quota{Memories: 1}, evicted(now))
		f.ok("Insert", err)
		equal(f.t, "evicted", len(inserted.Evicted), 1)
		equal(f.t, "evicted", inserted.Evicted[0].Memory.ID, faded.ID)
		equal(f.t, "ids", f.ids(now), []sigil.ID{m.ID})
	}},
	{"a duplicate is one that is live at the time of the import", func(f *fixture) {
		faded := f.encode(fades(time.Second))
		m, now := f.lived(same(faded))
		f.duplicates("faded by then", nil, imported(m, now))
	}},
	{"of concurrent imports of one memory one inserts it", func(f *fixture) {
		for range 20 {
			m, now := f.lived()
			const callers = 4
			var done atomic.Int64
			var calls sync.WaitGroup
			for range callers {
				calls.Add(1)
				go func() {
					defer calls.Done()
					switch _, err := f.insertItems(imported(m, now)); {
					case err == nil:
						done.Add(1)
					case sigil.CodeOf(err) != "exists":
						f.t.Error(err)
					}
				}()
			}
			calls.Wait()
			equal(f.t, "inserts", done.Load(), 1)
			f.forget(m.Key)
		}
	}},
}
