package disk

import (
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// Tuning has all parameters that are tuned to a machine. They change how long operations take, never what is
// stored on disk. The zero value turns all of them off: then the database has its defaults, on a plain file
// system. The gains, and the machines they were measured on, are in docs/decisions.
type Tuning struct {
	// HugePages lets the index allocate its entries by the megabyte, in huge pages of the system.
	HugePages bool
	// Memtable is the size in bytes of a memtable on a disk of at least 32 times that; 0 means the database's
	// default. A larger one means fewer, larger flushes. It limits how much an open must replay after a crash.
	Memtable int64
	// Database changes the database's options; nil leaves them unchanged.
	Database func(*pebble.Options)

	// FillSyncs is the number of syncs, of the current average size, for which a log is filled with zeros at
	// once, at least FillLeast and at most FillMost bytes; 0 means no filling. One sync in that many also
	// writes the zeros and the file's length. So if syncs are small, the step must not be large: it would
	// delay a sync that many callers wait for.
	FillSyncs, FillLeast, FillMost int64
	// FillBelow is the maximum average size of a sync, in bytes, for which filling pays: one step should last
	// for several syncs.
	FillBelow int64

	// Yields lets a flush and a compaction yield the processor between their steps.
	Yields bool
	// FlushTurn is how long a flush keeps the processor. If it stepped after every block, it would not end
	// before the next flush is due.
	FlushTurn time.Duration
	// RestTurns is how many times as long as it has worked a flush or a compaction rests, if there is time, and
	// MostRest the maximum rest. If RestTurns is 0, it never rests.
	RestTurns time.Duration
	MostRest  time.Duration
	// LeastFill is the minimum time in which a log must have filled so that there is time: then there is, for
	// half of that time after the next log begins. A flush without rests takes a second or less.
	LeastFill time.Duration
}

// Tuned returns the parameters that a store runs with. They suit any number of processors, and a disk that
// syncs in a millisecond or less.
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
	// A commit's sync also waits for the disk writes of a concurrent flush, and for the file system to finish
	// each new file. So flushes write little at once, in few files.
	o.BytesPerSync = 128 << 10
	o.TargetFileSizes = [...]int64{8 << 20, 4 << 20, 8 << 20, 16 << 20, 32 << 20, 64 << 20, 128 << 20}
	// Use MinLZ, or the default Snappy if that is faster.
	o.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionFastest })
}
