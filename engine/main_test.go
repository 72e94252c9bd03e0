package engine_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// clock returns the time it was set to.
type clock struct{ ms atomic.Int64 }

func (c *clock) now() time.Time          { return time.UnixMilli(c.ms.Load()) }
func (c *clock) set(after time.Duration) { c.ms.Store(start.Add(after).UnixMilli()) }

// rig is an engine over a model, with a clock that stands at start until it is set, and the verbs of
// the default tenant with their errors checked.
type rig struct {
	*engine.Engine
	t     *testing.T
	clock *clock
	store *storetest.Model
}

func newRig(t *testing.T, o engine.Options) *rig {
	t.Helper()
	r := &rig{t: t, clock: &clock{}, store: storetest.NewModel()}
	if o.Settings.Undo.Window > 0 {
		r.store = storetest.NewUndoModel()
	}
	r.clock.set(0)
	o.Clock = r.clock.now
	if o.Settings.Policy == nil {
		o.Settings.Policy = sigil.DefaultClassic() // lives are short
	}
	r.Engine = engine.New(r.store, &o)
	return r
}

// another returns a second engine over the same store and clock.
func (r *rig) another() *engine.Engine {
	return engine.New(r.store, &engine.Options{Clock: r.clock.now, Settings: r.Settings()})
}

func (r *rig) ctx() context.Context { return r.t.Context() }

// strong is a state whose potential is 1.
var strong = sigil.State{Phi: 1, Coherence: 1, Awareness: 1, EmotionalResonance: 1}

// draft makes one of this JSON; change may be nil.
func draft(data string, change func(d *sigil.Draft)) sigil.Draft {
	d := sigil.Draft{Data: []byte(data)}
	if change != nil {
		change(&d)
	}
	return d
}

func (r *rig) encode(data string, change func(d *sigil.Draft)) sigil.Memory {
	r.t.Helper()
	m, err := r.Encode(r.ctx(), sigil.DefaultTenant, draft(data, change))
	r.ok("encode", err)
	return m
}

func (r *rig) recall(key sigil.Key) sigil.Memory {
	r.t.Helper()
	m, err := r.Recall(r.ctx(), key)
	r.ok("recall", err)
	return m
}

func (r *rig) sweep() *engine.Sweep {
	r.t.Helper()
	s, err := r.Sweep(r.ctx())
	r.ok("sweep", err)
	return &s
}

func (r *rig) crystallize() engine.Sweep {
	r.t.Helper()
	s, err := r.Crystallize(r.ctx())
	r.ok("crystallize", err)
	return s
}

func (r *rig) events() []sigil.Event {
	r.t.Helper()
	events, err := r.store.Events(r.ctx(), sigil.DefaultTenant, 0, 1_000_000)
	r.ok("events", err)
	return events
}

// kinds returns the journal as "encoded request", "faded decay", …
func (r *rig) kinds() []string {
	r.t.Helper()
	var kinds []string
	for _, e := range r.events() {
		kinds = append(kinds, string(e.Kind)+" "+e.Reason)
	}
	return kinds
}

// live counts the default tenant's memories.
func (r *rig) live() int {
	r.t.Helper()
	stats, err := r.Stats(r.ctx(), sigil.DefaultTenant)
	r.ok("stats", err)
	return stats.Memories
}

func (r *rig) lives(key sigil.Key, want bool) {
	r.t.Helper()
	_, err := r.Peek(r.ctx(), key)
	if want {
		r.ok("peek", err)
	} else {
		r.fails("peek", err, sigil.ErrNotFound, "not_found", "id")
	}
}

func (r *rig) ok(what string, err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatalf("%s: %v", what, err)
	}
}

// fails asserts an error of kind with this code and field.
func (r *rig) fails(what string, err, kind error, code, field string) {
	r.t.Helper()
	var e *sigil.Error
	if !errors.Is(err, kind) || !errors.As(err, &e) || e.Code != code || e.Field != field {
		r.t.Errorf("%s: got error %v, want %v, %s about %q", what, err, kind, code, field)
	}
}

func same[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// ofPattern returns n different values whose frequencies are in the same pattern.
func ofPattern(group, n int) []string {
	var found []string
	for i := 0; len(found) < n; i++ {
		data := fmt.Sprintf(`{"n":%d}`, i)
		if sigil.Hash(sha256.Sum256([]byte(data))).Frequency().Pattern() == group {
			found = append(found, data)
		}
	}
	return found
}

// recorder is an observer that remembers.
type recorder struct {
	mu sync.Mutex
	// +checklocks:mu
	did []string
	// +checklocks:mu
	released map[string]int
	// +checklocks:mu
	sweeps []engine.Sweep
	// +checklocks:mu
	errors []error
}

func (o *recorder) Did(verb string, n int, _ time.Duration, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.did = append(o.did, fmt.Sprint(verb, " ", n, " ", sigil.CodeOf(err)))
}

func (o *recorder) Refused(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.did = append(o.did, "refused "+sigil.CodeOf(err))
}

func (o *recorder) Released(reason string, n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.released == nil {
		o.released = map[string]int{}
	}
	o.released[reason] += n
}

func (o *recorder) Duplicate(did sigil.OnDuplicate) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.did = append(o.did, "duplicate "+string(did))
}

func (o *recorder) Swept(s engine.Sweep, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sweeps, o.errors = append(o.sweeps, s), append(o.errors, err)
}

// after is a store that runs a func after each Remove and each Crystallize.
type after struct {
	store.Store
	do func()
}

func (a *after) Remove(ctx context.Context, keys []sigil.Key, decide func(sigil.Meta) (sigil.Event, bool)) ([]sigil.Event, error) {
	defer a.do()
	return a.Store.Remove(ctx, keys, decide)
}

func (a *after) Crystallize(ctx context.Context, tenant string, now time.Time, change func(sigil.Pattern, *sigil.Crystal) (*sigil.Crystal, *sigil.Event)) error {
	defer a.do()
	return a.Store.Crystallize(ctx, tenant, now, change)
}
