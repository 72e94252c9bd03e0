package store

import "github.com/sigil-dna/sigil"

// Shared is a [Store] that other processes may change at the same time.
type Shared interface {
	Store

	// OnRecall sets what hears of recalls that others made, through another Store on the same data. It hears of each
	// memory a while after its last recall, once it can be read here, and of many recalls at once; some are missed
	// while the connection to the others is lost. It never hears of what was recalled through this Store. It replaces
	// the watcher set before.
	OnRecall(w RecallWatcher)
}

// RecallWatcher hears of recalls. Its methods must be fast and safe for concurrent use.
type RecallWatcher interface {
	// RecallsWatched reports whether anybody wants to hear of a tenant's recalls.
	RecallsWatched(tenant string) bool
	// Recalled hears of a memory that was recalled, as the recall left it or as it is since.
	Recalled(m sigil.Meta)
	// RecalledMore hears that more of a tenant's memories were recalled than are named.
	RecalledMore(tenant string)
}
