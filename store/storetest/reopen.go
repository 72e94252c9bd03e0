package storetest

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// RunReopen checks that nothing is lost or changed when a store is closed and opened again. open returns the
// store in dir, and creates it if there is none.
func RunReopen(t *testing.T, open func(t *testing.T, dir string) store.Store) {
	t.Run("everything is as it was", func(t *testing.T) {
		dir := t.TempDir()
		f := &fixture{Store: open(t, dir), t: t}
		model := NewModel()
		// The model receives the same changes as the store, and is not reopened.
		for range 3 {
			for _, s := range []store.Store{f.Store, model} {
				lives(&fixture{Store: s, t: t}, f.n.Load())
			}
			f.n.Add(1000)
			info := f.Info()
			f.ok("Close", f.Close())
			f.Store = open(t, dir)
			equal(t, "Info", f.Info(), info)
			for _, at := range []time.Duration{0, time.Minute, time.Hour} {
				Compare(t, f.Store, model, []string{"public", "other", "a.b_c-9", "nobody"}, start.Add(at))
			}
		}
		// Due memories are still due, and new changes continue from the last position.
		at := start.Add(time.Hour)
		want, err := model.Due(t.Context(), at, 1000)
		f.ok("Due", err)
		equal(t, "due", f.due(at, 1000), sorted(want))
		last := f.stats("public", at).Position
		f.forget(want...)
		equal(t, "position", f.stats("public", at).Position, last+uint64(len(want)))
		f.ok("Close", f.Close())
	})

	t.Run("a claim and its position stay", func(t *testing.T) {
		dir := t.TempDir()
		f := &fixture{Store: open(t, dir), t: t}
		f.claims("a", 1, 10, 0, 0, true)
		f.ok("Advance", f.Advance(f.ctx(), "a", f.owner(1), 7))
		f.ok("Close", f.Close())
		f.Store = open(t, dir)
		f.claims("a", 2, 10, 5, 7, false)
		f.claims("a", 2, 20, 10, 7, true)
		f.ok("Close", f.Close())
	})

	t.Run("policies of tenants stay", func(t *testing.T) {
		dir := t.TempDir()
		f := &fixture{Store: open(t, dir), t: t}
		own := store.TenantPolicy{Tenant: "a", Policy: halfLife(t), Since: start, Restamping: true}
		none := store.TenantPolicy{Tenant: "b", Since: start, Restamping: true}
		f.setPolicy(own)
		f.setPolicy(none)
		f.ok("Close", f.Close())
		f.Store = open(t, dir)
		f.policies(own, none)
		f.ok("Close", f.Close())
	})

	t.Run("clocks of tenants stay, and what they decide", func(t *testing.T) {
		dir := t.TempDir()
		f := &fixture{Store: open(t, dir), t: t}
		running := store.TenantClock{Tenant: "a", Stops: start.Add(time.Hour), Stood: time.Hour}
		never := store.TenantClock{Tenant: "b", Stood: 2 * time.Hour}
		f.setClock(running)
		f.setClock(never)
		m := f.encode(tenant("a"), stood(time.Hour))
		recalled := f.encode(tenant("b"), stood(2*time.Hour))
		recalled, err := f.recall(recalled.Key, start.Add(-2*time.Hour+time.Minute))
		f.ok("Update", err)
		f.ok("Close", f.Close())
		f.Store = open(t, dir)
		f.clocks(running, never)
		for _, want := range []sigil.Memory{m, recalled} {
			got, err := f.Get(f.ctx(), want.Key, want.FadesAt.Add(-time.Second))
			f.ok("Get", err)
			equal(t, "memory", got, want)
		}
		equal(t, "due", f.due(m.FadesAt.Add(time.Hour-time.Second), 10), nil)
		equal(t, "due later", f.due(m.FadesAt.Add(time.Hour), 10), []sigil.Key{m.Key})
		f.ok("Close", f.Close())
	})

	t.Run("signatures and what was revoked stay", func(t *testing.T) {
		dir := t.TempDir()
		f := &fixture{Store: open(t, dir), t: t}
		kept, gone := f.sign(), f.sign()
		f.revoke(gone, "lost key", start.Add(time.Hour))
		gone.RevokedAt, gone.Reason = start.Add(time.Hour), "lost key"
		f.ok("Close", f.Close())
		f.Store = open(t, dir)
		equal(t, "signatures", f.signatures(store.SignatureQuery{}), []sigil.Signature{gone, kept})
		_, _, err := f.Register(f.ctx(), f.signature(), 2, sigil.Event{})
		fails(t, "a third", err, sigil.ErrFull, "signatures_full")
		f.ok("Close", f.Close())
	})

	t.Run("what was found is found again", func(t *testing.T) {
		dir := t.TempDir()
		f := &fixture{Store: open(t, dir), t: t}
		var want []sigil.Memory
		for range 300 {
			want = append([]sigil.Memory{f.encode(says("tea"))}, want...)
		}
		f.encode(says("tea"), tenant("other"))
		f.forget(want[0].Key)
		f.ok("Close", f.Close())
		f.Store = open(t, dir)
		late := f.encode(says("tea"))
		want = append([]sigil.Memory{late}, want[1:]...)
		f.complete()
		f.findsIn(store.SearchQuery{Text: "tea", Limit: 1000}, want...)
		f.ok("Close", f.Close())
	})

	t.Run("a journal stays trimmed", func(t *testing.T) {
		dir := t.TempDir()
		f := &fixture{Store: open(t, dir), t: t}
		var ids []sigil.ID
		for range 5 {
			ids = append(ids, f.encode().ID)
		}
		_, err := f.Trim(f.ctx(), time.Time{}, 2)
		f.ok("Trim", err)
		f.ok("Close", f.Close())
		f.Store = open(t, dir)
		_, err = f.Events(f.ctx(), sigil.DefaultTenant, 2, 10)
		fails(t, "Events", err, sigil.ErrGone, "position_gone")
		events, err := f.Events(f.ctx(), sigil.DefaultTenant, 3, 10)
		f.ok("Events", err)
		equal(t, "positions", positions(events), []uint64{4, 5})
		if v, ok := f.Store.(interface{ Verify(context.Context) error }); ok {
			f.ok("Verify", v.Verify(f.ctx()))
		}
		f.encode()
		equal(t, "memories", len(f.ids(start)), len(ids)+1)
		f.ok("Close", f.Close())
	})

	t.Run("the chain of the journal goes on", func(t *testing.T) {
		dir := t.TempDir()
		f := &fixture{Store: open(t, dir), t: t}
		f.insert(f.memory(), f.memory(), f.memory())
		c := f.chain()
		for i := range 3 {
			f.ok("Close", f.Close())
			f.Store = open(t, dir)
			c.f = f
			c.follow("an open", 0)
			f.insert(f.memory(), f.memory())
			c.follow("an encode", 2)
			f.verify()
			if i == 1 {
				_, err := f.Trim(f.ctx(), time.Time{}, 3)
				f.ok("Trim", err)
			}
		}
		f.ok("Close", f.Close())
	})

	t.Run("a quota counts what was there before", func(t *testing.T) {
		dir := t.TempDir()
		f := &fixture{Store: open(t, dir), t: t}
		a, b := f.encode(sized(10), fades(2*time.Minute)), f.encode(sized(10), fades(time.Minute))
		f.ok("Close", f.Close())
		f.Store = open(t, dir)
		inserted, err := f.tryInsert(store.Quota{Bytes: 20}, f.memory(sized(10)))
		f.ok("Insert", err)
		ids, _ := f.evictions(inserted)
		equal(t, "evicted", ids, []sigil.ID{b.ID})
		_, err = f.Get(f.ctx(), a.Key, start)
		f.ok("Get", err)
		f.ok("Close", f.Close())
	})

	t.Run("answers under idempotency keys stay", func(t *testing.T) {
		dir := t.TempDir()
		f := &fixture{Store: open(t, dir), t: t}
		first := f.inserts("k")
		gone := f.inserts("gone")
		f.forget(gone.Key)
		f.ok("Close", f.Close())
		f.Store = open(t, dir)
		f.answers("k", first)
		f.answers("gone", gone)
		n, err := f.PruneAnswers(f.ctx(), start.Add(time.Hour), 10)
		f.ok("PruneAnswers", err)
		equal(t, "pruned", n, 2)
		f.ok("Close", f.Close())
	})

	t.Run("what was answered before a close is there, and nothing else", func(t *testing.T) {
		dir := t.TempDir()
		f := &fixture{Store: open(t, dir), t: t}
		var mu sync.Mutex // guards kept
		kept := map[sigil.ID]bool{}
		var wg sync.WaitGroup
		writing := make(chan struct{})
		for i := range 4 {
			wg.Go(func() {
				for n := 0; ; n++ {
					if i == 0 && n == 10 {
						close(writing)
					}
					m := f.memory()
					if _, err := f.tryInsert(store.Quota{}, m); err != nil {
						if !errors.Is(err, sigil.ErrClosed) {
							t.Errorf("Insert: %v", err)
						}
						return
					}
					mu.Lock()
					kept[m.ID] = true
					mu.Unlock()
				}
			})
		}
		<-writing
		f.ok("Close", f.Close())
		wg.Wait()
		f.Store = open(t, dir)
		all, err := allMemories(t, f.Store, sigil.DefaultTenant, start)
		f.ok("List", err)
		found := map[sigil.ID]bool{}
		for _, id := range idsOf(all) {
			found[id] = true
		}
		equal(t, "ids", found, kept)
		f.ok("Close", f.Close())
	})
}

// lives makes a sample of all changes, the same for every store with the same n.
func lives(f *fixture, n int64) {
	f.n.Store(n)
	for _, m := range f.oddMemories() {
		f.insert(m)
	}
	for i := range 20 {
		name := []string{"public", "other"}[i%2]
		m := f.memory(tenant(name), frequency(5), potential(0.9+float64(i)/1000))
		one := keyed(m, "k"+strconv.FormatInt(n, 10)+"-"+strconv.Itoa(i), 1)
		_, err := f.insertItems(one)
		f.ok("Insert", err)
		switch i % 6 {
		case 0:
			f.forget(m.Key)
		case 1:
			_, err = f.recall(m.Key, m.CreatedAt.Add(time.Minute))
		case 2:
			_, err = f.Update(f.ctx(), m.Key, func(m *sigil.Meta) (*sigil.Event, error) {
				m.Pinned = true
				m.Reschedule()
				return &sigil.Event{Time: start, Kind: sigil.Pinned, Reason: sigil.ReasonRequest, Memory: *m}, nil
			})
		case 3:
			_, err = f.tryInsert(store.Quota{Memories: 30}, f.memory(tenant(name)))
		case 4:
			f.change(m.Key, start, sigil.ChangedTags|sigil.ChangedTTL|sigil.ChangedLife, func(m *sigil.Memory) {
				m.Tags, m.TTL, m.Stretch = []string{"changed"}, 2*time.Hour, 3
			})
		case 5:
			f.notice(m.Key)
		}
		f.ok("change", err)
	}
	f.crystallize("public", start)
	f.sign()
	f.revoke(f.sign(), "a reason", start)
}
