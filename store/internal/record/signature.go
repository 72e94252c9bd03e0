package record

import (
	"bytes"
	"encoding/binary"

	"github.com/sigil-dna/sigil"
)

const (
	signatureRevoked = 1 << iota
	signatureEnd
)

// AppendSignature writes all of s but its tenant and id, which are the key.
func AppendSignature(b []byte, s *sigil.Signature) []byte {
	var flags byte
	if !s.RevokedAt.IsZero() {
		flags |= signatureRevoked
	}
	b = appendRef(append(b, flags), &s.SignatureRef)
	b = binary.AppendVarint(b, s.RegisteredAt.UnixMilli())
	if flags&signatureRevoked != 0 {
		b = AppendBytes(binary.AppendVarint(b, s.RevokedAt.UnixMilli()), []byte(s.Reason))
	}
	return append(b, s.Statement...) // the rest of the record
}

// Signature reads what AppendSignature wrote. The record's bytes are not kept.
func (r *Reader) Signature(key sigil.Key) sigil.Signature {
	flags := r.byte()
	s := sigil.Signature{Tenant: key.Tenant, SignatureRef: r.ref(key.ID), RegisteredAt: r.time()}
	if flags&signatureRevoked != 0 {
		s.RevokedAt, s.Reason = r.time(), string(r.Bytes())
	}
	if flags >= signatureEnd {
		r.Fail()
	}
	s.Statement = bytes.Clone(r.b)
	r.b = nil
	return s
}

func appendRef(b []byte, s *sigil.SignatureRef) []byte {
	return binary.BigEndian.AppendUint64(append(b, s.Body[:]...), s.Signer)
}

func (r *Reader) ref(id sigil.ID) sigil.SignatureRef {
	s := sigil.SignatureRef{ID: id}
	copy(s.Body[:], r.take(len(s.Body)))
	if b := r.take(8); b != nil {
		s.Signer = binary.BigEndian.Uint64(b)
	}
	return s
}
