package store

import (
	"context"
	"time"

	"github.com/sigil-dna/sigil"
)

// What follows is what a [Store] may be able to do beyond its methods. A caller asks for it by a type assertion, and does
// without it if it is not there. It is named here, so that a store around another knows what it has to pass on.

// Pinger is a store that can be out of reach, as a database over a network is.
type Pinger interface {
	// Ping returns nil if the store can be reached now.
	Ping(ctx context.Context) error
}

// Sized is a store that knows its size on disk.
type Sized interface {
	// DiskUsage returns the bytes that its files take on disk, as allocated. It may look at every file, and is meant for
	// metrics.
	DiskUsage() int64
}

// Counted is a store that knows at any time how much it holds.
type Counted interface {
	// Counts returns the number of memories, due or not, and of crystals of patterns, of all tenants.
	Counts() (memories, crystals int)
}

// Dated is a store that knows when it was last written to.
type Dated interface {
	// Newest returns the time of the newest journal entry, zero if there is none.
	Newest(ctx context.Context) (time.Time, error)
}

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
