package pgstore_test

import (
	"os"
	"strconv"
	"testing"

	"github.com/sigil-dna/sigil/internal/prove/ninety"
)

// TestNinetyDays lets SIGIL_NINETY memories live on PostgreSQL, by default 200. SIGIL_SEED repeats a run.
func TestNinetyDays(t *testing.T) {
	size := ninety.Size{Memories: 200, Steps: 40, Restarts: 2, Jumps: 3, Seed: 1}
	for name, set := range map[string]func(n uint64){
		"SIGIL_NINETY": func(n uint64) {
			size = ninety.Size{Memories: int(n), Steps: 700, Restarts: 20, Jumps: 25, Seed: size.Seed}
		},
		"SIGIL_SEED": func(n uint64) { size.Seed = n },
	} {
		if s := os.Getenv(name); s != "" {
			n, err := strconv.ParseUint(s, 10, 64)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			set(n)
		}
	}
	ninety.Live(t, &server{url: database(t)}, size)
}
