package bench_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// fill keeps n memories of about ten bytes.
func fill(b *testing.B, e *engine.Engine, n int) {
	b.Helper()
	const batch = 10_000
	for first := 0; first < n; first += batch {
		drafts := make([]sigil.Draft, min(batch, n-first))
		for i := range drafts {
			drafts[i].Data = fmt.Appendf(nil, `{"n":%d}`, first+i)
		}
		results, err := e.EncodeBatch(context.Background(), sigil.DefaultTenant, drafts)
		if err != nil {
			b.Fatal(err)
		}
		for _, r := range results {
			if r.Err != nil {
				b.Fatal(r.Err)
			}
		}
	}
}

// BenchmarkSweepNothingDue is a decay sweep that finds nothing to release: it costs the same however
// many memories there are.
func BenchmarkSweepNothingDue(b *testing.B) {
	for _, n := range []int{1_000, 1_000_000} {
		b.Run(fmt.Sprintf("memories=%d", n), func(b *testing.B) {
			s, err := pebblestore.Open(b.TempDir(), &pebblestore.Options{Logger: quiet})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			e := engine.New(s, &engine.Options{Clock: func() time.Time { return now }})
			fill(b, e, n)
			b.ReportAllocs()
			for b.Loop() {
				if s, err := e.Sweep(context.Background()); err != nil || s.Total() != 0 {
					b.Fatal(s, err)
				}
			}
		})
	}
}
