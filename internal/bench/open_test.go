package bench_test

import (
	"runtime"
	"testing"

	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// BenchmarkOpen opens a store of a million memories, and tells what their index takes of the heap.
func BenchmarkOpen(b *testing.B) {
	const n = 1_000_000
	dir := b.TempDir()
	s, err := pebblestore.Open(dir, &pebblestore.Options{Logger: quiet})
	if err != nil {
		b.Fatal(err)
	}
	fill(b, engine.New(s, nil), n)
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	before := heap()
	var each float64
	for b.Loop() {
		if s, err = pebblestore.Open(dir, &pebblestore.Options{Logger: quiet}); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		each = float64(heap()-before) / n
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(each, "heap-B/memory")
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
