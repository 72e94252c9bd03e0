package pebblestore

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/index"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// An erasure is one commit, and then the rewriting of the files. The commit adds a record of what is to be rewritten (z), which
// goes when that is done: if the process ends in between, the next open does it.

// purgedBefore is where the bytes may be of memories that an erasure does not find.
const purgedBefore = "the files of the store may have the bytes of memories that were purged before, until the store rewrites these files"

// Erase erases memories; see [store.Eraser]. While a backup is being made, it waits for its end.
func (s *Store) Erase(ctx context.Context, keys []sigil.Key, event func(sigil.Meta, bool) sigil.Event) (done store.Erasure, err error) {
	release, err := s.holdFiles(ctx)
	if err != nil {
		return done, err
	}
	defer release()
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return done, err
	}
	if done, err = s.erase(keys, event); err != nil {
		return done, err
	}
	if n := len(done.Events); n > 0 {
		store.Progress(ctx, fmt.Sprintf("erased: %d; now the bytes leave the files", n))
		done.Position, done.Link, err = s.linkFrom(done.Events[n-1].Position)
	}
	if err == nil {
		err = s.finishErasures(ctx) // also of an earlier call that ended early
	}
	if ended := ctx.Err(); err != nil && ended != nil {
		return done, ended
	}
	return done, s.reading(err)
}

// erasure is what an Erase has gathered. The keys of its memories are locked.
type erasure struct {
	store.Erasure
	keys    []sigil.Key
	live    []index.Place
	removed map[string]store.Quota // by tenant
	// unlinked are the memories that supersede none from then on.
	unlinked []sigil.Key
	spans    []span // of what the files must no longer have
}

// erase is the commit of an Erase.
//
// +checklocksread:s.gate
func (s *Store) erase(keys []sigil.Key, event func(sigil.Meta, bool) sigil.Event) (store.Erasure, error) {
	defer s.keys.Lock(s.chains.versions(keys)...)()
	keys = s.chains.versions(keys) // again: some may have been purged
	s.trimming.Lock()              // nobody else replaces or drops blocks of the journal
	defer s.trimming.Unlock()
	ch, e := newChange(), &erasure{removed: map[string]store.Quota{}}
	if len(keys) == 0 {
		e.Remains = []string{purgedBefore}
	}
	e.Events = make([]sigil.Event, 0, len(keys)) // must not be reallocated: ch points into it
	release, err := s.gatherErasure(ch, e, keys, event)
	if err != nil || len(e.Events) == 0 {
		ch.discard()
		release()
		return store.Erasure{Remains: e.Remains}, err
	}
	defer release()
	ch.leaving = e.live
	ch.set(layout.ErasureKey(sigil.NewID(e.Events[0].Time)), appendSpans(nil, e.spans))
	s.index.Clean(e.live)
	if err := s.commits.do(ch); err != nil {
		s.index.Soil(e.live)
		return store.Erasure{}, err
	}
	s.contents.drop(e.keys...)
	s.finder.removed(e.keys)
	s.chains.drop(e.unlinked...)
	for tenant, some := range e.removed {
		s.trash.drop(tenant, some)
	}
	return e.Erasure, nil
}

// gatherErasure adds to ch, and to e, what erases those of keys that there are. release ends what keeps their answers from
// being replaced.
//
// +checklocksread:s.gate
func (s *Store) gatherErasure(ch *change, e *erasure, keys []sigil.Key, event func(sigil.Meta, bool) sigil.Event) (release func(), err error) {
	release = func() {}
	seen := make(map[sigil.Key]bool, len(keys))
	tenants := map[string]map[sigil.ID]bool{}
	for _, key := range keys {
		if seen[key] {
			continue
		}
		seen[key] = true
		there, err := s.eraseMemory(ch, e, key, event)
		if err != nil {
			return release, err
		}
		if !there {
			e.Remains = []string{purgedBefore}
			continue
		}
		e.keys = append(e.keys, key)
		if tenants[key.Tenant] == nil {
			tenants[key.Tenant] = map[sigil.ID]bool{}
		}
		tenants[key.Tenant][key.ID] = true
	}
	var dropped []store.Item
	for tenant, ids := range tenants {
		gone := func(id sigil.ID) bool { return ids[id] }
		if err := s.eraseEntries(ch, e, tenant, gone); err != nil {
			return release, err
		}
		end, err := s.eraseAnswers(ch, e, tenant, gone, &dropped)
		before := release
		release = func() { end(); before() }
		if err != nil {
			return release, err
		}
	}
	e.spans = append(e.spans, spansOf(e.keys, s.trimmed.Load())...)
	return release, nil
}

// eraseMemory adds to ch what deletes a memory, whose key is locked. It returns false if there is none.
func (s *Store) eraseMemory(ch *change, e *erasure, key sigil.Key, event func(sigil.Meta, bool) sigil.Event) (there bool, err error) {
	at, found := s.index.Find(key)
	m, live := found.Meta, at.There()
	if live {
		e.live = append(e.live, at)
		e.Memories++
	} else {
		r, there, err := s.removed(key)
		if err != nil || !there {
			return false, err
		}
		m = r.Memory.Meta
		e.Removed++
		for _, family := range []byte{layout.RemovedFamily, layout.BodyFamily, layout.VectorFamily} {
			ch.remove(layout.MemoryKey(family, key.Tenant, key.ID))
		}
		if r.Kind == sigil.Corrected {
			ch.remove(layout.MemoryKey(layout.CorrectionFamily, key.Tenant, r.SupersededBy))
			e.unlinked = append(e.unlinked, sigil.Key{Tenant: key.Tenant, ID: r.SupersededBy})
		} else {
			ch.remove(layout.RemovalKey(key.Tenant, r.At.UnixMilli(), key.ID))
			some := e.removed[key.Tenant]
			e.removed[key.Tenant] = store.Quota{Memories: some.Memories + 1, Bytes: some.Bytes + int64(m.Size)}
		}
	}
	e.Bytes += int64(m.Size)
	e.Events = append(e.Events, store.NewErased(event(m, !live), key))
	return true, s.addEvent(ch, &e.Events[len(e.Events)-1])
}

// eraseEntries replaces the journal entries about memories of a tenant that are gone.
func (s *Store) eraseEntries(ch *change, e *erasure, tenant string, gone func(sigil.ID) bool) error {
	var blocks [][]byte
	err := s.scan(layout.TenantPrefix(layout.JournalFamily, tenant), func(key, value []byte) error {
		_, last, ok := layout.SplitJournalKey(key)
		if !ok {
			return record.ErrDamaged
		}
		redacted, n, err := record.Redact(value, tenant, 0, last, gone)
		if err != nil || n == 0 {
			return err
		}
		e.Entries += n
		ch.set(key, redacted)
		blocks = append(blocks, slices.Clone(key))
		return nil
	})
	e.spans = append(e.spans, spansAround(blocks)...)
	return s.reading(err)
}

// eraseAnswers drops the answers of a tenant that name memories that are gone. end is to be called after the commit.
//
// +checklocksread:s.gate
func (s *Store) eraseAnswers(ch *change, e *erasure, tenant string, gone func(sigil.ID) bool, items *[]store.Item) (end func(), err error) {
	end = func() {}
	*items = (*items)[:0]
	prefix := layout.TenantPrefix(layout.IdempotencyFamily, tenant)
	if err := s.scan(prefix, func(key, value []byte) error {
		_, named, err := s.answerNames(tenant, value, gone)
		if named {
			*items = append(*items, store.Item{Idempotency: store.Idempotency{Key: string(key[len(prefix):])}})
		}
		return err
	}); err != nil || len(*items) == 0 {
		return end, s.reading(err)
	}
	_, held, err := s.insertKeys.Begin(tenant, *items)
	if err != nil {
		return end, err
	}
	for i := range *items {
		name := (*items)[i].Idempotency.Key
		b, closer, err := s.db.Get(layout.IdempotencyKey(tenant, name))
		if errors.Is(err, pebble.ErrNotFound) {
			continue // it has been pruned
		}
		if err != nil {
			return held, s.reading(err)
		}
		ends, named, err := s.answerNames(tenant, b, gone) // again: before Begin, another answer may have replaced it
		if err := errors.Join(err, closer.Close()); err != nil {
			return held, s.reading(err)
		}
		if named {
			ch.remove(layout.IdempotencyKey(tenant, name))
			ch.remove(layout.ExpiryKey(ends.UnixMilli(), tenant, name))
			e.Answers++
		}
	}
	return held, nil
}

// answerNames reads an answer, and returns when it ends, and whether it names a memory that is gone.
func (s *Store) answerNames(tenant string, value []byte, gone func(sigil.ID) bool) (ends time.Time, named bool, err error) {
	r := record.NewReader(value)
	answer, ends := r.Answer(tenant, s.policies)
	return ends, answer.Names(gone), r.End()
}

// few is the number of keys up to which each is rewritten alone.
const few = 8

// spansAround returns spans that have all of some keys of one family and tenant, which are sorted.
func spansAround(keys [][]byte) (spans []span) {
	if len(keys) > few {
		return []span{{keys[0], append(keys[len(keys)-1], 0)}}
	}
	for _, key := range keys {
		spans = append(spans, span{key, append(slices.Clone(key), 0)})
	}
	return spans
}

// spansOf returns the spans of all records about memories, other than journal entries after trimmed. Some are of a whole tenant: what was
// deleted from them before may be in the files as well.
func spansOf(keys []sigil.Key, trimmed uint64) (spans []span) {
	tenants := map[string][]sigil.Key{}
	for _, key := range keys {
		tenants[key.Tenant] = append(tenants[key.Tenant], key)
	}
	for tenant, some := range tenants {
		slices.SortFunc(some, func(a, b sigil.Key) int { return slices.Compare(a.ID[:], b.ID[:]) })
		for _, family := range []byte{layout.MetaFamily, layout.BodyFamily, layout.VectorFamily, layout.EmbeddingFamily, layout.RemovedFamily} {
			var all [][]byte
			for _, key := range some {
				all = append(all, layout.MemoryKey(family, tenant, key.ID))
			}
			spans = append(spans, spansAround(all)...)
		}
		for _, family := range []byte{layout.RemovalFamily, layout.IdempotencyFamily, layout.CorrectionFamily} {
			prefix := layout.TenantPrefix(family, tenant)
			spans = append(spans, span{prefix, layout.After(prefix)})
		}
		spans = append(spans, span{layout.JournalKey(tenant, 0), layout.JournalKey(tenant, trimmed+1)})
	}
	return spans
}

// appendSpans appends the value of a record of [layout.ErasureFamily].
func appendSpans(b []byte, spans []span) []byte {
	b = binary.AppendUvarint(b, uint64(len(spans)))
	for _, one := range spans {
		b = record.AppendBytes(record.AppendBytes(b, one.from), one.to)
	}
	return b
}

// readSpans reads what appendSpans appended.
func readSpans(b []byte) (spans []span, err error) {
	r := record.NewReader(b)
	for n := r.Uvarint(); uint64(len(spans)) < n; {
		one := span{slices.Clone(r.Bytes()), slices.Clone(r.Bytes())}
		if slices.Compare(one.from, one.to) >= 0 {
			return nil, record.ErrDamaged
		}
		spans = append(spans, one)
	}
	return spans, r.End()
}

// finishErasures rewrites the files for all erasures whose files are not rewritten yet.
func (s *Store) finishErasures(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var spans []span
	b := s.db.NewBatch()
	err := s.scan([]byte{layout.ErasureFamily}, func(key, value []byte) error {
		some, err := readSpans(value)
		spans = append(spans, some...)
		return errors.Join(err, b.Delete(key, nil))
	})
	if err != nil || b.Empty() {
		return errors.Join(err, b.Close())
	}
	if err := s.expunge(ctx, spans); err != nil {
		return errors.Join(err, b.Close())
	}
	return s.db.Apply(b, pebble.Sync)
}

// Key returns the store's signing key; see [store.Eraser].
func (s *Store) Key(ctx context.Context) (ed25519.PrivateKey, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	s.keying.Lock()
	defer s.keying.Unlock()
	seed, closer, err := s.db.Get(layout.SigningKey())
	if err == nil {
		if len(seed) != ed25519.SeedSize {
			return nil, s.reading(errors.Join(fmt.Errorf("the signing key: %w", record.ErrDamaged), closer.Close()))
		}
		key := ed25519.NewKeyFromSeed(seed)
		return key, s.reading(closer.Close())
	}
	if !errors.Is(err, pebble.ErrNotFound) {
		return nil, s.reading(err)
	}
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	ch := newChange()
	ch.grows = true
	ch.set(layout.SigningKey(), key.Seed())
	return key, s.commits.do(ch)
}
