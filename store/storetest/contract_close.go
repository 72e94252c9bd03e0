package storetest

import (
	"errors"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

var closeIdeas = []idea{
	{"later calls say so, and a second close is nothing", func(f *fixture) {
		m := f.encode()
		info := f.Info()
		f.ok("Close", f.Close())
		ctx, key := f.ctx(), m.Key
		calls := map[string]func() error{
			"Insert": func() error { _, err := f.tryInsert(store.Quota{}, f.memory()); return err },
			"Get":    func() error { _, err := f.Get(ctx, key, start); return err },
			"Meta":   func() error { _, err := f.Meta(ctx, key, start); return err },
			"Update": func() error { _, err := f.recall(key, start); return err },
			"Remove": func() error { _, err := f.Remove(ctx, []sigil.Key{key}, forgotten(start)); return err },
			"Erase":  func() error { _, err := f.Erase(ctx, []sigil.Key{key}, erasedAt(start)); return err },
			"Key":    func() error { _, err := f.Key(ctx); return err },
			"Due":    func() error { _, err := f.Due(ctx, start, 1); return err },
			"List": func() error {
				_, _, err := f.List(ctx, store.Query{Tenant: m.Tenant, Now: start, Limit: 1})
				return err
			},
			"Nearest": func() error {
				_, err := f.Nearest(ctx, nil, store.NearestQuery{Tenant: m.Tenant, Now: start, Limit: 1})
				return err
			},
			"Patterns":      func() error { _, err := f.Patterns(ctx, m.Tenant, start); return err },
			"Crystallize":   func() error { return f.Crystallize(ctx, m.Tenant, start, (&crystallizer{}).change) },
			"Crystals":      func() error { _, err := f.Crystals(ctx, m.Tenant); return err },
			"Events":        func() error { _, err := f.Events(ctx, m.Tenant, 0, 1); return err },
			"JournalBounds": func() error { _, _, err := f.JournalBounds(ctx); return err },
			"Wait":          func() error { return f.Wait(ctx, m.Tenant, 0) },
			"Trim":          func() error { _, err := f.Trim(ctx, start, 0); return err },
			"Claim": func() error {
				_, _, err := f.Claim(ctx, "a", f.owner(1), start.Add(time.Second), start)
				return err
			},
			"Register": func() error {
				_, _, err := f.Register(ctx, f.signature(), 0, sigil.Event{})
				return err
			},
			"Signatures": func() error {
				_, _, err := f.Signatures(ctx, store.SignatureQuery{Tenant: m.Tenant, Limit: 1})
				return err
			},
			"Revoke":   func() error { _, err := f.Revoke(ctx, m.Tenant, m.Hash, sigil.ID{}, revoked(start, "")); return err },
			"Advance":  func() error { return f.Advance(ctx, "a", f.owner(1), 1) },
			"Policies": func() error { _, err := f.Policies(ctx); return err },
			"Fading": func() error {
				_, _, err := f.Fading(ctx, store.FadingQuery{Tenant: m.Tenant, Now: start, Until: start, Limit: 1})
				return err
			},
			"Stats":        func() error { _, err := f.Stats(ctx, m.Tenant, start); return err },
			"Tenants":      func() error { _, err := f.Tenants(ctx); return err },
			"PruneAnswers": func() error { _, err := f.PruneAnswers(ctx, start, 1); return err },
		}
		for name, call := range calls {
			fails(f.t, name, call(), sigil.ErrClosed, "closed")
		}
		f.ok("second Close", f.Close())
		equal(f.t, "Info", f.Info(), info)
	}},
	{"closed by many, and while others write", func(f *fixture) {
		var wg sync.WaitGroup
		writing := make(chan struct{})
		for i := range 4 {
			wg.Go(func() {
				for n := 0; ; n++ {
					if i == 0 && n == 10 {
						close(writing)
					}
					if _, err := f.tryInsert(store.Quota{}, f.memory()); errors.Is(err, sigil.ErrClosed) {
						return
					} else if err != nil {
						f.t.Errorf("Insert: %v", err)
						return
					}
				}
			})
		}
		<-writing
		for range 3 {
			wg.Go(func() {
				if err := f.Close(); err != nil {
					f.t.Errorf("Close: %v", err)
				}
			})
		}
		wg.Wait()
	}},
	{"info says which store it is", func(f *fixture) {
		info := f.Info()
		if info.ID == (sigil.ID{}) || info.CreatedAt.IsZero() || info.CreatedAt.Location() != time.UTC || info.Format < 1 || info.Driver == "" {
			f.t.Errorf("Info: %+v", info)
		}
		f.encode()
		equal(f.t, "Info later", f.Info(), info)
	}},
}
