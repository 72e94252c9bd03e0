package engine_test

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
)

// export returns all memories of the default tenant.
func (r *rig) export() (all []engine.ExportedMemory) {
	r.t.Helper()
	for cursor := ""; ; {
		page, err := r.Export(r.ctx(), sigil.DefaultTenant, cursor, 2)
		r.ok("export", err)
		all = append(all, page.Memories...)
		if cursor = page.Next; cursor == "" {
			return all
		}
	}
}

func (r *rig) imports(memories []engine.ExportedMemory, dryRun bool) []engine.ImportResult {
	r.t.Helper()
	results, err := r.Import(r.ctx(), sigil.DefaultTenant, memories, dryRun)
	r.ok("import", err)
	return results
}

// outcomes returns the outcomes, or "code field" of errors.
func outcomes(results []engine.ImportResult) (all []string) {
	for _, result := range results {
		text := string(result.Outcome)
		if e, ok := result.Err.(*sigil.Error); ok { //nolint:errorlint // the engine's own
			text = e.Code + " " + e.Field
		}
		all = append(all, text)
	}
	return all
}

// alike compares what == does not.
func alike[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// lived is a rig with memories of all kinds, some of which were recalled. It stands at a minute.
func lived(t *testing.T) *rig {
	r := newRig(t, engine.Options{})
	r.encode(`{"n":1.50}`, func(d *sigil.Draft) { d.Tags, d.Pinned = []string{"a", "b"}, true })
	r.encode(`{"n":2}`, func(d *sigil.Draft) { d.State = &strong })
	r.encode(`{"n":3}`, func(d *sigil.Draft) { d.TTL, d.Vector, d.Life = time.Hour, []float32{1, -0.5}, 365*24*time.Hour })
	r.encode(`{"n":4}`, func(d *sigil.Draft) {
		d.State = &sigil.State{Phi: 0.1, Extra: map[string]json.RawMessage{"mood": json.RawMessage(`"calm"`)}}
	})
	fifth := r.encode(`"gone in 95 s"`, nil)
	r.clock.set(time.Minute)
	for _, m := range r.export() {
		if m.ID != fifth.ID {
			r.recall(m.Key)
		}
	}
	return r
}

func TestWhatIsImportedIsAsItWas(t *testing.T) {
	from := lived(t)
	exported := from.export()
	to := newRig(t, engine.Options{Settings: engine.Settings{Policy: sigil.DefaultPolicy()}}) // another one than theirs
	to.clock.set(90 * time.Second)
	alike(t, "dry run", outcomes(to.imports(exported, true)), []string{"inserted", "inserted", "inserted", "inserted", "inserted"})
	same(t, "memories after a dry run", to.live(), 0)
	alike(t, "outcomes", outcomes(to.imports(exported, false)), []string{"inserted", "inserted", "inserted", "inserted", "inserted"})
	alike(t, "exported again", to.export(), exported)
	alike(t, "journal", to.kinds(), []string{
		"encoded import", "encoded import", "encoded import", "encoded import", "crystallized potential", "encoded import",
	})
	for _, e := range to.events() {
		same(t, "time in the journal", e.Time, to.Now())
	}
	// It can be repeated.
	alike(t, "again", outcomes(to.imports(exported, false)), []string{"same", "same", "same", "same", "same"})
	same(t, "journal entries", len(to.events()), 6)
	// What was recalled, pinned or unpinned since is the same, and stays as it is.
	recalled := to.recall(exported[1].Key)
	_, err := to.Pin(to.ctx(), exported[2].Key)
	to.ok("pin", err)
	alike(t, "after a recall", outcomes(to.imports(exported, false)), []string{"same", "same", "same", "same", "same"})
	got, err := to.Peek(to.ctx(), recalled.Key)
	to.ok("peek", err)
	same(t, "recalls", got.AccessCount, recalled.AccessCount)
	// The sweep releases it by its own policy and deadline.
	to.clock.set(95 * time.Second)
	to.sweep()
	to.lives(exported[0].Key, false)
	same(t, "released", to.kinds()[len(to.kinds())-1], "faded decay")
}

func TestAnImportOfWhatHasFadedInsertsNothing(t *testing.T) {
	exported := lived(t).export()
	to := newRig(t, engine.Options{})
	to.clock.set(95 * time.Second) // the newest is due at this moment
	alike(t, "outcomes", outcomes(to.imports(exported, false)), []string{"faded", "inserted", "inserted", "inserted", "inserted"})
	same(t, "memories", to.live(), 4)
	// What was imported and then forgotten comes back when it is imported again, since that was asked for.
	to.ok("forget", to.Forget(to.ctx(), exported[1].Key))
	alike(t, "again", outcomes(to.imports(exported, false)), []string{"faded", "inserted", "same", "same", "same"})
	to.lives(exported[1].Key, true)
}

// TestAnImportBesideOneThatIsNotSwept: the id is taken by a memory that is past its deadline, and of which there is a later export.
func TestAnImportBesideOneThatIsNotSwept(t *testing.T) {
	from := lived(t)
	old := from.export()[:1]
	to := newRig(t, engine.Options{})
	to.clock.set(time.Minute)
	alike(t, "old", outcomes(to.imports(old, false)), []string{"inserted"})
	from.recall(old[0].Key)
	recalled := from.export()[:1]
	to.clock.set(100 * time.Second)
	alike(t, "before the sweep", outcomes(to.imports(recalled, false)), []string{"exists id"})
	to.sweep()
	alike(t, "after it", outcomes(to.imports(recalled, false)), []string{"inserted"})
}

func TestAnImportOfOtherContentIsAConflict(t *testing.T) {
	r := lived(t)
	exported := r.export()
	before := len(r.events())
	for _, tt := range []struct {
		want   string
		change func(m *engine.ExportedMemory)
	}{
		{"exists data", func(m *engine.ExportedMemory) {
			m.Data = json.RawMessage(`{"n":5}`)
			rehash(t, m)
		}},
		{"exists data", func(m *engine.ExportedMemory) { m.Data = json.RawMessage(`{"n":3.0}`) }}, // the same hash
		{"exists state", func(m *engine.ExportedMemory) { m.State.Extra = map[string]json.RawMessage{"a": json.RawMessage("1")} }},
		{"exists ttl", func(m *engine.ExportedMemory) { m.TTL = 2 * time.Hour }},
		{"exists tags", func(m *engine.ExportedMemory) { m.Tags = []string{"c"} }},
		{"exists vector", func(m *engine.ExportedMemory) { m.Vector = nil }},
		{"exists vector", func(m *engine.ExportedMemory) { m.Vector = []int8{1, 127} }},
	} {
		m := exported[2]
		tt.change(&m)
		m.Reschedule()
		alike(t, tt.want, outcomes(r.imports([]engine.ExportedMemory{m}, false)), []string{tt.want})
	}
	same(t, "journal entries", len(r.events()), before)
	// Of two with one id in a request the first counts.
	to := newRig(t, engine.Options{})
	to.clock.set(time.Minute)
	other := exported[2]
	other.Tags = []string{"c"}
	alike(t, "twice", outcomes(to.imports([]engine.ExportedMemory{exported[2], other, exported[2]}, false)), []string{"inserted", "exists tags", "same"})
}

func rehash(t *testing.T, m *engine.ExportedMemory) {
	t.Helper()
	r := newRig(t, engine.Options{})
	made := r.encode(string(m.Data), nil)
	m.Hash, m.Frequency = made.Hash, made.Frequency
}

func TestAnImportIsUnderTheQuota(t *testing.T) {
	exported := lived(t).export()
	to := newRig(t, engine.Options{Settings: engine.Settings{Quota: store.Quota{Memories: 3}}})
	to.clock.set(time.Minute)
	results := outcomes(to.imports(exported[1:], false)) // one is crystallized, one pinned, two may be evicted
	alike(t, "outcomes", results, []string{"inserted", "inserted", "inserted", "inserted"})
	same(t, "memories", to.live(), 3)
	if kinds := to.kinds(); !slices.Contains(kinds, "evicted memories") {
		t.Errorf("the journal has no eviction: %v", kinds)
	}
	full := newRig(t, engine.Options{Settings: engine.Settings{Quota: store.Quota{Memories: 1}}})
	full.encode(`1`, func(d *sigil.Draft) { d.Pinned = true })
	full.clock.set(time.Minute)
	alike(t, "full", outcomes(full.imports(append(exported[:1:1], exported[0]), false)), []string{"quota_full ", "quota_full "})
	same(t, "memories", full.live(), 1)
}

func TestAnImportOfWrongFiguresIsRefused(t *testing.T) {
	r := lived(t)
	exported := r.export()
	to := newRig(t, engine.Options{Limits: engine.Limits{Tags: 2, Batch: 50}})
	to.clock.set(2 * time.Minute)
	var wrong []engine.ExportedMemory
	var want []string
	for _, tt := range []struct {
		want   string
		change func(m *engine.ExportedMemory)
	}{
		{"invalid_figure tenant", func(m *engine.ExportedMemory) { m.Tenant = "other" }},
		{"invalid_figure id", func(m *engine.ExportedMemory) { m.ID = sigil.ID{} }},
		{"invalid_figure id", func(m *engine.ExportedMemory) { m.ID[6] = 0x40 }},
		{"invalid_figure id", func(m *engine.ExportedMemory) { m.ID[8] = 0 }},
		{"invalid_figure id", func(m *engine.ExportedMemory) { m.ID[5]++ }},
		{"invalid_figure createdAt", func(m *engine.ExportedMemory) { m.CreatedAt = time.Time{} }},
		{"invalid_figure createdAt", func(m *engine.ExportedMemory) { m.CreatedAt = m.CreatedAt.Add(time.Microsecond) }},
		{"invalid_figure createdAt", func(m *engine.ExportedMemory) { m.CreatedAt = to.Now().Add(time.Millisecond) }},
		{"invalid_figure lastAccessed", func(m *engine.ExportedMemory) { m.LastAccessed = m.CreatedAt.Add(-time.Millisecond) }},
		{"invalid_figure lastAccessed", func(m *engine.ExportedMemory) { m.LastAccessed = to.Now().Add(time.Millisecond) }},
		{"invalid_figure accessCount", func(m *engine.ExportedMemory) { m.AccessCount = math.MaxUint64 }},
		{"invalid_figure fadesAt", func(m *engine.ExportedMemory) { m.FadesAt = m.FadesAt.Add(time.Millisecond) }},
		{"invalid_figure fadesAt", func(m *engine.ExportedMemory) { m.FadesAt = time.Time{} }},
		{"invalid_figure fadesAt", func(m *engine.ExportedMemory) { m.Pinned = true }},
		{"invalid_figure fadesAt", func(m *engine.ExportedMemory) { m.Policy = sigil.DefaultPolicy() }},
		{"invalid_figure fadesAt", func(m *engine.ExportedMemory) { m.Stretch = 2 }},
		{"invalid_figure stretch", func(m *engine.ExportedMemory) { m.Stretch = -1 }},
		{"invalid_figure stretch", func(m *engine.ExportedMemory) { m.Stretch = math.NaN() }},
		{"invalid_figure stretch", func(m *engine.ExportedMemory) { m.Stretch = math.Inf(1) }},
		{"invalid_ttl ttl", func(m *engine.ExportedMemory) { m.TTL = -1 }},
		{"invalid_ttl ttl", func(m *engine.ExportedMemory) { m.TTL = time.Microsecond }},
		{"invalid_ttl ttl", func(m *engine.ExportedMemory) { m.TTL = sigil.MaxTTL + time.Millisecond }},
		{"invalid_policy policy", func(m *engine.ExportedMemory) { m.Policy = nil }},
		{"invalid_figure hash", func(m *engine.ExportedMemory) { m.Hash[31]++ }},
		{"invalid_figure hash", func(m *engine.ExportedMemory) { m.Data = json.RawMessage(`{"n":7}`) }},
		{"invalid_figure frequency", func(m *engine.ExportedMemory) { m.Frequency = (m.Frequency + 1) % sigil.NumFrequencies }},
		{"invalid_figure potential", func(m *engine.ExportedMemory) { m.Potential += 1e-6 }},
		{"invalid_figure potential", func(m *engine.ExportedMemory) { m.Potential = math.NaN() }},
		{"invalid_figure crystallized", func(m *engine.ExportedMemory) { m.Crystallized = true }},
		{"invalid_state state.phi", func(m *engine.ExportedMemory) { m.State.Phi = 2 }},
		{"too_many_tags tags", func(m *engine.ExportedMemory) { m.Tags = []string{"a", "b", "c"} }},
		{"invalid_tag tags/0", func(m *engine.ExportedMemory) { m.Tags = []string{""} }},
		{"invalid_vector vector", func(m *engine.ExportedMemory) { m.Vector = []int8{0} }},
		{"invalid_json data", func(m *engine.ExportedMemory) { m.Data = json.RawMessage(`{`) }},
	} {
		m := exported[1] // of the default figures, with extra keys
		tt.change(&m)
		wrong, want = append(wrong, m), append(want, tt.want)
	}
	wrong, want = append(wrong, exported[3]), append(want, "inserted") // the others do not affect it
	alike(t, "outcomes", outcomes(to.imports(wrong, false)), want)
	same(t, "memories", to.live(), 1)

	_, err := to.Import(to.ctx(), "?", exported, false)
	to.fails("import", err, sigil.ErrInvalid, "invalid_tenant", "tenant")
	_, err = to.Import(to.ctx(), sigil.DefaultTenant, make([]engine.ExportedMemory, 51), false)
	to.fails("import", err, sigil.ErrTooLarge, "batch_too_large", "")
}

func TestConcurrentImportsInsertOnce(t *testing.T) {
	exported := lived(t).export()
	to := newRig(t, engine.Options{})
	to.clock.set(time.Minute)
	const callers = 8
	done := make(chan []engine.ImportResult, callers)
	for range callers {
		go func() {
			results, err := to.Import(to.ctx(), sigil.DefaultTenant, exported, false)
			if err != nil {
				t.Error(err)
			}
			done <- results
		}()
	}
	inserted := 0
	for range callers {
		for _, result := range outcomes(<-done) {
			if result == "inserted" {
				inserted++
			} else if result != "same" {
				t.Error(result)
			}
		}
	}
	same(t, "inserted", inserted, len(exported))
	same(t, "journal entries", len(to.events()), len(exported)+1)
	same(t, "memories", to.live(), len(exported))
}

func TestTenantsAreNamed(t *testing.T) {
	r := newRig(t, engine.Options{})
	for _, tenant := range []string{"b", "a", "c"} {
		_, err := r.Encode(r.ctx(), tenant, draft(fmt.Sprintf("%q", tenant), nil))
		r.ok("encode", err)
	}
	names, err := r.Tenants(r.ctx())
	r.ok("tenants", err)
	alike(t, "tenants", names, []string{"a", "b", "c"})
}
