package migrate_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/migrate"
	"github.com/sigil-dna/sigil/internal/prove/pgtest"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
	"github.com/sigil-dna/sigil/store/pgstore"
	"github.com/sigil-dna/sigil/store/storetest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func postgres(t *testing.T) *pgstore.Store {
	t.Helper()
	s, err := pgstore.Open(t.Context(), pgtest.Database(t), &pgstore.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func pebble(t *testing.T) *pebblestore.Store {
	t.Helper()
	s, err := pebblestore.Open(t.TempDir(), &pebblestore.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

var tenants = []string{"public", "acme"}

// fill keeps memories of all kinds.
func fill(t *testing.T, s store.Store, n int) []sigil.Key {
	t.Helper()
	policy, err := sigil.NewHalfLife(24*time.Hour, sigil.DefaultThreshold)
	if err != nil {
		t.Fatal(err)
	}
	e := engine.New(s, &engine.Options{Settings: engine.Settings{Policy: policy}})
	var keys []sigil.Key
	for _, tenant := range tenants {
		for i := range n {
			strong := sigil.State{Phi: 1, Coherence: 1, Awareness: 1, EmotionalResonance: 1}
			d := sigil.Draft{Data: fmt.Appendf(nil, `{"n": %d, "text":"é\u0000"}`, i%7), Tags: []string{"a", "b"}}
			if i%7 == 0 { // all of one pattern
				d.State = &strong
			}
			if i%5 == 0 {
				d.TTL = time.Hour
			}
			d.Pinned = i%4 == 0
			if i%10 == 3 {
				d.Vector = []float32{float32(i), -1}
			}
			m, err := e.Encode(t.Context(), tenant, d)
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, m.Key)
			if i%2 == 0 {
				if _, err := e.Recall(t.Context(), m.Key); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if _, err := e.Crystallize(t.Context()); err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	for _, tenant := range tenants {
		for i := range 3 {
			ref := sigil.SignatureRef{ID: sigil.NewID(now), Body: sigil.Hash{byte(i)}, Signer: uint64(i) << 62}
			event := sigil.Event{Time: now, Kind: sigil.Signed, Reason: sigil.ReasonRequest, Memory: sigil.Meta{Key: sigil.Key{Tenant: tenant}}, Signature: &ref}
			signature := sigil.Signature{Tenant: tenant, SignatureRef: ref, RegisteredAt: now, Statement: []byte("said")}
			if _, _, err := s.Register(t.Context(), signature, 0, event); err != nil {
				t.Fatal(err)
			}
			if i > 0 {
				continue
			}
			event.Kind = sigil.Revoked
			if _, err := s.Revoke(t.Context(), tenant, ref.Body, ref.ID, func(s *sigil.Signature) *sigil.Event {
				s.RevokedAt, s.Reason = now.Add(time.Second), "lost"
				return &event
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return keys
}

// copyAll copies all tenants and asserts that both have the same then, as was planned.
func copyAll(t *testing.T, from, to store.Store) (reports []migrate.Report) {
	t.Helper()
	for _, tenant := range tenants {
		plan, err := migrate.Plan(t.Context(), from, tenant, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		r, err := migrate.Tenant(t.Context(), from, to, tenant, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		if !r.Settled || r.Lost != 0 {
			t.Errorf("%+v", r)
		}
		plan.Inserted, plan.Updated, plan.Removed, plan.Settled = r.Inserted, r.Updated, r.Removed, true
		if plan != r {
			t.Errorf("planned was %+v\ndone %+v", plan, r)
		}
		reports = append(reports, r)
	}
	return reports
}

// ownPolicy sets the policy of a tenant.
func ownPolicy(t *testing.T, s store.Store, tenant string) store.TenantPolicy {
	t.Helper()
	e := engine.New(s, nil)
	set, err := e.SetPolicy(t.Context(), tenant, sigil.DefaultClassic())
	if err != nil {
		t.Fatal(err)
	}
	return store.TenantPolicy{Tenant: tenant, Policy: set.Policy, Since: set.Since, Restamping: true}
}

// TestTheClockOfATenantIsCopied copies memories that live only because the clock of their tenant has stood still.
func TestTheClockOfATenantIsCopied(t *testing.T) {
	a, b, c := pebble(t), postgres(t), pebble(t)
	const day = 24 * time.Hour
	active, err := sigil.WithActive(sigil.DefaultPolicy(), 3*day)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Add(-120 * day).Truncate(time.Millisecond)
	on := func(s store.Store) *engine.Engine {
		return engine.New(s, &engine.Options{Clock: func() time.Time { return now }, Settings: engine.Settings{Policy: active}})
	}
	var keys []sigil.Key
	for _, d := range []sigil.Draft{{Data: []byte("1")}, {Data: []byte("2"), TTL: 200 * day}, {Data: []byte("3"), Pinned: true}} {
		m, err := on(a).Encode(t.Context(), tenants[0], d)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, m.Key)
	}
	now = now.Add(60 * day)
	if _, err := on(a).Recall(t.Context(), keys[2]); err != nil {
		t.Fatal(err)
	}
	now = now.Add(40 * day)                       // it stands still again
	for again, inserted := range []int{3, 0, 0} { // once, again, and again after another use
		for _, stores := range [][2]store.Store{{a, b}, {b, c}} {
			r, err := migrate.Tenant(t.Context(), stores[0], stores[1], tenants[0], func() time.Time { return now })
			if err != nil || !r.Settled || r.Memories != 3 || r.Inserted != inserted || r.Updated != 0 && again < 2 || r.Removed != 0 {
				t.Fatalf("%d: %+v, %v", again, r, err)
			}
		}
		if again == 1 {
			if _, err := on(a).Recall(t.Context(), keys[0]); err != nil {
				t.Fatal(err)
			}
			now = now.Add(20 * day)
		}
	}
	for _, key := range keys {
		want, err := on(a).Peek(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []store.Store{b, c} {
			if got, err := on(s).Peek(t.Context(), key); err != nil || got.Meta != want.Meta {
				t.Errorf("%+v, %v\nwant %+v", got.Meta, err, want.Meta)
			}
		}
	}
	for _, s := range []interface{ Verify(context.Context) error }{a, b, c} {
		if err := s.Verify(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestThereAndBack(t *testing.T) {
	a, b, c := pebble(t), postgres(t), pebble(t)
	keys := fill(t, a, 700)
	for _, tenant := range tenants {
		chains(t, a, tenant)
	}
	own := ownPolicy(t, a, keys[0].Tenant)
	there, back := copyAll(t, a, b), copyAll(t, b, c)
	for i := range there {
		if there[i].Sum != back[i].Sum || there[i].Memories != 703 || there[i].Inserted != 703 || there[i].Versions != 6 || there[i].VersionsLeft != 1 || back[i].Versions != 6 || back[i].VersionsLeft != 0 || there[i].Crystals == 0 || there[i].Signatures != 3 {
			t.Errorf("%+v\n%+v", there[i], back[i])
		}
	}
	for _, s := range []interface{ Verify(context.Context) error }{b, c} {
		if err := s.Verify(t.Context()); err != nil {
			t.Error(err)
		}
	}
	for name, s := range map[string]store.Store{"there": b, "back": c} {
		if all, err := s.TenantPolicies(t.Context()); err != nil || len(all) != 1 || all[0] != own || s.PolicyOf(own.Tenant) != own.Policy {
			t.Errorf("%s: the policies of tenants are %+v, %v, want %+v", name, all, err, own)
		}
	}
	now := time.Now()
	vectors := 0
	for _, key := range keys {
		given, err := a.Vectors(t.Context(), key.Tenant, store.OwnModel, []sigil.ID{key.ID})
		if err != nil {
			t.Fatal(err)
		}
		for name, s := range map[string]store.Store{"there": b, "back": c} {
			if got, err := s.Vectors(t.Context(), key.Tenant, store.OwnModel, []sigil.ID{key.ID}); err != nil || !slices.Equal(got[0], given[0]) {
				t.Fatalf("%s: the vector of %v is %v, %v, want %v", name, key, got, err, given)
			}
		}
		vectors += min(1, len(given[0]))
		want, err := a.Get(t.Context(), key, now)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Get(t.Context(), key, now)
		if err != nil || got.Meta != want.Meta || string(got.Data) != string(want.Data) {
			t.Fatalf("%+v, %v\nwant %+v", got, err, want)
		}
	}
	if vectors != 140 {
		t.Errorf("%d memories had vectors of their own", vectors)
	}
}

// TestWhileItChanges stops in the middle, changes the source, and goes on: what is the same is left alone.
func TestWhileItChanges(t *testing.T) {
	a, b := postgres(t), pebble(t)
	keys := fill(t, a, 1200)
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := migrate.Tenant(ctx, a, stopping{b, cancel}, tenants[0], time.Now); !errors.Is(err, context.Canceled) {
		t.Fatalf("not stopped: %v", err)
	}
	copyAll(t, a, b)
	e := engine.New(a, nil)
	for i, key := range keys {
		var err error
		switch i % 50 {
		case 0:
			err = e.Forget(t.Context(), key)
		case 1:
			_, err = e.Pin(t.Context(), key)
		case 2:
			_, err = e.Recall(t.Context(), key)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	fill(t, a, 10)
	for _, r := range copyAll(t, a, b) {
		if r.Removed != 24 || r.Inserted != 10 || r.Updated == 0 || r.Updated > 60 || r.Memories != 1200-24+10 {
			t.Errorf("%+v", r)
		}
	}
	for _, r := range copyAll(t, a, b) {
		if r.Removed+r.Inserted+r.Updated != 0 {
			t.Errorf("again: %+v", r)
		}
	}
}

// stopping is a store into which copying stops after the first page.
type stopping struct {
	store.Store
	stop context.CancelFunc
}

func (s stopping) Insert(ctx context.Context, tenant string, items []store.Item, q store.Quota, evict func(sigil.Meta, string) sigil.Event) (store.Inserted, error) {
	defer s.stop()
	return s.Store.Insert(ctx, tenant, items, q, evict)
}

func TestTargetInUse(t *testing.T) {
	from, to := storetest.NewModel(), storetest.NewModel()
	fill(t, from, 3)
	fill(t, to, 3)
	_, err := migrate.Tenant(t.Context(), from, to, tenants[0], time.Now)
	if !errors.Is(err, sigil.ErrConflict) || sigil.CodeOf(err) != "target_in_use" {
		t.Error(err)
	}
	if stats, err := to.Stats(t.Context(), tenants[0], time.Now()); err != nil || stats.Memories < 3 {
		t.Errorf("something of the target is gone: %+v, %v", stats, err)
	}
}
