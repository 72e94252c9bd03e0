package pebblestore

import (
	"context"
	"errors"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/index"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// answers returns the answers under the items' keys that have not ended, and the keys of the records that say when the others ended:
// those go with the answers, once new ones take their place.
func (s *Store) answers(name string, items []store.Item) (answers map[int]store.Answer, ended [][]byte, err error) {
	for i := range items {
		if items[i].Idempotency.Key == "" {
			continue
		}
		b, closer, err := s.db.Get(layout.IdempotencyKey(name, items[i].Idempotency.Key))
		if errors.Is(err, pebble.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		r := record.NewReader(b)
		answer, ends := r.Answer(name, s.policies)
		if err := errors.Join(r.End(), closer.Close()); err != nil {
			return nil, nil, err
		}
		if !ends.After(items[i].Now()) {
			ended = append(ended, layout.ExpiryKey(ends.UnixMilli(), name, items[i].Idempotency.Key))
			continue
		}
		if answers == nil {
			answers = map[int]store.Answer{}
		}
		answers[i] = answer
	}
	return answers, ended, nil
}

// firstEnd returns the time at which the first of the items' answers ends, in Unix milliseconds.
func firstEnd(items []store.Item) int64 {
	first := int64(index.Never)
	for i := range items {
		if items[i].Idempotency.Key != "" {
			first = min(first, items[i].Idempotency.Ends.UnixMilli())
		}
	}
	return first
}

// PruneAnswers drops answers that have ended; see [store.Store].
func (s *Store) PruneAnswers(ctx context.Context, now time.Time, limit int) (int, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	if !s.index.StartPrune(now.UnixMilli()) {
		return 0, nil // without reading the disk: most sweeps find nothing
	}
	ended, next, err := s.prune(now, limit)
	if err != nil {
		next = 0 // unknown: look again
	}
	s.index.EndPrune(next)
	return ended, err
}

// prune drops at most limit ended answers. It returns how many it dropped, and when the next one ends.
func (s *Store) prune(now time.Time, limit int) (ended int, next int64, err error) {
	ch, next, looked := newChange(), int64(index.Never), 0
	err = s.scan([]byte{layout.ExpiryFamily}, func(key, _ []byte) error {
		ends, tenant, idem, ok := layout.SplitExpiryKey(key)
		switch {
		case !ok:
			return record.ErrDamaged
		case ends > now.UnixMilli() || looked == limit:
			next = ends
			return errEnough
		}
		looked++
		ch.remove(key)
		dropped, err := s.pruneAnswer(ch, tenant, idem, ends)
		if dropped {
			ended++
		}
		return err
	})
	if err != nil && !errors.Is(err, errEnough) {
		ch.discard()
		return 0, 0, err
	}
	if looked == 0 {
		ch.discard()
		return 0, next, nil
	}
	return ended, next, s.commits.do(ch)
}

// pruneAnswer drops the answer that ended at the time ended, unless a later insert with the same key has
// replaced it.
func (s *Store) pruneAnswer(ch *change, tenant, key string, ended int64) (dropped bool, err error) {
	b, closer, err := s.db.Get(layout.IdempotencyKey(tenant, key))
	if errors.Is(err, pebble.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	r := record.NewReader(b)
	if _, ends := r.Answer(tenant, s.policies); ends.UnixMilli() == ended {
		ch.remove(layout.IdempotencyKey(tenant, key))
		dropped = true
	}
	return dropped, errors.Join(r.End(), closer.Close())
}

// errEnough ends a scan early.
var errEnough = errors.New("pebblestore: enough")
