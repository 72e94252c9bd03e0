package storetest

import (
	"errors"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// versionOf returns m as a version that was superseded.
func versionOf(m sigil.Memory, by sigil.ID, at time.Time) *store.Version {
	return &store.Version{Removed: store.Removed{Removal: store.Removal{At: at, SupersededBy: by}, Memory: m}}
}

// attachEvents returns the events of a version that is attached at a time.
func attachEvents(m *sigil.Memory, by sigil.ID, at time.Time) []sigil.Event {
	return []sigil.Event{
		{Time: at, Kind: sigil.Encoded, Reason: sigil.ReasonImport, Memory: m.Meta},
		{Time: at, Kind: sigil.Corrected, Reason: sigil.ReasonImport, Memory: m.Meta, SupersededBy: by},
	}
}

// attach has a memory supersede m from a time on, and returns the version as it is read.
func (f *fixture) attach(m sigil.Memory, by sigil.ID, at time.Time, vector store.Vector) store.Version {
	f.t.Helper()
	v := versionOf(m, by, at)
	v.Vector = vector
	v.Memory.Supersedes = idAt(start, 999) // which means nothing
	f.ok("Attach", f.Attach(f.ctx(), v, attachEvents(&m, by, start)))
	v.Memory.Supersedes = sigil.ID{}
	v.Kind, v.Reason = sigil.Corrected, sigil.ReasonImport
	events := f.events(m.Tenant)
	v.Position = events[len(events)-1].Position
	return *v
}

// versions returns those of ms that are kept.
func (f *fixture) versions(ms ...sigil.Memory) []store.Version {
	f.t.Helper()
	ids := make([]sigil.ID, len(ms))
	for i := range ms {
		ids[i] = ms[i].ID
	}
	all, err := f.Versions(f.ctx(), sigil.DefaultTenant, ids)
	f.ok("Versions", err)
	return all
}

// supersedes is the event of a memory that another takes the place of.
func supersedes(by sigil.ID) func(*sigil.Memory) (sigil.Event, error) {
	return func(old *sigil.Memory) (sigil.Event, error) {
		return sigil.Event{Time: start, Kind: sigil.Corrected, Reason: sigil.ReasonImport, Memory: old.Meta, SupersededBy: by}, nil
	}
}

var attachIdeas = []idea{
	{"a chain is built from its newest memory on, and is like one of corrections", func(f *fixture) {
		at := start.Add(-time.Hour)
		a := f.memory(says("green tea"), tagged("x"), potential(0.95), crystallized)
		b := f.memory(says("black tea"), fades(time.Second), pinned)
		c := f.encode(says("white tea"))
		wantB := f.attach(b, c.ID, at.Add(time.Minute), store.Vector{127, -2, 3})
		wantA := f.attach(a, b.ID, at, nil)
		c.Supersedes, wantB.Memory.Supersedes = b.ID, a.ID
		equal(f.t, "listed", f.list(store.Query{Tenant: c.Tenant, Now: start}), []sigil.Memory{c})
		got, err := f.Get(f.ctx(), c.Key, start)
		f.ok("Get", err)
		equal(f.t, "Get", got, c)
		f.finds("tea", c)
		equal(f.t, "versions", f.versions(a, c, b, f.memory()), []store.Version{wantA, wantB})
		r, err := f.Superseded(f.ctx(), b.Key, false)
		f.ok("Superseded", err)
		equal(f.t, "superseded", r, wantB.Removed)
		all := f.superseded()
		equal(f.t, "superseded", []sigil.ID{all[0].Memory.ID, all[1].Memory.ID}, []sigil.ID{a.ID, b.ID})
		equal(f.t, "removed", f.removed(store.RemovedQuery{}), nil)
		stats := f.stats(c.Tenant, start)
		equal(f.t, "memories", stats.Memories, 1)
		equal(f.t, "bytes", stats.Bytes, int64(c.Size))
		equal(f.t, "journal", unhashed(f.events(c.Tenant))[1:], []sigil.Event{
			{Position: 2, Time: start, Kind: sigil.Encoded, Reason: sigil.ReasonImport, Memory: b.Meta},
			{Position: 3, Time: start, Kind: sigil.Corrected, Reason: sigil.ReasonImport, Memory: b.Meta, SupersededBy: c.ID},
			{Position: 4, Time: start, Kind: sigil.Encoded, Reason: sigil.ReasonImport, Memory: a.Meta},
			{Position: 5, Time: start, Kind: sigil.Corrected, Reason: sigil.ReasonImport, Memory: a.Meta, SupersededBy: b.ID},
		})
		recalled, err := f.recall(c.Key, start.Add(time.Second))
		f.ok("Update", err)
		equal(f.t, "recalled", recalled.Supersedes, b.ID)
		d := f.correct(recalled)
		equal(f.t, "superseded", len(f.superseded()), 3)
		purged, err := f.Purge(f.ctx(), start.Add(time.Hour), store.Quota{Memories: 1, Bytes: 1}, 10)
		f.ok("Purge", err)
		equal(f.t, "purged while it lives", purged, 0)
		f.forgetAt(1, d)
		purged, err = f.Purge(f.ctx(), start.Add(time.Hour), store.Quota{}, 10)
		f.ok("Purge", err)
		equal(f.t, "purged", purged, 1)
		equal(f.t, "superseded", f.superseded(), nil)
		equal(f.t, "versions", f.versions(a, b, c, d), nil)
	}},
	{"a version needs a memory that supersedes none, and an id of its own", func(f *fixture) {
		old := f.encode()
		m := f.correct(old)
		live, gone := f.encode(), f.correct(f.encode())
		f.forgetAt(1, gone)
		entries := len(f.events(m.Tenant))
		try := func(what string, v sigil.Memory, by sigil.ID, kind error, code, field string) {
			f.t.Helper()
			err := f.Attach(f.ctx(), versionOf(v, by, start), attachEvents(&v, by, start))
			fails(f.t, what, err, kind, code)
			var e *sigil.Error
			if errors.As(err, &e) && e.Field != field {
				f.t.Errorf("%s: field %q, want %q", what, e.Field, field)
			}
		}
		try("to an unknown one", f.memory(), idAt(start, 999), sigil.ErrNotFound, "not_found", "id")
		try("to a removed one", f.memory(), gone.ID, sigil.ErrNotFound, "not_found", "id")
		try("to another tenant's", f.memory(tenant("other")), live.ID, sigil.ErrNotFound, "not_found", "id")
		try("to one that supersedes another", f.memory(), m.ID, sigil.ErrConflict, "exists", "supersededBy")
		try("a live one", m, live.ID, sigil.ErrConflict, "exists", "id")
		try("itself", live, live.ID, sigil.ErrConflict, "exists", "supersededBy")
		try("a superseded one", old, live.ID, sigil.ErrConflict, "exists", "id")
		try("a removed one", gone, live.ID, sigil.ErrConflict, "exists", "id")
		equal(f.t, "entries", len(f.events(m.Tenant)), entries)
		equal(f.t, "superseded", len(f.superseded()), 2)
	}},
	{"of versions that are attached to one memory at once, one is", func(f *fixture) {
		m := f.encode()
		var all sync.WaitGroup
		for range 8 {
			v := f.memory()
			all.Go(func() {
				if err := f.Attach(f.ctx(), versionOf(v, m.ID, start), attachEvents(&v, m.ID, start)); err != nil {
					fails(f.t, "Attach", err, sigil.ErrConflict, "exists")
				}
			})
		}
		all.Wait()
		equal(f.t, "superseded", len(f.superseded()), 1)
		equal(f.t, "entries", len(f.events(m.Tenant)), 3)
	}},
	{"of versions with one id at once, one is attached", func(f *fixture) {
		v := f.memory()
		var all sync.WaitGroup
		for range 8 {
			m := f.encode()
			all.Go(func() {
				if err := f.Attach(f.ctx(), versionOf(v, m.ID, start), attachEvents(&v, m.ID, start)); err != nil {
					fails(f.t, "Attach", err, sigil.ErrConflict, "exists")
				}
			})
		}
		all.Wait()
		equal(f.t, "superseded", len(f.superseded()), 1)
		equal(f.t, "entries", len(f.events(v.Tenant)), 10)
	}},
	{"a live memory is superseded by one that is there", func(f *fixture) {
		at := start.Add(-time.Hour)
		first, old := f.encode(says("coffee")), f.encode(says("tea"), tagged("x"), fades(time.Second))
		m := f.encode(says("more tea"))
		recalled, err := f.recall(old.Key, start.Add(100*time.Millisecond))
		f.ok("Update", err)
		var seen sigil.Memory
		f.ok("Supersede", f.Supersede(f.ctx(), old.Key, m.ID, at, func(old *sigil.Memory) (sigil.Event, error) {
			seen = *old
			return supersedes(m.ID)(old)
		}))
		equal(f.t, "seen", seen, sigil.Memory{Meta: recalled.Meta, Tags: []string{"x"}})
		m.Supersedes = old.ID
		equal(f.t, "listed", f.list(store.Query{Tenant: m.Tenant, Now: start}), []sigil.Memory{m, first})
		f.finds("tea", m)
		f.finds("tag:x")
		events := f.events(m.Tenant)
		how := store.RemovalOf(&events[3])
		how.At = at
		equal(f.t, "versions", f.versions(old), []store.Version{{Removed: store.Removed{Removal: how, Memory: recalled}}})
		stats := f.stats(m.Tenant, start)
		equal(f.t, "memories", stats.Memories, 2)
		f.ok("Supersede", f.Supersede(f.ctx(), first.Key, old.ID, at, supersedes(old.ID)))
		equal(f.t, "superseded", len(f.superseded()), 2)
		equal(f.t, "removed", f.removed(store.RemovedQuery{}), nil)
	}},
	{"a memory is superseded by none that supersedes another, or that it supersedes itself", func(f *fixture) {
		a := f.encode()
		b := f.correct(a)
		c, d := f.encode(), f.correct(f.encode())
		refuses := errors.New("refused")
		try := func(what string, key sigil.Key, by sigil.ID, kind error, code string) {
			f.t.Helper()
			fails(f.t, what, f.Supersede(f.ctx(), key, by, start, supersedes(by)), kind, code)
		}
		try("an unknown one", sigil.Key{Tenant: a.Tenant, ID: idAt(start, 999)}, c.ID, sigil.ErrNotFound, "not_found")
		try("by an unknown one", c.Key, idAt(start, 999), sigil.ErrNotFound, "not_found")
		try("a superseded one", a.Key, c.ID, sigil.ErrNotFound, "not_found")
		try("by one that supersedes another", c.Key, d.ID, sigil.ErrConflict, "exists")
		try("by itself", c.Key, c.ID, sigil.ErrConflict, "exists")
		try("by what it superseded", b.Key, a.ID, sigil.ErrConflict, "exists")
		err := f.Supersede(f.ctx(), b.Key, c.ID, start, func(*sigil.Memory) (sigil.Event, error) { return sigil.Event{}, refuses })
		fails(f.t, "refused", err, refuses, "")
		equal(f.t, "listed", f.ids(start), []sigil.ID{d.ID, c.ID, b.ID})
		equal(f.t, "superseded", len(f.superseded()), 2)
	}},
	{"an import is not inserted under the id of a memory that is kept", func(f *fixture) {
		old := f.encode()
		m := f.correct(old)
		f.forgetAt(1, m)
		for _, kept := range []sigil.Memory{old, m} {
			i := item(kept)
			i.At = start
			_, err := f.insertItems(i)
			fails(f.t, "Insert", err, sigil.ErrConflict, "exists")
			_, err = f.insertItems(item(f.memory()), i)
			fails(f.t, "Insert of two", err, sigil.ErrConflict, "exists")
		}
		equal(f.t, "listed", f.ids(start), []sigil.ID{})
		f.erase(m.Key)
		i := item(old)
		i.At = start
		_, err := f.insertItems(i)
		f.ok("Insert after an erasure", err)
	}},
}
