package disk

import (
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// DatabaseOptions returns the options of a store's database for a measurement of the database alone: its files are not
// filled ahead or paced.
func DatabaseOptions(cache int64) *pebble.Options {
	t := Tuned()
	o := databaseOptions(vfs.Default, cache, t.unit(), pebble.DefaultLogger, newPace(t), &t)
	o.FS = vfs.Default
	return o
}

func databaseOptions(fsys vfs.FS, cache, memtable int64, logger pebble.Logger, p *pace, t *Tuning) *pebble.Options {
	options := &pebble.Options{
		FS: orderedFS{fsys, logger, p, t}, Logger: logger, EventListener: listener(logger),
		FormatMajorVersion: pebble.FormatNewest,
		// The database takes the size of its memtables off its cache. There are two of them: one being filled, and one
		// being flushed or kept to be filled next.
		CacheSize:    cache + 2*memtable,
		MemTableSize: uint64(memtable),
		MaxOpenFiles: 512,
	}
	// A table holds one family alone. Ids and positions grow, so what is flushed then lies after all that was
	// flushed before, and there is nothing to merge; a table with all families would overlap every other.
	options.Experimental.SpanPolicyFunc = func(key []byte) (pebble.SpanPolicy, []byte, error) {
		return pebble.SpanPolicy{}, layout.After(key[:1]), nil
	}
	if t.Database != nil {
		t.Database(options)
	}
	return options
}

// maxFlushErrors is how often in a row a flush of a memtable may fail. The database retries at once, and forever;
// before long every write would wait for it.
const maxFlushErrors = 5

// listener returns the listener for events of the database.
func listener(logger pebble.Logger) *pebble.EventListener {
	failed := 0 // flushes in a row; there is one at a time
	return &pebble.EventListener{
		BackgroundError: seldom(logger),
		// A caller that reads what is damaged gets an error. Nothing else depends on it: the store goes on.
		DataCorruption: func(i pebble.DataCorruptionInfo) { logger.Errorf("%s: %v", i.Path, i.Details) },
		FlushEnd: func(i pebble.FlushInfo) {
			switch {
			case i.Err == nil:
				failed = 0
			case IsFull(i.Err): // it goes on when there is room
			case failed < maxFlushErrors:
				failed++
			default:
				logger.Fatalf("no table can be written: %v", i.Err)
			}
		},
	}
}

// seldom passes on errors of the database's own work, such as a flush that finds no free space, at a limited rate: the
// database retries at once, and each try fails.
func seldom(logger pebble.Logger) func(error) {
	var last atomic.Int64
	return func(err error) {
		now, then := time.Now().Unix(), last.Load()
		if now-then >= 10 && last.CompareAndSwap(then, now) {
			logger.Errorf("%s", err.Error()) // its words alone: it carries a stack trace
		}
	}
}
