package pgstore

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// insertMakingRoom inserts call alone, in one transaction, after evicting memories as the quota demands, and removing the one that
// it supersedes.
//
// The victims are chosen while the tenant's row is locked. To exclude this process's own changes of them,
// their keys must be locked before that. So a first pass determines the victims.
func (s *Store) insertMakingRoom(ctx context.Context, call *insert, now time.Time, evict func(sigil.Meta, string) sigil.Event) (store.Inserted, error) {
	memories, bytes := int64(len(call.memories)), call.size
	if q := call.quota; q.Memories > 0 && memories > int64(q.Memories) || q.Bytes > 0 && bytes > q.Bytes {
		return store.Inserted{}, quotaFull()
	}
	var locked []sigil.Key
	if call.correct != nil {
		locked = append(locked, superseded(call.correct))
	}
	for ctx.Err() == nil {
		inserted, wanted, err := s.tryMakingRoom(ctx, call, locked, now, evict)
		if wanted == nil {
			return inserted, refusal(err)
		}
		locked = wanted
	}
	return store.Inserted{}, ctx.Err()
}

// tryMakingRoom is one attempt, with keys locked. If other keys must be locked, it returns all of them.
func (s *Store) tryMakingRoom(ctx context.Context, call *insert, keys []sigil.Key, now time.Time, evict func(sigil.Meta, string) sigil.Event) (inserted store.Inserted, wanted []sigil.Key, err error) {
	defer s.keys.Lock(keys...)()
	// Once this process's refreshes are written, the rows show which memories fade first.
	if err := s.flush(ctx); err != nil {
		return inserted, nil, err
	}
	err = s.transact(ctx, func(t *tx) error {
		inserted, wanted = store.Inserted{}, nil
		if err := lockFirst(ctx, t, uniqueOf([]*insert{call})); err != nil {
			return err
		}
		old, err := s.lockOld(ctx, t, call)
		if err != nil {
			return err
		}
		victims, err := s.victims(ctx, t, call, old, now)
		if err != nil {
			return err
		}
		for _, v := range victims {
			if !slices.Contains(keys, v.Key) {
				wanted = append(wanted, v.Key)
			}
		}
		if wanted != nil {
			wanted = append(wanted, keys...)
			return nil // it is rolled back
		}
		return s.replace(ctx, t, call, old, victims, evict, &inserted)
	})
	if err == nil && wanted == nil {
		s.tell()
	}
	return inserted, wanted, err
}

// replace deletes victims and what call supersedes, which is old, and inserts call, in one commit.
func (s *Store) replace(ctx context.Context, t *tx, call *insert, old *sigil.Memory, victims []victim, evict func(sigil.Meta, string) sigil.Event, inserted *store.Inserted) error {
	var base uint64
	var j entries
	change := counts([]*insert{call})
	change[0].maxMemories, change[0].maxBytes = 0, 0 // the tenant's row is locked, and there is room now
	var w writes
	uniqueOf([]*insert{call}).queueUnique(&w, true)
	queueDuplicates(&w, []*insert{call})
	var kept keeping
	var gone [][16]byte
	remove := func(e *sigil.Event, m *sigil.Memory) error {
		if err := s.journal(&j, e); err != nil {
			return err
		}
		kept.add(s, e, m, j.n)
		gone = append(gone, m.ID)
		change[0].memories--
		change[0].bytes -= int64(m.Size)
		return nil
	}
	for i := range victims {
		v := &victims[i]
		e := evict(v.Meta, v.reason)
		if err := remove(&e, &v.Memory); err != nil {
			return err
		}
		inserted.Evicted = append(inserted.Evicted, e)
	}
	if old != nil {
		e, err := call.correct.Correct(&sigil.Memory{Meta: old.Meta, Tags: old.Tags})
		if err == nil {
			err = remove(&e, old)
		}
		if err != nil {
			return err
		}
	}
	if len(gone) > 0 {
		kept.queueMove(&w)
		w.add("delete from sigil.memories where tenant = $1 and id = any ($2::uuid[])", call.tenant, gone)
		w.add(deleteSearched, slices.Repeat([]string{call.tenant}, len(gone)), gone)
	}
	s.queueInserts(&w, &columns{}, []*insert{call})
	if old != nil {
		w.add(linkMemory, call.tenant, [16]byte(call.correct.Memory.ID), [16]byte(old.ID))
	}
	s.queueCounts(&w, change)
	call.journal(&j)
	j.queue(&w, &base)
	kept.queueRemovals(&w, j.n)
	if err := t.commit(ctx, w); err != nil {
		return err
	}
	for i := range inserted.Evicted {
		inserted.Evicted[i].Position = base + uint64(i) + 1
	}
	if len(victims) > 0 {
		s.full.Store(call.tenant, true)
	} else {
		s.full.Delete(call.tenant)
	}
	return nil
}

type victim struct {
	sigil.Memory // without content
	reason       string
}

const lockTenant = "select memories, bytes from sigil.tenants where tenant = $1 for update"

// victims returns the memories that must be evicted for call, with their rows locked.
func (s *Store) victims(ctx context.Context, t *tx, call *insert, old *sigil.Memory, now time.Time) ([]victim, error) {
	memories, bytes := int64(len(call.memories)), call.size
	var except [16]byte // the memory that is superseded anyway
	if old != nil {
		except = old.ID
		memories, bytes = memories-1, bytes-int64(old.Size)
	}
	b := &pgx.Batch{}
	b.Queue(lockTenant, call.tenant).Query(func(rows pgx.Rows) error {
		defer rows.Close()
		for rows.Next() {
			var m, size int64
			if err := rows.Scan(&m, &size); err != nil {
				return err
			}
			memories, bytes = memories+m, bytes+size
		}
		return rows.Err()
	})
	if err := t.send(ctx, b); err != nil {
		return nil, err
	}
	reason := func() string {
		switch q := call.quota; {
		case q.Memories > 0 && memories > int64(q.Memories):
			return sigil.ReasonMemories
		case q.Bytes > 0 && bytes > q.Bytes:
			return sigil.ReasonBytes
		}
		return ""
	}
	var all []victim
	// Rows locked by other transactions are skipped, not waited for: the tenant's row is locked here, and
	// those transactions may be waiting for it.
	for limit := 64; reason() != ""; limit *= 4 {
		candidates, err := t.rows(ctx, scanMeta, `select `+metaColumns+` from sigil.memories
where tenant = $1 and id <> $4 and (not pinned and not crystallized or fades_at <= $2) order by fades_at, id limit $3 for update skip locked`, call.tenant, now, limit, except)
		if err == nil {
			err = s.resolve(ctx, t.conn, candidates)
		}
		if err != nil {
			return nil, err
		}
		for _, c := range candidates[min(len(all), len(candidates)):] {
			if why := reason(); why != "" {
				all = append(all, victim{c.Memory, why})
				memories, bytes = memories-1, bytes-int64(c.Size)
			}
		}
		if len(candidates) < limit && reason() != "" {
			return nil, quotaFull()
		}
	}
	return all, nil
}

func quotaFull() error {
	return &sigil.Error{
		Kind: sigil.ErrFull, Code: "quota_full",
		Detail: "the tenant is at its limit, and evicting everything evictable would not free enough",
	}
}
