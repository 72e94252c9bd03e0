package storetest

import (
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// RunErase checks what a driver promises of [store.Eraser]. open returns an empty store that keeps removed memories; RunErase
// closes it.
func RunErase(t *testing.T, open func(t *testing.T) store.Store) { runIdeas(t, eraseIdeas, open) }

// erasedAt returns the event function to pass to Erase at a time.
func erasedAt(at time.Time) func(sigil.Meta, bool) sigil.Event {
	return func(m sigil.Meta, _ bool) sigil.Event {
		return sigil.Event{Time: at, Kind: sigil.Erased, Reason: sigil.ReasonRequest, Memory: m}
	}
}

// erase erases memories an hour after start.
func (f *fixture) erase(keys ...sigil.Key) store.Erasure {
	f.t.Helper()
	done, err := f.Erase(f.ctx(), keys, erasedAt(start.Add(time.Hour)))
	f.ok("Erase", err)
	return done
}

// hashes returns the hashes of all entries of the journal, none of which is trimmed.
func (f *fixture) hashes() (all []sigil.Hash) {
	f.t.Helper()
	_, newest, err := f.JournalBounds(f.ctx())
	f.ok("JournalBounds", err)
	for position := uint64(1); position <= newest; position++ {
		hash, err := f.EntryHash(f.ctx(), position)
		f.ok("EntryHash", err)
		all = append(all, hash)
	}
	return all
}

var eraseIdeas = []idea{
	{"nothing finds an erased memory, and nothing restores it", func(f *fixture) {
		m, stays := f.encode(says("green tea"), tagged("x")), f.encode(says("black tea"), tagged("x"))
		seen := false
		done, err := f.Erase(f.ctx(), []sigil.Key{m.Key}, func(got sigil.Meta, removed bool) sigil.Event {
			seen = true
			equal(f.t, "figures", got, m.Meta)
			equal(f.t, "removed", removed, false)
			return erasedAt(start)(got, removed)
		})
		f.ok("Erase", err)
		if !seen {
			f.t.Error("event was not called")
		}
		equal(f.t, "counts", []int{done.Memories, done.Removed, int(done.Bytes), done.Entries, done.Answers}, []int{1, 0, m.Size, 1, 0})
		f.finds("tea", stays)
		f.finds("tag:x", stays)
		equal(f.t, "listed", f.ids(start), []sigil.ID{stays.ID})
		_, err = f.Get(f.ctx(), m.Key, start)
		fails(f.t, "Get", err, sigil.ErrNotFound, "")
		equal(f.t, "removed", f.removed(store.RemovedQuery{}), nil)
		back, err := f.Restore(f.ctx(), m.Tenant, []sigil.ID{m.ID}, store.Quota{}, back(start))
		f.ok("Restore", err)
		equal(f.t, "restored", back, nil)
		f.duplicates("duplicates", nil, unique(f.memory(same(m))))
		equal(f.t, "memories", f.stats(m.Tenant, start).Memories, 2) // and the duplicate
	}},
	{"a removed memory is erased as well", func(f *fixture) {
		a, b := f.encode(says("green tea")), f.encode(says("black tea"))
		f.forgetAt(1, a, b)
		var was []bool
		done, err := f.Erase(f.ctx(), keysOf([]sigil.Memory{b}), func(m sigil.Meta, removed bool) sigil.Event {
			was = append(was, removed)
			return erasedAt(start)(m, removed)
		})
		f.ok("Erase", err)
		for i := range was {
			equal(f.t, "removed", was[i], true)
		}
		equal(f.t, "counts", []int{done.Memories, done.Removed, int(done.Bytes), done.Entries}, []int{0, 1, b.Size, 2})
		equal(f.t, "removed", removedIDs(f.removed(store.RemovedQuery{})), []sigil.ID{a.ID})
		purged, err := f.Purge(f.ctx(), start.Add(time.Hour), store.Quota{}, 10)
		f.ok("Purge", err)
		equal(f.t, "purged", purged, 1)
	}},
	{"the journal forgets the memory, keeps its hashes, and says that it was erased", func(f *fixture) {
		m, other := f.encode(), f.encode()
		_, err := f.Update(f.ctx(), m.Key, func(m *sigil.Meta) (*sigil.Event, error) {
			m.Pinned = true
			m.Reschedule()
			return &sigil.Event{Time: start, Kind: sigil.Pinned, Reason: sigil.ReasonRequest, Memory: *m}, nil
		})
		f.ok("Update", err)
		before := f.hashes()
		done := f.erase(m.Key)
		equal(f.t, "entries", done.Entries, 2)
		equal(f.t, "hashes", f.hashes()[:3], before)
		events := f.events(m.Tenant)
		equal(f.t, "entries left", len(events), 2)
		equal(f.t, "of the other", events[0].Memory.Key, other.Key)
		want := sigil.Event{Position: 4, Time: start.Add(time.Hour), Kind: sigil.Erased, Reason: sigil.ReasonRequest, Memory: sigil.Meta{Key: m.Key}}
		equal(f.t, "erased", unhashed(events)[1], want)
		equal(f.t, "returned", unhashed(done.Events), []sigil.Event{want})
		position, link, err := f.Link(f.ctx())
		f.ok("Link", err)
		equal(f.t, "link", []any{done.Position, done.Link}, []any{position, link})
	}},
	{"keys of several tenants, twice, unknown ones, and none", func(f *fixture) {
		a, b := f.encode(tenant("a")), f.encode(tenant("b"))
		unknown := f.memory()
		done := f.erase(b.Key, unknown.Key, a.Key, b.Key)
		equal(f.t, "counts", []int{done.Memories, len(done.Events), done.Entries}, []int{2, 2, 2})
		equal(f.t, "order", []sigil.Key{done.Events[0].Memory.Key, done.Events[1].Memory.Key}, []sigil.Key{b.Key, a.Key})
		tenants, err := f.Tenants(f.ctx())
		f.ok("Tenants", err)
		equal(f.t, "tenants", len(tenants), 0)
		_, newest, err := f.JournalBounds(f.ctx())
		f.ok("JournalBounds", err)
		for _, keys := range [][]sigil.Key{nil, {unknown.Key}, {a.Key}} {
			nothing := f.erase(keys...)
			nothing.Remains = nil // of what was gone before
			equal(f.t, "nothing", nothing, store.Erasure{})
		}
		_, now, err := f.JournalBounds(f.ctx())
		f.ok("JournalBounds", err)
		equal(f.t, "journaled", now, newest)
	}},
	{"answers that name the memory are dropped, others stay", func(f *fixture) {
		m, other := f.memory(), f.memory()
		for i, one := range []sigil.Memory{m, other} {
			it := item(one)
			it.Idempotency = store.Idempotency{Key: []string{"first", "second"}[i], Ends: start.Add(time.Hour)}
			_, err := f.Insert(f.ctx(), m.Tenant, []store.Item{it}, store.Quota{}, evicted(start))
			f.ok("Insert", err)
		}
		equal(f.t, "answers", f.erase(m.Key).Answers, 1)
		for i, want := range []bool{false, true} {
			it := item(f.memory())
			it.Idempotency = store.Idempotency{Key: []string{"first", "second"}[i], Ends: start.Add(time.Hour)}
			inserted, err := f.Insert(f.ctx(), m.Tenant, []store.Item{it}, store.Quota{}, evicted(start))
			f.ok("Insert", err)
			equal(f.t, "answered", len(inserted.Answers) == 1, want)
		}
	}},
	{"what was restored is erased, and what was erased can be encoded again", func(f *fixture) {
		m := f.encode(says("tea"))
		f.forgetAt(1, m)
		f.restores(2, m)
		equal(f.t, "entries", f.erase(m.Key).Entries, 3)
		f.insert(m)
		f.finds("tea", m)
		equal(f.t, "entries", f.erase(m.Key).Entries, 1)
		f.finds("tea")
	}},
	{"many at once", func(f *fixture) {
		var keys []sigil.Key
		for range 150 {
			keys = append(keys, f.encode(says("tea")).Key)
		}
		stays := f.encode(says("tea"))
		done := f.erase(keys...)
		equal(f.t, "counts", []int{done.Memories, done.Entries, len(done.Events)}, []int{150, 150, 150})
		f.finds("tea", stays)
	}},
	{"the journal can be trimmed past erased entries", func(f *fixture) {
		a, b := f.encode(), f.encode()
		f.erase(a.Key)
		trimmed, err := f.Trim(f.ctx(), time.Time{}, 2)
		f.ok("Trim", err)
		equal(f.t, "trimmed", trimmed, uint64(1))
		done := f.erase(b.Key)
		equal(f.t, "entries", done.Entries, 1)
		_, err = f.Trim(f.ctx(), start.Add(2*time.Hour), 0)
		f.ok("Trim", err)
	}},
	{"the signing key stays the same", func(f *fixture) {
		first, err := f.Key(f.ctx())
		f.ok("Key", err)
		again, err := f.Key(f.ctx())
		f.ok("Key", err)
		if !first.Equal(again) {
			f.t.Error("the key is another one")
		}
	}},
}
