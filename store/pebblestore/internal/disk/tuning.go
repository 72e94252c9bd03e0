package disk

import (
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// Tuning is everything that is tuned to a machine. It changes how long something takes, never what ends up on disk.
// The zero value turns all of it off: the database with its defaults, over a plain file system. The gains, and where
// they were measured, are in docs/decisions.
type Tuning struct {
	// HugePages lets the index allocate its entries by the megabyte, in huge pages of the system.
	HugePages bool
	// Memtable is the bytes of a memtable on a disk of at least 32 times that; 0 is the database's default. A larger one
	// means fewer, larger flushes; it bounds what open has to replay after a crash.
	Memtable int64
	// Database changes the database's options; nil leaves them as they come.
	Database func(*pebble.Options)

	// FillSyncs is for how many syncs ahead, as they are, a log is filled with zeros, within FillLeast and FillMost bytes; 0
	// fills none. One in as many syncs has as much more to write, and the file's length: if syncs are small, a large
	// step would make a sync that many wait for.
	FillSyncs, FillLeast, FillMost int64
	// FillBelow is the bytes that a sync writes, on average, up to which filling pays: a step should do for several.
	FillBelow int64

	// Yields lets a flush and a compaction leave the processor to others between their steps.
	Yields bool
	// FlushTurn is how long a flush keeps the processor. Were it asked to step with every block, it would not end before
	// the next one is due.
	FlushTurn time.Duration
	// RestTurns is how many times as long as it worked a flush or a compaction rests if there is time, and
	// MostRest how long at most; 0 turns never rest.
	RestTurns time.Duration
	MostRest  time.Duration
	// LeastFill is how long a log must take to fill for there to be time: in the first half of what the next one
	// takes. A flush takes a second or less if it does not rest.
	LeastFill time.Duration
}

// Tuned returns what a store runs with: for any number of processors, and a disk that syncs in a millisecond or less.
func Tuned() Tuning {
	return Tuning{
		HugePages: true, Memtable: 32 << 20, Database: tuneDatabase,
		FillSyncs: 8, FillLeast: 4 << 10, FillMost: 256 << 10, FillBelow: 64 << 10,
		Yields: true, FlushTurn: time.Millisecond, RestTurns: 7, MostRest: 10 * time.Millisecond, LeastFill: 4 * time.Second,
	}
}

// unit returns the size of a memtable on a large disk.
func (t *Tuning) unit() int64 {
	if t.Memtable == 0 {
		return 4 << 20
	}
	return t.Memtable
}

func tuneDatabase(o *pebble.Options) {
	o.MemTableStopWritesThreshold = 4
	o.L0CompactionThreshold = 4
	o.L0StopWritesThreshold = 24
	// A commit's sync also waits for the disk writes of a concurrent flush, and for the file system to finish each new
	// file. So flushes write little at once, in few files.
	o.BytesPerSync = 128 << 10
	o.TargetFileSizes = [...]int64{8 << 20, 4 << 20, 8 << 20, 16 << 20, 32 << 20, 64 << 20, 128 << 20}
	// MinLZ, or the default Snappy if that is faster.
	o.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionFastest })
}
