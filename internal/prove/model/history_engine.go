package model

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/codesign"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
	"github.com/sigil-dna/sigil/store"
)

// OverEngines returns a system of two engines on one store, which open opens, and which is sometimes slow.
// That exposes code that wrongly depends on how soon a store is called, or answers.
func OverEngines(open func(t *testing.T, place string) store.Store) System {
	return func(t *testing.T, place string, quota store.Quota) ([]Target, func()) {
		t.Helper()
		policy, err := sigil.NewHalfLife(HalfLife, sigil.DefaultThreshold)
		if err != nil {
			t.Fatal(err)
		}
		s := open(t, place)
		var targets []Target
		for range 2 {
			targets = append(targets, inProcess{engine.New(slow{s}, &engine.Options{
				Clock:    time.Now, // the same clock as the clients', to the millisecond: a database's clock is read remotely
				Settings: engine.Settings{Policy: policy, Quota: quota},
			})})
		}
		return targets, func() {
			if err := s.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
	}
}

// inProcess calls an engine like a client calls a daemon.
type inProcess struct{ engine *engine.Engine }

func key(id sigil.ID) sigil.Key { return sigil.Key{Tenant: sigil.DefaultTenant, ID: id} }

func (p inProcess) view(m sigil.Memory, err error) (client.Memory, error) {
	if err != nil {
		return client.Memory{}, err
	}
	v := shape.Memory(&m, m.LastAccessed)
	v.DuplicateOf = shape.Duplicate(&m)
	return v, nil
}

func (p inProcess) Encode(ctx context.Context, d sigil.Draft) (client.Memory, error) {
	return p.view(p.engine.Encode(ctx, sigil.DefaultTenant, d))
}

func (p inProcess) Recall(ctx context.Context, id sigil.ID) (client.Memory, error) {
	return p.view(p.engine.Recall(ctx, key(id)))
}

func (p inProcess) Peek(ctx context.Context, id sigil.ID) (client.Memory, error) {
	return p.view(p.engine.Peek(ctx, key(id)))
}

func (p inProcess) Pin(ctx context.Context, id sigil.ID) (client.Memory, error) {
	return p.view(p.engine.Pin(ctx, key(id)))
}

func (p inProcess) Unpin(ctx context.Context, id sigil.ID) (client.Memory, error) {
	return p.view(p.engine.Unpin(ctx, key(id)))
}

func (p inProcess) Change(ctx context.Context, id sigil.ID, c sigil.Change) (client.Memory, error) {
	return p.view(p.engine.Change(ctx, key(id), c))
}

func (p inProcess) Forget(ctx context.Context, id sigil.ID) error {
	return p.engine.Forget(ctx, key(id))
}

func (p inProcess) Search(ctx context.Context, q client.SearchQuery) (client.SearchPage, error) {
	page, err := p.engine.Search(ctx, sigil.DefaultTenant, engine.SearchQuery{Text: q.Text, Limit: q.Limit})
	if err != nil {
		return client.SearchPage{}, err
	}
	return shape.Search(&page, p.engine.Now(), true), nil
}

func (p inProcess) Sweep(ctx context.Context, job sigil.Job) (client.Sweep, error) {
	run := p.engine.Sweep
	if job == sigil.CrystallizeJob {
		run = p.engine.Crystallize
	}
	s, err := run(ctx)
	return shape.Sweep(&s), err
}

func (p inProcess) Events(ctx context.Context, after uint64, limit int) (client.EventPage, error) {
	events, err := p.engine.Events(ctx, sigil.DefaultTenant, after, limit)
	page := client.EventPage{Next: after}
	for i := range events {
		page.Events = append(page.Events, shape.Event(&events[i]))
		page.Next = events[i].Position
	}
	return page, err
}

func (p inProcess) CodeRegister(ctx context.Context, r client.CodeRegister) (v client.CodeSignature, err error) {
	key, err := codesign.ParsePublicKey(r.PublicKey)
	if err != nil {
		return v, err
	}
	statement, err := codesign.ReadHeader(key, r.Header, *r.Size, codesign.Blocks{})
	if err != nil {
		return v, err
	}
	said := statement.Signature
	kept, _, err := p.engine.Register(ctx, sigil.Signature{
		Tenant: sigil.DefaultTenant, Statement: statement.Bytes(),
		SignatureRef: sigil.SignatureRef{ID: said.ID, Body: said.SHA256, Signer: uint64(said.Signer)},
	})
	if err != nil {
		return v, err
	}
	return shape.Code(&kept)
}

func (p inProcess) CodeRevoke(ctx context.Context, body sigil.Hash, id sigil.ID, reason string) ([]client.CodeSignature, error) {
	revoked, err := p.engine.Revoke(ctx, sigil.DefaultTenant, body, id, reason)
	if err != nil {
		return nil, err
	}
	return shape.Codes(revoked)
}

func (p inProcess) Codes(ctx context.Context, q client.CodeQuery) (client.CodePage, error) {
	page, err := p.engine.Signatures(ctx, sigil.DefaultTenant, engine.SignatureQuery{Limit: q.Limit, Body: &q.Hash})
	if err == nil && len(page.Signatures) == 0 {
		err = engine.NewNoSignature()
	}
	if err != nil {
		return client.CodePage{}, err
	}
	signatures, err := shape.Codes(page.Signatures)
	return client.CodePage{Signatures: signatures}, err
}

// slow is a store that sometimes takes up to three milliseconds longer, before a call and, less often, while
// it has a memory or a signature locked.
type slow struct{ store.Store }

func linger(oneIn int) {
	if rand.IntN(oneIn) == 0 {
		<-time.After(time.Duration(rand.IntN(3000)) * time.Microsecond)
	}
}

func (s slow) Get(ctx context.Context, key sigil.Key, now time.Time) (sigil.Memory, error) {
	linger(4)
	return s.Store.Get(ctx, key, now)
}

func (s slow) Search(ctx context.Context, q store.SearchQuery) (store.Found, error) {
	linger(4)
	return s.Store.Search(ctx, q)
}

func (s slow) Update(ctx context.Context, key sigil.Key, change func(*sigil.Meta) (*sigil.Event, error)) (sigil.Memory, error) {
	linger(4)
	return s.Store.Update(ctx, key, func(m *sigil.Meta) (*sigil.Event, error) {
		defer linger(16)
		return change(m)
	})
}

func (s slow) Insert(ctx context.Context, tenant string, items []store.Item, quota store.Quota, evict func(sigil.Meta, string) sigil.Event) (store.Inserted, error) {
	linger(8)
	return s.Store.Insert(ctx, tenant, items, quota, evict)
}

func (s slow) Amend(ctx context.Context, a store.Amendment, change func(*sigil.Memory) (*sigil.Event, error)) (store.Amended, error) {
	linger(4)
	return s.Store.Amend(ctx, a, func(m *sigil.Memory) (*sigil.Event, error) {
		defer linger(16)
		return change(m)
	})
}

func (s slow) Remove(ctx context.Context, keys []sigil.Key, decide func(sigil.Meta) (sigil.Event, bool)) ([]sigil.Event, error) {
	linger(4)
	return s.Store.Remove(ctx, keys, func(m sigil.Meta) (sigil.Event, bool) {
		defer linger(16)
		return decide(m)
	})
}

func (s slow) Register(ctx context.Context, signature sigil.Signature, limit int, event sigil.Event) (sigil.Signature, bool, error) {
	linger(4)
	return s.Store.Register(ctx, signature, limit, event)
}

func (s slow) Revoke(ctx context.Context, tenant string, body sigil.Hash, id sigil.ID, change func(*sigil.Signature) *sigil.Event) ([]sigil.Signature, error) {
	linger(4)
	return s.Store.Revoke(ctx, tenant, body, id, func(s *sigil.Signature) *sigil.Event {
		defer linger(16)
		return change(s)
	})
}
