package pgstore

import (
	"context"
	"encoding/json"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
)

// insert is one call of Insert on its way to a commit, encoded by its caller.
type insert struct {
	tenant string
	quota  store.Quota
	size   int64 // bytes of data
	rows   columns
	// events are the records of the items' events, in order.
	events []entry
	// answers are those to keep, and created the moments at which older ones must have ended.
	answers []answer

	done chan error // gets what became of it
}

type entry struct {
	at     time.Time
	record []byte
}

type answer struct {
	key     string
	ends    time.Time
	created time.Time
	record  []byte
}

// columns are the values of rows to insert, column by column.
type columns struct {
	tenants           []string
	ids               [][16]byte
	created, accessed []time.Time
	fades             []pgtype.Timestamptz
	ttls, counts      []int64
	potentials        []float64
	frequencies       []int16
	sizes             []int32
	policies          []int16
	pinned, crystal   []bool
	hashes            [][]byte
	states, tags      []string
	data              []string
}

func (c *columns) append(o *columns) {
	c.tenants, c.ids = append(c.tenants, o.tenants...), append(c.ids, o.ids...)
	c.created, c.accessed, c.fades = append(c.created, o.created...), append(c.accessed, o.accessed...), append(c.fades, o.fades...)
	c.ttls, c.counts, c.potentials = append(c.ttls, o.ttls...), append(c.counts, o.counts...), append(c.potentials, o.potentials...)
	c.frequencies, c.sizes, c.policies = append(c.frequencies, o.frequencies...), append(c.sizes, o.sizes...), append(c.policies, o.policies...)
	c.pinned, c.crystal, c.hashes = append(c.pinned, o.pinned...), append(c.crystal, o.crystal...), append(c.hashes, o.hashes...)
	c.states, c.tags, c.data = append(c.states, o.states...), append(c.tags, o.tags...), append(c.data, o.data...)
}

func (c *columns) add(m *sigil.Memory, policy uint16) error {
	state, err := m.State.MarshalJSON()
	if err != nil {
		return err
	}
	var tags []byte
	if len(m.Tags) > 0 {
		if tags, err = json.Marshal(m.Tags); err != nil {
			return err
		}
	}
	c.tenants, c.ids = append(c.tenants, m.Tenant), append(c.ids, m.ID)
	c.created, c.accessed, c.fades = append(c.created, m.CreatedAt), append(c.accessed, m.LastAccessed), append(c.fades, deadline(m.FadesAt))
	c.ttls, c.counts = append(c.ttls, m.TTL.Milliseconds()), append(c.counts, int64(m.AccessCount))
	c.potentials, c.frequencies = append(c.potentials, m.Potential), append(c.frequencies, int16(m.Frequency))
	c.sizes, c.policies = append(c.sizes, int32(m.Size)), append(c.policies, int16(policy))
	c.pinned, c.crystal = append(c.pinned, m.Pinned), append(c.crystal, m.Crystallized)
	c.hashes = append(c.hashes, m.Hash[:])
	c.states, c.tags, c.data = append(c.states, string(state)), append(c.tags, string(tags)), append(c.data, string(m.Data))
	return nil
}

func (c *columns) args() []any {
	return []any{
		c.tenants, c.ids, c.created, c.accessed, c.fades, c.ttls, c.counts, c.potentials, c.frequencies,
		c.sizes, c.policies, c.pinned, c.crystal, c.hashes, c.states, c.tags, c.data,
	}
}

// Insert implements [store.Store].
func (s *Store) Insert(ctx context.Context, tenant string, items []store.Item, quota store.Quota, evict func(sigil.Meta, string) sigil.Event) (store.Inserted, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return store.Inserted{}, err
	}
	if len(items) == 0 {
		return store.Inserted{}, nil
	}
	keys := idempotencyKeys(tenant, items)
	if len(keys) > 0 {
		if !s.inFlight.Add(keys) {
			return store.Inserted{}, inFlight()
		}
		defer s.inFlight.Remove(keys)
	}
	bounded, cancel := s.steady(ctx)
	defer cancel()
	// Prepared without the database where its policies are known, as they mostly are.
	call, err := s.prepare(bounded, tenant, items, quota)
	if err != nil {
		return store.Inserted{}, failure(err)
	}
	return s.insert(ctx, bounded, call, items, evict)
}

// insert looks for answers, then inserts, again where another process was first with a key.
func (s *Store) insert(ctx, bounded context.Context, call *insert, items []store.Item, evict func(sigil.Meta, string) sigil.Event) (store.Inserted, error) {
	for try := 1; ; try++ {
		if len(call.answers) > 0 {
			answers, err := s.answers(bounded, call.tenant, items)
			if err != nil || len(answers) > 0 {
				return store.Inserted{Answers: answers}, failure(err)
			}
		}
		var inserted store.Inserted
		_, tight := s.full.Load(call.tenant)
		err := errOver
		if call.quota == (store.Quota{}) || !tight {
			err = s.gather(ctx, bounded, call)
		}
		if err == errOver && call.quota != (store.Quota{}) {
			inserted, err = s.insertMakingRoom(bounded, call, items[0].Memory.CreatedAt, evict)
		}
		if err == errAnswered && try < tries {
			continue
		}
		return inserted, failure(err)
	}
}

// prepare encodes items.
func (s *Store) prepare(ctx context.Context, tenant string, items []store.Item, quota store.Quota) (*insert, error) {
	call := &insert{tenant: tenant, quota: quota, done: make(chan error, 1)}
	seen := make(map[sigil.ID]bool, len(items))
	for i := range items {
		m := &items[i].Memory
		if seen[m.ID] {
			return nil, exists()
		}
		seen[m.ID] = true
		policy, err := s.policies.number(ctx, s.pool, m.Policy)
		if err != nil {
			return nil, err
		}
		if err := call.rows.add(m, policy); err != nil {
			return nil, err
		}
		call.size += int64(m.Size)
		for j := range items[i].Events {
			e := &items[i].Events[j]
			b, err := s.event(ctx, e)
			if err != nil {
				return nil, err
			}
			call.events = append(call.events, entry{e.Time, b})
		}
		if id := &items[i].Idempotency; id.Key != "" {
			call.answers = append(call.answers, answer{id.Key, id.Ends, m.CreatedAt, record.AppendAnswer(nil, id, &m.Meta, policy)})
		}
	}
	return call, nil
}
