package pebblestore_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// recorder is a store that records attempts and acknowledgments, for [recorder.check].
type recorder struct {
	store.Store

	// mu guards all fields below.
	mu sync.Mutex
	// +checklocks:mu
	memories map[sigil.Key]sigil.Memory // attempted
	// +checklocks:mu
	recalls map[sigil.Key]uint64 // the greatest access count attempted
	// +checklocks:mu
	answers []answered
	// +checklocks:mu
	groups map[*group]bool // attempted
	// +checklocks:mu
	acked []sigil.Event // in the order of their acknowledgment
	// +checklocks:mu
	signatures map[sigil.Key][]sigil.Signature // attempted
	// +checklocks:mu
	reasons map[sigil.Key]map[string]bool // of attempted revocations
	// +checklocks:mu
	tags map[string][][]string // that a memory had after an attempt to amend it, by the name of the event
	// +checklocks:mu
	clocks map[string][]store.TenantClock // attempted, by tenant
	// +checklocks:mu
	set map[string]int // how many of clocks there were when one was acknowledged
	// +checklocks:mu
	pruned time.Time // answers that ended by then may be gone
	// +checklocks:mu
	purged time.Time // memories that were removed before may be gone for good
}

// group is what one call attempts: all of it becomes visible, or nothing.
type group struct {
	events []sigil.Event // as they were decided, without positions
	placed []*sigil.Event
}

// all returns the events, with the positions that they got.
func (g *group) all() (events []sigil.Event) {
	for _, e := range g.placed {
		events = append(events, *e)
	}
	return events
}

// answered is an answer that was to be stored.
type answered struct {
	tenant, key string
	ends        time.Time
	memory      sigil.Meta
}

func newRecorder() *recorder {
	return &recorder{
		memories: map[sigil.Key]sigil.Memory{}, recalls: map[sigil.Key]uint64{}, groups: map[*group]bool{},
		signatures: map[sigil.Key][]sigil.Signature{}, reasons: map[sigil.Key]map[string]bool{},
		tags: map[string][][]string{}, clocks: map[string][]store.TenantClock{}, set: map[string]int{},
	}
}

// add records an event that is about to be journaled; the store sets the position in e.
func (r *recorder) add(g *group, e *sigil.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	copied := *e
	copied.Position, copied.Hash = 0, sigil.Hash{}
	g.events, g.placed = append(g.events, copied), append(g.placed, e)
	r.groups[g] = true
}

// answered records how a call ended. If unchanged is set, nothing was changed for certain, and g does not count as
// attempted.
func (r *recorder) answered(g *group, placed []sigil.Event, err error, unchanged bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case unchanged:
		delete(r.groups, g)
	case err == nil:
		r.acked = append(r.acked, placed...)
	}
}

func (r *recorder) Insert(ctx context.Context, tenant string, items []store.Item, quota store.Quota, evict func(sigil.Meta, string) sigil.Event) (store.Inserted, error) {
	g := &group{}
	for i := range items {
		for j := range items[i].Events {
			r.add(g, &items[i].Events[j])
		}
		r.mu.Lock()
		r.memories[items[i].Memory.Key] = items[i].Memory
		if id := items[i].Idempotency; id.Key != "" {
			r.answers = append(r.answers, answered{tenant, id.Key, id.Ends, items[i].Memory.Meta})
		}
		r.mu.Unlock()
	}
	own := len(g.placed)
	var corrected []sigil.Event // without its position, which only the journal has
	if correct := items[0].Correct; correct != nil {
		items = []store.Item{items[0]}
		items[0].Correct = func(old *sigil.Memory) (sigil.Event, error) {
			e, err := correct(old)
			if err == nil {
				corrected = []sigil.Event{e}
				r.add(g, &e)
			}
			return e, err
		}
	}
	inserted, err := r.Store.Insert(ctx, tenant, items, quota, func(m sigil.Meta, reason string) sigil.Event {
		e := evict(m, reason)
		r.add(g, &e)
		return e
	})
	placed := append([]sigil.Event(nil), inserted.Evicted...)
	if err == nil && !inserted.Refused(items) && len(inserted.Answers) == 0 {
		placed = append(placed, corrected...)
		for _, e := range g.placed[:own] {
			placed = append(placed, *e)
		}
	}
	unchanged := errors.Is(err, sigil.ErrNotFound) || errors.Is(err, sigil.ErrFull) || errors.Is(err, sigil.ErrConflict) || inserted.Refused(items)
	r.answered(g, placed, err, unchanged)
	return inserted, err
}

func (r *recorder) Update(ctx context.Context, key sigil.Key, change func(*sigil.Meta) (*sigil.Event, error)) (sigil.Memory, error) {
	g := &group{}
	m, err := r.Store.Update(ctx, key, func(m *sigil.Meta) (*sigil.Event, error) {
		e, err := change(m)
		if e != nil {
			r.add(g, e)
		}
		r.mu.Lock()
		r.recalls[key] = max(r.recalls[key], m.AccessCount)
		r.mu.Unlock()
		return e, err
	})
	r.answered(g, g.all(), err, false)
	return m, err
}

func (r *recorder) Amend(ctx context.Context, a store.Amendment, change func(*sigil.Memory) (*sigil.Event, error)) (store.Amended, error) {
	g := &group{}
	amended, err := r.Store.Amend(ctx, a, func(m *sigil.Memory) (*sigil.Event, error) {
		e, err := change(m)
		if e != nil {
			r.add(g, e)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.recalls[a.Key] = max(r.recalls[a.Key], m.AccessCount)
		if e != nil {
			r.tags[name(e)] = append(r.tags[name(e)], m.Tags)
		}
		return e, err
	})
	r.answered(g, g.all(), err, false)
	return amended, err
}

func (r *recorder) Remove(ctx context.Context, keys []sigil.Key, decide func(sigil.Meta) (sigil.Event, bool)) ([]sigil.Event, error) {
	g := &group{}
	events, err := r.Store.Remove(ctx, keys, func(m sigil.Meta) (sigil.Event, bool) {
		e, ok := decide(m)
		if ok {
			r.add(g, &e)
		}
		return e, ok
	})
	r.answered(g, events, err, false)
	return events, err
}

func (r *recorder) Notice(ctx context.Context, keys []sigil.Key, decide func(sigil.Meta) (sigil.Event, bool)) ([]sigil.Event, error) {
	g := &group{}
	events, err := r.Store.Notice(ctx, keys, func(m sigil.Meta) (sigil.Event, bool) {
		e, ok := decide(m)
		if ok {
			r.add(g, &e)
		}
		return e, ok
	})
	r.answered(g, events, err, errors.Is(err, sigil.ErrFull))
	return events, err
}

func (r *recorder) Restore(ctx context.Context, tenant string, ids []sigil.ID, quota store.Quota, restore func(*sigil.Meta, store.Removal) (sigil.Event, bool)) ([]sigil.Memory, error) {
	g := &group{}
	all, err := r.Store.Restore(ctx, tenant, ids, quota, func(m *sigil.Meta, how store.Removal) (sigil.Event, bool) {
		e, ok := restore(m, how)
		if ok {
			r.add(g, &e)
		}
		return e, ok
	})
	r.answered(g, g.all(), err, errors.Is(err, sigil.ErrFull)) // without positions, which only the journal has
	return all, err
}

func (r *recorder) Erase(ctx context.Context, keys []sigil.Key, event func(sigil.Meta, bool) sigil.Event) (store.Erasure, error) {
	g := &group{}
	done, err := r.Store.Erase(ctx, keys, func(m sigil.Meta, removed bool) sigil.Event {
		e := store.NewErased(event(m, removed), m.Key)
		r.add(g, &e)
		return e
	})
	r.answered(g, done.Events, err, errors.Is(err, sigil.ErrConflict))
	return done, err
}

func (r *recorder) Purge(ctx context.Context, before time.Time, keep store.Quota, limit int) (int, error) {
	r.mu.Lock()
	if before.After(r.purged) {
		r.purged = before
	}
	r.mu.Unlock()
	return r.Store.Purge(ctx, before, keep, limit)
}

func (r *recorder) ChangePolicy(ctx context.Context, tenant string, change func(*store.TenantPolicy) (*sigil.Event, error)) error {
	g := &group{}
	err := r.Store.ChangePolicy(ctx, tenant, func(p *store.TenantPolicy) (*sigil.Event, error) {
		e, err := change(p)
		if e != nil {
			r.add(g, e)
		}
		return e, err
	})
	r.answered(g, g.all(), err, false)
	return err
}

func (r *recorder) ChangeClock(ctx context.Context, tenant string, change func(*store.TenantClock)) error {
	n := 0
	err := r.Store.ChangeClock(ctx, tenant, func(c *store.TenantClock) {
		change(c)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.clocks[tenant] = append(r.clocks[tenant], *c)
		n = len(r.clocks[tenant])
	})
	if err == nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.set[tenant] = max(r.set[tenant], n)
	}
	return err
}

// stood reports whether a clock that was attempted had stood still.
func (r *recorder) stood() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, all := range r.clocks {
		if slices.ContainsFunc(all, func(c store.TenantClock) bool { return c.Stood > 0 }) {
			return true
		}
	}
	return false
}

// clocksSet returns how many clocks of each tenant were attempted when one was acknowledged, the last time.
func (r *recorder) clocksSet() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.set)
}

func (r *recorder) Crystallize(ctx context.Context, tenant string, now time.Time, change func(sigil.Pattern, *sigil.Crystal) (*sigil.Crystal, *sigil.Event)) error {
	g := &group{}
	err := r.Store.Crystallize(ctx, tenant, now, func(p sigil.Pattern, old *sigil.Crystal) (*sigil.Crystal, *sigil.Event) {
		c, e := change(p, old)
		if e != nil {
			r.add(g, e)
		}
		return c, e
	})
	r.answered(g, g.all(), err, false)
	return err
}

func (r *recorder) Register(ctx context.Context, s sigil.Signature, limit int, event sigil.Event) (sigil.Signature, bool, error) {
	g := &group{}
	key := sigil.Key{Tenant: s.Tenant, ID: s.ID}
	r.add(g, &event)
	r.mu.Lock()
	r.signatures[key] = append(r.signatures[key], s)
	r.mu.Unlock()
	kept, added, err := r.Store.Register(ctx, s, limit, event)
	r.answered(g, []sigil.Event{event}, err, errors.Is(err, sigil.ErrFull) || err == nil && !added) // without its position, which only the journal has
	return kept, added, err
}

func (r *recorder) Revoke(ctx context.Context, tenant string, body sigil.Hash, id sigil.ID, change func(*sigil.Signature) *sigil.Event) ([]sigil.Signature, error) {
	g := &group{}
	found, err := r.Store.Revoke(ctx, tenant, body, id, func(s *sigil.Signature) *sigil.Event {
		e := change(s)
		if e != nil {
			r.add(g, e)
			key := sigil.Key{Tenant: tenant, ID: s.ID}
			r.mu.Lock()
			if r.reasons[key] == nil {
				r.reasons[key] = map[string]bool{}
			}
			r.reasons[key][s.Reason] = true
			r.mu.Unlock()
		}
		return e
	})
	r.answered(g, g.all(), err, false)
	return found, err
}

func (r *recorder) PruneAnswers(ctx context.Context, now time.Time, limit int) (int, error) {
	r.mu.Lock()
	if now.After(r.pruned) {
		r.pruned = now
	}
	r.mu.Unlock()
	return r.Store.PruneAnswers(ctx, now, limit)
}

// acknowledged returns the number of acknowledged events.
func (r *recorder) acknowledged() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.acked)
}

// journaled returns the number of acknowledged events of each kind.
func (r *recorder) journaled() map[sigil.EventKind]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := map[sigil.EventKind]int{}
	for i := range r.acked {
		n[r.acked[i].Kind]++
	}
	return n
}

// name identifies an event, also by its time: a failed change may be attempted again.
func name(e *sigil.Event) string {
	n := fmt.Sprintf("%s %s %d", e.Kind, e.Memory.Key, e.Time.UnixMilli())
	if e.Kind.Removes() { // at the same time, it may have been restored and removed again
		n += fmt.Sprint(" ", e.Memory.LastAccessed.UnixMilli())
	}
	if e.Kind == sigil.Tagged { // two callers at the same time may have reinforced it
		n += fmt.Sprint(" ", e.Memory.AccessCount)
	}
	if e.Kind == sigil.Changed { // two callers at the same time may have changed it
		n += fmt.Sprint(" ", e.Memory.TTL)
	}
	if e.Policies != nil {
		n += fmt.Sprintf(" %v %v", e.Policies.From, e.Policies.To)
	}
	if e.Signature != nil {
		n += " " + e.Signature.ID.String()
	}
	if e.Memory.Policy == nil && e.Crystal != nil {
		n += " " + e.Crystal.ID()
	}
	return n
}
