package migrate_test

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/migrate"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
)

// chain has a chain of n memories, and returns their keys, the newest last.
func chain(t *testing.T, e *engine.Engine, tenant string, n int) (keys []sigil.Key) {
	t.Helper()
	for len(keys) < n {
		d := sigil.Draft{Data: fmt.Appendf(nil, `{"version":%d}`, len(keys)), Tags: []string{"chain"}, Vector: []float32{float32(len(keys)), -1}, Pinned: true}
		var m sigil.Memory
		var err error
		if len(keys) == 0 {
			m, err = e.Encode(t.Context(), tenant, d)
		} else {
			m, err = e.Correct(t.Context(), keys[len(keys)-1], d)
		}
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, m.Key)
	}
	return keys
}

// chains has three chains of three memories, and one whose newest memory is forgotten, which leaves one former version.
func chains(t *testing.T, s store.Store, tenant string) (all [][]sigil.Key) {
	t.Helper()
	e := engine.New(s, nil)
	for range 3 {
		all = append(all, chain(t, e, tenant, 3))
	}
	if err := e.Forget(t.Context(), chain(t, e, tenant, 2)[1]); err != nil {
		t.Fatal(err)
	}
	return all
}

// histories returns all former versions of a store's live memories, without the positions of their removals, which are a journal's own.
func histories(t *testing.T, s store.Store, tenant string) []store.Version {
	t.Helper()
	page, err := store.ReadVersions(t.Context(), s, tenant, time.Now(), store.VersionPlace{}, 1000, 1<<20)
	if err != nil || page.More {
		t.Fatal(page.More, err)
	}
	for i := range page.Versions {
		page.Versions[i].Position = 0
	}
	return page.Versions
}

// TestChainsWhileTheyChange copies, changes the source in every way that chains can change, and copies again.
func TestChainsWhileTheyChange(t *testing.T) {
	for name, open := range map[string][2]func(*testing.T) store.Store{
		"models":               {func(*testing.T) store.Store { return storetest.NewUndoModel() }, func(*testing.T) store.Store { return storetest.NewModel() }},
		"embedded to database": {func(t *testing.T) store.Store { return pebble(t) }, func(t *testing.T) store.Store { return postgres(t) }},
		"database to embedded": {func(t *testing.T) store.Store { return postgres(t) }, func(t *testing.T) store.Store { return pebble(t) }},
	} {
		t.Run(name, func(t *testing.T) {
			const tenant = "public"
			a, b := open[0](t), open[1](t)
			e := engine.New(a, &engine.Options{Settings: engine.Settings{Undo: engine.DefaultUndo()}})
			all := chains(t, a, tenant)
			plain := chain(t, e, tenant, 1)[0]
			same := func(what string, versions int) {
				t.Helper()
				r, err := migrate.Tenant(t.Context(), a, b, tenant, time.Now)
				if err != nil || !r.Settled || r.Versions != versions {
					t.Fatalf("%s: %+v, %v", what, r, err)
				}
				if plan, err := migrate.Plan(t.Context(), a, tenant, time.Now); err != nil || plan.Sum != r.Sum || plan.VersionsLeft != r.VersionsLeft || plan.Restorable != r.Restorable {
					t.Errorf("%s: planned was %+v, %v, done %+v", what, plan, err, r)
				}
				if got, want := histories(t, b, tenant), histories(t, a, tenant); !reflect.DeepEqual(got, want) {
					t.Errorf("%s: %+v\nwant %+v", what, got, want)
				}
				back := storetest.NewModel()
				if again, err := migrate.Tenant(t.Context(), b, back, tenant, time.Now); err != nil || again.Sum != r.Sum {
					t.Errorf("%s: and back: %+v, %v, want %+v", what, again, err, r)
				}
				if v, ok := b.(interface{ Verify(context.Context) error }); ok {
					if err := v.Verify(t.Context()); err != nil {
						t.Errorf("%s: %v", what, err)
					}
				}
			}
			ok := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			same("at first", 6)
			same("again", 6)
			for range 2 { // of one that is live in the target, and of the one after it
				m, err := e.Correct(t.Context(), plain, sigil.Draft{Data: []byte(`"corrected"`)})
				ok(err)
				plain = m.Key
				m, err = e.Correct(t.Context(), all[0][len(all[0])-1], sigil.Draft{Data: []byte(`"corrected"`)})
				ok(err)
				all[0] = append(all[0], m.Key)
			}
			same("corrected", 10)
			tags, ttl := []string{"changed"}, 30*24*time.Hour
			_, err := e.Change(t.Context(), all[1][2], sigil.Change{Tags: &tags, TTL: &ttl})
			ok(err)
			same("changed", 10)
			ok(e.Forget(t.Context(), all[1][2]))
			same("forgotten", 8)
			_, err = e.Restore(t.Context(), all[1][2])
			ok(err)
			same("restored", 10)
			_, err = e.Correct(t.Context(), all[1][2], sigil.Draft{Data: []byte(`"after all"`)})
			ok(err)
			same("corrected after that", 11)
			erase := func(key sigil.Key) {
				t.Helper()
				_, err := a.Erase(t.Context(), []sigil.Key{key}, func(m sigil.Meta, _ bool) sigil.Event {
					return sigil.Event{Time: time.Now().UTC().Truncate(time.Millisecond), Kind: sigil.Erased, Reason: sigil.ReasonRequest, Memory: m}
				})
				ok(err)
			}
			erase(all[0][1]) // and with it the one before it
			same("a former version erased", 9)
			erase(all[2][2])
			same("a memory erased", 7)
			if kept, err := b.Versions(t.Context(), tenant, []sigil.ID{all[0][0].ID, all[2][0].ID, all[2][2].ID}); err != nil || len(kept) > 0 {
				t.Errorf("the target keeps what the source has erased: %+v, %v", kept, err)
			}
		})
	}
}
