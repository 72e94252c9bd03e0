package pgstore

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
)

const (
	lockRemovals = " from sigil.removals r join sigil.removed m using (tenant, id)\nwhere (r.tenant, r.id) in (select * from unnest($1::text[], $2::uuid[])) order by r.tenant, r.id for update of r"

	eraseRemoved = `with recursive gone as materialized (
  select ` + goneColumns + ` from sigil.removals where (tenant, id) in (select * from unnest($1::text[], $2::uuid[])) order by tenant, id for update)` + dropRemoved

	// These find what may name one of the memories $2. Whether it does is read from the record.
	blocksNaming = `select last, base, block from sigil.journal
where tenant = $1 and exists (select from unnest($2::uuid[]) as id where position(uuid_send(id) in block) > 0) order by last for update`
	answersNaming = `select key, answer from sigil.answers
where tenant = $1 and exists (select from unnest($2::uuid[]) as id where position(uuid_send(id) in answer) > 0) order by key for update`

	redactBlocks = `update sigil.journal j set block = n.block from unnest($2::bigint[], $3::bytea[]) as n (last, block)
where j.tenant = $1 and j.last = n.last`
)

// erasedFrom are the tables that have what Erase erases.
var erasedFrom = []string{"memories", "removed", "removals", "journal", "answers", "words", "vectors", "own_vectors"}

// beyond returns what a database keeps of rows that were deleted, now or before: none of it is in the hands of its clients.
func beyond() []string {
	return []string{
		"the pages of the database's tables and indexes may have the bytes of deleted rows until they are written over; vacuum full rewrites a table without them",
		"the write-ahead log of the database, with its archive and its standbys, has the changes that wrote the memories until it is recycled",
		"backups of the database that were made before may have the memories",
	}
}

// Erase implements [store.Eraser]. It vacuums the tables after its transaction, as far as its role may.
func (s *Store) Erase(ctx context.Context, keys []sigil.Key, event func(sigil.Meta, bool) sigil.Event) (done store.Erasure, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return done, err
	}
	if len(keys) > 0 {
		done, err = s.eraseLocked(ctx, keys, event)
	}
	if err != nil {
		return done, failure(err)
	}
	done.Remains = beyond()
	if len(done.Events) == 0 {
		return done, nil
	}
	s.tell()
	bounded, cancel := s.steady(ctx)
	defer cancel()
	rows, err := s.pool.Query(bounded, "select position, link from sigil.links where position >= $1 order by position limit 1", int64(done.Events[len(done.Events)-1].Position))
	links, err := collect(rows, err, scanLink)
	if err == nil && len(links) == 0 {
		err = damaged("no link")
	}
	if err != nil {
		return done, reading(ctx, err)
	}
	done.Position, done.Link = uint64(links[0].position), links[0].link
	store.Progress(ctx, fmt.Sprintf("erased: %d; now the tables are vacuumed", len(done.Events)))
	if !s.vacuum(ctx) {
		done.Remains = append(done.Remains, "the tables could not be vacuumed now: the database's autovacuum does it later")
	}
	return done, nil
}

func (s *Store) eraseLocked(ctx context.Context, keys []sigil.Key, event func(sigil.Meta, bool) sigil.Event) (done store.Erasure, err error) {
	bounded, cancel := s.steady(ctx)
	defer cancel()
	keys, err = s.versions(bounded, keys)
	if err != nil {
		return done, err
	}
	defer s.keys.Lock(keys...)()
	if err := s.flush(bounded, keys...); err != nil {
		return done, err
	}
	err = s.transact(bounded, func(t *tx) (err error) {
		done, err = s.erase(bounded, t, keys, event)
		return err
	})
	return done, err
}

// vacuum removes deleted rows from the tables, and reports whether that could be done.
func (s *Store) vacuum(ctx context.Context) bool {
	for _, table := range erasedFrom {
		bounded, cancel := s.bounded(ctx)
		_, err := s.pool.Exec(bounded, "vacuum (skip_locked) sigil."+table)
		cancel()
		if err != nil {
			return false
		}
		store.Progress(ctx, "vacuumed the table "+table)
	}
	return true
}

// erase erases memories in a transaction, which it commits if there are any.
func (s *Store) erase(ctx context.Context, t *tx, keys []sigil.Key, event func(sigil.Meta, bool) sigil.Event) (done store.Erasure, err error) {
	tenants, ids := arrays(keys)
	live, err := t.rows(ctx, scanMeta, lockMemories, tenants, ids)
	if err == nil {
		err = s.resolve(ctx, t.conn, live)
	}
	if err != nil {
		return done, err
	}
	var how []store.Removal
	kept, err := t.rows(ctx, scanRemoved(&how), "select "+removedColumns+lockRemovals, tenants, ids)
	if err == nil {
		err = s.resolve(ctx, t.conn, kept)
	}
	if err != nil {
		return done, err
	}
	found := map[sigil.Key]sigil.Meta{}
	removed := map[sigil.Key]bool{}
	var unlinked []sigil.Key
	for i := range kept {
		if how[i].Kind == sigil.Corrected {
			unlinked = append(unlinked, sigil.Key{Tenant: kept[i].Tenant, ID: how[i].SupersededBy})
		}
		found[kept[i].Key], removed[kept[i].Key] = kept[i].Meta, true
	}
	for i := range live {
		found[live[i].Key] = live[i].Meta
		delete(removed, live[i].Key)
	}
	var j entries
	var gone []sigil.Key
	change, of := map[string]count{}, map[string][]sigil.ID{}
	for _, key := range keys {
		m, there := found[key]
		if !there {
			continue
		}
		delete(found, key)
		e := store.NewErased(event(m, removed[key]), key)
		if err := s.journal(&j, &e); err != nil {
			return done, err
		}
		done.Events, gone, of[key.Tenant] = append(done.Events, e), append(gone, key), append(of[key.Tenant], key.ID)
		done.Bytes += int64(m.Size)
		if removed[key] {
			done.Removed++
			continue
		}
		done.Memories++
		c := change[key.Tenant]
		change[key.Tenant] = count{tenant: key.Tenant, memories: c.memories - 1, bytes: c.bytes - int64(m.Size)}
	}
	if len(gone) == 0 {
		return store.Erasure{}, nil // it is rolled back
	}
	var w writes
	tenants, ids = arrays(gone)
	w.add(deleteMemories, tenants, ids)
	w.add(deleteSearched, tenants, ids)
	for _, tenant := range sortedTenants(of) {
		if err := s.redact(ctx, t, &w, &done, tenant, of[tenant]); err != nil {
			return done, err
		}
	}
	w.add(eraseRemoved, tenants, ids)
	queueUnlink(&w, unlinked)
	s.queueCounts(&w, sorted(change))
	var base uint64
	j.queue(&w, &base)
	if err := t.commit(ctx, w); err != nil {
		return done, err
	}
	for i := range done.Events {
		done.Events[i].Position = base + uint64(i) + 1
	}
	return done, nil
}

func sortedTenants(of map[string][]sigil.ID) (all []string) {
	for tenant := range of {
		all = append(all, tenant)
	}
	slices.Sort(all)
	return all
}

// redact queues what replaces the journal entries about memories of a tenant, and drops the answers that name them.
func (s *Store) redact(ctx context.Context, t *tx, w *writes, done *store.Erasure, tenant string, ids []sigil.ID) error {
	is := make(map[sigil.ID]bool, len(ids))
	raw := make([][16]byte, len(ids))
	for i, id := range ids {
		is[id], raw[i] = true, id
	}
	gone := func(id sigil.ID) bool { return is[id] }
	type answer struct {
		key    string
		record []byte
	}
	var blocks []block
	var answers []answer
	b := &pgx.Batch{}
	into(b, &answers, func(rows pgx.Rows) (a answer, err error) {
		err = rows.Scan(&a.key, &a.record)
		return a, err
	}, answersNaming, tenant, raw)
	into(b, &blocks, scanBlock, blocksNaming, tenant, raw)
	if err := t.send(ctx, b); err != nil {
		return err
	}
	var lasts []int64
	var redacted [][]byte
	for _, b := range blocks {
		value, n, err := record.Redact(b.value, tenant, uint64(b.base), uint64(b.last), gone)
		if err != nil {
			return err
		}
		if n > 0 {
			lasts, redacted, done.Entries = append(lasts, b.last), append(redacted, value), done.Entries+n
		}
	}
	var dropped []string
	for _, a := range answers {
		r := record.NewReader(a.record)
		kept, _ := r.Answer(tenant, s.policyOf(ctx))
		if err := r.End(); err != nil {
			return err
		}
		if kept.Names(gone) {
			dropped = append(dropped, a.key)
		}
	}
	done.Answers += len(dropped)
	if len(lasts) > 0 {
		w.add(redactBlocks, tenant, lasts, redacted)
	}
	if len(dropped) > 0 {
		w.add("delete from sigil.answers where tenant = $1 and key = any ($2::text[])", tenant, dropped)
	}
	return nil
}

// Key implements [store.Eraser].
func (s *Store) Key(ctx context.Context) (ed25519.PrivateKey, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	_, made, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	bounded, cancel := s.steady(ctx)
	defer cancel()
	rows, err := s.pool.Query(bounded, "select seed from sigil.signer")
	seeds, err := collect(rows, err, scanOne[[]byte])
	if err == nil && len(seeds) == 0 {
		// Processes that make it at the same time agree on the first one.
		if _, err = s.pool.Exec(bounded, "insert into sigil.signer (seed) values ($1) on conflict do nothing", made.Seed()); err == nil {
			rows, err = s.pool.Query(bounded, "select seed from sigil.signer")
			seeds, err = collect(rows, err, scanOne[[]byte])
		}
	}
	if err == nil && (len(seeds) != 1 || len(seeds[0]) != ed25519.SeedSize) {
		err = damaged("the signing key")
	}
	if err != nil {
		return nil, failure(err)
	}
	return ed25519.NewKeyFromSeed(seeds[0]), nil
}
