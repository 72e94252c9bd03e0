package pebblestore

import (
	"bytes"
	"context"
	"errors"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// Register keeps a signature; see [store.Store].
func (s *Store) Register(ctx context.Context, signature sigil.Signature, limit int, event sigil.Event) (sigil.Signature, bool, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return sigil.Signature{}, false, err
	}
	key := sigil.Key{Tenant: signature.Tenant, ID: signature.ID}
	defer s.keys.Lock(key, bodyKey(signature.Tenant, signature.Body))()
	kept, found, err := signatureIn(s.db, key)
	if err != nil || found {
		return kept, false, s.reading(err)
	}
	if !s.signatures.reserve(key.Tenant, limit) {
		return sigil.Signature{}, false, store.NewSignaturesFull()
	}
	ch := newChange()
	ch.grows = true
	ch.set(layout.SignatureKey(key.Tenant, key.ID), record.AppendSignature(nil, &signature))
	ch.set(layout.BodyKey(key.Tenant, signature.Body, key.ID), nil)
	ch.set(layout.SignerKey(key.Tenant, signature.Signer, key.ID), nil)
	if err = s.addEvent(ch, &event); err != nil {
		ch.discard()
	} else {
		err = s.commits.do(ch)
	}
	if err != nil {
		s.signatures.release(key.Tenant)
		return sigil.Signature{}, false, err
	}
	return signature, true, nil
}

// bodyKey is locked by calls that change signatures of a body, until the change is durable. So they run one after the other, and
// a revocation of all signatures of a body misses none. No memory has such a key: it only shares its lock with some.
func bodyKey(tenant string, body sigil.Hash) sigil.Key {
	return sigil.Key{Tenant: tenant, ID: sigil.ID(body[:len(sigil.ID{})])}
}

// Signatures returns a page; see [store.Store].
func (s *Store) Signatures(ctx context.Context, q store.SignatureQuery) (page []sigil.Signature, more bool, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, false, err
	}
	if page, more, err = s.listSignatures(ctx, &q); err != nil {
		return nil, false, s.reading(err)
	}
	// The database shows a change before it is durable. Whoever makes one holds the body's key until then.
	for i := range page {
		if i == 0 || page[i].Body != page[i-1].Body {
			s.keys.One(bodyKey(q.Tenant, page[i].Body)).Unlock()
		}
	}
	if err := s.enter(ctx); err != nil { // the disk may have failed meanwhile
		return nil, false, err
	}
	return page, more, nil
}

func (s *Store) listSignatures(ctx context.Context, q *store.SignatureQuery) (page []sigil.Signature, more bool, err error) {
	prefix := layout.TenantPrefix(layout.SignatureFamily, q.Tenant)
	switch {
	case q.Body != nil:
		prefix = layout.BodyPrefix(q.Tenant, *q.Body)
	case q.Signer != nil:
		prefix = layout.SignerPrefix(q.Tenant, *q.Signer)
	}
	end := layout.AfterAny(prefix)
	if q.Before != (sigil.ID{}) {
		end = append(bytes.Clone(prefix), q.Before[:]...)
	}
	s.snapshots.RLock()
	defer s.snapshots.RUnlock()
	snapshot := s.db.NewSnapshot() // so that the whole page is of one moment
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	it, err := snapshot.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: end})
	if err != nil {
		return nil, false, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.Last(); ok; ok = it.Prev() {
		if err := ctx.Err(); err != nil {
			return nil, false, err
		}
		key, split := layout.SplitSignatureKey(it.Key())
		if !split {
			return nil, false, record.ErrDamaged
		}
		signature, found, err := signatureIn(snapshot, key)
		if err != nil {
			return nil, false, err
		}
		if !found {
			return nil, false, record.ErrDamaged // none is ever removed
		}
		if !q.Matches(&signature.SignatureRef) {
			continue
		}
		if len(page) == q.Limit {
			return page, true, nil
		}
		page = append(page, signature)
	}
	return page, false, it.Error()
}

// Revoke changes signatures of a body; see [store.Store].
func (s *Store) Revoke(ctx context.Context, tenant string, body sigil.Hash, id sigil.ID, change func(*sigil.Signature) *sigil.Event) ([]sigil.Signature, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.keys.One(bodyKey(tenant, body)).Unlock()
	keys, err := s.signaturesOf(tenant, body, id)
	if err != nil {
		return nil, s.reading(err)
	}
	ch := newChange()
	found := make([]sigil.Signature, 0, len(keys))
	events := make([]*sigil.Event, 0, len(keys))
	for _, key := range keys {
		signature, there, err := signatureIn(s.db, key)
		if err == nil && !there {
			err = record.ErrDamaged // none is ever removed
		}
		if err != nil {
			ch.discard()
			return nil, s.reading(err)
		}
		changed := signature
		if event := change(&changed); event != nil {
			signature.RevokedAt, signature.Reason = changed.RevokedAt, changed.Reason
			ch.set(layout.SignatureKey(key.Tenant, key.ID), record.AppendSignature(nil, &signature))
			events = append(events, event)
		}
		found = append(found, signature)
	}
	for _, event := range events {
		if err := s.addEvent(ch, event); err != nil {
			ch.discard()
			return nil, err
		}
	}
	if ch.empty() {
		ch.discard()
		return found, nil
	}
	if err := s.commits.do(ch); err != nil {
		return nil, err
	}
	return found, nil
}

// signaturesOf returns the keys of the signatures of a body, by id, or only the one with an id.
func (s *Store) signaturesOf(tenant string, body sigil.Hash, id sigil.ID) (keys []sigil.Key, err error) {
	prefix := layout.BodyPrefix(tenant, body)
	if id != (sigil.ID{}) {
		prefix = layout.BodyKey(tenant, body, id)
	}
	err = s.scanRange(prefix, layout.AfterAny(prefix), func(key, _ []byte) error {
		k, ok := layout.SplitSignatureKey(key)
		if !ok {
			return record.ErrDamaged
		}
		keys = append(keys, k)
		return nil
	})
	return keys, err
}

// signatureIn reads a signature from the database, or from a snapshot of it.
func signatureIn(r pebble.Reader, key sigil.Key) (_ sigil.Signature, found bool, err error) {
	value, closer, err := r.Get(layout.SignatureKey(key.Tenant, key.ID))
	if errors.Is(err, pebble.ErrNotFound) {
		return sigil.Signature{}, false, nil
	}
	if err != nil {
		return sigil.Signature{}, false, err
	}
	defer func() { err = errors.Join(err, closer.Close()) }()
	read := record.NewReader(value)
	signature := read.Signature(key)
	return signature, true, read.End()
}

// signatureCounts counts the signatures of each tenant, with those on their way to the disk. The zero value has none.
type signatureCounts struct {
	mu sync.Mutex
	// +checklocks:mu
	kept map[string]int
}

// reserve counts one more of a tenant, unless there are limit already; limit 0 is no limit.
func (c *signatureCounts) reserve(tenant string, limit int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if limit > 0 && c.kept[tenant] >= limit {
		return false
	}
	if c.kept == nil {
		c.kept = map[string]int{}
	}
	c.kept[tenant]++
	return true
}

// release takes back a reserve whose signature was not kept.
func (c *signatureCounts) release(tenant string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept[tenant]--; c.kept[tenant] == 0 {
		delete(c.kept, tenant)
	}
}

// counts returns a copy of the counts.
func (c *signatureCounts) counts() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make(map[string]int, len(c.kept))
	for tenant, n := range c.kept {
		all[tenant] = n
	}
	return all
}

// rebuildSignatures counts the signatures on disk.
func (s *Store) rebuildSignatures() error {
	return s.scan([]byte{layout.SignerFamily}, func(key, _ []byte) error {
		k, ok := layout.SplitSignatureKey(key)
		if !ok {
			return record.ErrDamaged
		}
		s.signatures.reserve(k.Tenant, 0)
		return nil
	})
}
