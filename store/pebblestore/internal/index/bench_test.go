package index

import (
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// BenchmarkIndexInsert measures making one memory visible, in an index that grows to b.N.
func BenchmarkIndexInsert(b *testing.B) {
	now := time.UnixMilli(1_764_000_000_000)
	entries := make([]entry, b.N)
	for i := range entries {
		now = now.Add(time.Millisecond / 50)
		m := sigil.Meta{
			Key: sigil.Key{Tenant: "public", ID: sigil.NewID(now)}, Frequency: sigil.Frequency(i * 7919 % 1000), Potential: 0.5, Size: 500,
			CreatedAt: now, LastAccessed: now, Policy: sigil.DefaultClassic(),
		}
		m.Reschedule()
		entries[i] = NewEntry(&m, 0, 0)
	}
	x := New(&layout.Policies{}, true)
	x.mu.Lock()
	defer x.mu.Unlock()
	t := x.tenant("public")
	b.ReportAllocs()
	b.ResetTimer()
	for i := range entries {
		x.insert(t, &entries[i], "")
	}
}
