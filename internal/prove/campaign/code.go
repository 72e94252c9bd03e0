package campaign

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/codesign"
)

// signature is one attempted registration of a signature. Each has its own id; several can be of one body.
type signature struct {
	tenant  string
	owner   int // the only client that registers and revokes it
	body    sigil.Hash
	id      sigil.ID
	request client.CodeRegister

	// The ledger's mutex guards the fields below.
	fate       fate
	unanswered bool            // the last attempt was not answered
	registered time.Time       // zero until it is known
	reasons    map[string]bool // with which it was asked to be revoked
	revoked    time.Time       // zero until it is known to be revoked
	reason     string
}

// name identifies the signature.
func (s *signature) name() string { return fmt.Sprintf("signature %s/%s", s.tenant, s.id) }

// codes is the part of the ledger that records signatures.
type codes struct {
	signer codesign.Signer // its key is made when it is first needed
	all    []*signature
	byID   map[sigil.ID]*signature
	// verified counts the signatures compared, in all checks.
	verified int
}

// sign records a registration that is about to be requested: of a signature of the same body as another one, or of a new
// body if that is nil.
func (l *Ledger) sign(tenant string, owner int, like *signature) (*signature, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := &l.codes
	if c.byID == nil {
		key, err := codesign.GenerateKey()
		if err != nil {
			return nil, err
		}
		c.signer.Key, c.byID = key, map[sigil.ID]*signature{}
	}
	content := fmt.Appendf(nil, "print(%d)\n", len(c.all))
	s := &signature{tenant: tenant, owner: owner, body: sha256.Sum256(content), reasons: map[string]bool{}}
	size := int64(len(content))
	if like != nil {
		s.body, size = like.body, *like.request.Size
	}
	said, err := c.signer.SignHash(fmt.Sprintf("%d.py", len(c.all)), s.body, size)
	if err != nil {
		return nil, err
	}
	s.id, s.request = said.Signature.ID, client.CodeRegister{PublicKey: said.Key.String(), Header: said.Header, Size: &size}
	c.all, c.byID[s.id] = append(c.all, s), s
	return s, nil
}

// signAgain records that s is about to be registered once more.
func (l *Ledger) signAgain(s *signature) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.fate != kept {
		s.fate = asked
	}
}

// signed records the answer to a registration.
func (l *Ledger) signed(s *signature, what outcome, view *client.CodeSignature) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch what {
	case done:
		s.unanswered = false
		l.sameSignature(s, view, s.revoked)
	case denied, missing:
		if s.fate == asked && !s.unanswered {
			s.fate = refused
		}
	default:
		s.unanswered = true
	}
}

// sameSignature compares a signature that the daemon returned with what was sent and known of it. It records that it
// exists and, if so, that it is revoked. since is the time of the revocation that the answer must have, or zero. mu is
// held.
func (l *Ledger) sameSignature(s *signature, view *client.CodeSignature, since time.Time) {
	if view.ID != s.id || view.Tenant != s.tenant || view.SHA256 != s.body.String() || view.Header != s.request.Header || view.PublicKey != s.request.PublicKey {
		l.violation("%s differs: %+v", s.name(), view)
		return
	}
	if s.fate == asked || s.fate == absent {
		s.fate = kept
	}
	if s.registered.IsZero() {
		s.registered = view.RegisteredAt.Time
	}
	if !view.RegisteredAt.Equal(s.registered) {
		l.violation("registered twice: %s was registered at %s, but now at %s", s.name(), s.registered, view.RegisteredAt)
	}
	switch {
	case view.RevokedAt == nil:
		if !since.IsZero() {
			l.violation("a revocation was undone: %s was revoked at %s", s.name(), since)
		}
	case s.revoked.IsZero():
		if !s.reasons[view.Reason] {
			l.violation("%s was revoked (%q) without a request", s.name(), view.Reason)
		}
		s.revoked, s.reason = view.RevokedAt.Time, view.Reason
	case !view.RevokedAt.Equal(s.revoked) || view.Reason != s.reason:
		l.violation("%s was revoked at %s (%q), but now at %s (%q)", s.name(), s.revoked, s.reason, view.RevokedAt, view.Reason)
	}
}

// codeGlance is what was known of the signatures of a body when a request about them began: which of them existed, and
// when they were revoked, or zero.
type codeGlance map[*signature]time.Time

// lookCode returns what is known of the signatures of a body, or only of one if that is not nil.
func (l *Ledger) lookCode(tenant string, body sigil.Hash, only *signature) codeGlance {
	l.mu.Lock()
	defer l.mu.Unlock()
	g := codeGlance{}
	for _, s := range l.codes.all {
		if s.fate == kept && s.tenant == tenant && s.body == body && (only == nil || s == only) {
			g[s] = s.revoked
		}
	}
	return g
}

// shown compares an answer about a body with what was known before.
func (l *Ledger) shown(kind string, g codeGlance, body sigil.Hash, views []client.CodeSignature) {
	l.mu.Lock()
	defer l.mu.Unlock()
	there := map[*signature]bool{}
	for i := range views {
		s := l.codes.byID[views[i].ID]
		if s == nil || s.body != body || there[s] || s.fate == refused {
			l.violation("%s: signature %s of %s is invented, or listed twice", kind, views[i].ID, body)
			continue
		}
		there[s] = true
		l.sameSignature(s, &views[i], g[s])
	}
	for s := range g {
		if !there[s] {
			l.violation("%s did not find %s", kind, s.name())
		}
	}
}

// askRevoke records that the signatures of a body, or only one if that is not nil, may be revoked from now on.
func (l *Ledger) askRevoke(tenant string, body sigil.Hash, only *signature, reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.codes.all {
		if s.tenant == tenant && s.body == body && (only == nil || s == only) {
			s.reasons[reason] = true
		}
	}
}

// revokedAll records that all in an answer to a revoke are revoked.
func (l *Ledger) revokedAll(views []client.CodeSignature) {
	for i := range views {
		if views[i].RevokedAt == nil {
			l.violate("revoke was answered with %s/%s, which is not revoked", views[i].Tenant, views[i].ID)
		}
	}
}

// anySignature returns one of the tenant's signatures, whichever client registers it, or nil if there is none.
func (l *Ledger) anySignature(tenant string, pick func(n int) int) *signature {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(l.codes.all), func(s *signature) bool { return s.tenant != tenant })
	if len(list) == 0 {
		return nil
	}
	return list[pick(len(list))]
}

// ownedCode returns each of n clients' signatures.
func (l *Ledger) ownedCode(n int) [][]*signature {
	l.mu.Lock()
	defer l.mu.Unlock()
	lists := make([][]*signature, n)
	for _, s := range l.codes.all {
		lists[s.owner%n] = append(lists[s.owner%n], s)
	}
	return lists
}

// openCode returns the registrations that were not answered, and at most some of those that were.
func (l *Ledger) openCode(some int, pick func(n int) int) []*signature {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list, answered []*signature
	for _, s := range l.codes.all {
		switch {
		case s.unanswered:
			list = append(list, s)
		case s.fate == kept:
			answered = append(answered, s)
		}
	}
	for range min(some, len(answered)) {
		list = append(list, answered[pick(len(answered))])
	}
	return list
}
