package lifecycle

import (
	"os"
	"runtime"
	"testing"

	"go.uber.org/goleak"
)

// samples are how often the heap is weighed in each of the two windows of [Cycles].
const samples = 10

// tolerance is how much heavier the heap may be in the late window than in the early one. What a life
// leaves behind adds up to itself times the lives between the windows, 800 of 1,000; a goroutine alone
// weighs 2 KiB or more, and would come to over 1.6 MiB. What is alive after a collection differs by
// some ten KiB from one life to another, and less in the mean.
const tolerance = 512 << 10

// Cycles lives n lives, at least 100, one after the other, and fails if they leave something behind: a goroutine, a
// descriptor, or memory. The first tenth may create what is created once in a process. After each, everything it
// started must be ending.
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

// heap weighs what is alive. The second collection takes what pools held on to over the first.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// open counts the descriptors of this process.
func open(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}
