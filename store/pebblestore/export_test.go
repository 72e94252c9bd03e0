package pebblestore

import (
	"bytes"
	"context"
	"errors"
	"log/slog"

	"github.com/cockroachdb/pebble/v2"
	sstable "github.com/cockroachdb/pebble/v2/sstable/block"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/disk"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// Tune returns o with small tables and small ranges, so that a small store does everything a large one does.
func Tune(o Options) *Options {
	o.enough = 2
	o.tune = func(p *pebble.Options) {
		p.MemTableSize, p.L0CompactionThreshold, p.MaxManifestFileSize = 32<<10, 2, 4<<10
		p.CacheSize = 1 << 20
	}
	return &o
}

// TuneWithoutStats returns o tuned, and without Pebble's table statistics. If an Open fails after a flush, the
// goroutine that gathers these goes on with a closed file cache and divides by its number of shards, which is 0
// (v2.1.7, file_cache.go:517). That ends the process, and so a test that fails each operation of an Open. The program
// needs the statistics, to free the space of released memories, and exits anyway if its disk fails at startup.
func TuneWithoutStats(o Options) *Options {
	tune := o.tune
	o.tune = func(p *pebble.Options) { tune(p); p.DisableTableStats = true }
	return &o
}

// Untuned returns o with all tuning to a machine off.
func Untuned(o Options) *Options {
	o.tuning = &disk.Tuning{}
	return &o
}

// Check is like the function [Check], but for an open store. Nothing else may change the store while it runs.
func (s *Store) Check() (Checked, error) { return s.check() }

// Unbuild makes the store as it is while its index of words is being built after an open.
func (s *Store) Unbuild() { s.finder.built.Store(false) }

// Kept returns how many memories have their content cached, and how many of these are not in the index.
func (s *Store) Kept() (kept, stray int) {
	for key := range s.contents.cache.Keys() {
		kept++
		if _, there := s.index.Meta(key); !there {
			stray++
		}
	}
	return kept, stray
}

// MissesOf reads the content of memories through the database, and returns how many of the blocks it reads were not
// cached.
func (s *Store) MissesOf(keys []sigil.Key) (int64, error) {
	before := s.db.Metrics().BlockCache.Misses
	for _, key := range keys {
		if _, err := s.record(key); err != nil {
			return 0, err
		}
	}
	return s.db.Metrics().BlockCache.Misses - before, nil
}

// Answer returns the answer stored under an idempotency key, expired or not.
func (s *Store) Answer(tenant, key string) (store.Answer, bool, error) {
	answers, _, err := s.answers(tenant, []store.Item{{Idempotency: store.Idempotency{Key: key}}})
	a, ok := answers[0]
	return a, ok, err
}

// CheckIndex is Verify for tests that have no context at hand.
func (s *Store) CheckIndex() error { return s.Verify(context.Background()) }

// Unclosed reports whether the database could not be closed.
func (s *Store) Unclosed() bool { return s.unclosed }

// FallOver makes the disk fail s's database in a call that panics because of what the failure left behind.
func (s *Store) FallOver() error {
	return s.apart(func() error {
		defer func() { panic("element has outstanding references") }() // as pebble.Open does
		(&databaseLogger{s: s, log: slog.New(slog.DiscardHandler)}).Fatalf("the disk failed")
		return nil
	})
}

// Lose deletes the content of a memory, as damage would, and keeps the rest of it.
func (s *Store) Lose(key sigil.Key) error {
	s.contents.drop(key)
	return s.db.Delete(layout.MemoryKey(layout.BodyFamily, key.Tenant, key.ID), pebble.Sync)
}

// Plain returns o without compression, so that what is stored can be found in the files.
func Plain(o Options) *Options {
	tune := o.tune
	o.tune = func(p *pebble.Options) {
		tune(p)
		p.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.UniformDBCompressionSettings(sstable.NoCompression) })
	}
	return &o
}

// Expunge expunges what is not live of the records of memories.
func (s *Store) Expunge(ctx context.Context, keys []sigil.Key) error {
	var spans []span
	for _, key := range keys {
		for _, family := range []byte{layout.MetaFamily, layout.BodyFamily, layout.VectorFamily} {
			at := layout.MemoryKey(family, key.Tenant, key.ID)
			spans = append(spans, span{at, append(bytes.Clone(at), 0)})
		}
	}
	return s.expunge(ctx, spans)
}

// Closing reports whether Close has begun.
func (s *Store) Closing() bool { return errors.Is(s.ended(), sigil.ErrClosed) }
