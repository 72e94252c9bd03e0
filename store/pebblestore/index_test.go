package pebblestore_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
)

// The index is a function of the data on disk: after any mix of changes by many callers, a rebuild finds no
// difference, and neither does another open.
func TestTheIndexEqualsARebuildFromDisk(t *testing.T) {
	for _, quota := range []store.Quota{{}, {Memories: 60, Bytes: 4000}, {Memories: 20}, {Bytes: 300}} {
		t.Run(fmt.Sprint(quota), func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir)
			clock := &clock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
			e := engine.New(s, &engine.Options{Clock: clock.Now, Settings: engine.Settings{Policy: sigil.DefaultClassic(), Quota: quota}})
			for round := range 5 {
				var wg sync.WaitGroup
				for caller := range 8 {
					wg.Go(func() { mixed(t, e, clock, rand.New(rand.NewPCG(uint64(round), uint64(caller)))) })
				}
				wg.Wait()
				if err := s.CheckIndex(); err != nil {
					t.Fatalf("round %d: %v", round, err)
				}
				if kept, stray := s.Kept(); stray > 0 {
					t.Fatalf("round %d: of %d contents at hand %d are of memories that are gone", round, kept, stray)
				}
				for _, tenant := range tenants {
					got, err := e.Stats(context.Background(), tenant)
					if err != nil {
						t.Fatal(err)
					}
					if quota.Memories > 0 && got.Memories > quota.Memories || quota.Bytes > 0 && got.Bytes > quota.Bytes {
						t.Errorf("round %d: %s has %d memories and %d bytes, over its quota %v", round, tenant, got.Memories, got.Bytes, quota)
					}
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if err := open(t, dir).CheckIndex(); err != nil {
				t.Fatalf("after opening again: %v", err)
			}
		})
	}
}

var tenants = []string{"public", "ann", "ben"}

// mixed does 100 operations of all kinds. Errors that follow from the rules are part of the mix.
func mixed(t *testing.T, e *engine.Engine, clock *clock, r *rand.Rand) {
	ctx := context.Background()
	var mine []sigil.Key
	for i := range 100 {
		tenant := tenants[r.IntN(len(tenants))]
		var key sigil.Key
		if len(mine) > 0 {
			key = mine[r.IntN(len(mine))]
		}
		var err error
		switch r.IntN(12) {
		default:
			d := sigil.Draft{Data: fmt.Appendf(nil, `{"n":%d,"i":%d}`, r.IntN(1e6), i), Pinned: r.IntN(20) == 0}
			if r.IntN(5) == 0 {
				d.TTL = time.Duration(1+r.IntN(60)) * time.Second
			}
			if r.IntN(10) == 0 {
				d.State = &sigil.State{Phi: 1, Coherence: 1, Awareness: 1, EmotionalResonance: 1}
			}
			for range r.IntN(3) {
				d.Tags = append(d.Tags, fmt.Sprint("tag", r.IntN(40)))
			}
			if r.IntN(4) == 0 {
				d.IdempotencyKey = fmt.Sprint("key-", r.IntN(50))
			}
			var m sigil.Memory
			if m, err = e.Encode(ctx, tenant, d); err == nil {
				mine = append(mine, m.Key)
			}
		case 1, 2:
			_, err = e.Recall(ctx, key)
		case 3:
			err = e.Forget(ctx, key)
		case 4:
			_, err = e.Pin(ctx, key)
		case 5:
			_, err = e.Unpin(ctx, key)
		case 6:
			clock.Advance(time.Duration(r.IntN(20)) * time.Second)
			_, err = e.Sweep(ctx)
		case 7:
			_, err = e.Crystallize(ctx)
		}
		if code := sigil.CodeOf(err); !slices.Contains([]string{"", "not_found", "quota_full", "idempotency_mismatch", "idempotency_in_flight"}, code) {
			t.Errorf("unexpected error: %v", err)
		}
	}
}

// clock is a fake clock.
type clock struct {
	mu sync.Mutex
	// +checklocks:mu
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
