package pebblestore_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
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
		tags: map[string][][]string{},
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

// check checks a store after a crash at which acked events had been acknowledged: these exist, nothing exists
// that was not attempted, no group exists in part, a search finds what exists and nothing else, and the store is consistent.
func (r *recorder) check(s *pebblestore.Store, acked int) error {
	var problems []error
	wrong := func(format string, args ...any) {
		if len(problems) < 5 { // one is usually enough
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	found, err := s.Check()
	if err = errors.Join(err, s.CheckIndex()); err != nil {
		wrong("%w", err)
	}
	for _, p := range found.Problems {
		wrong("%s", p)
	}
	ctx := context.Background()
	recovered := map[uint64]sigil.Event{}
	kept := map[string]sigil.Event{} // by name
	memories := map[sigil.Key]sigil.Memory{}
	var signatures []sigil.Signature
	last := map[sigil.Key]sigil.Event{} // by memory
	amended := map[sigil.Key]string{}   // the name of the last event with which it was amended
	restorable := map[sigil.Key]store.Removed{}
	for _, tenant := range owners {
		events, err := s.Events(ctx, tenant, 0, 1_000_000)
		if err != nil {
			wrong("events: %w", err)
		}
		var policy sigil.Policy
		for _, e := range events {
			switch e.Kind {
			case sigil.Tagged, sigil.Changed:
				amended[e.Memory.Key] = name(&e)
			case sigil.PolicySet:
				policy = e.Policies.To
			}
			recovered[e.Position] = e
			last[e.Memory.Key] = e
			e.Position, e.Hash = 0, sigil.Hash{}
			kept[name(&e)] = e
		}
		if got := s.PolicyOf(tenant); got != policy {
			wrong("the policy of %s is %v, and in the journal %v", tenant, got, policy)
		}
		page, _, err := s.List(ctx, store.Query{Tenant: tenant, Limit: 1_000_000}) // nothing is due at the zero time
		if err != nil {
			wrong("list: %w", err)
		}
		for _, m := range page {
			memories[m.Key] = m
		}
		removed, _, err := s.Removed(ctx, store.RemovedQuery{Tenant: tenant, Limit: 1_000_000})
		if err != nil {
			wrong("removed: %w", err)
		}
		for _, m := range removed {
			restorable[m.Memory.Key] = m
		}
		superseded, err := s.AllSuperseded(ctx, tenant, sigil.ID{}, 1_000_000)
		if err != nil {
			wrong("superseded: %w", err)
		}
		for _, m := range superseded {
			if restorable[m.Memory.Key], err = s.Superseded(ctx, m.Memory.Key, false); err != nil {
				wrong("superseded %s: %w", m.Memory.Key, err)
			}
		}
		registered, _, err := s.Signatures(ctx, store.SignatureQuery{Tenant: tenant, Limit: 1_000_000})
		if err != nil {
			wrong("signatures: %w", err)
		}
		signatures = append(signatures, registered...)
	}

	r.mu.Lock()
	defer r.mu.Unlock()
	for n, e := range kept {
		if wasErased(&e, last) {
			wrong("%s is there, and was erased", n)
		}
	}
	for _, e := range r.acked[:acked] {
		if wasErased(&e, last) {
			continue
		}
		there := recovered[e.Position]
		if e.Position == 0 {
			there = kept[name(&e)]
		}
		if !reflect.DeepEqual(there, e) {
			wrong("acknowledged: %+v; there is: %+v", e, there)
		}
	}
	attempted := map[string]bool{}
	for g := range r.groups {
		there, gone := 0, 0
		for i := range g.events {
			n := name(&g.events[i])
			attempted[n] = true
			if wasErased(&g.events[i], last) {
				gone++
			} else if e, ok := kept[n]; ok {
				there++
				if !reflect.DeepEqual(e, g.events[i]) {
					wrong("attempted: %+v; there is: %+v", g.events[i], e)
				}
			}
		}
		if there != 0 && there+gone != len(g.events) {
			wrong("torn: %d of %d events: %v", there, len(g.events), g.events)
		}
	}
	for n := range kept {
		if !attempted[n] {
			wrong("%s was not attempted", n)
		}
	}
	for key, m := range memories {
		was, ok := r.memories[key]
		if !ok {
			wrong("%s was not attempted", key)
		}
		if m.AccessCount > r.recalls[key] {
			wrong("%s was recalled %d times and says %d", key, r.recalls[key], m.AccessCount)
		}
		r.checkTags(&m, was.Tags, amended, wrong)
		was.Meta, was.Tags = m.Meta, m.Tags // that is what check compares with the journal
		unlink(&was, last)
		if !reflect.DeepEqual(m, was) {
			wrong("%s holds %+v and was %+v", key, m, was)
		}
	}
	r.checkRemoved(restorable, last, wrong)
	r.checkSignatures(signatures, kept, wrong)
	r.checkSearch(s, memories, wrong)
	lastAnswers := map[string]answered{} // by tenant and key, of inserted items
	dropped := map[string]bool{}         // the key had an answer that was erased
	for _, a := range r.answers {
		encoded := sigil.Event{Kind: sigil.Encoded, Time: a.memory.CreatedAt, Memory: a.memory}
		id := a.tenant + " " + a.key
		dropped[id] = dropped[id] || wasErased(&encoded, last)
		if _, inserted := kept[name(&encoded)]; inserted && a.ends.After(lastAnswers[id].ends) {
			lastAnswers[id] = a
		}
	}
	for id, a := range lastAnswers {
		if dropped[id] {
			continue
		}
		got, ok, err := s.Answer(a.tenant, a.key)
		if err != nil || a.ends.After(r.pruned) && (!ok || got.Memory != a.memory) {
			wrong("the answer under %s is %+v (%w) and should be %+v", a.key, got.Memory, err, a.memory)
		}
	}
	return errors.Join(problems...)
}

// checkRemoved checks that what can be restored, or is superseded, is what the last entry of the journal about a memory removed, with its content,
// and that nothing of that is missing which was not purged.
//
// +checklocks:r.mu
func (r *recorder) checkRemoved(there map[sigil.Key]store.Removed, last map[sigil.Key]sigil.Event, wrong func(format string, args ...any)) {
	for key, e := range last {
		newest := e // of its chain, whose fate it has
		for newest.Kind == sigil.Corrected {
			newest = last[sigil.Key{Tenant: key.Tenant, ID: newest.SupersededBy}]
		}
		gone := newest.Kind.Removes() && newest.Time.Before(r.purged)
		if _, ok := there[key]; store.KeepsRemoved(e.Kind) && !ok && !gone {
			wrong("%s was %s and cannot be restored", key, e.Kind)
		}
	}
	for key, m := range there {
		e, was := last[key], r.memories[key]
		was.Meta, was.Tags = e.Memory, m.Memory.Tags
		unlink(&was, last)
		if m.Removal != store.RemovalOf(&e) || !reflect.DeepEqual(m.Memory, was) {
			wrong("%s can be restored as %+v and was %+v, by %+v", key, m, was, e)
		}
	}
}

// wasErased reports whether the memory of e was erased after it.
func wasErased(e *sigil.Event, last map[sigil.Key]sigil.Event) bool {
	return e.Kind != sigil.Erased && last[e.Memory.Key].Kind == sigil.Erased
}

// unlink leaves out what m supersedes if that was erased since.
func unlink(m *sigil.Memory, last map[sigil.Key]sigil.Event) {
	if last[sigil.Key{Tenant: m.Tenant, ID: m.Supersedes}].Kind == sigil.Erased {
		m.Supersedes = sigil.ID{}
	}
}

// checkSignatures compares the signatures that are there with the journal, by name of its entries, and with what was
// attempted.
//
// +checklocks:r.mu
func (r *recorder) checkSignatures(there []sigil.Signature, journal map[string]sigil.Event, wrong func(format string, args ...any)) {
	entries := 0
	for _, s := range there {
		key := sigil.Key{Tenant: s.Tenant, ID: s.ID}
		of := sigil.Event{Kind: sigil.Signed, Time: s.RegisteredAt, Memory: sigil.Meta{Key: sigil.Key{Tenant: s.Tenant}}, Signature: &s.SignatureRef}
		entries++
		if _, ok := journal[name(&of)]; !ok {
			wrong("signature %s was registered at %v, which the journal does not have", key, s.RegisteredAt)
		}
		if !s.RevokedAt.IsZero() {
			of.Kind, of.Time = sigil.Revoked, s.RevokedAt
			entries++
			if _, ok := journal[name(&of)]; !ok || !r.reasons[key][s.Reason] {
				wrong("signature %s was revoked at %v (%s), which the journal does not have, or nobody asked for", key, s.RevokedAt, s.Reason)
			}
		}
		s.RevokedAt, s.Reason = time.Time{}, ""
		if !slices.ContainsFunc(r.signatures[key], func(attempted sigil.Signature) bool { return reflect.DeepEqual(attempted, s) }) {
			wrong("signature %s was not attempted: %+v", key, s)
		}
	}
	for _, e := range journal {
		if e.Signature != nil {
			entries--
		}
	}
	if entries != 0 {
		wrong("the signatures that are there have %d entries more than the journal", entries)
	}
}

// checkTags checks that m has the tags that it got: those of its encode, or those that it had after the last event with which it was amended.
//
// +checklocks:r.mu
func (r *recorder) checkTags(m *sigil.Memory, first []string, amended map[sigil.Key]string, wrong func(format string, args ...any)) {
	attempted := [][]string{first}
	if last, ok := amended[m.Key]; ok {
		attempted = r.tags[last]
	}
	if !slices.ContainsFunc(attempted, func(tags []string) bool { return slices.Equal(tags, m.Tags) }) {
		wrong("%s has the tags %v, and the journal has it get %v", m.Key, m.Tags, attempted)
	}
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
