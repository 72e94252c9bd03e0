package codesign

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Statement is a signature without its file: a header or a detached signature file, and the key that proves it. It
// shows who signed which body.
//
// A header proves its fields, with the size of the body, which it does not hold. A detached signature proves its fields
// by the signature of its trusted comment; that its other signature is of the body, only the body shows. Blocks of a
// header are not signed: they help to find a change, and prove nothing.
type Statement struct {
	Key       PublicKey
	Signature *Signature // what it says
	Header    string     // as in the file, without the blank line; empty if it is detached
	Detached  string     // the signature file; empty if it is a header
}

// ErrStatement is the error for a statement that cannot be read or whose signature the key did not make.
var ErrStatement = errors.New("not a signature of sigil by this key")

// ReadHeader reads a header, without the file that it stands in, of a body of the given size, and verifies it.
func ReadHeader(key PublicKey, header string, size int64, blocks Blocks) (*Statement, error) {
	s, err := readHeader(header)
	if err != nil {
		return nil, err
	}
	s.Size, s.Blocks = size, blocks
	if s.Signer != key.id || !key.verify(s.message(), &s.signature) {
		return nil, fmt.Errorf("%w: it is by another key, or of another size", ErrStatement)
	}
	return &Statement{Key: key, Signature: s, Header: s.Header()}, nil
}

// ReadDetached reads the content of a detached signature file of ours and verifies what it says.
func ReadDetached(key PublicKey, file string) (*Statement, error) {
	d, err := readDetached(file)
	if err != nil {
		return nil, err
	}
	if d.said.Signer != key.id || !key.verify(append(bytes.Clone(d.Signature.Signature[:]), d.TrustedComment...), &d.CommentSignature) {
		return nil, fmt.Errorf("%w: it is by another key", ErrStatement)
	}
	return &Statement{Key: key, Signature: d.said, Detached: file}, nil
}

func readDetached(file string) (*detachedFile, error) {
	d, err := parseDetached([]byte(file))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrStatement, err)
	case !d.ours:
		return nil, fmt.Errorf("%w: minisign does not say which file it signed", ErrStatement)
	}
	return d, nil
}

// readHeader reads a header on its own, with or without line ends behind it. Size is left 0.
func readHeader(header string) (*Signature, error) {
	end := "\n\n"
	if strings.Contains(header, "\r\n") {
		end = "\r\n\r\n"
	}
	text := strings.TrimRight(header, "\r\n")
	for _, l := range []*style{slashes, hashes, dashes, semis, block, markup} {
		s, n, err := parseHeader([]byte(text+end), l)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%w: %w", ErrStatement, err)
		case n == len(text)+len(end):
			return s, nil
		}
	}
	return nil, fmt.Errorf("%w: this is no header", ErrStatement)
}

// Same reports whether s and o are one signature: not only alike, but made once.
func (s *Signature) Same(o *Signature) bool { return s.signature == o.signature && s.ID == o.ID }

// stored is a statement as a registry keeps it.
type stored struct {
	Key      string `json:"key"`
	Header   string `json:"header,omitempty"`
	Size     int64  `json:"size,omitempty"`
	Blocks   string `json:"blocks,omitempty"`
	Detached string `json:"detached,omitempty"`
}

// Bytes returns what [ReadStatement] reads. It is the same for equal statements.
func (s *Statement) Bytes() []byte {
	v := stored{Key: s.Key.String(), Header: s.Header, Detached: s.Detached}
	if s.Header != "" {
		v.Size = s.Signature.Size
		if s.Signature.Blocks.Size > 0 {
			v.Blocks = s.Signature.Blocks.String()
		}
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and numbers
	}
	return b
}

// ReadStatement reads a statement that was verified before it was kept. It does not verify it again: see
// [Statement.Verified].
func ReadStatement(b []byte) (*Statement, error) {
	var v stored
	if err := json.Unmarshal(b, &v); err != nil {
		return nil, err
	}
	key, err := ParsePublicKey(v.Key)
	if err != nil {
		return nil, err
	}
	s := &Statement{Key: key, Header: v.Header, Detached: v.Detached}
	if v.Detached != "" {
		d, err := readDetached(v.Detached)
		if err != nil {
			return nil, err
		}
		s.Signature = d.said
		return s, nil
	}
	if s.Signature, err = readHeader(v.Header); err != nil {
		return nil, err
	}
	s.Signature.Size = v.Size
	if v.Blocks != "" {
		s.Signature.Blocks, err = ParseBlocks(v.Blocks)
	}
	return s, err
}

// Verified reports whether the key of s proves what s says.
func (s *Statement) Verified() bool {
	var err error
	if s.Detached != "" {
		_, err = ReadDetached(s.Key, s.Detached)
	} else {
		_, err = ReadHeader(s.Key, s.Header, s.Signature.Size, s.Signature.Blocks)
	}
	return err == nil
}

// VerifyHeader is [Verify] for a header without its file, of whose body the hash and size are known.
func VerifyHeader(header, name string, sum [sha256.Size]byte, size int64, trust *Trust, now time.Time) Result {
	s, err := readHeader(header)
	if err != nil {
		return Result{Verdict: Tampered, What: "header", Detail: err.Error()}
	}
	s.Size = size
	return judge(Result{Signature: s, SHA256: sum, Size: size}, name, trust, now, func(p PublicKey) bool {
		return p.verify(s.message(), &s.signature)
	})
}

// VerifyDetachedHash is [VerifyDetached] for a file of which only the hash and size are known. It goes by the signature
// of the trusted comment.
func VerifyDetachedHash(file, name string, sum [sha256.Size]byte, size int64, trust *Trust, now time.Time) Result {
	d, err := readDetached(file)
	if err != nil {
		return Result{Verdict: Tampered, What: "header", Detail: err.Error()}
	}
	r := judge(Result{Signature: d.said, SHA256: sum, Size: size}, name, trust, now, func(p PublicKey) bool {
		return p.verify(append(bytes.Clone(d.Signature.Signature[:]), d.TrustedComment...), &d.CommentSignature)
	})
	if r.Verdict == Authentic && size != d.said.Size {
		r.Verdict, r.What, r.Detail = Tampered, "body", "the size is not the one in the signature"
	}
	return r
}

// SignHash signs a file by the hash and size of its body, and returns its header, whose lines end in LF. It fails with
// [ErrDetachedOnly] if a file of that name cannot carry a header. The caller must put the header in its place.
func (s *Signer) SignHash(name string, sum [sha256.Size]byte, size int64) (*Statement, error) {
	signature, err := s.begin(name)
	if err != nil {
		return nil, err
	}
	l := languageOf(name, nil)
	if l == nil {
		return nil, ErrDetachedOnly
	}
	signature.SHA256, signature.Size, signature.style, signature.eol = sum, size, l.style, "\n"
	signature.signature = s.Key.sign(signature.message())
	return &Statement{Key: s.Key.Public(), Signature: signature, Header: signature.Header()}, nil
}

// SignContent signs content, with a header if the file can carry one and detached is false, and returns the statement and the
// signed file, which is nil if the statement is detached.
func (s *Signer) SignContent(name string, content []byte, detached bool) (*Statement, []byte, error) {
	if !detached {
		signed, signature, err := s.Sign(name, content)
		if err == nil {
			return &Statement{Key: s.Key.Public(), Signature: signature, Header: signature.Header()}, signed, nil
		}
		if !errors.Is(err, ErrDetachedOnly) {
			return nil, nil, err
		}
	}
	file, signature, err := s.SignDetached(name, bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, nil, err
	}
	return &Statement{Key: s.Key.Public(), Signature: signature, Detached: string(file)}, nil, nil
}
