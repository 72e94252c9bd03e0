package pgstore

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil"
)

const (
	// searchableEvery is how often a process looks for memories whose words are missing.
	searchableEvery = 3 * time.Second
	// searchableStep is the number of memories whose words one transaction writes.
	searchableStep = 500
	// searchableLock is the advisory lock of the process whose transaction writes words that were missing.
	searchableLock = 0x736967696c
)

// startSearching puts the settings of this process into the database. If others are there, it drops the words that were made by
// them.
func (s *Store) startSearching(ctx context.Context) error {
	if s.searching.analyzer == nil {
		return nil
	}
	return again(func() error {
		tag, err := s.pool.Exec(ctx, "insert into sigil.searched (settings) values ($1) on conflict do nothing", s.searching.settings)
		if err != nil || tag.RowsAffected() > 0 {
			return err
		}
		var kept string
		if err := s.pool.QueryRow(ctx, "select settings from sigil.searched").Scan(&kept); err != nil || kept == s.searching.settings {
			return err
		}
		s.logger.Warn("the search settings differ from those that the database had: the words of all memories are written anew", "was", kept, "is", s.searching.settings)
		return s.dropWords(ctx)
	})
}

// dropWords drops the words of all memories, and puts the settings of this process into the database.
func (s *Store) dropWords(ctx context.Context) error {
	// The first statement waits for inserts that are under way, and later ones wait for the commit, so that they see
	// the settings.
	b := &pgx.Batch{}
	b.Queue("truncate sigil.words")
	b.Queue("update sigil.searched set settings = $1", s.searching.settings)
	b.Queue("update sigil.tenants t set words = 0 from (select tenant from sigil.tenants where words <> 0 order by tenant for update) l where t.tenant = l.tenant")
	return s.pool.run(ctx, b)
}

// miscountWords returns the tenants whose count of words is not that of the rows.
const miscountWords = `select coalesce(t.tenant, w.tenant) from sigil.tenants t
full join (select tenant, count(*) as n from sigil.words group by tenant) w on w.tenant = t.tenant
where coalesce(t.words, 0) <> coalesce(w.n, 0)`

// recount drops the words of all memories if some are lost, or if there are too many: searches would miss them and not say so.
func (s *Store) recount(ctx context.Context) error {
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	rows, err := s.pool.Query(bounded, miscountWords)
	wrong, err := collect(rows, err, scanOne[string])
	if err != nil || len(wrong) == 0 {
		return err
	}
	s.logger.Warn("the words of memories are damaged: they are all written anew", "tenants", len(wrong))
	return again(func() error { return s.dropWords(bounded) })
}

// keepSearchable writes the words of memories that have none until ctx ends: those from before the migration, of other
// settings, and of processes that do not search.
func (s *Store) keepSearchable(ctx context.Context) {
	tick := time.NewTicker(searchableEvery)
	defer tick.Stop()
	failing, counted := false, false
	for {
		var err error
		if !counted {
			err = s.recount(ctx)
			counted = err == nil
		}
		if err == nil {
			err = s.makeSearchable(ctx)
		}
		if err != nil && ctx.Err() == nil && !failing {
			s.logger.Warn("writing the words of memories failed: searches are incomplete, and it is tried again", "error", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// makeSearchable writes the words that are missing now.
func (s *Store) makeSearchable(ctx context.Context) error {
	bounded, cancel := s.bounded(ctx)
	rows, err := s.pool.Query(bounded, "select tenant from sigil.tenants where words <> memories order by tenant")
	tenants, err := collect(rows, err, scanOne[string])
	cancel()
	for _, tenant := range tenants {
		for last, more := (sigil.ID{}), true; more && err == nil && ctx.Err() == nil; {
			last, more, err = s.makeSearchableStep(ctx, tenant, last)
		}
	}
	return err
}

// wordless locks memories whose words are missing, so that they stay until their words are written.
const wordless = "select " + memoryColumns + ` from sigil.memories m where tenant = $1 and id > $2
and not exists (select from sigil.words w where w.tenant = m.tenant and w.id = m.id) order by id limit $3 for key share of m`

// makeSearchableStep writes the words of some memories that come after last, and returns the last of these. more reports whether there
// may be others.
func (s *Store) makeSearchableStep(ctx context.Context, tenant string, last sigil.ID) (_ sigil.ID, more bool, err error) {
	bounded, cancel := s.steady(ctx)
	defer cancel()
	err = s.transact(bounded, func(t *tx) error {
		var free []bool
		b := &pgx.Batch{}
		into(b, &free, scanOne[bool], "select pg_try_advisory_xact_lock($1) and settings = $2 from sigil.searched", searchableLock, s.searching.settings)
		if err := t.send(bounded, b); err != nil || len(free) == 0 || !free[0] {
			return err // another process is at it, or has other settings
		}
		all, err := t.rows(bounded, scanMemory, wordless, tenant, [16]byte(last), searchableStep)
		if err != nil || len(all) == 0 {
			return err
		}
		last, more = all[len(all)-1].ID, len(all) == searchableStep
		var w writes
		var d documents
		for i := range all {
			one := s.searching.document(&all[i].Memory)
			d.add(&all[i].Memory, &one)
		}
		d.queue(&w, s.searching)
		s.queueCounts(&w, []count{{tenant: tenant, words: int64(len(all))}})
		return t.commit(bounded, w)
	})
	return last, more, err
}
