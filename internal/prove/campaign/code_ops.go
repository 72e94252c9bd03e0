package campaign

import (
	"context"
	"fmt"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// register registers a new signature or, less often, one of the client's own again, which may be revoked.
func (w *worker) register(ctx context.Context) outcome {
	s := w.mySignature()
	if s != nil && w.rng.IntN(4) == 0 {
		w.load.Ledger.signAgain(s)
		return w.sendSignature(ctx, "register again", s)
	}
	if w.rng.IntN(3) > 0 {
		s = nil // of a new body
	}
	s, err := w.load.Ledger.sign(w.tenant, w.n, s)
	if err != nil {
		w.load.Ledger.violate("signing: %v", err)
		return unknown
	}
	w.ownCode = append(w.ownCode, s)
	return w.sendSignature(ctx, "register", s)
}

func (w *worker) sendSignature(ctx context.Context, kind string, s *signature) outcome {
	view, err := w.api.CodeRegister(ctx, s.request)
	what := w.outcome(kind, err)
	w.load.Ledger.signed(s, what, &view)
	return what
}

// mySignature returns one of the client's own signatures, registered or not, or nil if there is none.
func (w *worker) mySignature() *signature {
	if len(w.ownCode) == 0 {
		return nil
	}
	return w.ownCode[w.rng.IntN(len(w.ownCode))]
}

// revoke revokes one of the client's own signatures, or all of its body.
func (w *worker) revoke(ctx context.Context) outcome {
	one := w.mySignature()
	if one == nil {
		return w.register(ctx)
	}
	body, id, reason := one.body, one.id, fmt.Sprintf("%x", w.rng.Uint64())
	if w.rng.IntN(3) == 0 {
		one, id = nil, sigil.ID{}
	}
	g := w.load.Ledger.lookCode(w.tenant, body, one)
	w.load.Ledger.askRevoke(w.tenant, body, one, reason)
	views, err := w.api.CodeRevoke(ctx, body, id, reason)
	what := w.outcome("revoke", err)
	if what == done || what == missing {
		w.load.Ledger.shown("revoke", g, body, views)
		w.load.Ledger.revokedAll(views)
	}
	return what
}

// lookUp reads all signatures of a body, whichever client registers them, or a page of all.
func (w *worker) lookUp(ctx context.Context) outcome {
	s := w.load.Ledger.anySignature(w.tenant, w.rng.IntN)
	if s == nil {
		return w.register(ctx)
	}
	if w.rng.IntN(4) == 0 {
		_, err := w.api.Codes(ctx, client.CodeQuery{Limit: 1 + w.rng.IntN(50)})
		return w.outcome("list code", err)
	}
	g := w.load.Ledger.lookCode(w.tenant, s.body, nil)
	page, err := w.api.Codes(ctx, client.CodeQuery{Hash: s.body, Limit: 1000})
	what := w.outcome("look up code", err)
	if what == done || what == missing {
		w.load.Ledger.shown("look up code", g, s.body, page.Signatures)
	}
	return what
}
