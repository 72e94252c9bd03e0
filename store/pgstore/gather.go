package pgstore

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

const (
	// maxGathered is the maximum number of calls in one transaction, and maxGatheredSize the number of bytes
	// of data at which it takes no more.
	maxGathered     = 1_000
	maxGatheredSize = 8 << 20
)

var (
	// errOver means that a quota would be exceeded.
	errOver = errors.New("pgstore: over the quota")
	// errAnswered means that an answer is stored under one of the keys.
	errAnswered = errors.New("pgstore: answered before")
)

// gather passes call to the writers and waits for the outcome. If ctx, the caller's context, ends first, the
// outcome is unknown, and the call's idempotency keys stay in progress until a writer has it.
func (s *Store) gather(ctx, bounded context.Context, call *insert) error {
	select {
	case s.inserts <- call:
	case <-ctx.Done():
		return ctx.Err()
	case <-bounded.Done():
		return bounded.Err()
	}
	select {
	case err := <-call.done:
		return err
	case <-ctx.Done():
		call.abandon()
		return ctx.Err()
	case <-bounded.Done():
		call.abandon()
		return bounded.Err()
	}
}

// write commits the callers' inserts, everything that is queued at once, until the channel is closed. Close
// waits for it.
func (s *Store) write() {
	var c columns
	for call := range s.inserts {
		calls, size := []*insert{call}, call.size
	gathering:
		for len(calls) < maxGathered && size < maxGatheredSize {
			select {
			case more, open := <-s.inserts:
				if !open {
					break gathering
				}
				calls, size = append(calls, more), size+more.size
			default:
				break gathering
			}
		}
		s.commit(calls, &c)
	}
}

// commit inserts calls in one transaction. If one of them makes it fail, each gets its own transaction.
func (s *Store) commit(calls []*insert, c *columns) {
	ctx, cancel := s.steady(context.Background())
	defer cancel()
	begin := time.Now()
	calls, later := apart(calls)
	defer func() { // once the others are stored, which they then find
		for _, call := range later {
			call.answer(errTaken)
		}
	}()
	err := s.insertAll(ctx, calls, c)
	if refused(err) && len(calls) > 1 {
		for _, call := range calls {
			call.answer(refusal(s.insertAll(ctx, []*insert{call}, c)))
		}
		return
	}
	if err == nil && s.onCommit != nil {
		s.onCommit(len(calls), time.Since(begin))
	}
	for _, call := range calls {
		call.answer(refusal(err))
	}
}

// refused reports whether a transaction failed because of the content of one of its calls.
func refused(err error) bool {
	switch stateOf(err) {
	case uniqueViolation, overQuota, answered, taken, sameRowTwice:
		return true
	}
	return false
}

// refusal converts an error that one of our statements raised.
func refusal(err error) error {
	switch stateOf(err) {
	case uniqueViolation:
		return exists()
	case answered:
		return errAnswered
	case overQuota:
		return errOver
	case taken:
		return errTaken
	}
	return err
}

const (
	insertMemories = `insert into sigil.memories (tenant, id, created_at, last_accessed, fades_at, ttl, access_count, potential, frequency, size, policy, pinned, crystallized, stretch, hash, state, tags, data, noticed, own_policy, stood)
select tenant, id, created_at, last_accessed, fades_at, ttl, access_count, potential, frequency, size, policy, pinned, crystallized, stretch, hash, state, tags, data, case when noticed then fades_at else '-infinity' end, own_policy, stood
from unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[], $6::bigint[], $7::bigint[], $8::double precision[],
  $9::smallint[], $10::integer[], $11::smallint[], $12::boolean[], $13::boolean[], $14::double precision[], $15::bytea[], $16::text[], $17::text[], $18::text[], $19::boolean[], $20::boolean[], $21::integer[])
  as m (tenant, id, created_at, last_accessed, fades_at, ttl, access_count, potential, frequency, size, policy, pinned, crystallized, stretch, hash, state, tags, data, noticed, own_policy, stood)`

	// insertAnswers fails if one of the keys has an unexpired answer.
	insertAnswers = `with kept as (
  insert into sigil.answers as a (tenant, key, ends, answer)
  select tenant, key, ends, answer from unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::bytea[]) as n (tenant, key, ends, created, answer)
  on conflict (tenant, key) do update set ends = excluded.ends, answer = excluded.answer
  where a.ends <= (select created from unnest($1::text[], $2::text[], $4::timestamptz[]) as n (tenant, key, created) where n.tenant = excluded.tenant and n.key = excluded.key)
  returning 1
)
select sigil.demand(count(*) = cardinality($1::text[]), '` + answered + `', 'an answer is kept already') from kept`

	// countTenants adds to the counts of tenants, by name, which is the order in which every transaction locks
	// them.
	//
	// It counts words and vectors by the conditions of insertWords and insertVectors, whose locks on these tables keep settings
	// and model as they are.
	countTenants = `insert into sigil.tenants as t (tenant, memories, bytes, words, vectors)
select tenant, memories, bytes, case when s.settings = $6 then words else 0 end, case when s.settings || s.model = $7 then vectors else 0 end
from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) as n (tenant, memories, bytes, words, vectors)
left join sigil.searched s on true
on conflict (tenant) do update set memories = t.memories + excluded.memories, bytes = t.bytes + excluded.bytes,
  words = t.words + excluded.words, vectors = t.vectors + excluded.vectors`

	// countWithin is like countTenants, but fails if a tenant then exceeds its quota.
	countWithin = `with counted as (` + countTenants + `
  returning t.tenant, t.memories, t.bytes
)
select sigil.demand(not exists (
  select from counted join unnest($1::text[], $8::bigint[], $9::bigint[]) as q (tenant, memories, bytes) using (tenant)
  where q.memories > 0 and counted.memories > q.memories or q.bytes > 0 and counted.bytes > q.bytes
), '` + overQuota + `', 'over the quota')`
)

// insertAll inserts calls in one transaction and one round trip.
func (s *Store) insertAll(ctx context.Context, calls []*insert, c *columns) error {
	var base uint64
	var w writes
	uniqueOf(calls).queueUnique(&w, false)
	queueDuplicates(&w, calls)
	s.queueInserts(&w, c, calls)
	s.queueCounts(&w, counts(calls))
	var j entries
	for _, call := range calls {
		call.journal(&j)
	}
	j.queue(&w, &base)
	err := s.transact(ctx, func(t *tx) error { return t.commit(ctx, w) })
	if err == nil {
		s.tell()
	}
	return err
}

func (i *insert) journal(j *entries) {
	for _, e := range i.events {
		j.add(i.tenant, e.at, e.record, e.hash)
	}
}

// queueInserts queues the statements that write the memories and answers of calls. It overwrites c, which
// must not change until the statements have run.
func (s *Store) queueInserts(w *writes, c *columns, calls []*insert) {
	c.reset()
	var tenants, keys, ends, created, records array
	for _, call := range calls {
		for i := range call.memories {
			c.add(&call.memories[i])
			m := &call.memories[i]
			if s.searching.analyzer != nil {
				c.searched.add(m.Memory, &m.searched)
			}
			if s.searching.model != "" {
				c.vectors.add(m.Key, m.vector)
			}
			if len(m.own) > 0 {
				c.own.add(m.Key, m.own)
			}
		}
		for _, a := range call.answers {
			tenants.text(call.tenant)
			keys.text(a.key)
			ends.time(a.ends)
			created.time(a.created)
			records.bytes(a.record)
		}
	}
	w.add(insertMemories, c.args()...)
	queueNotKept(w, calls)
	c.searched.queue(w, s.searching)
	c.vectors.queue(w, s.searching)
	c.own.queueOwn(w)
	if keys.n > 0 {
		w.add(insertAnswers, raw(tenants.of(oidText)), raw(keys.of(oidText)), raw(ends.of(oidTime)), raw(created.of(oidTime)), raw(records.of(oidBytes)))
	}
}

// count is the change of a tenant's counts by a transaction.
type count struct {
	tenant          string
	memories, bytes int64
	words           int64 // rows of words that are inserted if the settings are those of this process
	vectors         int64 // rows of vectors that are inserted if the model is that of this process
	// maxMemories and maxBytes are the tenant's quota; 0 means unlimited.
	maxMemories, maxBytes int64
}

// counts returns the additions of calls, by tenant. If a tenant has several quotas, the smallest one counts:
// they differ only while the quota is being changed.
func counts(calls []*insert) []count {
	all := map[string]count{}
	for _, call := range calls {
		c := all[call.tenant]
		c.tenant = call.tenant
		c.memories += int64(len(call.memories))
		c.words += int64(len(call.memories))
		c.vectors += int64(len(call.memories))
		c.bytes += call.size
		c.maxMemories = least(c.maxMemories, int64(call.quota.Memories))
		c.maxBytes = least(c.maxBytes, call.quota.Bytes)
		all[call.tenant] = c
	}
	return sorted(all)
}

func least(a, b int64) int64 {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

func sorted(byTenant map[string]count) []count {
	all := make([]count, 0, len(byTenant))
	for _, c := range byTenant {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b count) int { return cmp.Compare(a.tenant, b.tenant) })
	return all
}

// queueCounts queues the statement that updates the counts.
func (s *Store) queueCounts(w *writes, all []count) {
	var tenants, memories, bytes, words, vectors, maxMemories, maxBytes array
	limited := false
	for _, c := range all {
		tenants.text(c.tenant)
		memories.int64(c.memories)
		bytes.int64(c.bytes)
		words.int64(c.words)
		if s.searching.model == "" {
			c.vectors = 0
		}
		vectors.int64(c.vectors)
		maxMemories.int64(c.maxMemories)
		maxBytes.int64(c.maxBytes)
		limited = limited || c.maxMemories > 0 || c.maxBytes > 0
	}
	args := []any{
		raw(tenants.of(oidText)), raw(memories.of(oidInt8)), raw(bytes.of(oidInt8)), raw(words.of(oidInt8)), raw(vectors.of(oidInt8)),
		bytesOf(s.searching.settings), bytesOf(s.searching.made()),
	}
	switch {
	case limited:
		w.add(countWithin, append(args, raw(maxMemories.of(oidInt8)), raw(maxBytes.of(oidInt8)))...)
	case len(all) > 0:
		w.add(countTenants, args...)
	}
}
