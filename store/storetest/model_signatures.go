package storetest

import (
	"bytes"
	"context"
	"slices"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// Register implements [store.Store].
func (s *Model) Register(ctx context.Context, signature sigil.Signature, limit int, event sigil.Event) (sigil.Signature, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return sigil.Signature{}, false, err
	}
	key := sigil.Key{Tenant: signature.Tenant, ID: signature.ID}
	if kept, ok := s.signatures[key]; ok {
		return copiedSignature(kept), false, nil
	}
	if limit > 0 && len(s.signaturesOf(signature.Tenant)) >= limit {
		return sigil.Signature{}, false, store.NewSignaturesFull()
	}
	s.signatures[key] = copiedSignature(signature)
	s.record(event)
	return signature, true, nil
}

// Signatures implements [store.Store].
func (s *Model) Signatures(ctx context.Context, q store.SignatureQuery) (page []sigil.Signature, more bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return nil, false, err
	}
	for _, signature := range s.signaturesOf(q.Tenant) {
		if q.Before != (sigil.ID{}) && bytes.Compare(signature.ID[:], q.Before[:]) >= 0 || !q.Matches(&signature.SignatureRef) {
			continue
		}
		if len(page) == q.Limit {
			return page, true, nil
		}
		page = append(page, copiedSignature(signature))
	}
	return page, false, nil
}

// Revoke implements [store.Store].
func (s *Model) Revoke(ctx context.Context, tenant string, body sigil.Hash, id sigil.ID, change func(*sigil.Signature) *sigil.Event) ([]sigil.Signature, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	var found []sigil.Signature
	oldestFirst := s.signaturesOf(tenant)
	slices.Reverse(oldestFirst)
	for _, signature := range oldestFirst {
		if signature.Body != body || id != (sigil.ID{}) && signature.ID != id {
			continue
		}
		changed := copiedSignature(signature)
		if event := change(&changed); event != nil {
			signature.RevokedAt, signature.Reason = changed.RevokedAt, changed.Reason
			s.signatures[sigil.Key{Tenant: tenant, ID: signature.ID}] = signature
			s.record(*event)
		}
		found = append(found, copiedSignature(signature))
	}
	return found, nil
}

// signaturesOf returns the tenant's signatures, newest first.
//
// +checklocks:s.mu
func (s *Model) signaturesOf(tenant string) []sigil.Signature {
	var all []sigil.Signature
	for key, signature := range s.signatures {
		if key.Tenant == tenant {
			all = append(all, signature)
		}
	}
	slices.SortFunc(all, func(a, b sigil.Signature) int { return bytes.Compare(b.ID[:], a.ID[:]) })
	return all
}

func copiedSignature(s sigil.Signature) sigil.Signature {
	s.Statement = bytes.Clone(s.Statement)
	return s
}
