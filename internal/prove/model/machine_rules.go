package model

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
)

// rules are the settings in force, and what follows from them by the specification. Lifetimes and deadlines
// are computed here independently; potentials and frequencies come from the root package, where golden
// figures check them.
type rules struct {
	policy sigil.Policy
	quota  store.Quota
	undo   engine.Undo
	notice time.Duration
}

func (r *rules) settings() engine.Settings {
	return engine.Settings{Policy: r.policy, Quota: r.quota, Undo: r.undo, Notice: r.notice}
}

// law is a policy and what follows from it by spec 2, of a memory without a stretch.
type law struct {
	policy    sigil.Policy
	lifetime  time.Duration // as in deadlines: rounded up to a millisecond
	seconds   float64       // the lifetime as it is
	threshold float64
	decay     func(idle float64) float64
	grace     time.Duration
}

// laws are the policies that a history may use.
var laws = []law{
	classic(0.001, 5, 0.95, 95*time.Second),
	classic(0.04, 2, 0.8, 8*time.Second), // 0.04 · 8 · (8+2) / (2·2) = 0.8
	halfLife(10, 0.75, 20*time.Second),   // a quarter is left after two half-lives
	halfLife(7, 0.95, 30254*time.Millisecond),
	halfLife(3600, 0.5, time.Hour),
	graced(classic(0.04, 2, 0.8, 8*time.Second), 15*time.Second),
}

func classic(rate, period, threshold float64, lifetime time.Duration) law {
	p, err := sigil.NewClassic(rate, time.Duration(period*float64(time.Second)), threshold)
	if err != nil {
		panic(err)
	}
	return law{
		policy: p, lifetime: lifetime, seconds: lifetime.Seconds(), threshold: threshold,
		decay: func(t float64) float64 { return math.Min(1, rate*t*(t+period)/(2*period)) },
	}
}

func halfLife(half, threshold float64, lifetime time.Duration) law {
	p, err := sigil.NewHalfLife(time.Duration(half*float64(time.Second)), threshold)
	if err != nil {
		panic(err)
	}
	return law{
		policy: p, lifetime: lifetime, seconds: -half * math.Log2(1-threshold), threshold: threshold,
		decay: func(t float64) float64 { return 1 - math.Pow(2, -t/half) },
	}
}

// graced returns l with a grace, before which no memory fades.
func graced(l law, grace time.Duration) law {
	p, err := sigil.NewBounded(l.policy, grace, 0)
	if err != nil {
		panic(err)
	}
	l.policy, l.grace, l.lifetime = p, grace, max(l.lifetime, grace)
	return l
}

func lawOf(p sigil.Policy) *law {
	for i := range laws {
		if laws[i].policy == p {
			return &laws[i]
		}
	}
	return nil
}

// untouched returns how long m lives untouched, by its policy and its stretch.
func untouched(m *sigil.Meta) time.Duration {
	l := lawOf(m.Policy)
	if m.Stretch == 0 {
		return l.lifetime
	}
	stretched := math.Ceil(l.seconds*1000*m.Stretch - 1e-3) // rounded up, but for an error of rounding
	return max(time.Duration(math.Max(stretched, 1))*time.Millisecond, l.grace)
}

// decay returns m's decay at now: it reaches the threshold with the deadline, and not before.
func decay(m *sigil.Meta, now time.Time) float64 {
	l, idle := lawOf(m.Policy), now.Sub(m.LastAccessed)
	stretch := m.Stretch
	if stretch == 0 {
		stretch = 1
	}
	at := l.decay(time.Duration(math.Max(0, float64(idle)/stretch)).Seconds()) // in whole nanoseconds
	if idle < untouched(m) {
		return math.Min(at, l.threshold)
	}
	return math.Max(at, l.threshold)
}

// keeps reports whether m is pinned or crystallized, and so does not fade.
func keeps(m *sigil.Meta) bool { return m.Pinned || m.Potential > 0.9 }

// end returns the hard end of m, or zero if there is none.
func end(m *sigil.Meta) time.Time {
	if m.TTL == 0 {
		return time.Time{}
	}
	return m.CreatedAt.Add(m.TTL)
}

// fadesAt returns m's deadline, or zero if there is none. A ttl has precedence over everything; pinned and
// crystallized have precedence over decay.
func fadesAt(m *sigil.Meta) time.Time {
	var at time.Time
	if !keeps(m) {
		at = m.LastAccessed.Add(untouched(m))
	}
	if e := end(m); !e.IsZero() && (at.IsZero() || e.Before(at)) {
		at = e
	}
	return at
}

// reschedule sets the deadline that follows from the other figures of m. A notice of another one does not count any more.
func reschedule(m *sigil.Meta) {
	at := fadesAt(m)
	m.Noticed, m.FadesAt = m.Noticed && at.Equal(m.FadesAt), at
}

// near reports whether a sweep at now, with notices of a span, writes one of m.
func near(m *sigil.Meta, now time.Time, span time.Duration) bool {
	at := fadesAt(m)
	return !m.Noticed && !at.IsZero() && at.After(now) && !at.After(now.Add(span))
}

// reached reports whether m is past its deadline at now.
func reached(m *sigil.Meta, now time.Time) bool {
	at := fadesAt(m)
	return !at.IsZero() && !now.Before(at)
}

// reason returns the reason for which m ends at its deadline.
func reason(m *sigil.Meta) string {
	if e := end(m); !e.IsZero() && fadesAt(m).Equal(e) {
		return "ttl"
	}
	return "decay"
}

// asked is a draft with the expected result of its encode.
type asked struct {
	draft     sigil.Draft
	kept      string // the data as it is stored
	canonical string // and in canonical form
	wrong     error  // the error that an encode must return; nil if it must succeed
	corrects  sigil.ID
}

// item returns what an encode of a should store.
func (m *machine) item(a *asked, key sigil.Key, old *sigil.Memory) store.Item {
	now := m.now
	state := sigil.State{Phi: 0.5, Coherence: 0.5, Awareness: 0.5, EmotionalResonance: 0.5}
	if a.draft.State != nil {
		state = *a.draft.State
	}
	hash := sigil.Hash(sha256.Sum256([]byte(a.canonical)))
	ttl := time.Duration(math.Ceil(a.draft.TTL.Seconds()*1000)) * time.Millisecond
	memory := sigil.Memory{
		Meta: sigil.Meta{
			Key: key, Frequency: hash.Frequency(), Potential: state.Potential(), Size: len(a.kept), CreatedAt: now, LastAccessed: now,
			TTL: ttl, Pinned: a.draft.Pinned, Policy: a.draft.Policy, OwnPolicy: a.draft.Policy != nil,
		},
		Hash: hash, State: state, Tags: a.draft.Tags, Data: []byte(a.kept),
	}
	if old != nil {
		inherit(&memory, a, old)
	}
	memory.Policy = m.policyFor(&memory.Meta)
	memory.Stretch = stretch(memory.Policy, a.draft.Life)
	if old != nil && a.draft.Life == 0 && a.draft.Policy == nil {
		memory.Stretch = old.Stretch
	}
	memory.Crystallized = memory.Potential > 0.9
	memory.FadesAt = fadesAt(&memory.Meta)
	item := store.Item{Memory: memory, Events: []sigil.Event{{Time: now, Kind: "encoded", Reason: "request", Memory: memory.Meta}}}
	if memory.Crystallized {
		crystal := crystalOf(&memory.Meta)
		item.Events = append(item.Events, sigil.Event{Time: now, Kind: "crystallized", Reason: "potential", Memory: memory.Meta, Crystal: &crystal})
	}
	item.OnDuplicate = a.draft.OnDuplicate
	if key := a.draft.IdempotencyKey; key != "" {
		choice := ""
		if item.OnDuplicate.Unique() {
			choice = string(item.OnDuplicate)
		}
		print := sha256.Sum256(fmt.Appendf(nil, "%q %v %q %v %v %v %v %v %v", a.kept, state, a.draft.Tags, ttl, a.draft.Pinned, choice, a.draft.Life, a.draft.Policy, a.corrects))
		item.Idempotency = store.Idempotency{Key: key, Fingerprint: print, Ends: now.Add(24 * time.Hour)}
	}
	return item
}

// crystalOf returns the crystal of a memory.
func crystalOf(m *sigil.Meta) sigil.Crystal {
	return sigil.Crystal{
		Tenant: m.Tenant, Kind: "memory", Memory: m.ID, Pattern: int(math.Floor(m.Frequency.Value() * 100)), Members: 1,
		CreatedAt: m.CreatedAt, UpdatedAt: m.CreatedAt, Stability: m.Potential, Frequency: m.Frequency.Value(),
	}
}

// encodeModel makes the change to the model that an encode of several drafts should make, and returns the
// expected results: together if possible, otherwise one by one as far as possible. keys are the keys of the
// new memories.
func (m *machine) encodeModel(tenant string, drafts []asked, keys []sigil.Key) []engine.Result {
	m.t.Helper()
	results := make([]engine.Result, len(drafts))
	var items []store.Item
	var places []int
	seen, repeated := map[string]bool{}, false
	for i := range drafts {
		if results[i].Err = drafts[i].wrong; results[i].Err != nil {
			continue
		}
		item := m.item(&drafts[i], keys[i], nil)
		items, places = append(items, item), append(places, i)
		key := item.Idempotency.Key
		repeated = repeated || key != "" && seen[key]
		seen[key] = true
	}
	if len(items) == 0 || !repeated && m.insert(tenant, items, places, results) == nil {
		return results
	}
	for i := range items {
		if err := m.insert(tenant, items[i:i+1], places[i:i+1], results); err != nil {
			results[places[i]] = engine.Result{Err: err}
		}
	}
	return results
}

// insert inserts items into the model, all or none, except for those that were answered before under their
// idempotency keys, and those with a duplicate that are not to be stored; the answers go into their places in results.
func (m *machine) insert(tenant string, items []store.Item, places []int, results []engine.Result) error {
	m.t.Helper()
	type waiting struct {
		item  store.Item
		place int
		of    sigil.ID
	}
	var first []store.Item
	var places1 []int
	var later []waiting
	for i := range items {
		if clashes(&items[i], first) {
			later = append(later, waiting{item: items[i], place: places[i]})
		} else {
			first, places1 = append(first, items[i]), append(places1, places[i])
		}
	}
	for len(first) > 0 {
		inserted, err := m.model.Insert(m.ctx(), tenant, first, m.rules.quota, m.evicted)
		if err != nil {
			if !errors.Is(err, sigil.ErrFull) && !errors.Is(err, sigil.ErrNotFound) {
				m.t.Fatalf("the model's insert: %v", err)
			}
			return err
		}
		refused := inserted.Refused(first)
		var rest []store.Item
		var restPlaces []int
		for i, item := range first {
			answer, found := inserted.Answers[i]
			of := inserted.Duplicates[i]
			switch {
			case found:
				results[places1[i]] = answered(&item, &answer)
			case !refused:
				results[places1[i]] = engine.Result{Memory: item.Memory}
				results[places1[i]].Memory.DuplicateOf = of
			case item.OnDuplicate.Unique() && of != (sigil.ID{}):
				later = append(later, waiting{item, places1[i], of})
			default:
				rest, restPlaces = append(rest, item), append(restPlaces, places1[i])
			}
		}
		first, places1 = rest, restPlaces
	}
	slices.SortFunc(later, func(a, b waiting) int { return a.place - b.place })
	for _, w := range later {
		results[w.place] = m.late(tenant, &w.item, w.of)
	}
	return nil
}

// evicted returns the journal entry for an evicted memory.
func (m *machine) evicted(gone sigil.Meta, limit string) sigil.Event {
	if reached(&gone, m.now) {
		return sigil.Event{Time: m.now, Kind: "faded", Reason: reason(&gone), Memory: gone}
	}
	return sigil.Event{Time: m.now, Kind: "evicted", Reason: limit, Memory: gone}
}
