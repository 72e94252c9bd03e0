package campaign

import (
	"context"
	"fmt"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// codeLife is the journal's record of one signature.
type codeLife struct {
	tenant         string
	sha256, signer string
	signed         time.Time
	revoked        time.Time // zero if it is not
}

// addCode adds an entry about a signature. It returns what is wrong with the entry after the earlier ones, or "".
func (r *replay) addCode(tenant string, e *client.Event) string {
	ref := e.Signature
	id := ref.ID
	was := r.signatures[id]
	switch {
	case e.ID == nil || *e.ID != id || e.Arithmetic != nil || e.Crystal != nil:
		return fmt.Sprintf("is about signature %s, and about something else", id)
	case e.Kind == sigil.Signed && was != nil:
		return fmt.Sprintf("signature %s was registered twice", id)
	case e.Kind == sigil.Signed:
		r.signatures[id] = &codeLife{tenant: tenant, sha256: ref.SHA256, signer: ref.Signer, signed: e.Time.Time}
	case e.Kind != sigil.Revoked:
		return fmt.Sprintf("%s of a signature", e.Kind)
	case was == nil || was.tenant != tenant || was.sha256 != ref.SHA256 || was.signer != ref.Signer:
		return fmt.Sprintf("signature %s was revoked, which was not registered", id)
	case !was.revoked.IsZero():
		return fmt.Sprintf("signature %s was revoked twice", id)
	default:
		was.revoked = e.Time.Time
	}
	return ""
}

// listCode returns all signatures of all tenants.
func (l *Ledger) listCode(ctx context.Context, clients []*client.Client) (map[sigil.ID]*client.CodeSignature, error) {
	there := map[sigil.ID]*client.CodeSignature{}
	for _, c := range clients {
		for s, err := range c.AllCodes(ctx, client.CodeQuery{Limit: 1000}) {
			if err != nil {
				return nil, err
			}
			if there[s.ID] != nil {
				l.violate("signature %s is listed twice", s.ID)
			}
			there[s.ID] = &s
		}
	}
	return there, nil
}

// compareCode compares the signatures that exist with those that were registered and revoked, and with the journal. mu is
// held.
func (l *Ledger) compareCode(there map[sigil.ID]*client.CodeSignature, r *replay) {
	for id, view := range there {
		s := l.codes.byID[id]
		switch {
		case s == nil:
			l.violation("invented: signature %s/%s, which nobody registered", view.Tenant, id)
			continue
		case s.fate == refused:
			l.violation("invented: %s was refused, but exists", s.name())
			continue
		case s.fate == absent:
			l.violation("came back: %s did not exist before, but exists now", s.name())
			continue
		}
		l.sameSignature(s, view, s.revoked)
		life := r.signatures[id]
		if life == nil {
			l.violation("%s exists without a journal entry", s.name())
			continue
		}
		revoked := time.Time{}
		if view.RevokedAt != nil {
			revoked = view.RevokedAt.Time
		}
		if life.tenant != s.tenant || life.sha256 != view.SHA256 || life.signer != view.Signer || !life.signed.Equal(view.RegisteredAt.Time) || !life.revoked.Equal(revoked) {
			l.violation("%s was registered at %s and revoked at %s; the journal has %+v", s.name(), view.RegisteredAt, revoked, *life)
		}
	}
	for id, life := range r.signatures {
		if there[id] == nil {
			l.violation("lost: signature %s/%s, which is in the journal", life.tenant, id)
		}
	}
	for _, s := range l.codes.all {
		switch {
		case there[s.id] != nil:
		case s.fate == kept:
			l.violation("lost: %s", s.name())
		case s.fate == asked:
			s.fate = absent
		}
	}
	l.codes.verified += len(there)
}
