package engine

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// Stats counts a tenant's live memories.
type Stats struct {
	Tenant       string
	Memories     int
	Bytes        int64 // of data
	Pinned       int
	Crystallized int
	Patterns     int     // with a live member
	Crystals     int     // of memories and of patterns
	AverageDecay float64 // in [0, 1]; 0 if there is no memory
	// NextFade is the earliest deadline, or zero if there is none.
	NextFade time.Time
	// Policy is the policy that an encode or a recall gives a memory.
	Policy sigil.Policy
	// Policies counts the memories that can fade by policy, the most common first: a memory keeps the policy that was
	// in force when it was last touched.
	Policies []store.PolicyCount
	// Uptime is how long the engine has existed.
	Uptime time.Duration
	// Position is the position of the store's newest journal entry.
	Position uint64
}

// Identity is the sigil of the engine's store and a tenant: the sigil of the content {"service":"sigil","store":<store
// id>,"tenant":<tenant>}. It is computed, not stored, and lasts as long as the store does.
type Identity struct {
	Store  sigil.ID
	Epoch  sigil.ID // of the store: see [store.Info]
	Driver string
	Tenant string
	// Hash is the hash of that content; frequency and spiral follow from it.
	Hash      sigil.Hash
	CreatedAt time.Time // when the store was created
	StartedAt time.Time // when the engine was created
	Uptime    time.Duration
	Memories  int
	Crystals  int
}

// Stats counts a tenant's live memories. To average the decay it reads each of them.
func (e *Engine) Stats(ctx context.Context, tenant string) (stats Stats, err error) {
	defer e.observe("stats", 1)(&err)
	if err := sigil.CheckTenant(tenant); err != nil {
		return stats, err
	}
	now := e.now()
	s, err := e.store.Stats(ctx, tenant, now)
	if err != nil {
		return stats, wrap(err)
	}
	return Stats{
		Tenant: tenant, Memories: s.Memories, Bytes: s.Bytes, Pinned: s.Pinned, Crystallized: s.Crystallized,
		Patterns: s.Patterns, Crystals: s.Crystallized + s.PatternCrystals, AverageDecay: s.AverageDecay, NextFade: s.NextFade,
		Policy: e.policyOf(tenant), Policies: s.Policies, Uptime: now.Sub(e.started), Position: s.Position,
	}, nil
}

// LongerLived counts the live memories that have a policy under which they live longer untouched than under the one of [Settings], and
// that get this one when they are recalled next, which shortens their lives. So memories with policies of their own do not count, nor
// do those of tenants with one. most is the longest-lived of the policies of those that count, or nil if there are none. Its cost
// grows with the number of memories.
func (e *Engine) LongerLived(ctx context.Context) (memories int, most sigil.Policy, err error) {
	tenants, err := e.store.Tenants(ctx)
	if err != nil {
		return 0, nil, wrap(err)
	}
	lifetime := e.Settings().Policy.Lifetime()
	for _, tenant := range tenants {
		if e.store.PolicyOf(tenant) != nil {
			continue
		}
		s, err := e.store.Stats(ctx, tenant, e.now())
		if err != nil {
			return 0, nil, wrap(err)
		}
		for _, p := range s.Policies {
			shortened := p.Memories - p.Own
			if shortened == 0 || p.Policy.Lifetime() <= lifetime {
				continue
			}
			memories += shortened
			if most == nil || p.Policy.Lifetime() > most.Lifetime() {
				most = p.Policy
			}
		}
	}
	return memories, most, nil
}

// Identity returns the sigil of the engine's store and a tenant.
func (e *Engine) Identity(ctx context.Context, tenant string) (id Identity, err error) {
	defer e.observe("identity", 1)(&err)
	stats, err := e.Stats(ctx, tenant)
	if err != nil {
		return id, err
	}
	info := e.store.Info()
	// This is already canonical: the keys are sorted, and nothing in a tenant or UUID needs escaping.
	hash := sigil.Hash(sha256.Sum256(fmt.Appendf(nil, `{"service":"sigil","store":"%s","tenant":"%s"}`, info.ID, tenant)))
	return Identity{
		Store: info.ID, Epoch: info.Epoch, Driver: info.Driver, Tenant: tenant, Hash: hash,
		CreatedAt: info.CreatedAt, StartedAt: e.started, Uptime: stats.Uptime, Memories: stats.Memories, Crystals: stats.Crystals,
	}, nil
}

// StoreID returns the id of the engine's store.
func (e *Engine) StoreID() sigil.ID { return e.store.Info().ID }

// Epoch returns that of the engine's store: see [store.Info].
func (e *Engine) Epoch() sigil.ID { return e.store.Info().Epoch }
