// Package codesign signs source files and finds out whether a signed file is as its signer left it. It owns the header
// that a signed file carries, the detached signature file, the keys and the trust file.
//
// A header is a comment of six lines in the file's own language:
//
//	// sigil-code: 1 019add3c-2f7a-7c11-9d1e-0a4b5c6d7e8f
//	// frequency: 0.6439775275224582, state: 0.5, 0.5, 0.5, 0.5
//	// signer: E7620F1842B4E81F, time: 2026-11-29T12:31:07.123Z
//	// name: internal/codesign/doc.go
//	// sha256: 0f7c…
//	// signature: q83v…
//
// and a blank line. The body of a file is its bytes without that. The signature is Ed25519 (RFC 8032) over every
// field, the way the header is written, and the length and SHA-256 of the body. A header has one spelling only: what
// is read must be, byte for byte, what would be written, so that no byte of it can change unseen. It has one place
// only, which the language and the beginning of the body decide: the top, or after a byte order mark, a shebang line
// and whatever else must come first. A header at another place is part of the body.
//
// Keys, trusted keys and detached signatures are minisign's, in its formats. A detached signature of ours is one of
// minisign's (prehashed) whose trusted comment holds the fields of the header.
//
// All functions may be called concurrently.
package codesign
