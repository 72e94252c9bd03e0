package storetest

import (
	"bytes"
	"context"
	"maps"
	"slices"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// Insert implements [store.Store]. An answer has expired if its end is not after the time of the item to insert.
func (s *Model) Insert(ctx context.Context, tenant string, items []store.Item, quota store.Quota, evict func(sigil.Meta, string) sigil.Event) (store.Inserted, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return store.Inserted{}, err
	}

	if answers := s.answered(tenant, items); len(answers) > 0 {
		return store.Inserted{Answers: answers}, nil
	}
	inserted := store.Inserted{Duplicates: s.duplicates(items)}
	if inserted.Refused(items) {
		return inserted, nil
	}
	seen := map[sigil.Key]bool{}
	for i := range items {
		key := items[i].Memory.Key
		_, stored := s.memories[key]
		if stored || seen[key] || !items[i].At.IsZero() && s.taken(key) {
			return store.Inserted{}, store.NewExists()
		}
		seen[key] = true
	}
	var corrected sigil.Event
	if items[0].Correct != nil {
		var err error
		if corrected, err = s.correction(&items[0]); err != nil {
			return store.Inserted{}, err
		}
	}
	leaving, err := s.makeRoom(tenant, items, quota)
	if err != nil {
		return store.Inserted{}, err
	}

	// From here on, nothing fails.
	for _, l := range leaving {
		inserted.Evicted = append(inserted.Evicted, s.remove(l.memory.Key, evict(l.memory, l.reason)))
	}
	if items[0].Correct != nil {
		s.remove(superseded(&items[0]), corrected)
	}
	for i := range items {
		item := &items[i]
		if item.Correct == nil {
			item.Memory.Supersedes = sigil.ID{}
		}
		s.put(item.Memory, item.Vector)
		for _, event := range item.Events {
			s.record(event)
		}
		if id := item.Idempotency; id.Key != "" {
			s.answers[answerKey{tenant, id.Key}] = keptAnswer{
				Answer: store.Answer{Fingerprint: id.Fingerprint, Memory: item.Memory.Meta, DuplicateOf: inserted.Duplicates[i], Similar: id.Similar}, ends: id.Ends,
			}
		}
	}
	return inserted, nil
}

// put stores a memory, with its own vector if it has one.
//
// +checklocks:s.mu
func (s *Model) put(m sigil.Memory, v store.Vector) {
	s.memories[m.Key] = copied(m)
	if len(v) > 0 {
		s.vectors[m.Key] = slices.Clone(v)
	}
	c := content{m.Tenant, m.Hash}
	if s.contents[c] == nil {
		s.contents[c] = map[sigil.ID]bool{}
	}
	s.contents[c][m.ID] = true
}

// answered returns the answers stored under the items' keys, by index of the item.
//
// +checklocks:s.mu
func (s *Model) answered(tenant string, items []store.Item) map[int]store.Answer {
	answers := map[int]store.Answer{}
	for i := range items {
		answer, kept := s.answers[answerKey{tenant, items[i].Idempotency.Key}]
		if kept && answer.ends.After(items[i].Now()) {
			answers[i] = answer.Answer
		}
	}
	return answers
}

// duplicates returns the duplicates of items, by index of the item.
//
// +checklocks:s.mu
func (s *Model) duplicates(items []store.Item) map[int]sigil.ID {
	found := map[int]sigil.ID{}
	earlier := map[sigil.Hash]sigil.ID{}
	for i := range items {
		m := &items[i].Memory
		if old, ok := earlier[m.Hash]; ok {
			found[i] = old
		} else {
			earlier[m.Hash] = m.ID
		}
		for _, id := range slices.SortedFunc(maps.Keys(s.contents[content{m.Tenant, m.Hash}]), func(a, b sigil.ID) int { return bytes.Compare(b[:], a[:]) }) {
			if old := s.memories[sigil.Key{Tenant: m.Tenant, ID: id}]; !old.Due(items[i].Live()) {
				found[i] = id
			}
		}
	}
	return found
}

// Amend implements [store.Store].
func (s *Model) Amend(ctx context.Context, a store.Amendment, change func(*sigil.Memory) (*sigil.Event, error)) (store.Amended, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return store.Amended{}, err
	}
	at := answerKey{a.Key.Tenant, a.Idempotency.Key}
	if answer, kept := s.answers[at]; kept && answer.ends.After(a.At) {
		return store.Amended{Answer: &answer.Answer}, nil
	}
	m, ok := s.memories[a.Key]
	if !ok {
		return store.Amended{}, sigil.NewNotFound()
	}
	changed := copied(m)
	event, err := change(&changed)
	if err != nil {
		return store.Amended{}, err
	}
	m.LastAccessed, m.Stood, m.AccessCount, m.Stretch = changed.LastAccessed, changed.Stood, changed.AccessCount, changed.Stretch
	m.MoveDeadline(changed.FadesAt)
	m.Pinned, m.Policy, m.TTL, m.Tags = changed.Pinned, changed.Policy, changed.TTL, slices.Clone(changed.Tags)
	s.memories[a.Key] = m
	if event != nil {
		s.record(*event)
	}
	if a.Idempotency.Key != "" {
		whole := copied(m)
		whole.Supersedes = sigil.ID{}
		s.answers[at] = keptAnswer{
			Answer: store.Answer{Fingerprint: a.Idempotency.Fingerprint, Memory: m.Meta, Similar: a.Idempotency.Similar, Amended: &whole}, ends: a.Idempotency.Ends,
		}
	}
	return store.Amended{Memory: copied(m)}, nil
}

type eviction struct {
	memory sigil.Meta
	reason string
}

// makeRoom returns the memories that must be evicted for items to fit, and the reasons. It changes nothing.
//
// +checklocks:s.mu
func (s *Model) makeRoom(tenant string, items []store.Item, quota store.Quota) ([]eviction, error) {
	if quota == (store.Quota{}) {
		return nil, nil
	}
	var candidates []sigil.Meta
	memories, size := len(items), int64(0)
	for i := range items {
		size += int64(items[i].Memory.Size)
	}
	for _, m := range s.of(tenant) {
		if items[0].Correct != nil && m.ID == items[0].Memory.Supersedes {
			continue
		}
		memories++
		size += int64(m.Size)
		if m.Evictable() || m.Due(items[0].Live()) {
			candidates = append(candidates, m.Meta)
		}
	}
	slices.SortFunc(candidates, byDeadline)

	var leaving []eviction
	for {
		reason := ""
		switch {
		case quota.Memories > 0 && memories > quota.Memories:
			reason = sigil.ReasonMemories
		case quota.Bytes > 0 && size > quota.Bytes:
			reason = sigil.ReasonBytes
		default:
			return leaving, nil
		}
		if len(candidates) == 0 {
			return nil, &sigil.Error{
				Kind: sigil.ErrFull, Code: "quota_full",
				Detail: "the tenant's limit of " + reason + " is reached and not enough can be evicted",
			}
		}
		leaving = append(leaving, eviction{memory: candidates[0], reason: reason})
		memories--
		size -= int64(candidates[0].Size)
		candidates = candidates[1:]
	}
}
