package pgstore

import (
	"context"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
)

const (
	// retagWords writes what is searched of a memory anew, unless another process has changed the settings.
	retagWords = `update sigil.words set length = $3, terms = $4, counts = $5
where tenant = $1 and id = $2 and (select settings from sigil.searched) = $6`
	retagVector = `update sigil.vectors set signs = $3, codes = $4
where tenant = $1 and id = $2 and (select settings || model from sigil.searched) = $5`

	// dropForeign deletes what is searched of a memory if it was made by other settings, or by another model, than this
	// process has: a process that has them makes it again.
	dropForeign = `with w as (delete from sigil.words where tenant = $1 and id = $2 and (select settings from sigil.searched) <> $3 returning tenant),
v as (delete from sigil.vectors where tenant = $1 and id = $2 and (select settings || model from sigil.searched) <> $4 returning tenant)` + countDeleted
)

// Amend implements [store.Store]. A mere refresh is written within a second, like those of Update.
func (s *Store) Amend(ctx context.Context, a store.Amendment, change func(*sigil.Memory) (*sigil.Event, error)) (store.Amended, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return store.Amended{}, err
	}
	asked := []store.Item{{Memory: sigil.Memory{Meta: sigil.Meta{CreatedAt: a.At}}, Idempotency: a.Idempotency}}
	keyed, end, err := s.inFlight.Begin(a.Key.Tenant, asked)
	if err != nil {
		return store.Amended{}, err
	}
	defer end()
	bounded, cancel := s.steady(ctx)
	defer cancel()
	for try := 1; ; try++ {
		if keyed {
			answers, err := s.answers(bounded, a.Key.Tenant, asked)
			if answer, ok := answers[0]; ok || err != nil {
				return store.Amended{Answer: &answer}, failure(err)
			}
		}
		m, err := s.amend(bounded, a, change)
		if stateOf(err) == answered && try < tries { // by another process
			continue
		}
		if err != nil {
			return store.Amended{}, failure(err)
		}
		return store.Amended{Memory: m}, nil
	}
}

func (s *Store) amend(ctx context.Context, a store.Amendment, change func(*sigil.Memory) (*sigil.Event, error)) (sigil.Memory, error) {
	defer s.keys.One(a.Key).Unlock()
	if a.Idempotency.Key == "" {
		m, done, err := s.amendBehind(ctx, a.Key, change)
		if done || err != nil {
			return m, err
		}
	}
	if err := s.flush(ctx, a.Key); err != nil {
		return sigil.Memory{}, err
	}
	var m sigil.Memory
	journaled, recalled := false, false
	err := s.transact(ctx, func(t *tx) error {
		// The lock excludes the process that writes words that are missing: it would read the former tags.
		rows, err := t.rows(ctx, scanMemory, "select "+memoryColumns+byKey+" for update", a.Key.Tenant, [16]byte(a.Key.ID))
		if err == nil {
			err = s.resolve(ctx, t.conn, rows)
		}
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return sigil.NewNotFound()
		}
		m = rows[0].Memory
		event, tags, err := decideAll(&m, change)
		if err != nil {
			return err
		}
		retagged := !slices.Equal(tags, m.Tags)
		m.Tags = tags
		w, err := s.amended(rows[0], &m, retagged, event != nil)
		if err != nil {
			return err
		}
		if a.Idempotency.Key != "" {
			if err := queueAnswer(&w, &a, &m, &s.policies); err != nil {
				return err
			}
		}
		var j entries
		if event != nil {
			if err := s.journal(&j, event); err != nil {
				return err
			}
		}
		var base uint64
		j.queue(&w, &base)
		journaled, recalled = j.n > 0, m.AccessCount > rows[0].AccessCount
		return t.commit(ctx, w)
	})
	if err != nil {
		return sigil.Memory{}, err
	}
	if journaled {
		s.tell()
	}
	if recalled {
		s.told.add(a.Key.Tenant, false, a.Key.ID)
	}
	return m, nil
}

// amendBehind makes a change that is a mere refresh of a memory, whose key is locked, to be written later. It changes nothing
// and returns false if the change is another, or must be written at once.
func (s *Store) amendBehind(ctx context.Context, key sigil.Key, change func(*sigil.Memory) (*sigil.Event, error)) (m sigil.Memory, done bool, err error) {
	behind := s.refreshes.of(key)
	rows, err := s.query(ctx, scanMemory, "select "+memoryColumns+byKey, key.Tenant, [16]byte(key.ID))
	if err != nil {
		return m, false, err
	}
	if len(rows) == 0 {
		return m, false, sigil.NewNotFound()
	}
	before := s.refreshes.over(rows[0], behind)
	m = before.Memory
	stored := rows[0].FadesAt
	event, tags, err := decideAll(&m, change)
	if err != nil {
		return m, false, err
	}
	if event != nil || !slices.Equal(tags, m.Tags) || m.Pinned != before.Pinned || !far(stored, &m.Meta) {
		return m, false, nil
	}
	return m, s.refreshes.put(before, &m.Meta, stored), nil
}

// amended returns the statements that make m of a row. If the change is journaled, refreshes by other processes that are not
// written yet only count recalls.
func (s *Store) amended(before row, m *sigil.Memory, retagged, journaled bool) (w writes, err error) {
	policy, err := s.policies.inTransaction(m.Policy)
	if err != nil {
		return nil, err
	}
	revised := 0
	if m.Pinned != before.Pinned || journaled {
		revised = 1
	}
	tags, err := textOfTags(m.Tags)
	if err != nil {
		return nil, err
	}
	w.add("update sigil.memories set last_accessed = $3, access_count = $4, fades_at = $5, pinned = $6, policy = $7, revision = revision + $8, stretch = $9, ttl = $10, stood = $11 where tenant = $1 and id = $2",
		m.Tenant, [16]byte(m.ID), m.LastAccessed, int64(m.AccessCount), deadline(m.FadesAt), m.Pinned, int16(policy), revised, m.Stretch, m.TTL.Milliseconds(), int32(m.Stood/time.Second))
	if !retagged {
		return w, nil
	}
	w.add("update sigil.memories set tags = $3 where tenant = $1 and id = $2", m.Tenant, [16]byte(m.ID), string(tags))
	if s.searching.analyzer != nil {
		doc := s.searching.document(m)
		w.add(retagWords, m.Tenant, [16]byte(m.ID), int32(doc.length), string(doc.terms), append([]byte{}, doc.counts...), s.searching.settings) // nil would be null
	}
	if s.searching.model != "" {
		v := s.searching.vector(m)
		w.add(retagVector, m.Tenant, [16]byte(m.ID), bitsOf(v, func(x int8) bool { return x > 0 }), codesOf(v), s.searching.made())
	}
	w.add(dropForeign, m.Tenant, [16]byte(m.ID), s.searching.settings, s.searching.made())
	return w, nil
}

// queueAnswer queues the statement that stores the answer to an amendment.
func queueAnswer(w *writes, a *store.Amendment, m *sigil.Memory, p *policies) error {
	policy, err := p.inTransaction(m.Policy)
	if err != nil {
		return err
	}
	var tenants, keys, ends, created, records array
	tenants.text(a.Key.Tenant)
	keys.text(a.Idempotency.Key)
	ends.time(a.Idempotency.Ends)
	created.time(a.At)
	records.bytes(record.AppendAmended(nil, &a.Idempotency, m, policy))
	w.add(insertAnswers, raw(tenants.of(oidText)), raw(keys.of(oidText)), raw(ends.of(oidTime)), raw(created.of(oidTime)), raw(records.of(oidBytes)))
	return nil
}

// decideAll runs change on a copy of m, and takes over the figures that it may change. It returns the tags that m is to
// have.
func decideAll(m *sigil.Memory, change func(*sigil.Memory) (*sigil.Event, error)) (*sigil.Event, []string, error) {
	changed := *m
	changed.Tags = slices.Clone(m.Tags)
	event, err := change(&changed)
	if err != nil {
		return nil, nil, err
	}
	m.LastAccessed, m.Stood, m.AccessCount, m.Stretch = changed.LastAccessed, changed.Stood, changed.AccessCount, changed.Stretch
	m.MoveDeadline(changed.FadesAt)
	m.Pinned, m.Policy, m.TTL = changed.Pinned, changed.Policy, changed.TTL
	return event, changed.Tags, nil
}
