package daemon

import (
	"runtime"
	"runtime/debug"
	"sync"
)

// collector counts who has the garbage collector wait: it is the process's, and daemons may be several.
var collector struct {
	// mu guards all below
	mu sync.Mutex
	// +checklocks:mu
	held int
	// +checklocks:mu
	percent int // as it was before
}

// holdCollector has the garbage collector wait until release is called, once; a limit of memory (GOMEMLIMIT)
// still counts. It is for the opening of a store: two thirds of what that allocates is the index, and stays. A
// heap that doubles from nothing is marked again and again, for a fifth of the time, and may in the end be larger
// than one that was never looked at.
func holdCollector() (release func()) {
	collector.mu.Lock()
	defer collector.mu.Unlock()
	if collector.held++; collector.held == 1 {
		collector.percent = debug.SetGCPercent(-1)
	}
	// What is there is marked once, beside what comes next, and only then does the setting count again: by that
	// a collection is overdue, and whoever allocates would have to help with it. Ends when it is marked.
	return func() { go collectOnce() }
}

func collectOnce() {
	runtime.GC()
	collector.mu.Lock()
	defer collector.mu.Unlock()
	if collector.held--; collector.held == 0 {
		debug.SetGCPercent(collector.percent)
	}
}
