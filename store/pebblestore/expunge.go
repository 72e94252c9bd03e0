package pebblestore

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/sigil-dna/sigil/store"
)

// span is a range of keys: from the first up to, but not including, the second.
type span struct{ from, to []byte }

// expunge rewrites the store's files until none has what was stored under the keys of spans and was deleted or replaced by
// durable changes before the call. Its cost is that of what is in memory and of the tables that have such keys. If it fails or ctx
// ends, some of these bytes may still be there.
//
// Calls that read at the time keep the tables they read, and expunge waits for them. It does not wait for those that write: of two
// compactions that could run, the database runs a requested one first.
func (s *Store) expunge(ctx context.Context, spans []span) error {
	defer s.folder.Hurry()()
	s.snapshots.Lock()
	s.snapshots.Unlock() //nolint:staticcheck // snapshots from before the changes have ended
	// Twice: a flush ends a log, so that it can be emptied, but the next log may be in the file of an old one, whose bytes stay
	// until they are overwritten.
	for range 2 {
		logs, err := s.folder.Logs()
		if err != nil {
			return err
		}
		if err := s.db.Flush(); err != nil {
			return err
		}
		if err := s.folder.EmptyLogs(logs); err != nil {
			return err
		}
	}
	store.Progress(ctx, "the logs are emptied")
	for i, one := range spans {
		if err := s.db.Compact(ctx, one.from, one.to, false); err != nil {
			return err
		}
		store.Progress(ctx, fmt.Sprintf("the tables are rewritten for %d of %d ranges of keys", i+1, len(spans)))
	}
	return s.dropTables(ctx)
}

// dropTables waits until the tables are gone that were on disk when it was called and that the database no longer needs.
func (s *Store) dropTables(ctx context.Context) error {
	tables, err := s.tablesOnDisk()
	if err != nil {
		return err
	}
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for {
		used, err := s.tablesInUse()
		if err != nil {
			return err
		}
		there, err := s.tablesOnDisk()
		if err != nil {
			return err
		}
		for name := range tables {
			if used[name] || !there[name] {
				delete(tables, name)
			}
		}
		if len(tables) == 0 {
			return nil
		}
		select {
		case <-poll.C:
		case <-s.failed:
			return s.failure()
		case <-ctx.Done():
			return fmt.Errorf("%d tables are still being read: %w", len(tables), ctx.Err())
		}
	}
}

// tablesOnDisk returns the names of the tables in the database's folder.
func (s *Store) tablesOnDisk() (map[string]bool, error) {
	names, err := s.folder.FS.List(s.folder.Data)
	tables := map[string]bool{}
	for _, name := range names {
		if strings.HasSuffix(name, ".sst") {
			tables[name] = true
		}
	}
	return tables, err
}

// tablesInUse returns the names of the tables that make up the database now.
func (s *Store) tablesInUse() (map[string]bool, error) {
	levels, err := s.db.SSTables()
	tables := map[string]bool{}
	for _, level := range levels {
		for i := range level {
			tables[fmt.Sprintf("%06d.sst", uint64(level[i].BackingSSTNum))] = true
		}
	}
	return tables, err
}
