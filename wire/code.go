package wire

import "github.com/sigil-dna/sigil"

// CodeSignature is a registered signature of a source file. Header or Detached, with PublicKey and Size, prove what the
// members up to SignedAt say.
type CodeSignature struct {
	ID     sigil.ID `json:"id"` // made by the signer
	Tenant string   `json:"tenant"`
	// SHA256 is that of the body, the file without its header, as 64 hexadecimal digits.
	SHA256    string      `json:"sha256"`
	Size      int64       `json:"size"` // bytes of the body
	Name      string      `json:"name"` // as it was signed
	State     sigil.State `json:"state"`
	Frequency float64     `json:"frequency"` // of SHA256
	Signer    string      `json:"signer"`    // the id of the key, as 16 hexadecimal digits
	SignedAt  Timestamp   `json:"signedAt"`  // by the signer's clock

	PublicKey string `json:"publicKey"` // as minisign writes it
	// Header is the header in the file, without the blank line after it; empty if Detached is not.
	Header string `json:"header,omitempty"`
	// Detached is the content of the detached signature file.
	Detached string `json:"detached,omitempty"`
	// Blocks are the checksums of the body's pieces, by which a change is located; they may be empty.
	Blocks string `json:"blocks,omitempty"`

	RegisteredAt Timestamp `json:"registeredAt"`
	// RevokedAt is null unless the signature is revoked. That is for ever.
	RevokedAt *Timestamp `json:"revokedAt"`
	// Reason is why it was revoked, if that was said.
	Reason string `json:"reason,omitempty"`
}

// CodePage is a page of signatures, newest first.
type CodePage struct {
	Signatures []CodeSignature `json:"signatures"`
	Next       *string         `json:"next"` // the cursor of the next page; null: this is the last
}

// CodeRevoked is all that a revocation was about: the signatures as they are now.
type CodeRevoked struct {
	Signatures []CodeSignature `json:"signatures"`
}

// CodeSign asks the daemon to sign a file with its key and to register the signature.
type CodeSign struct {
	Name string `json:"name"` // a relative path with slashes
	// Content is the whole file, in base64 on the wire. Without it, SHA256 and Size of the body are signed.
	Content []byte       `json:"content,omitempty"`
	SHA256  string       `json:"sha256,omitempty"`
	Size    *int64       `json:"size,omitempty"`
	State   *sigil.State `json:"state,omitempty"` // all figures are 0.5 if it is nil
	// Detached asks for a detached signature though the file can carry a header.
	Detached bool `json:"detached,omitempty"`
}

// CodeSigned is a signature that the daemon made.
type CodeSigned struct {
	Signature CodeSignature `json:"signature"`
	// Content is the file with its header, in base64 on the wire. It is left out if the signature is detached, or if no
	// content was sent.
	Content []byte `json:"content,omitempty"`
}

// CodeRegister registers a signature that was made elsewhere.
type CodeRegister struct {
	PublicKey string `json:"publicKey"`
	// Either Header with Size, the bytes of the body, or Detached.
	Header   string `json:"header,omitempty"`
	Size     *int64 `json:"size,omitempty"`
	Detached string `json:"detached,omitempty"`
	// Blocks are optional, and only for a header; a detached signature has them.
	Blocks string `json:"blocks,omitempty"`
}

// CodeVerify asks for a verdict over a file, or over a hash and a signature.
type CodeVerify struct {
	// Name is the path of the file; if it is empty, the name is not compared.
	Name string `json:"name,omitempty"`
	// Content is the whole file, in base64 on the wire. Without it, SHA256 of the body is judged by Header or Detached.
	Content []byte `json:"content,omitempty"`
	SHA256  string `json:"sha256,omitempty"`
	// Size is that of the body; without it, that of the registered signature is taken.
	Size     *int64 `json:"size,omitempty"`
	Header   string `json:"header,omitempty"`
	Detached string `json:"detached,omitempty"`
	// PublicKeys are trusted for this request alone.
	PublicKeys []string `json:"publicKeys,omitempty"`
}

// CodeVerdict is what is known of a file's signature.
type CodeVerdict struct {
	// Verdict is "authentic", "tampered", "unsigned", "unknown key", "revoked" or "expired".
	Verdict string `json:"verdict"`
	// What is what a tampered file differs in: "body", "header" or "name".
	What   string `json:"what,omitempty"`
	Detail string `json:"detail,omitempty"`
	// Trusted is why the key is trusted: "daemon", its own key or its trust file, or "request". It is empty
	// unless the key made the signature.
	Trusted string `json:"trusted,omitempty"`
	// Differs is where the body first differs from the signed one, if that is known.
	Differs *CodeRange `json:"differs,omitempty"`
	// Signature names the signature that the file or the request has; null if it has none that can be read. It is to be
	// believed only if the verdict is "authentic", "revoked" or "expired".
	Signature *SignatureRef `json:"signature"`
	// Registered is that signature as it is registered; null if it is not.
	Registered *CodeSignature `json:"registered"`
}

// CodeRange is the bytes of a body from From up to, but without, To.
type CodeRange struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}
