// Package storetest tests drivers of [store.Store]: the contract ([Run], [RunReopen]), a simple reference store
// ([Model]), and a comparison of two stores ([Compare]).
//
// It knows neither a driver nor the engine's rules.
package storetest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/clock"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/clocks"
	"github.com/sigil-dna/sigil/store/internal/wake"
)

// Model is a [store.Store] made of maps under one mutex. It is simple rather than fast, and nothing in it
// outlives the process. Tests compare other stores with it; programs may use it for data that need not be
// durable.
//
// It defines what the contract leaves open: Due returns memories by deadline, and an eviction for too many
// memories comes before one for too many bytes, the older id first if the deadlines are equal. The maps grow
// until memories are removed and answers pruned, the journal until it is trimmed.
type Model struct {
	info store.Info
	undo bool // removed memories are kept

	mu sync.Mutex
	// +checklocks:mu
	closed bool
	// +checklocks:mu
	memories map[sigil.Key]sigil.Memory
	// +checklocks:mu
	contents map[content]map[sigil.ID]bool // the memories with one content
	// +checklocks:mu
	crystals map[string]map[int]sigil.Crystal // of patterns, by tenant and group
	// +checklocks:mu
	answers map[answerKey]keptAnswer
	// +checklocks:mu
	vectors map[sigil.Key]store.Vector // that callers gave
	// +checklocks:mu
	removed map[sigil.Key]removed
	// +checklocks:mu
	journal []sigil.Event // the entry at position n has the index n-1-trimmed; an erased one has no kind
	// +checklocks:mu
	trimmed uint64
	// +checklocks:mu
	chain chain
	// +checklocks:mu
	claims map[string]claim
	// +checklocks:mu
	key ed25519.PrivateKey // nil before its first use
	// +checklocks:mu
	signatures map[sigil.Key]sigil.Signature
	// policies is replaced by a changed copy: PolicyOf reads it with mu locked, or not.
	policies atomic.Pointer[map[string]store.TenantPolicy]
	clocks   clocks.Clocks
	// +checklocks:mu
	changed wake.Signal // fires when something was journaled, trimmed or closed
}

type content struct {
	tenant string
	hash   sigil.Hash
}

type answerKey struct{ tenant, key string }

type keptAnswer struct {
	store.Answer
	ends time.Time
}

var _ store.Store = (*Model)(nil)

// NewModel returns an empty store.
func NewModel() *Model {
	now := time.Now().UTC().Truncate(time.Millisecond)
	id := sigil.NewID(now)
	return &Model{
		info:     store.Info{ID: id, Epoch: id, CreatedAt: now, Format: 1, Driver: "model"},
		memories: map[sigil.Key]sigil.Memory{},
		contents: map[content]map[sigil.ID]bool{},
		crystals: map[string]map[int]sigil.Crystal{},
		answers:  map[answerKey]keptAnswer{},
		claims:   map[string]claim{},
		vectors:  map[sigil.Key]store.Vector{},
		removed:  map[sigil.Key]removed{},

		signatures: map[sigil.Key]sigil.Signature{},
	}
}

// NewUndoModel returns an empty store that keeps removed memories; see [store.Undo].
func NewUndoModel() *Model {
	s := NewModel()
	s.undo = true
	return s
}

// enter begins a call, or returns the reason why it cannot.
//
// +checklocks:s.mu
func (s *Model) enter(ctx context.Context) error {
	if s.closed {
		return &sigil.Error{Kind: sigil.ErrClosed, Code: "closed", Detail: "the store was closed"}
	}
	s.chain.commit(s.position()) // what the call before journaled
	return ctx.Err()
}

// Info implements [store.Store].
func (s *Model) Info() store.Info { return s.info }

// Clock implements [store.Store]. It returns nil, since there is only one process.
func (*Model) Clock() *clock.Clock { return nil }

// Get implements [store.Store].
func (s *Model) Get(ctx context.Context, key sigil.Key, now time.Time) (sigil.Memory, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return sigil.Memory{}, err
	}
	m, ok := s.memories[key]
	if !ok || m.Due(now) {
		return sigil.Memory{}, sigil.NewNotFound()
	}
	return copied(m), nil
}

// Meta implements [store.Store].
func (s *Model) Meta(ctx context.Context, key sigil.Key, now time.Time) (sigil.Meta, error) {
	m, err := s.Get(ctx, key, now)
	return m.Meta, err
}

// Update implements [store.Store].
func (s *Model) Update(ctx context.Context, key sigil.Key, change func(*sigil.Meta) (*sigil.Event, error)) (sigil.Memory, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return sigil.Memory{}, err
	}
	m, ok := s.memories[key]
	if !ok {
		return sigil.Memory{}, sigil.NewNotFound()
	}
	meta := m.Meta
	event, err := change(&meta)
	if err != nil {
		return sigil.Memory{}, err
	}
	// Nothing else may change, whatever the func did.
	m.LastAccessed, m.Stood, m.AccessCount, m.Stretch = meta.LastAccessed, meta.Stood, meta.AccessCount, meta.Stretch
	m.MoveDeadline(meta.FadesAt)
	m.Pinned, m.Policy = meta.Pinned, meta.Policy
	s.memories[key] = m
	if event != nil {
		s.record(*event)
	}
	return copied(m), nil
}

// Revert has the figures of a memory that exists be what they were before, as a power cut may. It has a notice if it had one then.
func (s *Model) Revert(meta sigil.Meta) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.memories[meta.Key]
	m.Meta = meta
	s.memories[meta.Key] = m
}

// Remove implements [store.Store].
func (s *Model) Remove(ctx context.Context, keys []sigil.Key, decide func(sigil.Meta) (sigil.Event, bool)) ([]sigil.Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	var removed []sigil.Event
	for _, key := range keys {
		m, ok := s.memories[key]
		if !ok {
			continue
		}
		if event, ok := decide(m.Meta); ok {
			removed = append(removed, s.remove(key, event))
		}
	}
	return removed, nil
}

// Due implements [store.Store].
func (s *Model) Due(ctx context.Context, now time.Time, limit int) ([]sigil.Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	var due []sigil.Meta
	for _, m := range s.memories {
		if m.Due(s.at(&m.Meta, now)) {
			due = append(due, m.Meta)
		}
	}
	slices.SortFunc(due, byDeadline)
	keys := make([]sigil.Key, 0, min(limit, len(due)))
	for _, m := range due[:min(limit, len(due))] {
		keys = append(keys, m.Key)
	}
	return keys, nil
}

// Unnoticed implements [store.Store]. The soonest come first.
func (s *Model) Unnoticed(ctx context.Context, after, until time.Time, limit int) ([]sigil.Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	var found []sigil.Meta
	for _, m := range s.memories {
		c, _ := s.ClockOf(m.Tenant)
		if !m.Noticed && !c.Stands(after) && m.FadesAt.After(after.Add(-c.Stood)) && !m.FadesAt.After(until.Add(-c.Stood)) {
			found = append(found, m.Meta)
		}
	}
	slices.SortFunc(found, byDeadline)
	keys := make([]sigil.Key, 0, min(limit, len(found)))
	for _, m := range found[:min(limit, len(found))] {
		keys = append(keys, m.Key)
	}
	return keys, nil
}

// Notice implements [store.Store].
func (s *Model) Notice(ctx context.Context, keys []sigil.Key, decide func(sigil.Meta) (sigil.Event, bool)) ([]sigil.Event, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	var events []sigil.Event
	for _, key := range keys {
		m, ok := s.memories[key]
		if !ok || m.Noticed || m.FadesAt.IsZero() {
			continue
		}
		if event, ok := decide(m.Meta); ok {
			m.Noticed = true
			s.memories[key] = m
			events = append(events, s.record(event))
		}
	}
	return events, nil
}

// PruneAnswers implements [store.Store].
func (s *Model) PruneAnswers(ctx context.Context, now time.Time, limit int) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	pruned := 0
	for key, answer := range s.answers {
		if pruned < limit && !answer.ends.After(now) {
			delete(s.answers, key)
			pruned++
		}
	}
	return pruned, nil
}

// Close implements [store.Store].
func (s *Model) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.changed.Fire()
	return nil
}

// forget removes a memory.
//
// +checklocks:s.mu
func (s *Model) forget(key sigil.Key) {
	c := content{key.Tenant, s.memories[key].Hash}
	delete(s.contents[c], key.ID)
	if len(s.contents[c]) == 0 {
		delete(s.contents, c)
	}
	delete(s.memories, key)
	delete(s.vectors, key)
}

// position returns the position of the newest journal entry.
//
// +checklocks:s.mu
func (s *Model) position() uint64 { return s.trimmed + uint64(len(s.journal)) }

// record writes one journal entry and returns it with its position.
//
// +checklocks:s.mu
func (s *Model) record(e sigil.Event) sigil.Event {
	e = copiedEvent(e)
	e.Position = s.position() + 1
	e.Hash = s.chain.add(&e)
	s.journal = append(s.journal, e)
	s.changed.Fire()
	return copiedEvent(e)
}

// of returns the tenant's memories, newest first.
//
// +checklocks:s.mu
func (s *Model) of(tenant string) []sigil.Memory {
	var all []sigil.Memory
	for key, m := range s.memories {
		if key.Tenant == tenant {
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(a, b sigil.Memory) int { return bytes.Compare(b.ID[:], a.ID[:]) })
	return all
}

// byDeadline compares by deadline, with never last, then by id, then by tenant.
func byDeadline(a, b sigil.Meta) int {
	if a.FadesAt.IsZero() != b.FadesAt.IsZero() {
		if a.FadesAt.IsZero() {
			return 1
		}
		return -1
	}
	return cmp.Or(a.FadesAt.Compare(b.FadesAt), bytes.Compare(a.ID[:], b.ID[:]), cmp.Compare(a.Tenant, b.Tenant))
}

// copied returns a deep copy of m.
func copied(m sigil.Memory) sigil.Memory {
	m.Data, m.Tags, m.State.Extra = bytes.Clone(m.Data), slices.Clone(m.Tags), maps.Clone(m.State.Extra)
	for name, raw := range m.State.Extra {
		m.State.Extra[name] = bytes.Clone(raw)
	}
	return m
}

func copiedEvent(e sigil.Event) sigil.Event {
	if e.Crystal != nil {
		crystal := *e.Crystal
		e.Crystal = &crystal
	}
	if e.Signature != nil {
		signature := *e.Signature
		e.Signature = &signature
	}
	if e.Policies != nil {
		policies := *e.Policies
		e.Policies = &policies
	}
	return e
}
