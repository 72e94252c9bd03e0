package pgstore

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

const (
	// searchableEvery is how often a process looks for memories whose words are missing.
	searchableEvery = 3 * time.Second
	// searchableStep is the number of memories whose words or vectors one transaction writes.
	searchableStep = 500
	// wordsLock and vectorsLock are the advisory locks of the process whose transaction writes words or vectors that were
	// missing.
	wordsLock   = 0x736967696c
	vectorsLock = 0x736967696d
)

// startSearching puts the settings and the model of this process into the database. If others are there, it drops the words, or
// the vectors of texts, that were made by them.
func (s *Store) startSearching(ctx context.Context) error {
	if s.searching.analyzer == nil {
		return nil
	}
	return again(func() error {
		_, err := s.pool.Exec(ctx, "insert into sigil.searched (settings, model) values ($1, $2) on conflict do nothing", s.searching.settings, s.searching.model)
		if err != nil {
			return err
		}
		var settings, model string
		if err := s.pool.QueryRow(ctx, "select settings, model from sigil.searched").Scan(&settings, &model); err != nil {
			return err
		}
		changed := settings != s.searching.settings
		if changed {
			s.logger.Warn("the search settings differ from those that the database had: the words of all memories are written anew", "was", settings, "is", s.searching.settings)
			if err := s.dropWords(ctx); err != nil {
				return err
			}
		}
		// What is searched also decides of which texts vectors are made.
		if s.searching.given.Meaning == store.MeaningEndpoint && !changed {
			return nil // UseModel decides
		}
		if !changed && (s.searching.model == "" || s.searching.model == model) {
			return nil
		}
		if model != "" {
			s.logger.Warn("the vectors of texts are of another model or of other search settings: they are all made anew", "was", model, "is", s.searching.model)
		}
		return s.dropVectors(ctx, s.searching.model)
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

// dropVectors drops the vectors of all texts, and puts a model into the database.
func (s *Store) dropVectors(ctx context.Context, model string) error {
	b := &pgx.Batch{} // in the order of dropWords, for the same reasons
	b.Queue("truncate sigil.vectors")
	b.Queue("update sigil.searched set model = $1", model)
	b.Queue("update sigil.tenants t set vectors = 0 from (select tenant from sigil.tenants where vectors <> 0 order by tenant for update) l where t.tenant = l.tenant")
	return s.pool.run(ctx, b)
}

// miscountWords returns the tenants whose count of words is not that of the rows.
const miscountWords = `select coalesce(t.tenant, w.tenant) from sigil.tenants t
full join (select tenant, count(*) as n from sigil.words group by tenant) w on w.tenant = t.tenant
where coalesce(t.words, 0) <> coalesce(w.n, 0)`

// miscountVectors returns the tenants whose count of vectors is not that of the rows.
const miscountVectors = `select coalesce(t.tenant, v.tenant) from sigil.tenants t
full join (select tenant, count(*) as n from sigil.vectors group by tenant) v on v.tenant = t.tenant
where coalesce(t.vectors, 0) <> coalesce(v.n, 0)`

// recount drops the words or the vectors of all memories if some are lost, or if there are too many: searches would miss them and not
// say so.
func (s *Store) recount(ctx context.Context) error {
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	for _, derived := range []struct {
		what, miscount string
		drop           func(context.Context) error
	}{
		{"words", miscountWords, s.dropWords},
		{"vectors", miscountVectors, func(ctx context.Context) error { return s.dropVectors(ctx, s.searching.model) }},
	} {
		rows, err := s.pool.Query(bounded, derived.miscount)
		wrong, err := collect(rows, err, scanOne[string])
		if err != nil {
			return err
		}
		if len(wrong) == 0 || derived.what == "vectors" && s.searching.model == "" {
			continue
		}
		s.logger.Warn("the "+derived.what+" of memories are damaged: they are all written anew", "tenants", len(wrong))
		if err := again(func() error { return derived.drop(bounded) }); err != nil {
			return err
		}
	}
	return nil
}

// keepSearchable writes the words and vectors of memories that have none until ctx ends: those from before the migration, of
// other settings, and of processes that do not search.
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
			s.logger.Warn("writing the words and vectors of memories failed: searches are incomplete, and it is tried again", "error", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// missing is what may be missing of memories: their words, or the vectors of their texts.
type missing struct {
	// tenants selects the tenants that miss some, memories up to $3 of the tenant $1 that miss it, after the id $2. They are locked,
	// so that they stay until it is written. free tries to take the lock $1 of processes that write, and compares what is
	// in use with $2.
	tenants, memories, free string
	lock                    int64
	inUse                   string // that of this process
	write                   func(*writes, []row) count
}

func (s *Store) words() missing {
	return missing{
		tenants: "select tenant from sigil.tenants where words <> memories order by tenant",
		memories: "select " + memoryColumns + ` from sigil.memories m where tenant = $1 and id > $2
and not exists (select from sigil.words w where w.tenant = m.tenant and w.id = m.id) order by id limit $3 for key share of m`,
		free: "select pg_try_advisory_xact_lock($1) and settings = $2 from sigil.searched",
		lock: wordsLock, inUse: s.searching.settings,
		write: func(w *writes, all []row) count {
			var d documents
			for i := range all {
				one := s.searching.document(&all[i].Memory)
				d.add(&all[i].Memory, &one)
			}
			d.queue(w, s.searching)
			return count{words: int64(len(all))}
		},
	}
}

func (s *Store) vectors() missing {
	return missing{
		tenants: "select tenant from sigil.tenants where vectors <> memories order by tenant",
		memories: "select " + memoryColumns + ` from sigil.memories m where tenant = $1 and id > $2
and not exists (select from sigil.vectors v where v.tenant = m.tenant and v.id = m.id) order by id limit $3 for key share of m`,
		free: "select pg_try_advisory_xact_lock($1) and settings || model = $2 from sigil.searched",
		lock: vectorsLock, inUse: s.searching.made(),
		write: func(w *writes, all []row) count {
			var rows vectorRows
			for i := range all {
				rows.add(all[i].Key, s.searching.vector(&all[i].Memory))
			}
			rows.queue(w, s.searching)
			return count{vectors: int64(len(all))}
		},
	}
}

// makeSearchable writes the words and vectors that are missing now.
func (s *Store) makeSearchable(ctx context.Context) error {
	err := s.makeUp(ctx, s.words())
	if err == nil && s.searching.model != "" {
		err = s.makeUp(ctx, s.vectors())
	}
	return err
}

// makeUp writes what is missing now.
func (s *Store) makeUp(ctx context.Context, m missing) error {
	bounded, cancel := s.bounded(ctx)
	rows, err := s.pool.Query(bounded, m.tenants)
	tenants, err := collect(rows, err, scanOne[string])
	cancel()
	for _, tenant := range tenants {
		for last, more := (sigil.ID{}), true; more && err == nil && ctx.Err() == nil; {
			last, more, err = s.makeUpStep(ctx, m, tenant, last)
		}
	}
	return err
}

// makeUpStep writes what is missing of some memories that come after last, and returns the last of these. more reports whether there
// may be others.
func (s *Store) makeUpStep(ctx context.Context, m missing, tenant string, last sigil.ID) (_ sigil.ID, more bool, err error) {
	bounded, cancel := s.steady(ctx)
	defer cancel()
	err = s.transact(bounded, func(t *tx) error {
		var free []bool
		b := &pgx.Batch{}
		into(b, &free, scanOne[bool], m.free, m.lock, m.inUse)
		if err := t.send(bounded, b); err != nil || len(free) == 0 || !free[0] {
			return err // another process is at it, or has other settings
		}
		all, err := t.rows(bounded, scanMemory, m.memories, tenant, [16]byte(last), searchableStep)
		if err != nil || len(all) == 0 {
			return err
		}
		last, more = all[len(all)-1].ID, len(all) == searchableStep
		var w writes
		change := m.write(&w, all)
		change.tenant = tenant
		s.queueCounts(&w, []count{change})
		return t.commit(bounded, w)
	})
	return last, more, err
}
