package pebblestore

import (
	"context"
	"slices"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/index"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// Amend changes one memory and its tags; see [store.Store]. The tags are stored with the figures: the content is not
// written again.
func (s *Store) Amend(ctx context.Context, a store.Amendment, change func(*sigil.Memory) (*sigil.Event, error)) (store.Amended, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return store.Amended{}, err
	}
	asked := []store.Item{{Memory: sigil.Memory{Meta: sigil.Meta{CreatedAt: a.At}}, Idempotency: a.Idempotency}}
	keyed, end, err := s.insertKeys.Begin(a.Key.Tenant, asked)
	if err != nil {
		return store.Amended{}, err
	}
	defer end()
	var ended [][]byte
	if keyed {
		var answers map[int]store.Answer
		answers, ended, err = s.answers(a.Key.Tenant, asked)
		if answer, ok := answers[0]; ok || err != nil {
			return store.Amended{Answer: &answer}, err
		}
	}
	defer s.keys.One(a.Key).Unlock()

	at, m, kept := s.located(a.Key)
	if !at.There() {
		return store.Amended{}, sigil.NewNotFound()
	}
	memory, err := s.readLocked(at, m, kept)
	if err != nil {
		return store.Amended{}, err
	}
	event, tags, err := decideAll(&memory, change)
	if err != nil {
		return store.Amended{}, err
	}
	retagged := !slices.Equal(tags, memory.Tags)
	memory.Tags = tags
	if !keyed && !retagged {
		err = s.refreshed(at, &memory.Meta, m.FadesAt, event)
	} else {
		err = s.amend(at, &memory, a.Idempotency, ended, retagged, event)
	}
	if err != nil {
		return store.Amended{}, err
	}
	return store.Amended{Memory: memory}, nil
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

// amend makes a memory, whose key is locked, into m, in one commit with event, which may be nil, and the answer, if it has a
// key.
func (s *Store) amend(at index.Place, m *sigil.Memory, answer store.Idempotency, ended [][]byte, retagged bool, event *sigil.Event) error {
	policy, err := s.policies.Number(m.Policy)
	if err != nil {
		return err
	}
	ch := newChange()
	for _, key := range ended {
		ch.remove(key)
	}
	if answer.Key != "" {
		ch.grows = true
		ch.set(layout.IdempotencyKey(m.Tenant, answer.Key), record.AppendAmended(nil, &answer, m, policy))
		ch.set(layout.ExpiryKey(answer.Ends.UnixMilli(), m.Tenant, answer.Key), nil)
		ch.effect.Ends = answer.Ends.UnixMilli()
	}
	labels := s.index.Labels(at)
	if retagged {
		labels = record.LabelsOf(m)
		ch.effect.Retagged, ch.effect.NewTags = true, labels.Tags
		if s.embeddings.any.Load() { // the vector is one of the text with the former tags
			ch.remove(layout.MemoryKey(layout.EmbeddingFamily, m.Tenant, m.ID))
		}
	}
	if err := s.rewriteIn(ch, at, m.Meta, policy, labels, event); err != nil {
		return err
	}
	if retagged {
		s.contents.drop(m.Key) // it has the former tags
		s.finder.retag(m)
	}
	return nil
}
