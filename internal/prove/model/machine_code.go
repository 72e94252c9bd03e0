package model

import (
	"bytes"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
)

// signatureLimits are the limits of a tenant's signatures that an engine may have; 0 is the default, which is never
// reached.
var signatureLimits = []int{0, 4, 2}

// noSignature is the error for a signature that is not registered.
var noSignature = &sigil.Error{Kind: sigil.ErrNotFound, Code: "not_found", Field: "hash"}

// signature draws one of a few signatures, so that most are registered more than once, and several are of one body.
func (m *machine) signature() sigil.Signature {
	n := byte(rapid.IntRange(0, 7).Draw(m.t, "which signature"))
	return sigil.Signature{
		Tenant:       m.tenant(),
		SignatureRef: sigil.SignatureRef{ID: sigil.ID{0: n%3 + 1, 15: n}, Body: sigil.Hash{n % 2}, Signer: uint64(n % 3)},
		Statement:    []byte{'s', n},
	}
}

func (m *machine) register() {
	s := m.signature()
	var wrong error
	if m.once(8, "mistaken") {
		switch rapid.IntRange(0, 3).Draw(m.t, "mistake") {
		case 0:
			s.ID, wrong = sigil.ID{}, sigil.NewInvalid("invalid_id", "id", "")
		case 1:
			s.Statement, wrong = bytes.Repeat([]byte("s"), 8<<10+1), sigil.NewTooLarge("statement_too_large", "statement", "")
		case 2:
			s.Tenant, wrong = "a/b", sigil.NewInvalid("invalid_tenant", "tenant", "")
		case 3:
			s.Statement = []byte("another") // which is wrong only if its id is registered
		}
	}
	sent := s
	sent.RevokedAt, sent.Reason = m.now, "not for a caller to say"
	got, added, err := m.engine.Register(m.ctx(), sent)
	if wrong != nil {
		m.fails("register", err, wrong)
		return
	}
	s.RegisteredAt = m.now
	want, wantAdded, wantErr := m.model.Register(m.ctx(), s, m.signatures, sigil.Event{
		Time: m.now, Kind: "signed", Reason: "request", Memory: sigil.Meta{Key: sigil.Key{Tenant: s.Tenant}}, Signature: &s.SignatureRef,
	})
	if wantErr == nil && (want.SignatureRef != s.SignatureRef || !bytes.Equal(want.Statement, s.Statement)) {
		want, wantErr = sigil.Signature{}, &sigil.Error{Kind: sigil.ErrConflict, Code: "signature_exists", Field: "id"}
	}
	m.fails("register", err, wantErr)
	storetest.Equal(m.t, "registered", got, want)
	storetest.Equal(m.t, "registered first now", added, wantAdded)
}

func (m *machine) revoke() {
	s := m.signature()
	if m.once(2, "all of the body") {
		s.ID = sigil.ID{}
	}
	if m.once(6, "unknown body") {
		s.Body = sigil.Hash{9}
	}
	reason := rapid.SampledFrom([]string{"", "lost key", "no\nline", strings.Repeat("é", 128) + "!"}).Draw(m.t, "reason")
	got, err := m.engine.Revoke(m.ctx(), s.Tenant, s.Body, s.ID, reason)
	if len(reason) > 256 || strings.Contains(reason, "\n") {
		m.fails("revoke", err, sigil.NewInvalid("invalid_reason", "reason", ""))
		return
	}
	want, wantErr := m.model.Revoke(m.ctx(), s.Tenant, s.Body, s.ID, func(s *sigil.Signature) *sigil.Event {
		if !s.RevokedAt.IsZero() {
			return nil // the first time and reason stay
		}
		s.RevokedAt, s.Reason = m.now, reason
		ref := s.SignatureRef
		return &sigil.Event{Time: m.now, Kind: "revoked", Reason: "request", Memory: sigil.Meta{Key: sigil.Key{Tenant: s.Tenant}}, Signature: &ref}
	})
	m.ok("the model's revoke", wantErr)
	if len(want) == 0 {
		wantErr = noSignature
	}
	m.fails("revoke", err, wantErr)
	storetest.Equal(m.t, "revoked", got, want)
}

// listSignatures pages through a tenant's signatures with filters, and looks one of them up.
func (m *machine) listSignatures() {
	s := m.signature()
	q := engine.SignatureQuery{Limit: rapid.IntRange(1, 3).Draw(m.t, "limit")}
	if m.once(2, "of one body") {
		q.Body = &s.Body
	}
	if m.once(3, "by one key") {
		q.Signer = &s.Signer
	}
	all := m.registered(m.model, s.Tenant)
	want := slices.DeleteFunc(slices.Clone(all), func(of sigil.Signature) bool {
		return q.Body != nil && of.Body != s.Body || q.Signer != nil && of.Signer != s.Signer
	})
	for {
		page, err := m.engine.Signatures(m.ctx(), s.Tenant, q)
		m.ok("signatures", err)
		n := min(q.Limit, len(want))
		storetest.Equal(m.t, "page of the signatures", slices.Clone(page.Signatures), slices.Clone(want[:n]))
		want = want[n:]
		if (page.Next == "") != (len(want) == 0) {
			m.t.Fatalf("signatures: %d remain, but the cursor is %q", len(want), page.Next)
		}
		if page.Next == "" {
			break
		}
		q.Cursor = page.Next
	}
	got, err := m.engine.Signature(m.ctx(), s.Tenant, s.Body, s.ID)
	if i := slices.IndexFunc(all, func(of sigil.Signature) bool { return of.ID == s.ID }); i >= 0 {
		m.ok("signature", err)
		storetest.Equal(m.t, "signature", got, all[i])
	} else {
		m.fails("signature", err, noSignature)
	}
}

// registered returns a tenant's signatures, newest first.
func (m *machine) registered(s store.Store, tenant string) []sigil.Signature {
	m.t.Helper()
	page, more, err := s.Signatures(m.ctx(), store.SignatureQuery{Tenant: tenant, Limit: all})
	m.ok("signatures", err)
	if more {
		m.t.Fatalf("signatures: more after the last one of %s", tenant)
	}
	return page
}

// codeLife is the journal's record of a signature.
type codeLife struct {
	ref     sigil.SignatureRef
	revoked bool
}

// code adds an entry about a signature: each is registered once, and revoked at most once after that.
func (l *ledger) code(t storetest.TB, e *sigil.Event) {
	t.Helper()
	key := sigil.Key{Tenant: e.Memory.Tenant, ID: e.Signature.ID}
	was, there := l.signatures[key]
	switch {
	case e.Memory != sigil.Meta{Key: sigil.Key{Tenant: key.Tenant}} || e.Crystal != nil || e.Reason != "request":
		t.Errorf("journal: at %d an entry about a signature is %+v", e.Position, e)
	case there == (e.Kind == sigil.Signed):
		t.Errorf("journal: at %d signature %s is %s, and there before: %v", e.Position, key, e.Kind, there)
	case there && was.ref != *e.Signature:
		t.Errorf("journal: at %d signature %s is of another body or by another key than before", e.Position, key)
	case was.revoked:
		t.Errorf("journal: at %d signature %s is revoked again", e.Position, key)
	}
	l.signatures[key] = codeLife{*e.Signature, e.Kind == sigil.Revoked}
}

// checkSignatures compares the signatures with those that follow from the journal.
func (m *machine) checkSignatures() {
	m.t.Helper()
	there := map[sigil.Key]codeLife{}
	for _, tenant := range tenants {
		signatures := m.registered(m.store, tenant)
		storetest.Equal(m.t, tenant+": signatures", signatures, m.registered(m.model, tenant))
		for i := range signatures {
			s := &signatures[i]
			there[sigil.Key{Tenant: s.Tenant, ID: s.ID}] = codeLife{s.SignatureRef, !s.RevokedAt.IsZero()}
		}
	}
	storetest.Equal(m.t, "signatures that the journal tells of", m.ledger.signatures, there)
}
