package storetest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// correcting returns an item that supersedes a memory.
func correcting(m sigil.Memory, old sigil.ID) store.Item {
	m.Supersedes = old
	i := item(m)
	i.Correct = func(old *sigil.Memory) (sigil.Event, error) {
		if old.Due(m.CreatedAt) {
			return sigil.Event{}, sigil.NewNotFound()
		}
		return sigil.Event{Time: m.CreatedAt, Kind: sigil.Corrected, Reason: sigil.ReasonRequest, Memory: old.Meta, SupersededBy: m.ID}, nil
	}
	return i
}

// correct makes a memory that supersedes old.
func (f *fixture) correct(old sigil.Memory, options ...option) sigil.Memory {
	f.t.Helper()
	m := f.memory(append([]option{tenant(old.Tenant)}, options...)...)
	m.Supersedes = old.ID
	_, err := f.insertItems(correcting(m, old.ID))
	f.ok("Insert", err)
	return m
}

// superseded returns all superseded memories of the default tenant.
func (f *fixture) superseded() []store.Removed {
	f.t.Helper()
	all, err := f.AllSuperseded(f.ctx(), sigil.DefaultTenant, sigil.ID{}, 1000)
	f.ok("AllSuperseded", err)
	return all
}

// versionIDs returns the ids of the chain that a memory belongs to.
func (f *fixture) versionIDs(key sigil.Key) []sigil.ID {
	f.t.Helper()
	ids, err := f.Chain(f.ctx(), key)
	f.ok("Chain", err)
	return ids
}

// dropsOlder asserts how many versions DropOlder drops.
func (f *fixture) dropsOlder(key sigil.Key, want int) {
	f.t.Helper()
	n, err := f.DropOlder(f.ctx(), key)
	f.ok("DropOlder", err)
	equal(f.t, "dropped", n, want)
}

var correctIdeas = []idea{
	{"a correction takes the place of a memory, which is kept outside of everything else", func(f *fixture) {
		old := f.encode(says("green tea"), tagged("x"), potential(0.95), crystallized)
		m := f.correct(old, says("black tea"), tagged("y"))
		got, err := f.Get(f.ctx(), m.Key, start)
		f.ok("Get", err)
		equal(f.t, "Get", got, m)
		equal(f.t, "listed", f.list(store.Query{Tenant: m.Tenant, Now: start}), []sigil.Memory{m})
		_, err = f.Get(f.ctx(), old.Key, start)
		fails(f.t, "Get of the old one", err, sigil.ErrNotFound, "not_found")
		f.finds("tea", m)
		f.finds("tag:x")
		equal(f.t, "removed", f.removed(store.RemovedQuery{}), nil)
		events := f.events(m.Tenant)
		equal(f.t, "journal", unhashed(events)[1:], []sigil.Event{
			{Position: 2, Time: m.CreatedAt, Kind: sigil.Corrected, Reason: sigil.ReasonRequest, Memory: old.Meta, SupersededBy: m.ID},
			{Position: 3, Time: m.CreatedAt, Kind: sigil.Encoded, Reason: sigil.ReasonRequest, Memory: m.Meta},
		})
		want := store.Removed{Removal: store.RemovalOf(&events[1]), Memory: old}
		r, err := f.Superseded(f.ctx(), old.Key, false)
		f.ok("Superseded", err)
		equal(f.t, "superseded", r, want)
		want.Memory.Data = nil
		r, err = f.Superseded(f.ctx(), old.Key, true)
		f.ok("Superseded", err)
		equal(f.t, "superseded, without data", r, want)
		equal(f.t, "all superseded", f.superseded(), []store.Removed{want})
		stats := f.stats(m.Tenant, start)
		equal(f.t, "memories", stats.Memories, 1)
		equal(f.t, "bytes", stats.Bytes, int64(m.Size))
		for _, key := range []sigil.Key{m.Key, {Tenant: "other", ID: old.ID}} {
			_, err = f.Superseded(f.ctx(), key, true)
			fails(f.t, "Superseded", err, sigil.ErrNotFound, "not_found")
		}
	}},
	{"corrections of corrections form a chain, which every read of its newest memory shows", func(f *fixture) {
		a := f.encode(says("one"))
		b := f.correct(a, says("two"))
		c := f.correct(b, says("three"))
		equal(f.t, "listed", f.list(store.Query{Tenant: c.Tenant, Now: start}), []sigil.Memory{c})
		all := f.superseded()
		equal(f.t, "superseded", []sigil.ID{all[0].Memory.ID, all[1].Memory.ID}, []sigil.ID{a.ID, b.ID})
		equal(f.t, "by", []sigil.ID{all[0].SupersededBy, all[1].SupersededBy}, []sigil.ID{b.ID, c.ID})
		equal(f.t, "supersedes", []sigil.ID{all[0].Memory.Supersedes, all[1].Memory.Supersedes}, []sigil.ID{{}, a.ID})
		page, err := f.AllSuperseded(f.ctx(), c.Tenant, b.ID, 1)
		f.ok("AllSuperseded", err)
		equal(f.t, "page", page, all[1:])
		page, err = f.AllSuperseded(f.ctx(), c.Tenant, sigil.ID{}, 1)
		f.ok("AllSuperseded", err)
		equal(f.t, "page", page, all[:1])
		at := start.Add(time.Second)
		recalled, err := f.recall(c.Key, at)
		f.ok("Update", err)
		equal(f.t, "recalled", recalled.Supersedes, b.ID)
		amended, err := f.Amend(f.ctx(), store.Amendment{Key: c.Key, At: at}, tagging(at, "x"))
		f.ok("Amend", err)
		equal(f.t, "amended", amended.Memory.Supersedes, b.ID)
	}},
	{"nothing changes if there is no such memory, or it may not be corrected", func(f *fixture) {
		old := f.encode(fades(time.Second))
		_, err := f.insertItems(correcting(f.memory(), idAt(start, 999)))
		fails(f.t, "of an unknown one", err, sigil.ErrNotFound, "not_found")
		_, err = f.insertItems(correcting(f.memory(tenant("other")), old.ID))
		fails(f.t, "of another tenant's", err, sigil.ErrNotFound, "not_found")
		_, err = f.insertItems(correcting(f.memory(created(start.Add(time.Second))), old.ID))
		fails(f.t, "of one that is due", err, sigil.ErrNotFound, "not_found")
		refuses := errors.New("refused")
		i := correcting(f.memory(), old.ID)
		i.Correct = func(*sigil.Memory) (sigil.Event, error) { return sigil.Event{}, refuses }
		_, err = f.insertItems(i)
		fails(f.t, "refused", err, refuses, "")
		equal(f.t, "listed", f.ids(start), []sigil.ID{old.ID})
		m := f.correct(old)
		_, err = f.insertItems(correcting(f.memory(), old.ID))
		fails(f.t, "of a superseded one", err, sigil.ErrNotFound, "not_found")
		equal(f.t, "listed", f.ids(start), []sigil.ID{m.ID})
		equal(f.t, "entries", len(f.events(m.Tenant)), 3)
	}},
	{"what is corrected is seen as it is then", func(f *fixture) {
		old := f.encode(tagged("x"))
		recalled, err := f.recall(old.Key, start.Add(time.Second))
		f.ok("Update", err)
		i := correcting(f.memory(), old.ID)
		decide, seen := i.Correct, sigil.Memory{}
		i.Correct = func(m *sigil.Memory) (sigil.Event, error) { seen = *m; return decide(m) }
		_, err = f.insertItems(i)
		f.ok("Insert", err)
		equal(f.t, "seen", seen, sigil.Memory{Meta: recalled.Meta, Tags: []string{"x"}})
		equal(f.t, "kept", f.superseded()[0].Memory.Meta, recalled.Meta)
	}},
	{"a unique correction is refused if its content is there, also in what it corrects", func(f *fixture) {
		old := f.encode()
		i := correcting(f.memory(same(old)), old.ID)
		i.OnDuplicate = sigil.Reject
		f.duplicates("of the old one", map[int]sigil.ID{0: old.ID}, i)
		equal(f.t, "listed", f.ids(start), []sigil.ID{old.ID})
		i = correcting(f.memory(same(old)), old.ID)
		inserted, err := f.insertItems(i)
		f.ok("Insert", err)
		equal(f.t, "duplicate", inserted.Duplicates, map[int]sigil.ID{0: old.ID})
		f.duplicates("of the new one", map[int]sigil.ID{0: i.Memory.ID}, unique(f.memory(same(old))))
	}},
	{"the answer under a key comes first, though the memory is superseded by then", func(f *fixture) {
		old := f.encode()
		i := correcting(f.memory(), old.ID)
		i.Idempotency = store.Idempotency{Key: "k", Fingerprint: [32]byte{1}, Ends: start.Add(time.Hour)}
		_, err := f.insertItems(i)
		f.ok("Insert", err)
		again := correcting(f.memory(), old.ID)
		again.Idempotency = i.Idempotency
		inserted, err := f.insertItems(again)
		f.ok("Insert", err)
		equal(f.t, "answer", inserted.Answers[0].Memory.ID, i.Memory.ID)
	}},
	{"the room of what is corrected is free, and it is never evicted for that", func(f *fixture) {
		first, old := f.encode(sized(10)), f.encode(sized(10), fades(time.Second))
		m := f.memory(sized(10))
		inserted, err := f.Insert(f.ctx(), m.Tenant, []store.Item{correcting(m, old.ID)}, store.Quota{Memories: 2, Bytes: 20}, evicted(start))
		f.ok("Insert", err)
		equal(f.t, "evicted", inserted.Evicted, nil)
		large := f.memory(sized(15), fades(time.Second))
		inserted, err = f.Insert(f.ctx(), m.Tenant, []store.Item{correcting(large, m.ID)}, store.Quota{Bytes: 20}, evicted(start))
		f.ok("Insert", err)
		equal(f.t, "evicted", len(inserted.Evicted), 1)
		equal(f.t, "evicted", inserted.Evicted[0].Memory.ID, first.ID)
		equal(f.t, "listed", f.ids(start), []sigil.ID{large.ID})
		larger := f.memory(sized(21))
		_, err = f.Insert(f.ctx(), m.Tenant, []store.Item{correcting(larger, large.ID)}, store.Quota{Bytes: 20}, evicted(start))
		fails(f.t, "too large", err, sigil.ErrFull, "quota_full")
		equal(f.t, "listed", f.ids(start), []sigil.ID{large.ID})
		kept := f.correct(large, sized(15))
		inserted, err = f.tryInsert(store.Quota{Bytes: 20}, f.memory(sized(15)))
		f.ok("Insert", err)
		equal(f.t, "evicted", inserted.Evicted[0].Memory.ID, kept.ID)
		equal(f.t, "events", f.events(m.Tenant)[2].Kind, sigil.Corrected)
	}},
	{"a chain is kept until what superseded it all is purged", func(f *fixture) {
		a := f.encode(sized(100))
		b := f.correct(a)
		c := f.correct(b)
		stays := f.correct(f.encode())
		purged, err := f.Purge(f.ctx(), start.Add(time.Hour), store.Quota{Memories: 1, Bytes: 1}, 10)
		f.ok("Purge", err)
		equal(f.t, "purged while it lives", purged, 0)
		events := f.forgetAt(1, c)
		equal(f.t, "removed", f.removed(store.RemovedQuery{}), []store.Removed{{Removal: store.RemovalOf(&events[0]), Memory: c}})
		purged, err = f.Purge(f.ctx(), start.Add(time.Second), store.Quota{}, 10)
		f.ok("Purge", err)
		equal(f.t, "purged in its window", purged, 0)
		equal(f.t, "superseded", len(f.superseded()), 3)
		restored := f.restores(2, c)
		equal(f.t, "restored", restored[0].Supersedes, b.ID)
		f.forgetAt(3, c)
		none, err := f.Restore(f.ctx(), a.Tenant, []sigil.ID{a.ID, b.ID}, store.Quota{}, back(start))
		f.ok("Restore", err)
		equal(f.t, "restored of what is superseded", none, nil)
		purged, err = f.Purge(f.ctx(), start.Add(4*time.Second), store.Quota{}, 1)
		f.ok("Purge", err)
		equal(f.t, "purged", purged, 1)
		all := f.superseded()
		equal(f.t, "superseded", len(all), 1)
		equal(f.t, "by", all[0].SupersededBy, stays.ID)
		equal(f.t, "removed", f.removed(store.RemovedQuery{}), nil)
	}},
	{"what supersedes another is kept however it goes, also if it is evicted", func(f *fixture) {
		m := f.correct(f.encode())
		inserted, err := f.tryInsert(store.Quota{Memories: 1}, f.memory())
		f.ok("Insert", err)
		equal(f.t, "evicted", inserted.Evicted[0].Memory.ID, m.ID)
		removed := f.removed(store.RemovedQuery{})
		equal(f.t, "removed", removedIDs(removed), []sigil.ID{m.ID})
		equal(f.t, "kind", removed[0].Kind, sigil.Evicted)
		equal(f.t, "superseded", len(f.superseded()), 1)
		purged, err := f.Purge(f.ctx(), start.Add(time.Hour), store.Quota{}, 10)
		f.ok("Purge", err)
		equal(f.t, "purged", purged, 1)
		equal(f.t, "superseded", f.superseded(), nil)
	}},
	{"erased with it is all that it superseded, and nothing else", func(f *fixture) {
		a := f.encode(says("one"), tagged("x"))
		b := f.correct(a)
		c := f.correct(b)
		d := f.correct(c, says("four"))
		done := f.erase(b.Key, a.Key)
		equal(f.t, "erased", []sigil.ID{done.Events[0].Memory.ID, done.Events[1].Memory.ID}, []sigil.ID{b.ID, a.ID})
		equal(f.t, "counts", []int{len(done.Events), done.Memories, done.Removed}, []int{2, 0, 2})
		all := f.superseded()
		equal(f.t, "superseded", len(all), 1)
		equal(f.t, "supersedes", all[0].Memory.Supersedes, sigil.ID{})
		got, err := f.Get(f.ctx(), d.Key, start)
		f.ok("Get", err)
		equal(f.t, "Get", got, d)
		done = f.erase(c.Key)
		equal(f.t, "counts", []int{len(done.Events), done.Memories, done.Removed}, []int{1, 0, 1})
		got, err = f.Get(f.ctx(), d.Key, start)
		f.ok("Get", err)
		equal(f.t, "supersedes", got.Supersedes, sigil.ID{})
		equal(f.t, "listed", f.list(store.Query{Tenant: d.Tenant, Now: start}), []sigil.Memory{got})
		e := f.correct(got)
		f.forgetAt(1, e)
		done = f.erase(e.Key)
		equal(f.t, "counts", []int{len(done.Events), done.Memories, done.Removed}, []int{2, 0, 2})
		equal(f.t, "removed", f.removed(store.RemovedQuery{}), nil)
		equal(f.t, "superseded", f.superseded(), nil)
		purged, err := f.Purge(f.ctx(), start.Add(time.Hour), store.Quota{}, 10)
		f.ok("Purge", err)
		equal(f.t, "purged", purged, 0)
	}},
	{"a chain is the same by any of its versions, and can be cut short", func(f *fixture) {
		alone := f.encode()
		a := f.encode(says("one"), tagged("x"))
		b := f.correct(a)
		c := f.correct(b)
		d := f.correct(c)
		for _, m := range []sigil.Memory{a, b, c, d} {
			equal(f.t, "chain", f.versionIDs(m.Key), []sigil.ID{d.ID, c.ID, b.ID, a.ID})
		}
		equal(f.t, "chain of one", f.versionIDs(alone.Key), []sigil.ID{alone.ID})
		unknown := sigil.Key{Tenant: "other", ID: d.ID}
		equal(f.t, "chain of another tenant's", f.versionIDs(unknown), []sigil.ID{d.ID})
		for _, key := range []sigil.Key{d.Key, alone.Key, unknown, a.Key} {
			f.dropsOlder(key, 0)
		}
		entries := len(f.events(d.Tenant))
		f.dropsOlder(c.Key, 2)
		f.dropsOlder(c.Key, 0)
		equal(f.t, "entries", len(f.events(d.Tenant)), entries)
		for _, m := range []sigil.Memory{c, d} {
			equal(f.t, "chain", f.versionIDs(m.Key), []sigil.ID{d.ID, c.ID})
		}
		equal(f.t, "chain of what was dropped", f.versionIDs(b.Key), []sigil.ID{b.ID})
		all := f.superseded()
		equal(f.t, "superseded", len(all), 1)
		equal(f.t, "supersedes", all[0].Memory.Supersedes, sigil.ID{})
		_, err := f.Superseded(f.ctx(), a.Key, true)
		fails(f.t, "Superseded", err, sigil.ErrNotFound, "not_found")
		f.forgetAt(1, d)
		equal(f.t, "chain of what was forgotten", f.versionIDs(c.Key), []sigil.ID{d.ID, c.ID})
		restored := f.restores(2, d)
		equal(f.t, "restored", restored[0].Supersedes, c.ID)
		done := f.erase(d.Key)
		equal(f.t, "erased", []int{done.Memories, done.Removed}, []int{1, 1})
		equal(f.t, "superseded", f.superseded(), nil)
	}},
	{"of corrections of one memory at once, one is made", func(f *fixture) {
		old := f.encode()
		var mu sync.Mutex
		var made []sigil.ID
		var all sync.WaitGroup
		for range 8 {
			m := f.memory()
			all.Go(func() {
				_, err := f.Insert(f.ctx(), m.Tenant, []store.Item{correcting(m, old.ID)}, store.Quota{Memories: 3}, evicted(start))
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					made = append(made, m.ID)
					return
				}
				fails(f.t, "Insert", err, sigil.ErrNotFound, "not_found")
			})
		}
		all.Wait()
		equal(f.t, "made", len(made), 1)
		equal(f.t, "listed", f.ids(start), made)
		equal(f.t, "by", f.superseded()[0].SupersededBy, made[0])
	}},
	{"corrections at once, of a full tenant, do not wait for each other forever", func(f *fixture) {
		var olds []sigil.Memory
		for range 8 {
			olds = append(olds, f.encode())
		}
		var all sync.WaitGroup
		for _, old := range olds {
			for range 4 {
				m := f.memory(sized(30))
				all.Go(func() {
					_, err := f.Insert(f.ctx(), m.Tenant, []store.Item{correcting(m, old.ID)}, store.Quota{Memories: 8, Bytes: 100}, evicted(start))
					if err != nil && !errors.Is(err, sigil.ErrNotFound) && !errors.Is(err, sigil.ErrFull) {
						f.t.Errorf("Insert: %v", err)
					}
				})
			}
		}
		all.Wait()
		stats := f.stats(sigil.DefaultTenant, start)
		if stats.Memories == 0 || stats.Memories > 8 || stats.Bytes > 100 {
			f.t.Errorf("there are %d memories of %d bytes", stats.Memories, stats.Bytes)
		}
	}},
}

// RunCorrectReopen checks that chains are still there when a store is closed and opened again. open is as for [RunReopen].
func RunCorrectReopen(t *testing.T, open func(t *testing.T, dir string) store.Store) {
	t.Run("chains stay", func(t *testing.T) {
		dir := t.TempDir()
		f := &fixture{Store: open(t, dir), t: t}
		a := f.encode(says("one"), tagged("x"))
		b := f.correct(a, says("two"))
		c := f.correct(b, says("three"))
		gone := f.correct(f.encode(), tagged("gone"))
		f.forgetAt(1, gone)
		again := func() {
			t.Helper()
			f.ok("Close", f.Close())
			f.Store = open(t, dir)
			f.complete()
		}
		before := f.superseded()
		again()
		equal(t, "superseded", f.superseded(), before)
		equal(t, "chain", f.versionIDs(a.Key), []sigil.ID{c.ID, b.ID, a.ID})
		equal(t, "listed", f.list(store.Query{Tenant: c.Tenant, Now: start}), []sigil.Memory{c})
		equal(t, "removed", removedIDs(f.removed(store.RemovedQuery{})), []sigil.ID{gone.ID})
		r, err := f.Superseded(f.ctx(), a.Key, false)
		f.ok("Superseded", err)
		equal(t, "superseded", r.Memory, a)
		d := f.correct(c, says("four"))
		purged, err := f.Purge(f.ctx(), start.Add(time.Hour), store.Quota{}, 10)
		f.ok("Purge", err)
		equal(t, "purged", purged, 1)
		equal(t, "superseded", len(f.superseded()), 3)
		f.erase(b.Key)
		again()
		equal(t, "superseded", len(f.superseded()), 1)
		f.erase(d.Key)
		again()
		equal(t, "superseded", f.superseded(), nil)
		equal(t, "listed", f.ids(start), []sigil.ID{})
		f.ok("Close", f.Close())
	})
	t.Run("attached versions stay", func(t *testing.T) {
		dir := t.TempDir()
		f := &fixture{Store: open(t, dir), t: t}
		m, live := f.encode(says("two")), f.encode(fades(time.Second))
		old := f.memory(says("one"), tagged("x"))
		v := f.attach(old, m.ID, start.Add(-time.Hour), store.Vector{127, 5})
		f.ok("Supersede", f.Supersede(f.ctx(), live.Key, old.ID, start, supersedes(old.ID)))
		v.Memory.Supersedes, m.Supersedes = live.ID, old.ID
		f.ok("Close", f.Close())
		f.Store = open(t, dir)
		f.complete()
		equal(t, "versions", f.versions(old), []store.Version{v})
		equal(t, "listed", f.list(store.Query{Tenant: m.Tenant, Now: start}), []sigil.Memory{m})
		equal(t, "superseded", len(f.superseded()), 2)
		f.ok("Close", f.Close())
	})
}
