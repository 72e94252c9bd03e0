package sigil

import "time"

// SignatureRef names a registered signature of a source file.
type SignatureRef struct {
	// ID was made by the signer with the signature. A tenant has at most one signature with an ID.
	ID ID
	// Body is the SHA-256 of what was signed: the file without its header.
	Body Hash
	// Signer is the id of the signer's key. It proves nothing: anyone can make a key with the id of another.
	Signer uint64
}

// Signature is a signature of a source file as it is registered. It never fades, and it stays when it is revoked.
type Signature struct {
	Tenant string
	SignatureRef
	RegisteredAt time.Time
	RevokedAt    time.Time // zero unless it was revoked
	// Reason is why it was revoked, as the caller gave it; it may be empty.
	Reason string
	// Statement is what the signer said, with the public key that proves it. A store does not read it.
	Statement []byte
}
