package lifecycle

import (
	"os"
	"runtime"
	"testing"

	"go.uber.org/goleak"
)

// samples is the number of measurements of the heap in each of the two windows of [Cycles].
const samples = 10

// tolerance is how much larger the heap may be in the late window than in the early one. What a life leaves
// behind accumulates over the lives between the windows, 800 of 1,000: a single goroutine, of at least 2 KiB,
// becomes more than 1.6 MiB. What is alive after a collection varies by about ten KiB between lives, and less
// in the mean.
const tolerance = 512 << 10

// Cycles runs n lives, at least 100, one after the other, and fails if they leave something behind: a
// goroutine, a descriptor, or memory. The first tenth may create what is created once per process. After each
// life, everything that it started must be ending.
func Cycles(t *testing.T, n int, life func(t *testing.T)) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	early, late := n/10, n-samples
	var goroutines, descriptors int
	var light, heavy uint64
	for i := range n {
		if life(t); t.Failed() {
			t.Fatalf("life %d failed", i)
		}
		switch {
		case i >= early && i < early+samples:
			light += heap() / samples
		case i >= late:
			heavy += heap() / samples
		}
		if i == early {
			goleak.VerifyNone(t, before)
			goroutines, descriptors = runtime.NumGoroutine(), open(t)
		}
	}
	goleak.VerifyNone(t, before) // waits for goroutines that are just ending
	t.Logf("%d lives: %d goroutines, then %d; %d descriptors, then %d; a heap of %d KiB, then %d KiB",
		n, goroutines, runtime.NumGoroutine(), descriptors, open(t), light>>10, heavy>>10)
	if g, d := runtime.NumGoroutine(), open(t); g > goroutines || d > descriptors {
		t.Errorf("after %d lives there are %d goroutines and %d descriptors; after %d there were %d and %d",
			n, g, d, early, goroutines, descriptors)
	}
	if heavy > light+tolerance {
		t.Errorf("the heap grew from %d KiB to %d KiB in %d lives", light>>10, heavy>>10, late-early)
	}
}

// heap returns the bytes that are alive. Pools may keep memory over the first collection; the second one
// frees it.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// open returns the number of this process's descriptors.
func open(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}
