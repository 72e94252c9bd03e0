package disk

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// DatabaseOptions returns the options of a store's database, to measure the database alone: its files are
// neither filled ahead nor paced.
func DatabaseOptions(cache int64) *pebble.Options {
	t := Tuned()
	o := databaseOptions(vfs.Default, cache, t.unit(), pebble.DefaultLogger, newPace(t), &t, new(sync.Mutex))
	o.FS = vfs.Default
	return o
}

func databaseOptions(fsys vfs.FS, cache, memtable int64, logger pebble.Logger, p *pace, t *Tuning, reuse *sync.Mutex) *pebble.Options {
	options := &pebble.Options{
		FS: orderedFS{fsys, logger, p, t, reuse}, Logger: logger, EventListener: listener(logger),
		FormatMajorVersion: pebble.FormatNewest,
		// The database subtracts the size of its memtables from its cache. There are two: one being filled, and
		// one being flushed or kept to be filled next.
		CacheSize:    cache + 2*memtable,
		MemTableSize: uint64(memtable),
		MaxOpenFiles: 512,
	}
	// Each table holds only one family. Ids and positions grow, so newly flushed keys come after all earlier
	// ones of the family, and nothing needs to be merged. A table with all families would overlap every other
	// one.
	options.Experimental.SpanPolicyFunc = func(key []byte) (pebble.SpanPolicy, []byte, error) {
		return pebble.SpanPolicy{}, layout.After(key[:1]), nil
	}
	if t.Database != nil {
		t.Database(options)
	}
	return options
}

// maxFlushErrors is the maximum number of consecutive flushes of a memtable that may fail. The database
// retries at once, and forever; soon all writes would wait for it.
const maxFlushErrors = 5

// listener returns the listener for events of the database.
func listener(logger pebble.Logger) *pebble.EventListener {
	failed := 0 // consecutive failed flushes; there is one flush at a time
	return &pebble.EventListener{
		BackgroundError: seldom(logger),
		// A caller that reads damaged data gets an error. Nothing else depends on it, so the store continues.
		DataCorruption: func(i pebble.DataCorruptionInfo) { logger.Errorf("%s: %v", i.Path, i.Details) },
		FlushEnd: func(i pebble.FlushInfo) {
			switch {
			case i.Err == nil:
				failed = 0
			case IsFull(i.Err): // flushes resume once the disk has free space
			case failed < maxFlushErrors:
				failed++
			default:
				logger.Fatalf("no table can be written: %v", i.Err)
			}
		},
	}
}

// seldom limits the rate of errors of the database's background work, such as a flush that finds no free
// space: the database retries at once, and each try fails.
func seldom(logger pebble.Logger) func(error) {
	var last atomic.Int64
	return func(err error) {
		now, then := time.Now().Unix(), last.Load()
		if now-then >= 10 && last.CompareAndSwap(then, now) {
			logger.Errorf("%s", err.Error()) // only the text, without the stack trace
		}
	}
}
