package engine

import (
	"bytes"
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

const (
	maxStatement = 8 << 10
	maxReason    = 256
)

// Register keeps a signature of code in the tenant's registry and returns it as it is kept, with the time of its
// registration. Of s it takes the tenant, what [sigil.SignatureRef] holds and the statement; the caller has verified
// that the statement proves them. added is false if the same signature was registered before: nothing changes then, and
// one that was revoked is still revoked. Another signature with that id is [sigil.ErrConflict]. It is durable when
// Register returns.
func (e *Engine) Register(ctx context.Context, s sigil.Signature) (kept sigil.Signature, added bool, err error) {
	defer e.observe("register", 1)(&err)
	if err := sigil.CheckTenant(s.Tenant); err != nil {
		return kept, false, err
	}
	if s.ID == (sigil.ID{}) {
		return kept, false, sigil.NewInvalid("invalid_id", "id", "must not be zero")
	}
	if len(s.Statement) > maxStatement {
		return kept, false, sigil.NewTooLarge("statement_too_large", "statement", "has more than 8 KiB")
	}
	e.changes.Add(1)
	s.RegisteredAt = e.now()
	kept, added, err = e.store.Register(ctx, sigil.Signature{
		Tenant: s.Tenant, SignatureRef: s.SignatureRef, RegisteredAt: s.RegisteredAt, Statement: bytes.Clone(s.Statement),
	}, e.limits.Signatures, sigil.Event{
		Time: s.RegisteredAt, Kind: sigil.Signed, Reason: sigil.ReasonRequest,
		Memory: sigil.Meta{Key: sigil.Key{Tenant: s.Tenant}}, Signature: &s.SignatureRef,
	})
	if err != nil {
		return sigil.Signature{}, false, wrap(err)
	}
	if kept.SignatureRef != s.SignatureRef || !bytes.Equal(kept.Statement, s.Statement) {
		return sigil.Signature{}, false, &sigil.Error{
			Kind: sigil.ErrConflict, Code: "signature_exists", Field: "id", Detail: "another signature with this id is registered",
		}
	}
	return kept, added, nil
}

// SignatureQuery selects signatures; its zero value is the newest 100.
type SignatureQuery struct {
	Limit  int    // entries; 0 is 100
	Cursor string // from a page; empty is the start
	// The filters apply if they are set.
	Body   *sigil.Hash
	Signer *uint64
}

// SignaturePage is a part of a list of signatures.
type SignaturePage struct {
	Signatures []sigil.Signature
	// Next is the cursor of the next page; empty on the last one. It stays valid forever.
	Next string
}

// Signatures returns a tenant's signatures, revoked or not, newest first by the signers' clocks.
func (e *Engine) Signatures(ctx context.Context, tenant string, q SignatureQuery) (page SignaturePage, err error) {
	defer e.observe("signatures", 1)(&err)
	if err := sigil.CheckTenant(tenant); err != nil {
		return page, err
	}
	limit, err := e.limit(q.Limit)
	if err != nil {
		return page, err
	}
	before, err := decodeCursor(q.Cursor)
	if err != nil {
		return page, err
	}
	signatures, more, err := e.store.Signatures(ctx, store.SignatureQuery{Tenant: tenant, Limit: limit, Before: before, Body: q.Body, Signer: q.Signer})
	if err != nil {
		return page, wrap(err)
	}
	page.Signatures = signatures
	if more {
		page.Next = encodeCursor(signatures[len(signatures)-1].ID)
	}
	return page, nil
}

// Signature returns one signature of a body, or [sigil.ErrNotFound].
func (e *Engine) Signature(ctx context.Context, tenant string, body sigil.Hash, id sigil.ID) (s sigil.Signature, err error) {
	defer e.observe("signatures", 1)(&err)
	if err := sigil.CheckTenant(tenant); err != nil {
		return s, err
	}
	before := id
	for i := len(before) - 1; i >= 0; i-- { // the least id that is greater, or the zero id: no bound
		if before[i]++; before[i] != 0 {
			break
		}
	}
	found, _, err := e.store.Signatures(ctx, store.SignatureQuery{Tenant: tenant, Limit: 1, Before: before, Body: &body})
	if err != nil {
		return s, wrap(err)
	}
	if len(found) == 0 || found[0].ID != id {
		return s, NewNoSignature()
	}
	return found[0], nil
}

// Revoke marks the signatures of a body as revoked, or only the one with the given id if that is not zero, and returns
// them. One that was revoked before keeps the first time and reason. What does not exist is [sigil.ErrNotFound]. Nothing
// undoes a revocation; it is durable when Revoke returns.
func (e *Engine) Revoke(ctx context.Context, tenant string, body sigil.Hash, id sigil.ID, reason string) (revoked []sigil.Signature, err error) {
	defer e.observe("revoke", 1)(&err)
	if err := sigil.CheckTenant(tenant); err != nil {
		return nil, err
	}
	if len(reason) > maxReason || !utf8.ValidString(reason) || strings.ContainsFunc(reason, unicode.IsControl) {
		return nil, sigil.NewInvalid("invalid_reason", "reason", "must be at most 256 bytes of text on one line")
	}
	e.changes.Add(1)
	revoked, err = e.store.Revoke(ctx, tenant, body, id, func(s *sigil.Signature) *sigil.Event {
		if !s.RevokedAt.IsZero() {
			return nil
		}
		s.RevokedAt, s.Reason = e.now(), reason
		ref := s.SignatureRef
		return &sigil.Event{
			Time: s.RevokedAt, Kind: sigil.Revoked, Reason: sigil.ReasonRequest,
			Memory: sigil.Meta{Key: sigil.Key{Tenant: tenant}}, Signature: &ref,
		}
	})
	if err == nil && len(revoked) == 0 {
		err = NewNoSignature()
	}
	return revoked, wrap(err)
}

// NewNoSignature returns the [sigil.ErrNotFound] for a signature that is not registered.
func NewNoSignature() *sigil.Error {
	return &sigil.Error{Kind: sigil.ErrNotFound, Code: "not_found", Field: "hash", Detail: "no such signature: none of this body, or none with this id, was registered"}
}
