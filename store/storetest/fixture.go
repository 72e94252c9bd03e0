package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// start is the time at which the first memory of a test is encoded.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// fixture is an open store with helpers that keep a test short.
type fixture struct {
	store.Store
	t *testing.T
	n atomic.Int64 // number of memories made
}

func (f *fixture) ctx() context.Context { return f.t.Context() }

// Get reads a memory and checks that Meta returns the same figures. Nothing may change the memory in between.
func (f *fixture) Get(ctx context.Context, key sigil.Key, now time.Time) (sigil.Memory, error) {
	f.t.Helper()
	m, err := f.Store.Get(ctx, key, now)
	meta, metaErr := f.Meta(ctx, key, now)
	if sigil.CodeOf(err) != sigil.CodeOf(metaErr) {
		f.t.Errorf("Get: %v; Meta: %v", err, metaErr)
	}
	if err == nil {
		equal(f.t, "Meta", meta, m.Meta)
	}
	return m, err
}

// option changes a default memory.
type option func(m *sigil.Memory)

func tenant(name string) option        { return func(m *sigil.Memory) { m.Tenant = name } }
func frequency(n int) option           { return func(m *sigil.Memory) { m.Frequency = sigil.Frequency(n) } }
func potential(p float64) option       { return func(m *sigil.Memory) { m.Potential = p } }
func fades(after time.Duration) option { return func(m *sigil.Memory) { m.FadesAt = start.Add(after) } }
func created(at time.Time) option      { return func(m *sigil.Memory) { m.CreatedAt = at } }

// sized sets data of that many bytes, at least 2.
func sized(bytes int) option {
	return func(m *sigil.Memory) {
		m.Data = fmt.Appendf(nil, `"%0*d"`, bytes-2, 0)
		m.Size = bytes
	}
}

func pinned(m *sigil.Memory)       { m.Pinned = true; m.Reschedule() }
func crystallized(m *sigil.Memory) { m.Crystallized = true; m.Reschedule() }

// memory returns a memory that is not stored yet. Each is a millisecond younger than the previous one, and
// has a greater id. It fades 95 s after its creation.
func (f *fixture) memory(options ...option) sigil.Memory {
	n := f.n.Add(1)
	now := start.Add(time.Duration(n) * time.Millisecond)
	data := fmt.Appendf(nil, `{"n":%d}`, n)
	hash := sigil.Hash(sha256.Sum256(data))
	m := sigil.Memory{
		Meta: sigil.Meta{
			Key: sigil.Key{Tenant: sigil.DefaultTenant, ID: idAt(now, n)}, Frequency: hash.Frequency(), Potential: 0.5, Size: len(data),
			CreatedAt: now, LastAccessed: now, Policy: sigil.DefaultClassic(),
		},
		Hash: hash, State: sigil.DefaultState(), Data: data,
	}
	m.Reschedule()
	for _, o := range options {
		o(&m)
	}
	return m
}

// idAt returns a UUID version 7 without randomness, so that a failing test fails again.
func idAt(at time.Time, n int64) (id sigil.ID) {
	binary.BigEndian.PutUint64(id[:], uint64(at.UnixMilli())<<16|0x7000)
	binary.BigEndian.PutUint64(id[8:], 1<<63|uint64(n))
	return id
}

func item(m sigil.Memory) store.Item {
	return store.Item{Memory: m, Events: []sigil.Event{{Time: m.CreatedAt, Kind: sigil.Encoded, Reason: sigil.ReasonRequest, Memory: m.Meta}}}
}

// insert keeps ms, all of one tenant, in one call and without a quota.
func (f *fixture) insert(ms ...sigil.Memory) {
	f.t.Helper()
	if _, err := f.tryInsert(store.Quota{}, ms...); err != nil {
		f.t.Fatalf("Insert: %v", err)
	}
}

func (f *fixture) tryInsert(quota store.Quota, ms ...sigil.Memory) (store.Inserted, error) {
	items := make([]store.Item, 0, len(ms))
	for _, m := range ms {
		items = append(items, item(m))
	}
	return f.Insert(f.ctx(), ms[0].Tenant, items, quota, evicted(ms[0].CreatedAt))
}

// evicted returns the evict function to pass to Insert at a time.
func evicted(at time.Time) func(sigil.Meta, string) sigil.Event {
	return func(m sigil.Meta, reason string) sigil.Event {
		return sigil.Event{Time: at, Kind: sigil.Evicted, Reason: reason, Memory: m}
	}
}

// encode makes a memory and inserts it.
func (f *fixture) encode(options ...option) sigil.Memory {
	f.t.Helper()
	m := f.memory(options...)
	f.insert(m)
	return m
}

// recall refreshes a memory at a time, like an engine.
func (f *fixture) recall(key sigil.Key, at time.Time) (sigil.Memory, error) {
	return f.Update(f.ctx(), key, func(m *sigil.Meta) (*sigil.Event, error) {
		if m.Due(at) {
			return nil, sigil.NewNotFound()
		}
		m.Recall(m.Policy, at)
		return nil, nil
	})
}

// forget removes those of keys that exist.
func (f *fixture) forget(keys ...sigil.Key) []sigil.Event {
	f.t.Helper()
	events, err := f.Remove(f.ctx(), keys, forgotten(start))
	if err != nil {
		f.t.Fatalf("Remove: %v", err)
	}
	return events
}

func forgotten(at time.Time) func(sigil.Meta) (sigil.Event, bool) {
	return func(m sigil.Meta) (sigil.Event, bool) {
		return sigil.Event{Time: at, Kind: sigil.Forgotten, Reason: sigil.ReasonRequest, Memory: m}, true
	}
}

// list returns everything that q finds, which must be one page.
func (f *fixture) list(q store.Query) []sigil.Memory {
	f.t.Helper()
	q.Limit = 1000
	page, more, err := f.List(f.ctx(), q)
	if err != nil || more {
		f.t.Fatalf("List: more %v, %v", more, err)
	}
	return page
}

// ids returns the ids of the default tenant's memories that are live at a time, newest first.
func (f *fixture) ids(at time.Time) []sigil.ID {
	f.t.Helper()
	return idsOf(f.list(store.Query{Tenant: sigil.DefaultTenant, Now: at}))
}

func idsOf(ms []sigil.Memory) []sigil.ID {
	ids := make([]sigil.ID, len(ms))
	for i := range ms {
		ids[i] = ms[i].ID
	}
	return ids
}

// events returns all journal entries of a tenant.
func (f *fixture) events(tenant string) []sigil.Event {
	f.t.Helper()
	events, err := f.Events(f.ctx(), tenant, 0, 1_000_000)
	f.ok("Events", err)
	return events
}

func (f *fixture) stats(tenant string, at time.Time) store.Stats {
	f.t.Helper()
	stats, err := f.Stats(f.ctx(), tenant, at)
	f.ok("Stats", err)
	return stats
}

func (f *fixture) ok(what string, err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatalf("%s: %v", what, err)
	}
}

// fails asserts that err is of kind and, if code is not empty, has that code.
func fails(t TB, what string, err, kind error, code string) {
	t.Helper()
	var known *sigil.Error
	if !errors.Is(err, kind) || code != "" && (!errors.As(err, &known) || known.Code != code) {
		t.Errorf("%s: got error %v, want %v with code %q", what, err, kind, code)
	}
}

func raw(s string) json.RawMessage { return json.RawMessage(s) }
