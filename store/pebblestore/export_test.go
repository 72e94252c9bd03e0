package pebblestore

import (
	"context"
	"log/slog"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/disk"
)

// Tune gives o small tables, and ranges of few memories, so that a small store does all that a large one does.
func Tune(o Options) *Options {
	o.enough = 2
	o.tune = func(p *pebble.Options) {
		p.MemTableSize, p.L0CompactionThreshold, p.MaxManifestFileSize = 32<<10, 2, 4<<10
		p.CacheSize = 1 << 20
	}
	return &o
}

// TuneWithoutStats takes options that are tuned, and gives them without Pebble's statistics of tables: where an Open fails after it has flushed, the
// goroutine that gathers them goes on over a file cache that is closed, and divides by the number of its shards, none
// (v2.1.7, file_cache.go:517). That ends the process, and so a test that fails each operation of an Open. The program
// itself needs the statistics, to give back the room of what was released, and ends where its disk fails at its start.
func TuneWithoutStats(o Options) *Options {
	tune := o.tune
	o.tune = func(p *pebble.Options) { tune(p); p.DisableTableStats = true }
	return &o
}

// Untuned returns o with all off that is tuned to a machine.
func Untuned(o Options) *Options {
	o.tuning = &disk.Tuning{}
	return &o
}

// Check is the check of [Check], of an open store. Nothing else may change the store meanwhile.
func (s *Store) Check() (Checked, error) { return s.check() }

// Kept counts the memories whose content is at hand, and those of them that are not in the index.
func (s *Store) Kept() (kept, stray int) {
	for key := range s.contents.cache.Keys() {
		kept++
		if _, there := s.index.Meta(key); !there {
			stray++
		}
	}
	return kept, stray
}

// MissesOf reads the content of memories through the database, and gives how many of the blocks that it looks at it
// has not at hand.
func (s *Store) MissesOf(keys []sigil.Key) (int64, error) {
	before := s.db.Metrics().BlockCache.Misses
	for _, key := range keys {
		if _, err := s.record(key); err != nil {
			return 0, err
		}
	}
	return s.db.Metrics().BlockCache.Misses - before, nil
}

// Answer gives what is kept under an idempotency key, whenever it ends.
func (s *Store) Answer(tenant, key string) (store.Answer, bool, error) {
	answers, err := s.answers(tenant, []store.Item{{Idempotency: store.Idempotency{Key: key}}})
	a, ok := answers[0]
	return a, ok, err
}

// CheckIndex is Verify for tests that have no context at hand.
func (s *Store) CheckIndex() error { return s.Verify(context.Background()) }

// Unclosed tells whether the database could not be closed.
func (s *Store) Unclosed() bool { return s.unclosed }

// FallOver has the disk fail s's database in a call that, on its way out, falls over what the failure left
// behind.
func (s *Store) FallOver() error {
	return s.apart(func() error {
		defer func() { panic("element has outstanding references") }() // as pebble.Open does
		(&databaseLogger{s: s, log: slog.New(slog.DiscardHandler)}).Fatalf("the disk failed")
		return nil
	})
}
