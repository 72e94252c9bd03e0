package codesign

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"
	"time"

	"aead.dev/minisign"
	"filippo.io/edwards25519"
	"golang.org/x/crypto/blake2b"
)

// SignDetached reads a file of the given size and returns the content of its detached signature file. It fails if the
// file has another size.
func (s *Signer) SignDetached(name string, r io.Reader, size int64) ([]byte, *Signature, error) {
	signature, err := s.begin(name)
	if err != nil {
		return nil, nil, err
	}
	message, sum, blocks := newBlake(), sha256.New(), newBlockWriter(blockSize(size))
	n, err := copyTo(io.MultiWriter(message, sum, blocks), r)
	if err != nil {
		return nil, nil, err
	}
	if n != size {
		return nil, nil, fmt.Errorf("the file changed while it was signed: %d bytes, then %d", size, n)
	}
	signature.Size, signature.Blocks = size, blocks.blocks()
	sum.Sum(signature.SHA256[:0])
	signature.signature = s.Key.sign(message.Sum(nil))
	file := signature.detached()
	file.CommentSignature = s.Key.sign(append(bytes.Clone(file.Signature[:]), file.TrustedComment...))
	text, err := file.MarshalText()
	return text, signature, err
}

func newBlake() hash.Hash {
	h, err := blake2b.New512(nil)
	if err != nil {
		panic(err) // only a key can be wrong
	}
	return h
}

// detached returns s as a signature file of minisign, without the signature of its comment.
func (s *Signature) detached() minisign.Signature {
	fields := s.fields()
	return minisign.Signature{
		Algorithm:        minisign.HashEdDSA,
		KeyID:            uint64(s.Signer),
		UntrustedComment: "signed with sigil sign by key " + s.Signer.String(),
		TrustedComment:   strings.Join(fields[:], "\t") + "\tsize: " + strconv.FormatInt(s.Size, 10) + "\tblocks: " + s.Blocks.String(),
		Signature:        s.signature,
	}
}

// maxDetached is the most bytes that a detached signature file may have; minisign allows comments of 8 KiB.
const maxDetached = 32 << 10

// VerifyDetached reads a file to its end, once and in constant memory, and judges it by the content of its detached
// signature file, ours or minisign's, of either of its algorithms. Name and now are as in [Verify]; an empty name
// is not compared, nor is that of a file that minisign signed: minisign does not compare it either. An error is one of r.
func VerifyDetached(r io.Reader, name string, file []byte, trust *Trust, now time.Time) (Result, error) {
	d, err := parseDetached(file)
	if err != nil {
		return Result{Verdict: Tampered, What: "header", Detail: err.Error()}, nil
	}
	result := Result{Signature: d.said}
	keys := trust.find(d.said.Signer)
	if len(keys) == 0 {
		return judge(result, name, trust, now, nil), nil
	}
	var key *PublicKey
	for _, k := range keys {
		if k.verify(append(bytes.Clone(d.Signature.Signature[:]), d.TrustedComment...), &d.CommentSignature) {
			key = &k.PublicKey
			break
		}
	}
	if key == nil {
		result.Verdict, result.What, result.Detail = Tampered, "header", "the signature is of another comment, or by another key"
		return result, nil
	}

	message := newBlake()
	if d.Algorithm == minisign.EdDSA {
		message = sha512.New()
		message.Write(d.Signature.Signature[:32])
		message.Write(key.key[:])
	}
	sum, blocks := sha256.New(), newBlockWriter(max(d.said.Blocks.Size, 64))
	if result.Size, err = copyTo(io.MultiWriter(message, sum, blocks), r); err != nil {
		return Result{}, err
	}
	sum.Sum(result.SHA256[:0])
	digest := message.Sum(nil)
	right := func(k PublicKey) bool {
		if d.Algorithm == minisign.EdDSA {
			return k == *key && verifyDigest(k, &d.Signature.Signature, digest)
		}
		return k.verify(digest, &d.Signature.Signature)
	}
	if !d.ours {
		if !right(*key) {
			result.Verdict, result.What, result.Detail = Tampered, "body", "it is not what was signed"
			return result, nil
		}
		d.said.SHA256, d.said.Size, name = result.SHA256, result.Size, ""
	}
	result = judge(result, name, trust, now, right)
	if result.What == "body" {
		result.Differs = d.said.Blocks.differs(blocks.blocks(), result.Size, d.said.Size)
	}
	return result, nil
}

// verifyDigest is what Ed25519's verification (RFC 8032, 5.1.7) does once it has the SHA-512 of the signature's first
// half, the key and the message. The standard library has it only for a message in memory.
func verifyDigest(p PublicKey, signature *[64]byte, digest []byte) bool {
	a, err := new(edwards25519.Point).SetBytes(p.key[:])
	if err != nil {
		return false
	}
	k, err := new(edwards25519.Scalar).SetUniformBytes(digest)
	if err != nil {
		return false
	}
	s, err := new(edwards25519.Scalar).SetCanonicalBytes(signature[32:])
	if err != nil {
		return false
	}
	r := new(edwards25519.Point).VarTimeDoubleScalarBaseMult(k, new(edwards25519.Point).Negate(a), s)
	return bytes.Equal(signature[:32], r.Bytes())
}

// A detachedFile is a detached signature file and what it says.
type detachedFile struct {
	minisign.Signature
	said *Signature
	ours bool
}

func parseDetached(file []byte) (*detachedFile, error) {
	d := &detachedFile{said: &Signature{}}
	if len(file) > maxDetached || d.UnmarshalText(file) != nil {
		return nil, errors.New("not a signature file of sigil or minisign")
	}
	d.said.Signer, d.said.signature = KeyID(d.KeyID), d.Signature.Signature
	fields := strings.Split(d.TrustedComment, "\t")
	d.ours = strings.HasPrefix(d.TrustedComment, magic)
	if !d.ours {
		for _, f := range fields {
			if at, ok := strings.CutPrefix(f, "timestamp:"); ok {
				if seconds, err := strconv.ParseInt(at, 10, 64); err == nil {
					d.said.Time = time.Unix(seconds, 0).UTC()
				}
			}
			if name, ok := strings.CutPrefix(f, "file:"); ok {
				d.said.Name = name
			}
		}
		again, err := d.MarshalText()
		if err != nil || !bytes.Equal(bytes.TrimSpace(again), bytes.TrimSpace(bytes.ReplaceAll(file, []byte("\r\n"), []byte("\n")))) {
			return nil, errors.New("a signature file that minisign would have written otherwise")
		}
		return d, nil
	}
	if len(fields) != 7 {
		return nil, fieldError("comment")
	}
	for i := range 5 {
		if !readers[i](d.said, fields[i]) {
			return nil, fieldError(fieldNames[i])
		}
	}
	var err, bad error
	d.said.Size, err = strconv.ParseInt(strings.TrimPrefix(fields[5], "size: "), 10, 64)
	d.said.Blocks, bad = ParseBlocks(strings.TrimPrefix(fields[6], "blocks: "))
	if err != nil || bad != nil {
		return nil, fieldError("size and blocks")
	}
	want := d.said.detached()
	want.CommentSignature = d.CommentSignature
	if again, err := want.MarshalText(); err != nil || !bytes.Equal(again, file) {
		return nil, fieldError("signature file")
	}
	return d, nil
}
