package pgstore

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// signature compares a journal entry about a signature with those before it.
func (r *replay) signature(e *sigil.Event) {
	id := e.Signature.ID
	if was, ok := r.signatures[id]; ok && was != *e.Signature {
		r.found.Add(store.CheckSignatures, "position %d: the signature %s/%s is of another body or by another key than before", e.Position, r.tenant, id)
	}
	r.signatures[id] = *e.Signature
	if e.Kind == sigil.Revoked {
		r.revoked[id] = true
	}
}

// compareSignatures compares what follows from the journal with the signatures that are there.
func (r *replay) compareSignatures(ctx context.Context) error {
	var last sigil.ID
	err := r.walk(func() (n int, err error) {
		err = r.page(ctx, func(ctx context.Context, conn *pgx.Conn) error {
			return each(ctx, conn, scanSignature, func(s sigil.Signature) {
				n, last = n+1, s.ID
				r.found.Signatures++
				r.compareSignature(&s)
			}, "select "+signatureColumns+" from sigil.signatures where tenant = $1 and id > $2 order by id limit $3", r.tenant, [16]byte(last), r.rows)
		})
		return n, err
	})
	for id := range r.signatures {
		r.found.Add(store.CheckSignatures, "signature %s/%s is missing, but exists according to the journal", r.tenant, id)
	}
	return err
}

func (r *replay) compareSignature(s *sigil.Signature) {
	key := sigil.Key{Tenant: s.Tenant, ID: s.ID}
	was, ok := r.signatures[s.ID]
	delete(r.signatures, s.ID)
	switch revoked := !s.RevokedAt.IsZero(); {
	case !ok && r.found.Trimmed > 0: // it may be older than what is left of the journal
	case !ok:
		r.found.Add(store.CheckSignatures, "signature %s exists, but the journal has no entry about it", key)
	case was != s.SignatureRef:
		r.found.Add(store.CheckSignatures, "signature %s is of another body or by another key than the journal records", key)
	case r.revoked[s.ID] && !revoked:
		r.found.Add(store.CheckSignatures, "signature %s is revoked according to the journal, and is not", key)
	case revoked && !r.revoked[s.ID] && r.found.Trimmed == 0:
		r.found.Add(store.CheckSignatures, "signature %s is revoked, but the journal has no entry about that", key)
	}
}
