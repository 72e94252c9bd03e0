package engine_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
)

func (r *rig) correct(key sigil.Key, data string, change func(d *sigil.Draft)) sigil.Memory {
	r.t.Helper()
	m, err := r.Correct(r.ctx(), key, draft(data, change))
	r.ok("correct", err)
	return m
}

// versions returns the data of a chain, the newest first.
func (r *rig) versions(key sigil.Key) string {
	r.t.Helper()
	page, err := r.History(r.ctx(), key, engine.HistoryQuery{})
	r.ok("history", err)
	var all []string
	for _, v := range page.Versions {
		all = append(all, string(v.Memory.Data))
	}
	return strings.Join(all, " ")
}

// superseded asserts that an error names the memory that supersedes the one asked for.
func (r *rig) superseded(what string, err, kind error, by sigil.ID) {
	r.t.Helper()
	r.fails(what, err, kind, "superseded", "id")
	var known *sigil.Error
	if errors.As(err, &known) && known.SupersededBy != by {
		r.t.Errorf("%s: superseded by %s, want %s", what, known.SupersededBy, by)
	}
}

func TestCorrectTakesThePlaceOfAMemory(t *testing.T) {
	r := newRig(t, engine.Options{}) // nothing can be restored
	old := r.encode(`"tea at four"`, func(d *sigil.Draft) { d.Tags = []string{"a", "b"} })
	r.recall(old.Key)
	r.clock.set(time.Second)
	m := r.correct(old.Key, `"tea at five"`, nil)
	same(t, "supersedes", m.Supersedes, old.ID)
	same(t, "tags", strings.Join(m.Tags, " "), "a b")
	same(t, "recalls", m.AccessCount, 0)
	same(t, "created", m.CreatedAt, start.Add(time.Second))
	same(t, "live", r.live(), 1)
	got, err := r.Peek(r.ctx(), m.Key)
	r.ok("peek", err)
	same(t, "supersedes, read", got.Supersedes, old.ID)
	same(t, "journal", strings.Join(r.kinds(), ", "), "encoded request, corrected request, encoded request")
	e := r.events()[1]
	same(t, "memory", e.Memory.ID, old.ID)
	same(t, "recalls, journaled", e.Memory.AccessCount, 1)
	same(t, "by", e.SupersededBy, m.ID)

	none := r.correct(m.Key, `"tea at six"`, func(d *sigil.Draft) { d.Tags = []string{} })
	same(t, "tags, none asked for", len(none.Tags), 0)
	other := r.correct(none.Key, `"tea at seven"`, func(d *sigil.Draft) { d.Tags = []string{"c"} })
	same(t, "tags, others asked for", strings.Join(other.Tags, " "), "c")
}

// TestACorrectionLivesAsWhatItCorrects looks at what a draft does not say: it is as it was, so that a correction does not let a
// memory fade that was to stay.
func TestACorrectionLivesAsWhatItCorrects(t *testing.T) {
	r := newRig(t, engine.Options{})
	own, err := sigil.NewHalfLife(100*time.Hour, sigil.DefaultThreshold)
	r.ok("policy", err)
	strong := sigil.State{Phi: 1, Coherence: 1, Awareness: 1, EmotionalResonance: 1}
	old := r.encode(`"tea at four"`, func(d *sigil.Draft) {
		d.Pinned, d.TTL, d.Life, d.Policy, d.State = true, time.Hour, 365*24*time.Hour, own, &strong
	})
	r.recall(old.Key)
	r.clock.set(10 * time.Minute)
	m := r.correct(old.Key, `"tea at five"`, nil)
	same(t, "pinned", m.Pinned, true)
	same(t, "end", m.CreatedAt.Add(m.TTL), old.CreatedAt.Add(time.Hour))
	same(t, "lifetime", m.Lifetime(), 365*24*time.Hour)
	same(t, "policy", m.Policy.String(), own.String())
	same(t, "own policy", m.OwnPolicy, true)
	same(t, "potential", m.Potential, old.Potential)
	same(t, "crystallized", m.Crystallized, true)
	same(t, "recalls", m.AccessCount, 0)
	same(t, "idle since", m.LastAccessed, start.Add(10*time.Minute))
	got, err := r.Peek(r.ctx(), m.Key)
	r.ok("peek", err)
	same(t, "deadline, read", got.FadesAt, m.FadesAt)

	other, err := sigil.NewHalfLife(time.Hour, sigil.DefaultThreshold)
	r.ok("policy", err)
	weak := sigil.DefaultState()
	m = r.correct(m.Key, `"tea at six"`, func(d *sigil.Draft) { d.TTL, d.Policy, d.State = 2*time.Hour, other, &weak })
	same(t, "ttl, asked for", m.TTL, 2*time.Hour)
	same(t, "lifetime under the policy asked for", m.Lifetime(), sigil.LifetimeOf(other, 0))
	same(t, "potential, asked for", m.Potential, weak.Potential())
	m = r.correct(m.Key, `"tea at seven"`, func(d *sigil.Draft) { d.Life = time.Hour })
	same(t, "life, asked for", m.Lifetime(), time.Hour)
	same(t, "policy, kept", m.Policy.String(), other.String())
}

func TestEveryVerbOfASupersededMemoryNamesItsSuccessor(t *testing.T) {
	r := undo(t, store.Quota{}, store.Quota{})
	old := r.encode(`1`, nil)
	m := r.correct(old.Key, `2`, nil)
	_, err := r.Peek(r.ctx(), old.Key)
	r.superseded("peek", err, sigil.ErrGone, m.ID)
	_, err = r.Recall(r.ctx(), old.Key)
	r.superseded("recall", err, sigil.ErrGone, m.ID)
	results, err := r.RecallMany(r.ctx(), []sigil.Key{old.Key, m.Key})
	r.ok("recall many", err)
	r.superseded("recall many", results[0].Err, sigil.ErrGone, m.ID)
	r.ok("recall many", results[1].Err)
	_, err = r.Pin(r.ctx(), old.Key)
	r.superseded("pin", err, sigil.ErrGone, m.ID)
	_, err = r.Unpin(r.ctx(), old.Key)
	r.superseded("unpin", err, sigil.ErrGone, m.ID)
	_, err = r.Related(r.ctx(), old.Key, engine.RelatedQuery{})
	r.superseded("related", err, sigil.ErrGone, m.ID)
	_, err = r.Change(r.ctx(), old.Key, sigil.Change{Pinned: new(true)})
	r.superseded("change", err, sigil.ErrGone, m.ID)
	r.superseded("forget", r.Forget(r.ctx(), old.Key), sigil.ErrGone, m.ID)
	_, err = r.Correct(r.ctx(), old.Key, draft(`3`, nil))
	r.superseded("correct", err, sigil.ErrConflict, m.ID)
	_, err = r.Restore(r.ctx(), old.Key)
	r.superseded("restore", err, sigil.ErrConflict, m.ID)
	x, err := r.Explain(r.ctx(), old.Key)
	r.ok("explain", err)
	same(t, "live", x.Live, false)
	same(t, "last", x.History[1].SupersededBy, m.ID)
	_, err = r.Peek(r.ctx(), sigil.Key{Tenant: "other", ID: old.ID})
	r.fails("peek of another tenant", err, sigil.ErrNotFound, "not_found", "id")
}

func TestCorrectOfWhatIsNotThere(t *testing.T) {
	r := undo(t, store.Quota{}, store.Quota{})
	_, err := r.Correct(r.ctx(), sigil.Key{Tenant: sigil.DefaultTenant, ID: sigil.NewID(start)}, draft(`1`, nil))
	r.fails("unknown", err, sigil.ErrNotFound, "not_found", "id")
	gone, due := r.encode(`1`, nil), r.encode(`2`, nil)
	r.forget(gone.Key)
	_, err = r.Correct(r.ctx(), gone.Key, draft(`1`, nil))
	r.fails("forgotten", err, sigil.ErrNotFound, "not_found", "id")
	r.clock.set(time.Hour)
	_, err = r.Correct(r.ctx(), due.Key, draft(`1`, nil))
	r.fails("due", err, sigil.ErrNotFound, "not_found", "id")
	_, err = r.Correct(r.ctx(), due.Key, draft(`{`, nil))
	r.fails("no JSON", err, sigil.ErrInvalid, "invalid_json", "data")
	_, err = r.Correct(r.ctx(), sigil.Key{Tenant: "no tenant", ID: due.ID}, draft(`1`, nil))
	r.fails("tenant", err, sigil.ErrInvalid, "invalid_tenant", "tenant")
}

// fullFirst is a store that looks for room before it looks for what an item supersedes, and finds none.
type fullFirst struct{ store.Store }

func (fullFirst) Insert(context.Context, string, []store.Item, store.Quota, func(sigil.Meta, string) sigil.Event) (store.Inserted, error) {
	return store.Inserted{}, &sigil.Error{Kind: sigil.ErrFull, Code: "quota_full"}
}

func TestCorrectOfWhatIsNotThereSaysSoInAFullTenant(t *testing.T) {
	r := undo(t, store.Quota{}, store.Quota{})
	old := r.encode(`1`, nil)
	full := engine.New(fullFirst{r.store}, &engine.Options{Clock: r.clock.now})
	_, err := full.Correct(r.ctx(), old.Key, draft(`2`, nil))
	r.fails("correct", err, sigil.ErrFull, "quota_full", "")
	_, err = full.Correct(r.ctx(), sigil.Key{Tenant: old.Tenant, ID: sigil.ID{1}}, draft(`2`, nil))
	r.fails("of what is not there", err, sigil.ErrNotFound, "not_found", "id")
	m := r.correct(old.Key, `2`, nil)
	_, err = full.Correct(r.ctx(), old.Key, draft(`3`, nil))
	r.superseded("of a superseded one", err, sigil.ErrConflict, m.ID)
}

func TestCorrectWithContentThatIsThere(t *testing.T) {
	r := newRig(t, engine.Options{})
	old, other := r.encode(`1`, nil), r.encode(`2`, nil)
	for data, of := range map[string]sigil.ID{`1`: old.ID, `2`: other.ID} {
		_, err := r.Correct(r.ctx(), old.Key, draft(data, func(d *sigil.Draft) { d.OnDuplicate = sigil.Reject }))
		r.fails("reject", err, sigil.ErrConflict, "duplicate", "data")
		var known *sigil.Error
		if errors.As(err, &known) {
			same(t, "duplicate", known.Duplicate, of)
		}
	}
	_, err := r.Correct(r.ctx(), old.Key, draft(`2`, func(d *sigil.Draft) { d.OnDuplicate = sigil.Reinforce }))
	r.fails("reinforce", err, sigil.ErrInvalid, "invalid_on_duplicate", "onDuplicate")
	same(t, "live", r.live(), 2)
	m := r.correct(old.Key, `2`, nil)
	same(t, "duplicate", m.DuplicateOf, other.ID)
	m = r.correct(m.Key, `2`, nil)
	same(t, "duplicate", m.DuplicateOf, other.ID)
	m = r.correct(m.Key, `3`, func(d *sigil.Draft) { d.OnDuplicate = sigil.Reject })
	same(t, "duplicate", m.DuplicateOf, sigil.ID{})
	same(t, "live", r.live(), 2)
}

func TestCorrectAgainUnderItsKey(t *testing.T) {
	r := newRig(t, engine.Options{})
	strong := sigil.State{Phi: 1, Coherence: 1, Awareness: 1, EmotionalResonance: 1}
	old := r.encode(`1`, func(d *sigil.Draft) { d.Tags, d.State, d.Pinned = []string{"a"}, &strong, true })
	keyed := func(d *sigil.Draft) { d.IdempotencyKey = "k" }
	m := r.correct(old.Key, `2`, keyed)
	again := r.correct(old.Key, `2`, keyed)
	same(t, "again", again.ID, m.ID)
	same(t, "supersedes", again.Supersedes, old.ID)
	same(t, "tags", strings.Join(again.Tags, " "), "a")
	same(t, "state", again.State.Phi, 1)
	same(t, "pinned", again.Pinned, true)
	_, err := r.Correct(r.ctx(), m.Key, draft(`2`, keyed))
	r.fails("of another memory", err, sigil.ErrConflict, "idempotency_mismatch", "Idempotency-Key")
	_, err = r.Encode(r.ctx(), m.Tenant, draft(`2`, keyed))
	r.fails("of an encode", err, sigil.ErrConflict, "idempotency_mismatch", "Idempotency-Key")
	same(t, "live", r.live(), 1)
}

func TestHistoryHasTheChainOfAnyOfItsVersions(t *testing.T) {
	r := undo(t, store.Quota{}, store.Quota{})
	a := r.encode(`1`, nil)
	same(t, "alone", r.versions(a.Key), "1")
	b := r.correct(a.Key, `2`, nil)
	c := r.correct(b.Key, `3`, nil)
	for _, m := range []sigil.Memory{a, b, c} {
		same(t, "history", r.versions(m.Key), "3 2 1")
	}
	page, err := r.History(r.ctx(), a.Key, engine.HistoryQuery{NoData: true})
	r.ok("history", err)
	same(t, "newest", page.Versions[0].Superseded, nil)
	same(t, "by", page.Versions[1].Superseded.SupersededBy, c.ID)
	same(t, "by", page.Versions[2].Superseded.SupersededBy, b.ID)
	same(t, "supersedes", page.Versions[1].Memory.Supersedes, a.ID)
	same(t, "data", len(page.Versions[2].Memory.Data), 0)
	all := ""
	q := engine.HistoryQuery{Limit: 1}
	for {
		page, err := r.History(r.ctx(), b.Key, q)
		r.ok("history", err)
		same(t, "page", len(page.Versions), 1)
		all += string(page.Versions[0].Memory.Data)
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	same(t, "by pages", all, "321")
	_, err = r.History(r.ctx(), a.Key, engine.HistoryQuery{Cursor: "x"})
	r.fails("cursor", err, sigil.ErrInvalid, "invalid_cursor", "cursor")
	r.forget(c.Key)
	_, err = r.History(r.ctx(), a.Key, engine.HistoryQuery{})
	r.fails("forgotten", err, sigil.ErrNotFound, "not_found", "id")
	r.restore(c.Key)
	same(t, "restored", r.versions(a.Key), "3 2 1")
}

func TestACorrectionDropsTheOldestVersions(t *testing.T) {
	r := newRig(t, engine.Options{Limits: engine.Limits{Versions: 2}, Settings: engine.Settings{Undo: engine.Undo{Window: time.Hour}}})
	a := r.encode(`1`, nil)
	b := r.correct(a.Key, `2`, nil)
	c := r.correct(b.Key, `3`, nil)
	same(t, "history", r.versions(a.Key), "3 2 1")
	page, err := r.History(r.ctx(), c.Key, engine.HistoryQuery{Limit: 2})
	r.ok("history", err)
	d := r.correct(c.Key, `4`, func(d *sigil.Draft) { d.IdempotencyKey = "k" })
	same(t, "history", r.versions(b.Key), "4 3 2")
	_, err = r.Peek(r.ctx(), a.Key)
	r.fails("peek", err, sigil.ErrNotFound, "not_found", "id")
	page, err = r.History(r.ctx(), c.Key, engine.HistoryQuery{Cursor: page.Next})
	r.ok("history", err)
	same(t, "rest of the page", len(page.Versions), 0)
	again, err := r.Correct(r.ctx(), c.Key, draft(`4`, func(d *sigil.Draft) { d.IdempotencyKey = "k" }))
	r.ok("again", err)
	same(t, "again", again.ID, d.ID)
	r.forget(d.Key)
	r.restore(d.Key)
	same(t, "restored", r.versions(d.Key), "4 3 2")
	done, err := r.Erase(r.ctx(), d.Tenant, engine.EraseQuery{IDs: []sigil.ID{d.ID}})
	r.ok("erase", err)
	same(t, "erased", done.Counts.Memories+done.Counts.Removed, 3)
}

// reads counts what History asks a store for.
type reads struct {
	store.Store
	n int
}

func (s *reads) Chain(ctx context.Context, key sigil.Key) ([]sigil.ID, error) {
	s.n++
	return s.Store.Chain(ctx, key)
}

func (s *reads) Superseded(ctx context.Context, key sigil.Key, noData bool) (store.Removed, error) {
	s.n++
	return s.Store.Superseded(ctx, key, noData)
}

func TestAPageOfALongHistoryCostsWhatItHas(t *testing.T) {
	r := newRig(t, engine.Options{Limits: engine.Limits{Versions: 10_000}})
	const versions = 2_000
	m := r.encode(`0`, nil)
	first := m
	for range versions {
		m = r.correct(m.Key, `1`, nil)
	}
	counting := &reads{Store: r.store}
	e := engine.New(counting, &engine.Options{Clock: r.clock.now, Limits: r.Limits()})
	q, seen := engine.HistoryQuery{}, 0
	for {
		counting.n = 0
		page, err := e.History(r.ctx(), first.Key, q)
		r.ok("history", err)
		seen += len(page.Versions)
		if counting.n > 101 {
			t.Fatalf("a page after %d versions has %d reads", seen, counting.n)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	same(t, "versions", seen, versions+1)
}

func TestAChainEndsWithItsNewestMemory(t *testing.T) {
	for name, o := range map[string]engine.Undo{"with the undo window": {Window: time.Hour}, "without": {}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, engine.Options{Settings: engine.Settings{Undo: o}})
			old := r.encode(`1`, nil)
			m := r.correct(r.correct(old.Key, `2`, nil).Key, `3`, nil)
			r.clock.set(2 * time.Hour) // it is due since long
			s := r.sweep()
			same(t, "released", s.Released[sigil.ReasonDecay], 1)
			kept := 0
			if o.Window > 0 {
				kept = 2
			}
			all, err := r.store.AllSuperseded(r.ctx(), m.Tenant, sigil.ID{}, 10)
			r.ok("superseded", err)
			same(t, "superseded", len(all), kept)
			r.clock.set(4 * time.Hour)
			r.sweep()
			all, err = r.store.AllSuperseded(r.ctx(), m.Tenant, sigil.ID{}, 10)
			r.ok("superseded", err)
			same(t, "superseded, an hour later", len(all), 0)
			_, err = r.Peek(r.ctx(), old.Key)
			r.fails("peek", err, sigil.ErrNotFound, "not_found", "id")
		})
	}
}

func TestASpanOfTheJournalRestoresNoSupersededMemory(t *testing.T) {
	r := undo(t, store.Quota{}, store.Quota{})
	m := r.correct(r.encode(`1`, nil).Key, `2`, nil)
	r.forget(m.Key)
	results, next, err := r.RestoreSpan(r.ctx(), m.Tenant, 0, 4)
	r.ok("restore", err)
	same(t, "results", len(results), 1)
	same(t, "restored", results[0].Memory.ID, m.ID)
	same(t, "next", next, 4)
	same(t, "history", r.versions(m.Key), "2 1")
}

func TestEraseTakesTheHistoryAlong(t *testing.T) {
	r := undo(t, store.Quota{}, store.Quota{})
	old := r.encode(`1`, func(d *sigil.Draft) { d.Tags = []string{"secret"} })
	m := r.correct(r.correct(old.Key, `2`, nil).Key, `3`, func(d *sigil.Draft) { d.Tags = []string{} })
	r.encode(`4`, nil)
	for _, q := range []engine.EraseQuery{{Tags: []string{"secret"}}, {IDs: []sigil.ID{m.ID}}} {
		q.DryRun = true
		would, err := r.Erase(r.ctx(), m.Tenant, q)
		r.ok("dry run", err)
		q.DryRun = false
		done, err := r.Erase(r.ctx(), m.Tenant, q)
		r.ok("erase", err)
		same(t, "memories", done.Counts.Memories, would.Counts.Memories)
		same(t, "removed", done.Counts.Removed, would.Counts.Removed)
		same(t, "bytes", done.Counts.Bytes, would.Counts.Bytes)
		if q.IDs == nil {
			same(t, "removed by tag", done.Counts.Removed, 2)
			same(t, "history", r.versions(m.Key), "3")
			m = r.correct(m.Key, `5`, nil)
			m = r.correct(m.Key, `6`, nil)
		}
	}
	same(t, "live", r.live(), 1+1)
}
