package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/codesign"
)

// errUnanswered ends a walk through files because the daemon no longer answers. It was reported.
var errUnanswered = errors.New("the daemon does not answer")

// registry is a daemon's registry of signatures. It may be used concurrently.
type registry struct{ client *client.Client }

// withRegistry calls do with the registry of the daemon that the flags or the environment name. If that does not answer,
// do is not called.
func (a *app) withRegistry(ctx context.Context, do func(*registry) error) error {
	return a.with(func(c *client.Client) error {
		if _, err := c.Codes(ctx, client.CodeQuery{Limit: 1}); err != nil {
			return err
		}
		return do(&registry{c})
	})
}

// register registers a signature by key and returns it as it is kept. detached is the content of the detached signature
// file; it is empty if the signature is a header.
func (r *registry) register(ctx context.Context, key codesign.PublicKey, s *codesign.Signature, detached string) (client.CodeSignature, error) {
	sent := client.CodeRegister{PublicKey: key.String(), Detached: detached}
	if detached == "" {
		sent.Header, sent.Size, sent.Blocks = s.Header(), &s.Size, s.Blocks.String()
	}
	return r.client.CodeRegister(ctx, sent)
}

// find returns the registration of the signature of a verified file, and the signature as it is registered: with the
// blocks of the signed body, if they are registered. Both are nil if it is not registered. detached is the content of
// the detached signature file, if that decided. The daemon is asked for a verdict by the keys, and not believed: only
// whether it revoked the signature is its to say.
func (r *registry) find(ctx context.Context, found *codesign.Result, detached string, keys []string) (*client.CodeSignature, *codesign.Signature, error) {
	answer, err := r.client.CodeVerify(ctx, client.CodeVerify{
		SHA256: sigil.Hash(found.SHA256).String(), Size: &found.Size, Header: found.Signature.Header(), Detached: detached, PublicKeys: keys,
	})
	if err != nil || answer.Registered == nil {
		return nil, nil, err
	}
	statement, err := statementOf(answer.Registered)
	if err != nil || !statement.Signature.Same(found.Signature) {
		return nil, nil, errors.New("the daemon answered with another signature")
	}
	return answer.Registered, statement.Signature, nil
}

// statementOf returns the statement that a registered signature consists of, after checking that its key proves it and
// that it says what the daemon says of it.
func statementOf(v *client.CodeSignature) (s *codesign.Statement, err error) {
	key, err := codesign.ParsePublicKey(v.PublicKey)
	if err != nil {
		return nil, err
	}
	if v.Detached != "" {
		s, err = codesign.ReadDetached(key, v.Detached)
	} else {
		var blocks codesign.Blocks
		if v.Blocks != "" {
			if blocks, err = codesign.ParseBlocks(v.Blocks); err != nil {
				return nil, err
			}
		}
		s, err = codesign.ReadHeader(key, v.Header, v.Size, blocks)
	}
	if err != nil {
		return nil, err
	}
	said := s.Signature
	if said.ID != v.ID || sigil.Hash(said.SHA256).String() != v.SHA256 || said.Size != v.Size || said.Name != v.Name || said.Signer.String() != v.Signer || !said.Time.Equal(v.SignedAt.Time) {
		return nil, fmt.Errorf("%w: it says otherwise", codesign.ErrStatement)
	}
	return s, nil
}

// registryShown is what the registry has of a file's signature, as JSON.
type registryShown struct {
	RegisteredAt *client.Timestamp `json:"registeredAt"` // null: it is not registered
	RevokedAt    *client.Timestamp `json:"revokedAt"`
	Reason       string            `json:"reason,omitempty"`
}

// words returns it as the end of a sentence about a signature.
func (s *registryShown) words() string {
	if s.RegisteredAt == nil {
		return ", not registered"
	}
	return ", registered at " + s.RegisteredAt.UTC().Format(time.RFC3339)
}

// consult asks the registry about the signature of a file. A signature that was revoked there is revoked. It returns the
// signature as it is registered, or nil: it has what helps to find a change.
func (v *verifying) consult(ctx context.Context, r *verified) *codesign.Signature {
	s := r.Signature
	if v.registry == nil || v.registers || r.err != nil || s == nil || s.ID == (sigil.ID{}) {
		return nil
	}
	if r.Verdict != codesign.Authentic && r.Verdict != codesign.Expired && r.What != "body" {
		return nil // nothing shows that it was the key, or it is known already
	}
	kept, said, err := v.registry.find(ctx, &r.Result, r.text, v.keysOf(s.Signer))
	if err != nil {
		r.unanswered = err
		return nil
	}
	r.registry = &registryShown{}
	if kept == nil {
		return nil
	}
	r.registered(kept)
	return said
}

// registered notes what the registry has of a file's signature.
func (r *verified) registered(kept *client.CodeSignature) {
	r.registry = &registryShown{RegisteredAt: &kept.RegisteredAt, RevokedAt: kept.RevokedAt, Reason: kept.Reason}
	if kept.RevokedAt != nil && r.Verdict != codesign.Tampered {
		r.Verdict, r.Detail = codesign.Revoked, revokedAt(kept)
	}
}

// revokedAt reports when and why a signature was revoked.
func revokedAt(v *client.CodeSignature) string {
	s := "the signature was revoked at " + v.RevokedAt.UTC().Format(time.RFC3339)
	if v.Reason != "" {
		s += ": " + v.Reason
	}
	return s
}

// keysOf returns the trusted keys that have an id.
func (v *verifying) keysOf(id codesign.KeyID) (keys []string) {
	for _, k := range v.trust.Keys() {
		if k.ID() == id && !slices.Contains(keys, k.String()) {
			keys = append(keys, k.String())
		}
	}
	return keys
}
