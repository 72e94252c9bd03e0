package pebblestore

import (
	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// journaledSignature is what the journal records of a signature.
type journaledSignature struct {
	ref     sigil.SignatureRef
	revoked bool
}

func (c *checker) journalSignature(e *sigil.Event) {
	key := sigil.Key{Tenant: e.Memory.Tenant, ID: e.Signature.ID}
	was := c.signed[key]
	if was == nil {
		was = &journaledSignature{ref: *e.Signature}
		c.signed[key] = was
	}
	if was.ref != *e.Signature {
		c.found.Add(store.CheckSignatures, "journal entry %d of %s: the signature %s is of another body or by another key than before", e.Position, key.Tenant, key.ID)
	}
	was.revoked = was.revoked || e.Kind == sigil.Revoked
}

func (c *checker) signature(key, value []byte) {
	c.found.Signatures++
	k, ok := layout.SplitSignatureKey(key)
	r := record.NewReader(value)
	s := r.Signature(k)
	if !ok || r.End() != nil {
		c.found.Add(store.CheckSignatures, "signature %q cannot be read", key)
		return
	}
	for _, index := range [][]byte{layout.BodyKey(k.Tenant, s.Body, k.ID), layout.SignerKey(k.Tenant, s.Signer, k.ID)} {
		if !c.has(index) {
			c.set(store.CheckIndexes, index, nil)
			c.found.Add(store.CheckIndexes, "signature %s would not be found under %q", k, index)
		}
	}
	was := c.signed[k]
	delete(c.signed, k)
	switch revoked := !s.RevokedAt.IsZero(); {
	case was == nil && c.found.Trimmed > 0: // it may be older than what is left of the journal
	case was == nil:
		c.found.Add(store.CheckSignatures, "signature %s exists, but the journal has no entry about it", k)
	case was.ref != s.SignatureRef:
		c.found.Add(store.CheckSignatures, "signature %s is of another body or by another key than the journal records", k)
	case was.revoked && !revoked:
		c.found.Add(store.CheckSignatures, "signature %s is revoked according to the journal, and is not", k)
	case revoked && !was.revoked && c.found.Trimmed == 0:
		c.found.Add(store.CheckSignatures, "signature %s is revoked, but the journal has no entry about that", k)
	}
}

func (c *checker) signatureIndex(key, _ []byte) {
	k, ok := layout.SplitSignatureKey(key)
	if !ok {
		c.found.Add(store.CheckIndexes, "the place of a signature %q cannot be read", key)
		return
	}
	if !c.has(layout.SignatureKey(k.Tenant, k.ID)) {
		c.remove(store.CheckIndexes, key)
		c.found.Add(store.CheckIndexes, "the place of a signature %q that is not there", key)
	}
}
