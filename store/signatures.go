package store

import (
	"context"

	"github.com/sigil-dna/sigil"
)

// Signatures keeps the registry of code signatures. A signature is no memory: it does not fade, counts towards no
// [Quota], and no call removes it or undoes its revocation.
//
// Calls that register or revoke signatures of one body take effect one after the other, and a page shows one moment between
// two of them.
type Signatures interface {
	// Register keeps a signature and journals event with it. If the tenant has a signature with that ID, Register
	// changes nothing and returns that one and false. If the tenant has limit signatures already, it returns ErrFull
	// ("signatures_full"); limit 0 is no limit.
	Register(ctx context.Context, s sigil.Signature, limit int, event sigil.Event) (kept sigil.Signature, added bool, err error)

	// Signatures returns what fits q by descending id: newest first, by the signers' clocks. more reports whether there
	// is more after the last one. Its cost is that of what it returns, or with both filters that of
	// all signatures of the body.
	Signatures(ctx context.Context, q SignatureQuery) (page []sigil.Signature, more bool, err error)

	// Revoke calls change for each signature of a body, by ascending id, or only for the one with the given id if that
	// is not zero. change gets the signature locked; it may set RevokedAt and Reason and return an event to journal, or
	// return nil, which changes nothing. The changes are one commit. Revoke returns the signatures as they are then,
	// none if there is none.
	Revoke(ctx context.Context, tenant string, body sigil.Hash, id sigil.ID, change func(s *sigil.Signature) *sigil.Event) ([]sigil.Signature, error)
}

// SignatureQuery selects signatures.
type SignatureQuery struct {
	Tenant string
	Limit  int
	// Before, if not the zero id, continues after the signature with this id.
	Before sigil.ID
	// The filters below apply if they are set.
	Body   *sigil.Hash
	Signer *uint64
}

// Matches reports whether s passes the filters. It does not check the tenant and Before.
func (q *SignatureQuery) Matches(s *sigil.SignatureRef) bool {
	return (q.Body == nil || s.Body == *q.Body) && (q.Signer == nil || s.Signer == *q.Signer)
}

// NewSignaturesFull returns the ErrFull for a tenant that has as many signatures as it may have.
func NewSignaturesFull() *sigil.Error {
	return &sigil.Error{Kind: sigil.ErrFull, Code: "signatures_full", Detail: "the tenant has as many signatures as it may have, and none is ever removed"}
}
