package pgstore

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
)

// insert is one call of Insert, encoded by its caller and waiting for a commit.
type insert struct {
	tenant   string
	quota    store.Quota
	size     int64 // bytes of data
	memories []memory
	// events are the records of the items' events, in order.
	events []entry
	// unique is set if one of the memories is.
	unique bool
	// correct is the item that supersedes another memory, or nil.
	correct *store.Item
	// looked is set if duplicates are known before the commit. Otherwise the commit finds them.
	looked     bool
	duplicates map[int]sigil.ID // by index of the item
	// answers are the answers to store. created is the time at which older ones must have ended.
	answers []answer

	done chan error // receives the outcome
	// end ends the progress of the call's idempotency keys; more calls of it do nothing. abandoned is set when the
	// caller leaves before the outcome: then whoever knows the outcome calls end.
	end       func()
	abandoned atomic.Bool
}

// answer passes the outcome to the caller. Only the writers call it, once.
func (i *insert) answer(err error) {
	i.done <- err
	if i.abandoned.Load() {
		i.end()
	}
}

// abandon is called by a caller that leaves before the outcome, which stays possible.
func (i *insert) abandon() {
	i.abandoned.Store(true)
	select {
	case <-i.done: //nolint:errcheck // answer came too early to see that, and nobody waits for the outcome
		i.end()
	default:
	}
}

type entry struct {
	at     time.Time
	record []byte
	hash   sigil.Hash
}

type answer struct {
	key     string
	ends    time.Time
	created time.Time
	record  []byte
	item    int // the index of its item
	id      *store.Idempotency
}

// memory is a memory to insert, with those parts that must be written as text.
type memory struct {
	*sigil.Memory
	policy      uint16
	state, tags []byte
	searched    document // empty if nothing is searched
	vector, own store.Vector
	unique      bool      // see [store.Item]
	at          time.Time // when it is inserted
	imported    bool      // it brings its id along
}

func textOf(m *sigil.Memory, policy uint16) (t memory, err error) {
	t = memory{Memory: m, policy: policy}
	if !usual(&m.State) {
		t.state, err = m.State.MarshalJSON()
	}
	if err == nil {
		t.tags, err = textOfTags(m.Tags)
	}
	return t, err
}

// textOfTags returns tags in the form of their column.
func textOfTags(tags []string) ([]byte, error) {
	if len(tags) == 0 {
		return nil, nil
	}
	return json.Marshal(tags)
}

// usual reports whether a state is the default one, which most memories have. The default is not written.
func usual(s *sigil.State) bool {
	d := sigil.DefaultState()
	return s.Extra == nil && s.Phi == d.Phi && s.Coherence == d.Coherence && s.Awareness == d.Awareness && s.EmotionalResonance == d.EmotionalResonance
}

// columns are the values of rows to insert, column by column. They are reused.
type columns struct {
	tenants, ids, created, accessed, fades, ttls, counts, potentials, frequencies array
	sizes, policies, pinned, crystallized, stretches, hashes, states, tags, data  array
	noticed                                                                       array
	ownPolicies, stoods                                                           array
	searched                                                                      documents
	vectors, own                                                                  vectorRows
}

func (c *columns) reset() {
	for _, a := range []*array{
		&c.tenants, &c.ids, &c.created, &c.accessed, &c.fades, &c.ttls, &c.counts, &c.potentials, &c.frequencies,
		&c.sizes, &c.policies, &c.pinned, &c.crystallized, &c.stretches, &c.hashes, &c.states, &c.tags, &c.data, &c.noticed, &c.ownPolicies, &c.stoods,
	} {
		a.reset()
	}
	c.searched.reset()
	c.vectors.reset()
	c.own.reset()
}

func (c *columns) add(m *memory) {
	c.tenants.text(m.Tenant)
	c.ids.bytes(m.ID[:])
	c.created.time(m.CreatedAt)
	c.accessed.time(m.LastAccessed)
	c.fades.deadline(m.FadesAt)
	c.ttls.int64(m.TTL.Milliseconds())
	c.counts.int64(int64(m.AccessCount)) // counts are far below the maximum
	c.potentials.float(m.Potential)
	c.frequencies.int16(uint16(m.Frequency))
	c.sizes.int32(m.Size)
	c.policies.int16(m.policy)
	c.pinned.bool(m.Pinned)
	c.crystallized.bool(m.Crystallized)
	c.stretches.float(m.Stretch)
	c.hashes.bytes(m.Hash[:])
	c.states.bytes(m.state)
	c.tags.bytes(m.tags)
	c.data.bytes(m.Data)
	c.noticed.bool(m.Noticed && !m.FadesAt.IsZero())
	c.ownPolicies.bool(m.OwnPolicy)
	c.stoods.seconds(m.Stood)
}

func (c *columns) args() []any {
	return []any{
		raw(c.tenants.of(oidText)), raw(c.ids.of(oidUUID)), raw(c.created.of(oidTime)), raw(c.accessed.of(oidTime)), raw(c.fades.of(oidTime)),
		raw(c.ttls.of(oidInt8)), raw(c.counts.of(oidInt8)), raw(c.potentials.of(oidFloat)), raw(c.frequencies.of(oidInt2)),
		raw(c.sizes.of(oidInt4)), raw(c.policies.of(oidInt2)), raw(c.pinned.of(oidBool)), raw(c.crystallized.of(oidBool)),
		raw(c.stretches.of(oidFloat)), raw(c.hashes.of(oidBytes)), raw(c.states.of(oidText)), raw(c.tags.of(oidText)), raw(c.data.of(oidText)),
		raw(c.noticed.of(oidBool)),
		raw(c.ownPolicies.of(oidBool)), raw(c.stoods.of(oidInt4)),
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
	_, end, err := s.inFlight.Begin(tenant, items)
	if err != nil {
		return store.Inserted{}, err
	}
	call := &insert{end: sync.OnceFunc(end)}
	defer func() {
		if !call.abandoned.Load() {
			call.end()
		}
	}()
	bounded, cancel := s.steady(ctx)
	defer cancel()
	// This needs no round trip if the policies are known, as they usually are.
	if err := s.prepare(bounded, call, tenant, items, quota); err != nil {
		return store.Inserted{}, failure(err)
	}
	return s.insert(ctx, bounded, call, items, evict)
}

// insert looks for answers and then inserts. If another process used one of the keys first, it starts again.
func (s *Store) insert(ctx, bounded context.Context, call *insert, items []store.Item, evict func(sigil.Meta, string) sigil.Event) (store.Inserted, error) {
	for try := 1; ; try++ {
		if len(call.answers) > 0 {
			answers, err := s.answers(bounded, call.tenant, items)
			if err != nil || len(answers) > 0 {
				return store.Inserted{Answers: answers}, failure(err)
			}
		}
		if err := s.settle(bounded, items[0].Live()); err != nil {
			return store.Inserted{}, failure(err)
		}
		if call.unique || len(call.answers) > 0 {
			if err := s.look(bounded, call); err != nil {
				return store.Inserted{}, failure(err)
			}
			if found := (store.Inserted{Duplicates: call.duplicates}); found.Refused(items) {
				return found, nil
			}
			call.encodeAnswers()
		}
		var inserted store.Inserted
		_, tight := s.full.Load(call.tenant)
		err := errOver
		if call.correct == nil && (call.quota == (store.Quota{}) || !tight) {
			err = s.gather(ctx, bounded, call)
		}
		if errors.Is(err, errOver) && (call.correct != nil || call.quota != (store.Quota{})) {
			inserted, err = s.insertMakingRoom(bounded, call, items[0].Live(), evict)
		}
		if errors.Is(err, errTaken) || errors.Is(err, errAnswered) && try < tries {
			continue
		}
		if err != nil {
			return store.Inserted{}, failure(err)
		}
		call.addEarlier()
		inserted.Duplicates = call.duplicates
		return inserted, nil
	}
}

// prepare encodes items into call.
func (s *Store) prepare(ctx context.Context, call *insert, tenant string, items []store.Item, quota store.Quota) error {
	call.tenant, call.quota = tenant, quota
	call.memories, call.done = make([]memory, 0, len(items)), make(chan error, 1)
	if twice(items) {
		return exists()
	}
	if items[0].Correct != nil {
		call.correct = &items[0]
	}
	for i := range items {
		m := &items[i].Memory
		policy, err := s.policies.number(ctx, s.pool, m.Policy)
		if err != nil {
			return err
		}
		text, err := textOf(m, policy)
		if err != nil {
			return err
		}
		text.own = items[i].Vector
		if s.searching.analyzer != nil {
			text.searched = s.searching.document(m)
		}
		if s.searching.model != "" {
			text.vector = s.searching.vector(m)
		}
		text.unique, text.at, text.imported = items[i].OnDuplicate.Unique(), items[i].Live(), !items[i].At.IsZero()
		call.unique = call.unique || text.unique
		call.memories = append(call.memories, text)
		call.size += int64(m.Size)
		for j := range items[i].Events {
			e := &items[i].Events[j]
			if err := s.policies.ensure(ctx, s.pool, e.Memory.Policy); err != nil {
				return err
			}
			b, err := s.event(e)
			if err != nil {
				return err
			}
			call.events = append(call.events, entry{e.Time, b, e.Hash})
		}
		if id := &items[i].Idempotency; id.Key != "" {
			call.answers = append(call.answers, answer{key: id.Key, ends: id.Ends, created: items[i].Now(), item: i, id: id})
		}
	}
	return nil
}

// encodeAnswers encodes the answers, once the duplicates are known.
func (i *insert) encodeAnswers() {
	for at := range i.answers {
		a := &i.answers[at]
		m := &i.memories[a.item]
		a.record = record.AppendAnswer(nil, a.id, &m.Meta, m.policy, i.duplicates[a.item])
	}
}

// twice reports whether two items have the same id.
func twice(items []store.Item) bool {
	if len(items) == 1 {
		return false
	}
	seen := make(map[sigil.ID]bool, len(items))
	for i := range items {
		seen[items[i].Memory.ID] = true
	}
	return len(seen) < len(items)
}
