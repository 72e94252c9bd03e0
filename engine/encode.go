package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/canon"
	"github.com/sigil-dna/sigil/store"
)

// idempotencyWindow is how long an answer is kept for its idempotency key.
const idempotencyWindow = 24 * time.Hour

const (
	maxTag            = 128
	maxIdempotencyKey = 255
)

// Encode stores d for tenant and returns the resulting memory. When it returns without an error, the memory, its
// journal entries and its crystal (if its potential is over 0.9) are durable. In any case the caller may reuse d.Data:
// the memory has a copy.
//
// If the tenant has a live memory with the same content, d.OnDuplicate decides: see [sigil.OnDuplicate]. The answer names
// it as DuplicateOf. An encode that reinforces it returns the memory as it is after the recall; of d only the tags count,
// and with more tags than a memory may have, nothing changes. One that is rejected returns [sigil.ErrConflict]
// ("duplicate"). No two memories with the same content come from concurrent encodes that reinforce or reject; one that
// keeps may miss a memory that is encoded at the same time.
//
// With d.Similar the answer names what is near to the memory in meaning, of what was there before: of encodes at the same time, none
// may know of the others. It returns [sigil.ErrConflict] ("search_off", "meaning_off") if the store compares no vectors.
//
// If the tenant is over its quota, the memories nearest to their deadlines are evicted in the same commit; if all are
// pinned or crystallized, the error is [sigil.ErrFull]. For an idempotency key that was used within the last 24 hours,
// Encode returns the first answer (rebuilt from d, since the content is not stored with it), or [sigil.ErrConflict] if
// d differs from the first draft or the first call is still in progress.
func (e *Engine) Encode(ctx context.Context, tenant string, d sigil.Draft) (m sigil.Memory, err error) {
	begin, n := time.Now(), 1
	defer func() { e.observer.Did("encode", n, time.Since(begin), err) }()
	if err := sigil.CheckTenant(tenant); err != nil {
		return m, err
	}
	s := singles.Get().(*single) //nolint:forcetypeassert // only *single is put there
	if err := e.prepare(tenant, &d, &s.items[0]); err != nil {
		return m, err
	}
	e.useNew(ctx, tenant)
	if err := e.lookAround(ctx, tenant, s.items[:]); err != nil {
		return m, err
	}
	e.create(&s.items[0])
	var results [1]Result
	if err := e.insert(ctx, tenant, s.items[:], results[:]); err != nil {
		return m, err // not recycled: the store may still use the item
	}
	s.reset()
	singles.Put(s)
	if results[0].Memory.Reinforced() {
		n = 0
	}
	return results[0].Memory, results[0].Err
}

// single is the working memory of an Encode, large enough to be worth pooling.
type single struct{ items [1]store.Item }

var singles = sync.Pool{New: func() any { return new(single) }}

// reset clears s but keeps the buffer for events.
func (s *single) reset() {
	events := s.items[0].Events
	clear(events)
	*s = single{}
	s.items[0].Events = events[:0]
}

// prepare checks d and computes its memory, except for id and times, into item. It does no I/O.
func (e *Engine) prepare(tenant string, d *sigil.Draft, item *store.Item) error {
	data, hash, err := canon.Read("data", d.Data, canon.Limits{Bytes: e.limits.Data, Depth: e.limits.Depth})
	if err != nil {
		return err
	}
	state := sigil.DefaultState()
	if d.State != nil {
		state = *d.State
		if err := e.checkState(&state); err != nil {
			return err
		}
	}
	if err := e.checkTags(d.Tags); err != nil {
		return err
	}
	if d.TTL < 0 || d.TTL > sigil.MaxTTL {
		return sigil.NewInvalid("invalid_ttl", "ttl", "must be over 0 and at most 100 years")
	}
	if d.Life < 0 || d.Life > sigil.MaxTTL {
		return sigil.NewInvalid("invalid_life", "life", "must be over 0 and at most 100 years")
	}
	if d.Policy != nil && sigil.ActiveSpan(d.Policy) != 0 {
		return sigil.NewInvalid("invalid_policy", "policy", "has an active span, which is not for one memory: a tenant is used or not; set it in the policy of the tenant")
	}
	if err := checkPolicy(d.Policy); err != nil {
		return err
	}
	if d.Policy != nil && !e.given.add(tenant, d.Policy, e.limits.Policies) {
		return newTooManyPolicies(e.limits.Policies)
	}
	if err := checkIdempotencyKey(d.IdempotencyKey); err != nil {
		return err
	}
	if err := d.OnDuplicate.Check(); err != nil {
		return err
	}
	if err := e.checkSimilar(d.Similar); err != nil {
		return err
	}

	m := &item.Memory
	supersedes := m.Supersedes // set by Correct
	*m = sigil.Memory{
		Meta: sigil.Meta{
			Key: sigil.Key{Tenant: tenant}, Frequency: hash.Frequency(), Potential: state.Potential(),
			Size: len(data), TTL: wholeMillis(d.TTL), Pinned: d.Pinned, Policy: d.Policy, OwnPolicy: d.Policy != nil,
		},
		Hash: hash, State: state, Tags: slices.Clone(d.Tags), Data: data, Supersedes: supersedes,
	}
	m.Crystallized = m.Potential > sigil.CrystallizeAbove
	item.Vector = nil
	if d.Vector != nil {
		v, err := compact(d.Vector)
		if err != nil {
			return err
		}
		item.Vector = store.Vector(v)
	}
	item.OnDuplicate, item.Life = d.OnDuplicate, wholeMillis(d.Life)
	if d.Similar != 0 {
		item.Idempotency.Similar = &sigil.Similar{Least: d.Similar}
	}
	if d.IdempotencyKey != "" {
		item.Idempotency.Key, item.Idempotency.Fingerprint = d.IdempotencyKey, fingerprint(item)
	}
	return nil
}

// create sets the time and the id of a prepared item, of a memory that lives by its draft. It is called immediately before the store: the closer the order
// of ids is to the order in which memories are stored, the less the store has to merge.
func (e *Engine) create(item *store.Item) {
	m := &item.Memory
	m.Policy = e.policyFor(&m.Meta)
	m.Stretch = stretchFor(m.Policy, item.Life)
	begin(item, e.now())
}

// begin sets the id, the times and the deadline of the memory of an item, and adds the events.
func begin(item *store.Item, now time.Time) {
	m := &item.Memory
	m.ID, m.CreatedAt, m.LastAccessed = sigil.NewID(now), now, now
	m.Reschedule()
	item.Events = append(item.Events, sigil.Event{Time: now, Kind: sigil.Encoded, Reason: sigil.ReasonRequest, Memory: m.Meta})
	if m.Crystallized {
		crystal := CrystalOf(&m.Meta)
		item.Events = append(item.Events, sigil.Event{Time: now, Kind: sigil.Crystallized, Reason: sigil.ReasonPotential, Memory: m.Meta, Crystal: &crystal})
	}
	if item.Idempotency.Key != "" {
		item.Idempotency.Ends = now.Add(idempotencyWindow)
	}
}

// wholeMillis rounds d up to a millisecond, the precision of times in answers.
func wholeMillis(d time.Duration) time.Duration {
	return (d + time.Millisecond - 1).Truncate(time.Millisecond)
}

func (e *Engine) checkState(s *sigil.State) error {
	if err := s.Check(); err != nil {
		return err
	}
	size := 0
	for name, raw := range s.Extra {
		size += len(name) + len(raw)
		if size > e.limits.State {
			return sigil.NewTooLarge("state_too_large", "state", fmt.Sprintf("has more than %d bytes of extra keys", e.limits.State))
		}
		if !utf8.ValidString(name) {
			return sigil.NewInvalid("invalid_utf8", "state", "has a key that is not valid UTF-8")
		}
		if _, _, err := canon.Read("state."+name, raw, canon.Limits{Bytes: e.limits.State, Depth: e.limits.Depth}); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) checkTags(tags []string) error {
	if len(tags) > e.limits.Tags {
		return sigil.NewTooLarge("too_many_tags", "tags", fmt.Sprintf("has more than %d tags", e.limits.Tags))
	}
	return checkEach("tags", tags)
}

// checkEach checks each tag of a list.
func checkEach(field string, tags []string) error {
	for i, tag := range tags {
		if !possibleTag(tag) {
			return sigil.NewInvalid("invalid_tag", fmt.Sprintf("%s/%d", field, i), fmt.Sprintf("must be valid UTF-8 of 1 to %d bytes", maxTag))
		}
	}
	return nil
}

func possibleTag(tag string) bool {
	return tag != "" && len(tag) <= maxTag && utf8.ValidString(tag)
}

// checkFilter checks tags that memories are selected by.
func (e *Engine) checkFilter(tags []string) error {
	switch {
	case len(tags) > e.limits.Tags:
		return sigil.NewInvalid("invalid_tag", "tag", fmt.Sprintf("may be given at most %d times, as often as a memory has tags", e.limits.Tags))
	case slices.ContainsFunc(tags, func(tag string) bool { return !possibleTag(tag) }):
		return sigil.NewInvalid("invalid_tag", "tag", fmt.Sprintf("must be valid UTF-8 of 1 to %d bytes", maxTag))
	}
	return nil
}

func checkIdempotencyKey(key string) error {
	bad := len(key) > maxIdempotencyKey
	for i := 0; i < len(key) && !bad; i++ {
		bad = key[i] < 0x20 || key[i] > 0x7e
	}
	if bad {
		return sigil.NewInvalid("invalid_idempotency_key", "Idempotency-Key", fmt.Sprintf("must be at most %d printable ASCII characters", maxIdempotencyKey))
	}
	return nil
}

// fingerprint returns a hash of everything in a draft that decides what is stored. The order of members in data and state,
// white space and the spelling of strings make no difference; the digits of numbers do.
func fingerprint(item *store.Item) [32]byte {
	return fingerprintOf(item, canon.Ordered)
}

// formerFingerprint returns the fingerprint that earlier versions stored with answers. It depends on the order of
// members.
func formerFingerprint(item *store.Item) [32]byte {
	return fingerprintOf(item, func(raw []byte) []byte { return raw })
}

func fingerprintOf(item *store.Item, form func(raw []byte) []byte) [32]byte {
	m := &item.Memory
	state, _ := json.Marshal(m.State) // cannot fail: the state was checked
	// A missing list of tags and an empty one are the same.
	tags, _ := json.Marshal(append([]string(nil), m.Tags...))
	var b bytes.Buffer
	for _, part := range [][]byte{form(m.Data), form(state), tags} {
		b.Write(binary.AppendUvarint(nil, uint64(len(part))))
		b.Write(part)
	}
	b.Write(binary.AppendVarint(nil, int64(m.TTL)))
	if m.Pinned {
		b.WriteByte(1)
	}
	if item.Life != 0 { // without one, the fingerprint is that of earlier versions
		b.Write(binary.AppendVarint([]byte{4}, int64(item.Life)))
	}
	if m.OwnPolicy { // the same
		b.WriteByte(5)
		b.WriteString(m.Policy.StoredForm())
	}
	if len(item.Vector) > 0 { // without one, the fingerprint is that of earlier versions
		b.WriteByte(2)
		for _, x := range item.Vector {
			b.WriteByte(byte(x))
		}
	}
	if item.OnDuplicate.Unique() { // otherwise the fingerprint is that of a request that does not choose, as before there was a choice
		b.WriteString(string(item.OnDuplicate))
	}
	if m.Supersedes != (sigil.ID{}) {
		b.Write(append([]byte{5}, m.Supersedes[:]...))
	}
	if similar := item.Idempotency.Similar; similar != nil {
		b.WriteByte(3)
		b.Write(binary.BigEndian.AppendUint64(nil, math.Float64bits(similar.Least)))
	}
	return sha256.Sum256(b.Bytes())
}
