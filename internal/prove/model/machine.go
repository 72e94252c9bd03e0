package model

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
)

// Driver is a driver with the one disk that a history of the machine uses.
type Driver interface {
	// Open opens the store on the disk, and creates it if there is none. It keeps removed memories. The machine closes it.
	Open() (store.Store, error)
	// Settle lets a second pass for the store: after it, every refresh that was answered before is durable.
	Settle()
	// Crash cuts the power while s is open. What was durable is on the disk; of the rest, each part is kept
	// with a probability of kept percent, drawn from seed. Nothing that s does afterwards reaches the disk.
	Crash(s store.Store, kept int, seed uint64) error
	// Check compares the content of s in memory with that on disk. A driver that has nothing in memory returns
	// nil.
	Check(ctx context.Context, s store.Store) error
}

// machine is one history: an engine on a driver's store, and the model of what the store should contain. The
// rules of this package (machine_rules.go) change the model. They were written from the specification and
// share no code with the engine's rules; only the ids are the engine's.
//
// The clock stands still during a step, so that each answer is known to the millisecond.
type machine struct {
	t      *rapid.T
	driver Driver
	store  store.Store
	engine *engine.Engine // on store, through interrupted
	model  *storetest.Model
	// between, if not nil, runs once in the next sweep, between the query for due memories and their release.
	between func()

	clock time.Time // the time that the engine reads
	now   time.Time // what the engine's time should be: the clock's, except that it never runs back
	rules rules
	// signatures is the limit of a tenant's signatures in this process; 0 is the default.
	signatures int

	// keys has the keys of all memories that were ever kept, oldest first.
	keys []sigil.Key
	// refreshed has, by memory, the figures that a power cut may leave other than the present ones: a refresh
	// is durable only a second later, so these are the figures before it.
	refreshed map[sigil.Key][]sigil.Meta
	ledger    ledger
	steps     int
}

// tenants are the tenants of a machine.
var tenants = []string{"public", "ann", "b.o_b-1"}

// all is a limit that is never reached.
const all = 1_000_000

// begin is the time at which a machine starts.
var begin = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Machine runs one random history on d, which must be empty, and fails t if anything deviates from the
// specification. step, which may be nil, is called for every step.
func Machine(t *rapid.T, d Driver, step func()) {
	m := &machine{
		t: t, driver: d, model: storetest.NewUndoModel(), clock: begin, now: begin,
		rules: rules{policy: laws[0].policy, undo: undos[0]}, refreshed: map[sigil.Key][]sigil.Meta{}, ledger: newLedger(),
	}
	m.open()
	defer func() { m.ok("close", m.store.Close()) }()
	actions := map[string]func(*rapid.T){}
	for name, act := range m.actions() {
		actions[name] = func(t *rapid.T) {
			m.t = t
			if step != nil {
				step()
			}
			act()
			if m.steps++; m.steps%10 == 0 {
				m.compare()
			}
			m.check()
		}
	}
	t.Repeat(actions)
	m.restart() // after any history, a restart must change nothing
}

// actions are the steps of a history. Frequent ones have several names.
func (m *machine) actions() map[string]func() {
	return map[string]func(){
		"encode": m.encode, "encode again": m.encode, "encode more": m.encode, "encode a batch": m.encodeBatch,
		"recall": m.recall, "recall again": m.recall, "peek": m.peek, "forget": m.forget, "restore": m.restore, "erase": m.erase, "erase more": m.eraseMany, "correct": m.correct, "correct again": m.correct, "history": m.history, "removed": m.removed, "pin": m.pin, "unpin": m.unpin, "change": m.change,
		"list": m.list, "search": m.search, "search again": m.search, "related": m.related, "crystals": m.crystals, "stats": m.stats,
		"sweep": m.sweep, "crystallize": m.crystallize, "configure": m.configure,
		"set a policy": m.setPolicy, "try a policy": m.tryPolicy, "restamp": m.restamp, "restamp again": m.restamp,
		"advance": m.advance, "advance again": m.advance, "turn the clock back": m.turnBack,
		"restart": m.restart, "crash": m.crash,
		"register": m.register, "register again": m.register, "revoke": m.revoke, "list signatures": m.listSignatures,
	}
}

func (m *machine) open() {
	s, err := m.driver.Open()
	m.ok("open", err)
	m.store = s
	m.searchable()
	m.signatures = rapid.SampledFrom(signatureLimits).Draw(m.t, "limit of signatures")
	m.clock = m.now // the engine's time belongs to its process: a new engine reads the clock again
	m.engine = engine.New(interrupted{s, m}, &engine.Options{
		Clock: func() time.Time { return m.clock }, Settings: m.rules.settings(), Limits: engine.Limits{Signatures: m.signatures},
	})
}

// interrupted is the machine's store. Its Due runs between before it returns.
type interrupted struct {
	store.Store
	m *machine
}

func (i interrupted) Due(ctx context.Context, now time.Time, limit int) ([]sigil.Key, error) {
	due, err := i.Store.Due(ctx, now, limit)
	if do := i.m.between; do != nil {
		i.m.between = nil
		do()
	}
	return due, err
}

// restart closes and opens the store: everything is unchanged, including refreshes.
func (m *machine) restart() {
	old := m.engine
	m.ok("close", m.store.Close())
	m.ok("close again", m.store.Close())
	_, err := old.Stats(m.ctx(), tenants[0])
	m.fails("stats of a closed store", err, &sigil.Error{Kind: sigil.ErrClosed, Code: "closed"})
	m.open()
	clear(m.refreshed)
	m.compare()
}

// crash cuts the power: only answered refreshes of the last second may be lost, and nothing may be added.
func (m *machine) crash() {
	kept := rapid.SampledFrom([]int{0, 100, 50, 10, 90}).Draw(m.t, "kept of the unsynced, %")
	seed := rapid.Uint64().Draw(m.t, "seed of the cut")
	m.ok("crash", m.driver.Crash(m.store, kept, seed))
	m.open()
	for key, before := range m.refreshed {
		found, err := look(m.ctx(), m.store, key)
		want, wantErr := look(m.ctx(), m.model, key)
		if errors.Is(wantErr, sigil.ErrNotFound) {
			m.fails("a removed memory after the crash", err, wantErr)
			continue
		}
		m.ok("a refreshed memory after the crash", err)
		if found == want {
			continue
		}
		if !slices.Contains(before, found) {
			m.t.Fatalf("after the crash %v is %#v; it was never so, or has been otherwise for more than a second: want %#v", key, found, want)
		}
		m.model.Revert(found)
	}
	clear(m.refreshed)
	m.compare()
}

// check compares everything visible with the model, the journal and the disk.
func (m *machine) check() {
	m.t.Helper()
	m.ledger.read(m.t, m.news())
	due, err := m.store.Due(m.ctx(), m.now, all)
	m.ok("due", err)
	want, err := m.model.Due(m.ctx(), m.now, all)
	m.ok("the model's due", err)
	slices.SortFunc(due, compareKeys)
	slices.SortFunc(want, compareKeys)
	storetest.Equal(m.t, "due", due, want)

	// The memories that follow from the journal, read from its first entry on, must be those that exist, live
	// or hidden and not swept.
	there := due
	for _, tenant := range tenants {
		live := m.live(m.store, tenant)
		storetest.Equal(m.t, tenant, live, m.live(m.model, tenant))
		for i := range live {
			there = append(there, live[i].Key)
		}
	}
	slices.SortFunc(there, compareKeys)
	told := slices.SortedFunc(maps.Keys(m.ledger.memories), compareKeys)
	storetest.Equal(m.t, "memories that the journal tells of", told, there)
	m.checkSignatures()
	m.checkPolicies()
	m.ok("check of memory against disk", m.driver.Check(m.ctx(), m.store))
	if m.t.Failed() {
		m.t.Fatalf("the life ends at its first difference")
	}
}

// compare reads everything in every possible way.
func (m *machine) compare() {
	m.t.Helper()
	storetest.Compare(m.t, m.store, m.model, tenants, m.now)
	m.check()
}

// news returns the journal entries of all tenants since the ledger last read it, in order.
func (m *machine) news() []sigil.Event {
	m.t.Helper()
	var news []sigil.Event
	for _, tenant := range tenants {
		for after := m.ledger.position; ; {
			page, err := m.engine.Events(m.ctx(), tenant, after, 1000)
			m.ok("events", err)
			if len(page) == 0 {
				break
			}
			news = append(news, page...)
			after = page[len(page)-1].Position
		}
	}
	slices.SortFunc(news, func(a, b sigil.Event) int { return cmp.Compare(a.Position, b.Position) })
	return news
}

// live returns a tenant's live memories, newest first.
func (m *machine) live(s store.Store, tenant string) []sigil.Memory {
	m.t.Helper()
	all, more, err := s.List(m.ctx(), store.Query{Tenant: tenant, Now: m.now, Limit: all})
	m.ok("list", err)
	if more {
		m.t.Fatalf("list: more after the last memory of %s", tenant)
	}
	return all
}

func (m *machine) ctx() context.Context { return m.t.Context() }

func (m *machine) ok(what string, err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatalf("%s: %v", what, err)
	}
}

// fails asserts that err has the kind, code and field of want, or is nil if want is nil.
func (m *machine) fails(what string, err, want error) {
	m.t.Helper()
	if want == nil {
		m.ok(what, err)
		return
	}
	var g, w *sigil.Error
	if !errors.As(want, &w) {
		m.t.Fatalf("%s: the model failed: %v", what, want)
	}
	if !errors.As(err, &g) || g.Kind != w.Kind || g.Code != w.Code || g.Field != w.Field { //nolint:errorlint // the kinds are values
		m.t.Fatalf("%s: got error %v, want %v", what, err, want)
	}
}

// look returns the figures of a memory, due or not, and changes nothing.
func look(ctx context.Context, s store.Store, key sigil.Key) (found sigil.Meta, err error) {
	seen := errors.New("seen")
	_, err = s.Update(ctx, key, func(m *sigil.Meta) (*sigil.Event, error) {
		found = *m
		return nil, seen
	})
	if errors.Is(err, seen) {
		err = nil
	}
	return found, err
}

func compareKeys(a, b sigil.Key) int {
	return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), bytes.Compare(a.ID[:], b.ID[:]))
}
