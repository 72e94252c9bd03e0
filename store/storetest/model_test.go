package storetest_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestModelKeepsTheContract(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return storetest.NewModel() })
}

func TestModelKeepsWhatIsRemoved(t *testing.T) {
	storetest.RunUndo(t, func(*testing.T) store.Store { return storetest.NewUndoModel() })
}

func TestModelErases(t *testing.T) {
	storetest.RunErase(t, func(*testing.T) store.Store { return storetest.NewUndoModel() })
}

// TestReopenJudgesByWhatIsThere runs the durable part on a model that is passed from one open to the next: it
// tests the tests, not the model, which does not outlive the process.
func TestReopenJudgesByWhatIsThere(t *testing.T) {
	models := map[string]*storetest.Model{} // by directory
	storetest.RunReopen(t, func(_ *testing.T, dir string) store.Store {
		if models[dir] == nil {
			models[dir] = storetest.NewModel()
		}
		return &handedOn{Model: models[dir]}
	})
}

// handedOn is a model that only pretends to close.
type handedOn struct {
	*storetest.Model // +checklocksignore: has a lock of its own
	mu               sync.RWMutex
	// +checklocks:mu
	closed bool
}

func (h *handedOn) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	return nil
}

func (h *handedOn) Insert(ctx context.Context, tenant string, items []store.Item, quota store.Quota, evict func(sigil.Meta, string) sigil.Event) (store.Inserted, error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.closed {
		return store.Inserted{}, sigil.ErrClosed
	}
	return h.Model.Insert(ctx, tenant, items, quota, evict)
}

// TestCompareFindsWhatDiffers changes one thing at a time and expects the difference to be named.
func TestCompareFindsWhatDiffers(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	memory := func() sigil.Memory {
		m := sigil.Memory{
			Meta: sigil.Meta{
				Key: sigil.Key{Tenant: "a", ID: sigil.ID{1}}, Potential: 0.5, Size: 2, CreatedAt: now, LastAccessed: now,
				Policy: sigil.DefaultClassic(),
			},
			State: sigil.DefaultState(), Data: []byte("{}"), Tags: []string{"x"},
		}
		m.Reschedule()
		return m
	}
	for name, tt := range map[string]struct {
		change func(m *sigil.Memory)
		want   string // empty: nothing differs
	}{
		"nothing":   {func(*sigil.Memory) {}, ""},
		"data":      {func(m *sigil.Memory) { m.Data = []byte("[]") }, `a: memories[0].Data: got "[]", want "{}"`},
		"deadline":  {func(m *sigil.Memory) { m.FadesAt = now.Add(time.Hour) }, "a: memories[0].Meta.FadesAt"},
		"policy":    {func(m *sigil.Memory) { m.Policy = sigil.HalfLife{} }, "a: memories[0].Meta.Policy"},
		"tags":      {func(m *sigil.Memory) { m.Tags = nil }, "a: memories[0].Tags: got 0, want 1 of them"},
		"frequency": {func(m *sigil.Memory) { m.Frequency = 1 }, "a: near[0].Frequency: got 1, want 0"},
		"potential": {func(m *sigil.Memory) { m.Potential = 0.6 }, "a: patterns[0].Potential: got 0.6, want 0.5"},
		"tenant":    {func(m *sigil.Memory) { m.Tenant = "b" }, "tenants[0]: got b, want a"},
		"pinned":    {func(m *sigil.Memory) { m.Pinned = true }, "a: stats.Pinned: got 1, want 0"},
		"size":      {func(m *sigil.Memory) { m.Size = 3 }, "a: events[0].Memory.Size: got 3, want 2"},
	} {
		t.Run(name, func(t *testing.T) {
			got, want := storetest.NewModel(), storetest.NewModel()
			for _, s := range []*storetest.Model{got, want} {
				m := memory()
				if s == got {
					tt.change(&m)
				}
				item := store.Item{Memory: m, Events: []sigil.Event{{Time: now, Kind: sigil.Encoded, Reason: sigil.ReasonRequest, Memory: m.Meta}}}
				if _, err := s.Insert(t.Context(), m.Tenant, []store.Item{item}, store.Quota{}, nil); err != nil {
					t.Fatal(err)
				}
			}
			heard := &listener{TB: t}
			storetest.Compare(heard, got, want, []string{"a"}, now)
			said := strings.Join(heard.errors, "\n")
			if tt.want == "" && said != "" || !strings.Contains(said, tt.want) {
				t.Errorf("said %q, want %q", said, tt.want)
			}
		})
	}
}

// TestCompareTakesMeansInAnyOrder compares two stores whose mean decays are on both sides of a rounding
// boundary, as sums in different orders can be, and two whose means do differ.
func TestCompareTakesMeansInAnyOrder(t *testing.T) {
	const mean = 0.2531030725
	for name, tt := range map[string]struct{ got, want float64 }{
		"neighbors": {math.Nextafter(mean, 0), math.Nextafter(mean, 1)},
		"others":    {mean, mean + 1e-9},
	} {
		t.Run(name, func(t *testing.T) {
			heard := &listener{TB: t}
			storetest.Compare(heard, &withMean{storetest.NewModel(), tt.got}, &withMean{storetest.NewModel(), tt.want},
				[]string{"a"}, time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
			if differs := len(heard.errors) != 0; differs != (name == "others") {
				t.Errorf("said %q", heard.errors)
			}
		})
	}
}

// withMean is a store whose statistics have this mean of decays.
type withMean struct {
	*storetest.Model
	mean float64
}

func (s *withMean) Stats(ctx context.Context, tenant string, now time.Time) (store.Stats, error) {
	stats, err := s.Model.Stats(ctx, tenant, now)
	stats.AverageDecay = s.mean
	return stats, err
}

// listener records what would have failed a test.
type listener struct {
	storetest.TB
	errors []string
}

func (l *listener) Errorf(format string, args ...any) {
	l.errors = append(l.errors, fmt.Sprintf(format, args...))
}

func TestModelMeaning(t *testing.T) {
	storetest.RunMeaning(t, func(*testing.T) store.Store { return storetest.NewModel() })
}
