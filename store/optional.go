package store

import (
	"context"
	"time"

	"github.com/sigil-dna/sigil"
)

// The interfaces in this file are optional abilities of a [Store]. A caller uses a type assertion to get one,
// and does without it if the store lacks it. They are defined here so that a store that wraps another knows
// which ones to pass on.

// Pinger is a store that may be unreachable, such as a database over a network.
type Pinger interface {
	// Ping returns nil if the store can be reached now.
	Ping(ctx context.Context) error
}

// Sized is a store that knows its size on disk.
type Sized interface {
	// DiskUsage returns the bytes that its files occupy on disk. It may look at every file, and is meant for
	// metrics.
	DiskUsage() int64
}

// Counted is a store that always knows how many memories it holds.
type Counted interface {
	// Counts returns the number of memories, due or not, and of crystals of patterns, of all tenants.
	Counts() (memories, crystals int)
}

// BackedUp is a store that can copy itself while it is used.
type BackedUp interface {
	// Backup makes a backup in the folder dir, which must not exist, and verifies it by reading it back.
	Backup(ctx context.Context, dir string) (sigil.Backup, error)
}

// Indexing is a store that builds what it searches after an open, while it takes calls already.
type Indexing interface {
	// Indexing reports whether searches may still miss memories that were there at the open.
	Indexing() bool
}

// Dated is a store that knows the time of its last change.
type Dated interface {
	// Newest returns the time of the newest journal entry, or the zero time if there is none.
	Newest(ctx context.Context) (time.Time, error)
}

// Shared is a [Store] that other processes may change at the same time.
type Shared interface {
	Store

	// OnRecall sets the watcher of recalls that are made through another Store on the same data. It learns of
	// a memory some time after the memory's last recall, when this Store can read it, and of many recalls at
	// once. Some are missed while the connection to the others is lost. It never learns of recalls through
	// this Store. A call replaces the previous watcher.
	OnRecall(w RecallWatcher)
}

// RecallWatcher is told of recalls. Its methods must be fast and safe for concurrent use.
type RecallWatcher interface {
	// RecallsWatched reports whether anyone wants to know of a tenant's recalls.
	RecallsWatched(tenant string) bool
	// Recalled is called with a memory that was recalled, in the state after that recall or a later one.
	Recalled(m sigil.Meta)
	// RecalledMore is called if more of a tenant's memories were recalled than were passed to Recalled.
	RecalledMore(tenant string)
}
