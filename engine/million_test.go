package engine_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/canon"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// The stack this replaces added a crystal for every strong pattern at every sweep, without end. Here a
// million strong memories in a hundred patterns have a hundred pattern crystals, and the same ones
// after twenty sweeps. The race detector gets a tenth of them; make test runs both.
func TestMillionMemoriesHaveOneCrystalAPattern(t *testing.T) {
	memories := 1_000_000
	if raceEnabled {
		memories = 100_000
	}
	const patterns, sweeps, batch = 100, 20, 10_000
	s, err := pebblestore.Open(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	e := engine.New(s, nil)
	ctx := context.Background()
	state := sigil.State{Phi: 0.913, Coherence: 0.913, Awareness: 0.913, EmotionalResonance: 0.913}
	if p := state.Potential(); math.Abs(p-0.913) > 1e-12 {
		t.Fatalf("potential is %v, want 0.913", p)
	}

	drafts := make([]sigil.Draft, 0, batch)
	for n, kept := 0, 0; kept < memories; n++ {
		data := fmt.Appendf(nil, `{"n":%d}`, n)
		_, hash, err := canon.Read("data", data, canon.Limits{Bytes: 100, Depth: 2})
		if err != nil {
			t.Fatal(err)
		}
		if hash.Frequency().Pattern() >= patterns {
			continue
		}
		kept++
		drafts = append(drafts, sigil.Draft{Data: data, State: &state})
		if len(drafts) == batch || kept == memories {
			results, err := e.EncodeBatch(ctx, sigil.DefaultTenant, drafts)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range results {
				if r.Err != nil {
					t.Fatal(r.Err)
				}
			}
			drafts = drafts[:0]
		}
	}

	var first map[string]engine.Crystal
	for sweep := range sweeps {
		report, err := e.Crystallize(ctx)
		if err != nil {
			t.Fatal(err)
		}
		page, err := e.Crystals(ctx, sigil.DefaultTenant, engine.CrystalQuery{Kind: sigil.CrystalOfPattern, Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		crystals := map[string]engine.Crystal{}
		members := 0
		for _, c := range page.Crystals {
			crystals[c.ID()] = c
			members += c.Members
		}
		if len(page.Crystals) != patterns || len(crystals) != patterns || members != memories {
			t.Fatalf("sweep %d: %d crystals of %d patterns with %d members; want %d, %d and %d",
				sweep, len(page.Crystals), len(crystals), members, patterns, patterns, memories)
		}
		if sweep == 0 {
			if first = crystals; report.Created != patterns {
				t.Errorf("the first sweep created %d crystals, want %d", report.Created, patterns)
			}
			continue
		}
		if report.Created != 0 || report.Updated != 0 {
			t.Errorf("sweep %d created %d and updated %d crystals, want none", sweep, report.Created, report.Updated)
		}
		for id, c := range crystals {
			if c != first[id] {
				t.Errorf("sweep %d: crystal %s is %+v, was %+v", sweep, id, c, first[id])
			}
		}
	}
}
