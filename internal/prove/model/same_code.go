package model

import (
	"context"
	"fmt"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// code draws an operation on one of a few signatures, so that most are registered more than once.
func (l *log) code(tenant string) (string, func(context.Context, store.Store) given) {
	now, n := l.now, byte(l.rng.IntN(30))
	ref := sigil.SignatureRef{ID: sigil.ID{0: n%5 + 1, 15: n}, Body: sigil.Hash{n % 7}, Signer: uint64(n % 3)}
	entry := func(kind sigil.EventKind, ref sigil.SignatureRef) *sigil.Event {
		return &sigil.Event{Time: now, Kind: kind, Reason: sigil.ReasonRequest, Memory: sigil.Meta{Key: sigil.Key{Tenant: tenant}}, Signature: &ref}
	}
	switch l.rng.IntN(4) {
	case 0, 1:
		limit := []int{0, 0, 5, 12}[l.rng.IntN(4)]
		s := sigil.Signature{Tenant: tenant, SignatureRef: ref, RegisteredAt: now, Statement: fmt.Appendf(nil, "%d at %v", n, now)}
		return fmt.Sprintf("register at most %d", limit), func(ctx context.Context, on store.Store) given {
			kept, added, err := on.Register(ctx, s, limit, *entry(sigil.Signed, ref))
			return gave(err, kept, added)
		}
	case 2:
		id, reason := ref.ID, []string{"", "lost key"}[l.rng.IntN(2)]
		if l.rng.IntN(2) == 0 {
			id = sigil.ID{} // all of the body
		}
		return "revoke", func(ctx context.Context, on store.Store) given {
			found, err := on.Revoke(ctx, tenant, ref.Body, id, func(s *sigil.Signature) *sigil.Event {
				if !s.RevokedAt.IsZero() {
					return nil
				}
				s.RevokedAt, s.Reason = now, reason
				return entry(sigil.Revoked, s.SignatureRef)
			})
			return gave(err, append([]sigil.Signature{}, found...))
		}
	default:
		q := store.SignatureQuery{Tenant: tenant, Limit: 1 + l.rng.IntN(10)}
		if l.rng.IntN(2) == 0 {
			q.Before = ref.ID
		}
		if l.rng.IntN(2) == 0 {
			q.Body = &ref.Body
		}
		if l.rng.IntN(3) == 0 {
			q.Signer = &ref.Signer
		}
		return "signatures", func(ctx context.Context, on store.Store) given {
			page, more, err := on.Signatures(ctx, q)
			return gave(err, append([]sigil.Signature{}, page...), more)
		}
	}
}
