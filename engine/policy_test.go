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

func policy(t *testing.T, text string) sigil.Policy {
	t.Helper()
	p, err := sigil.ParsePolicy(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (r *rig) setPolicy(p sigil.Policy) engine.TenantPolicy {
	r.t.Helper()
	set, err := r.SetPolicy(r.ctx(), sigil.DefaultTenant, p)
	r.ok("SetPolicy", err)
	return set
}

func TestEncodesRecallsUnpinsAndRestoresGiveTheTenantsPolicy(t *testing.T) {
	r := newRig(t, engine.Options{Settings: engine.Settings{Undo: engine.Undo{Window: time.Hour}}})
	week := policy(t, "halflife h=7d")
	recalled, unpinned, restored, left := r.encode("1", nil), r.encode("2", func(d *sigil.Draft) { d.Pinned = true }), r.encode("3", nil), r.encode("4", nil)
	r.ok("Forget", r.Forget(r.ctx(), restored.Key))
	r.clock.set(time.Second)
	set := r.setPolicy(week)
	same(t, "set", set, engine.TenantPolicy{Tenant: sigil.DefaultTenant, Policy: week, Own: true, Since: start.Add(time.Second), Restamping: true})
	same(t, "encoded", r.encode("5", nil).Policy, week)
	same(t, "recalled", r.recall(recalled.Key).Policy, week)
	m, err := r.Unpin(r.ctx(), unpinned.Key)
	r.ok("Unpin", err)
	same(t, "unpinned", m.Policy, week)
	m, err = r.Restore(r.ctx(), restored.Key)
	r.ok("Restore", err)
	same(t, "restored", m.Policy, week)
	m, err = r.Peek(r.ctx(), left.Key)
	r.ok("Peek", err)
	same(t, "left", m.Policy, sigil.DefaultClassic())
	other, err := r.Encode(r.ctx(), "other", draft("1", nil))
	r.ok("Encode", err)
	same(t, "another tenant's", other.Policy, sigil.DefaultClassic())
	stats, err := r.Stats(r.ctx(), sigil.DefaultTenant)
	r.ok("Stats", err)
	same(t, "stats", stats.Policy, week)
}

func TestAPolicyIsJournaledOnce(t *testing.T) {
	r := newRig(t, engine.Options{})
	week := policy(t, "halflife h=7d")
	r.setPolicy(week)
	r.clock.set(time.Second)
	same(t, "again", r.setPolicy(week).Since, start)
	r.setPolicy(nil)
	same(t, "none again", r.setPolicy(nil).Own, false)
	p, err := r.Policy(r.ctx(), sigil.DefaultTenant)
	r.ok("Policy", err)
	same(t, "policy", p, engine.TenantPolicy{Tenant: sigil.DefaultTenant, Policy: sigil.DefaultClassic(), Since: start.Add(time.Second), Restamping: true})
	events, err := r.store.Events(r.ctx(), sigil.DefaultTenant, 0, 10)
	r.ok("Events", err)
	same(t, "entries", len(events), 2)
	same(t, "first", *events[0].Policies, sigil.PolicyChange{To: week})
	same(t, "second", *events[1].Policies, sigil.PolicyChange{From: week})
	same(t, "kind", events[1].Kind, sigil.PolicySet)
	for tenant := range map[string]bool{"": true, "a b": true} {
		_, err := r.SetPolicy(r.ctx(), tenant, week)
		same(t, "code", sigil.CodeOf(err), "invalid_tenant")
	}
}

func TestADryRunCountsWhatAPolicyWouldDo(t *testing.T) {
	r := newRig(t, engine.Options{Settings: engine.Settings{Policy: policy(t, "halflife h=7d")}})
	for i := range 1100 { // two pages and more
		r.clock.set(time.Duration(i) * time.Minute)
		r.encode("1", nil)
	}
	r.encode("2", func(d *sigil.Draft) { d.Pinned = true })
	r.clock.set(1100 * time.Minute)
	// Under classic with a rate of 1e-9, an untouched memory lives for 97,465 s: 27 h and some.
	short := policy(t, "classic rate=0.000000001 period=5s")
	const lifetime = 97_465 * time.Second
	same(t, "lifetime", short.Lifetime().Round(time.Second), lifetime)
	effect, err := r.TryPolicy(r.ctx(), sigil.DefaultTenant, short)
	r.ok("TryPolicy", err)
	same(t, "effect", effect, engine.PolicyEffect{Memories: 1101, Moved: 1101, Fading: engine.PolicyFading{Now: 0, Day: 916, Week: 1100}})
	effect, err = r.TryPolicy(r.ctx(), sigil.DefaultTenant, nil)
	r.ok("TryPolicy", err)
	same(t, "effect of the present one", effect, engine.PolicyEffect{Memories: 1101})
	p, err := r.Policy(r.ctx(), sigil.DefaultTenant)
	r.ok("Policy", err)
	same(t, "own", p.Own, false)
}

func (r *rig) restamp(want int) {
	r.t.Helper()
	n, err := r.Restamp(r.ctx())
	r.ok("Restamp", err)
	same(r.t, "restamped", n, want)
}

func (r *rig) restamping(want bool) {
	r.t.Helper()
	p, err := r.Policy(r.ctx(), sigil.DefaultTenant)
	r.ok("Policy", err)
	same(r.t, "restamping", p.Restamping, want)
}

func TestRestampMovesDeadlinesAndRemovesNothing(t *testing.T) {
	r := newRig(t, engine.Options{Settings: engine.Settings{Policy: policy(t, "halflife h=7d"), Undo: engine.Undo{Window: time.Hour}}})
	early := r.encode("1", nil)
	pinned := r.encode("2", func(d *sigil.Draft) { d.Pinned = true })
	ttl := r.encode("3", func(d *sigil.Draft) { d.TTL = 20 * time.Minute })
	other, err := r.Encode(r.ctx(), "other", draft("1", nil))
	r.ok("Encode", err)
	r.clock.set(10 * time.Minute)
	late := r.encode("4", nil)
	r.restamp(0)                  // no policy was changed
	short := policy(t, "classic") // 95 s
	r.setPolicy(short)
	r.clock.set(10*time.Minute + time.Second)
	before, err := r.store.Events(r.ctx(), sigil.DefaultTenant, 0, 100)
	r.ok("Events", err)
	r.restamp(4)
	after, err := r.store.Events(r.ctx(), sigil.DefaultTenant, 0, 100)
	r.ok("Events", err)
	same(t, "entries", len(after), len(before))
	r.restamp(0)
	r.restamping(true) // other processes may not know of the change yet

	m, err := r.Peek(r.ctx(), late.Key)
	r.ok("Peek", err)
	same(t, "policy", m.Policy, short)
	same(t, "deadline", m.FadesAt, late.LastAccessed.Add(95*time.Second))
	m, err = r.Peek(r.ctx(), pinned.Key)
	r.ok("Peek", err)
	same(t, "pinned", m.FadesAt.IsZero(), true)
	m, err = r.Peek(r.ctx(), other.Key)
	r.ok("Peek", err)
	same(t, "another tenant's", m.Meta, other.Meta)
	for _, gone := range []sigil.Memory{early, ttl} {
		_, err = r.Peek(r.ctx(), gone.Key)
		same(t, "code", sigil.CodeOf(err), "not_found")
	}
	r.sweep()
	m, err = r.Restore(r.ctx(), early.Key)
	r.ok("Restore", err)
	same(t, "restored", m.FadesAt, start.Add(10*time.Minute+time.Second+95*time.Second))

	r.clock.set(10*time.Minute + 6*time.Second)
	r.restamp(0)
	r.restamping(false)
	// A policy that is unset brings the memories back under that of the settings.
	r.setPolicy(nil)
	r.restamp(3)
	m, err = r.Peek(r.ctx(), late.Key)
	r.ok("Peek", err)
	same(t, "deadline", m.FadesAt, late.FadesAt)
	r.clock.set(11 * time.Minute)
	r.restamp(0)
	all, err := r.store.TenantPolicies(r.ctx())
	r.ok("TenantPolicies", err)
	same(t, "kept", len(all), 0)
}

// stopsAfter is a store that calls stop at the update of that number.
type stopsAfter struct {
	store.Store
	updates int
	stop    func()
}

func (s *stopsAfter) Update(ctx context.Context, key sigil.Key, change func(*sigil.Meta) (*sigil.Event, error)) (sigil.Memory, error) {
	if s.updates--; s.updates == 0 {
		s.stop()
	}
	return s.Store.Update(ctx, key, change)
}

func TestRestampGoesOnAfterAStop(t *testing.T) {
	r := newRig(t, engine.Options{Settings: engine.Settings{Policy: policy(t, "halflife h=7d")}})
	for range 1500 {
		r.encode("1", nil)
	}
	week := policy(t, "halflife h=14d")
	r.setPolicy(week)
	ctx, stop := context.WithCancel(r.ctx())
	defer stop()
	e := engine.New(&stopsAfter{r.store, 700, stop}, &engine.Options{Clock: r.clock.now, Settings: r.Settings()})
	first, err := e.Restamp(ctx)
	if !errors.Is(err, context.Canceled) || first == 0 || first >= 1500 {
		t.Fatalf("Restamp: %d, %v", first, err)
	}
	second, err := r.another().Restamp(r.ctx())
	r.ok("Restamp", err)
	same(t, "restamped", first+second, 1500)
	stats, err := r.Stats(r.ctx(), sigil.DefaultTenant)
	r.ok("Stats", err)
	same(t, "policies", stats.Policies[0].Memories, 1500)
}

func TestAMemoryKeepsAPolicyOfItsOwn(t *testing.T) {
	r := newRig(t, engine.Options{Settings: engine.Settings{Undo: engine.Undo{Window: time.Hour}}})
	own, week := policy(t, "halflife h=30d"), policy(t, "halflife h=7d")
	with := func(d *sigil.Draft) { d.Policy = own }
	m := r.encode("1", with)
	same(t, "policy", m.Policy, own)
	same(t, "own", m.OwnPolicy, true)
	same(t, "deadline", m.FadesAt, sigil.Deadline(own, start))
	r.setPolicy(week)
	effect, err := r.TryPolicy(r.ctx(), sigil.DefaultTenant, sigil.DefaultClassic())
	r.ok("TryPolicy", err)
	same(t, "effect", effect, engine.PolicyEffect{Memories: 1})
	r.restamp(0)
	r.clock.set(time.Minute)
	m = r.recall(m.Key)
	same(t, "recalled", m.Policy, own)
	same(t, "deadline", m.FadesAt, sigil.Deadline(own, start.Add(time.Minute)))
	_, err = r.Pin(r.ctx(), m.Key)
	r.ok("Pin", err)
	m, err = r.Unpin(r.ctx(), m.Key)
	r.ok("Unpin", err)
	same(t, "unpinned", m.Policy, own)
	r.ok("Forget", r.Forget(r.ctx(), m.Key))
	m, err = r.Restore(r.ctx(), m.Key)
	r.ok("Restore", err)
	same(t, "restored", m.Policy, own)
	same(t, "own", m.OwnPolicy, true)
	// A life is one under the memory's own policy.
	m = r.encode("2", func(d *sigil.Draft) { with(d); d.Life = 48 * time.Hour })
	same(t, "deadline", m.FadesAt, start.Add(time.Minute+48*time.Hour))
	same(t, "recalled", r.recall(m.Key).FadesAt, m.FadesAt)
}

func TestAPolicyIsPartOfTheIdempotencyKeysRequest(t *testing.T) {
	r := newRig(t, engine.Options{})
	keyed := func(text string) sigil.Draft {
		return draft("1", func(d *sigil.Draft) { d.IdempotencyKey, d.Policy = "k", policy(t, text) })
	}
	first, err := r.Encode(r.ctx(), sigil.DefaultTenant, keyed("halflife h=30d"))
	r.ok("Encode", err)
	again, err := r.Encode(r.ctx(), sigil.DefaultTenant, keyed("halflife h=30d"))
	r.ok("Encode", err)
	same(t, "again", again.Meta, first.Meta)
	_, err = r.Encode(r.ctx(), sigil.DefaultTenant, keyed("halflife h=31d"))
	same(t, "code", sigil.CodeOf(err), "idempotency_mismatch")
}

func TestAPolicyThatNoStoreCouldReadBackIsRefused(t *testing.T) {
	r := newRig(t, engine.Options{})
	_, err := r.SetPolicy(r.ctx(), sigil.DefaultTenant, sigil.HalfLife{})
	r.fails("SetPolicy", err, sigil.ErrInvalid, "invalid_policy", "policy")
	_, err = r.Encode(r.ctx(), sigil.DefaultTenant, draft("1", func(d *sigil.Draft) { d.Policy = sigil.Classic{} }))
	r.fails("Encode", err, sigil.ErrInvalid, "invalid_policy", "policy")
}

// TestATenantIsGivenSoManyPolicies holds encodes, batches and corrections to the limit, and no other tenant.
func TestATenantIsGivenSoManyPolicies(t *testing.T) {
	r := newRig(t, engine.Options{Limits: engine.Limits{Policies: 2}})
	under := func(days int) func(*sigil.Draft) {
		p, err := sigil.NewHalfLife(time.Duration(days)*24*time.Hour, 0.95)
		r.ok("policy", err)
		return func(d *sigil.Draft) { d.Policy = p }
	}
	full := func(what string, err error) {
		t.Helper()
		r.fails(what, err, sigil.ErrFull, "policies_full", "policy")
		if !strings.Contains(err.Error(), "life") {
			t.Errorf("%s: %v does not say what to do", what, err)
		}
	}
	m := r.encode(`1`, under(1))
	r.encode(`2`, under(2))
	_, err := r.Encode(r.ctx(), m.Tenant, draft(`3`, under(3)))
	full("encode", err)
	_, err = r.Correct(r.ctx(), m.Key, draft(`3`, under(3)))
	full("correct", err)
	results, err := r.EncodeBatch(r.ctx(), m.Tenant, []sigil.Draft{draft(`3`, under(1)), draft(`4`, under(4))})
	r.ok("batch", err)
	r.ok("item under one that is known", results[0].Err)
	full("item under another", results[1].Err)
	r.encode(`5`, func(d *sigil.Draft) { d.Life = 400 * 24 * time.Hour })
	_, err = r.Encode(r.ctx(), "other", draft(`3`, under(3)))
	r.ok("other tenant", err)
	_, err = r.SetPolicy(r.ctx(), m.Tenant, sigil.DefaultClassic())
	r.ok("policy of the tenant", err)
}
