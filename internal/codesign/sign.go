package codesign

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/sigil-dna/sigil"
)

// ErrDetachedOnly is returned for a file that cannot carry a header.
var ErrDetachedOnly = errors.New("this kind of file cannot carry a header; sign it with a detached signature")

// A Signer signs files.
type Signer struct {
	Key   PrivateKey
	State sigil.State      // goes into the signature; its extra keys do not
	Now   func() time.Time // nil stands for time.Now
}

func (s *Signer) begin(name string) (*Signature, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	now := time.Now
	if s.Now != nil {
		now = s.Now
	}
	state := s.State
	state.Extra = nil
	if err := state.Check(); err != nil {
		return nil, err
	}
	at := now().UTC().Truncate(time.Millisecond)
	return &Signature{ID: sigil.NewID(at), State: state, Signer: s.Key.Public().ID(), Time: at, Name: name}, nil
}

// Sign returns content with a header, which replaces one that is there, and what the header says. It fails with
// [ErrDetachedOnly] if a file of that name and content cannot carry one. The rest of content is unchanged, with one
// exception: where what must come before the header is the whole of the file and ends without a line end, it gets
// one. Content is not kept or changed.
func (s *Signer) Sign(name string, content []byte) ([]byte, *Signature, error) {
	signature, err := s.begin(name)
	if err != nil {
		return nil, nil, err
	}
	l := languageOf(name, content)
	if l == nil || !text(content) {
		return nil, nil, ErrDetachedOnly
	}
	at := l.place(content[:min(len(content), window)])
	for {
		_, n, err := parseHeader(content[at:], l.style)
		if err != nil {
			return nil, nil, fmt.Errorf("the file has a broken header, remove it first: %w", err)
		}
		if n == 0 {
			break
		}
		content = append(bytes.Clone(content[:at]), content[at+n:]...)
		at = l.place(content[:min(len(content), window)])
	}
	eol := "\n"
	if bytes.HasSuffix(content[:lineLength(content)], []byte("\r\n")) {
		eol = "\r\n"
	}
	if at == len(content) && at > 0 && !bytes.HasSuffix(content, []byte("\n")) && !bytes.Equal(content, bom) {
		content = append(bytes.Clone(content), eol...)
		at = l.place(content[:min(len(content), window)])
	}
	signature.SHA256, signature.Size, signature.Blocks = sha256.Sum256(content), int64(len(content)), blocksOf(content)
	signature.style, signature.eol = l.style, eol
	signature.signature = s.Key.sign(signature.message())
	header := signature.header()
	signed := make([]byte, 0, len(content)+len(header))
	signed = append(append(append(signed, content[:at]...), header...), content[at:]...)
	if at >= window || l.place(signed[:min(len(signed), window)]) != at || l == html && pushedOut(content, len(header)) {
		return nil, nil, ErrDetachedOnly
	}
	return signed, signature, nil
}

// pushedOut reports whether a header of that length would move a page's declaration of its encoding to where browsers
// do not look for it: they look in the first 1,024 bytes.
func pushedOut(page []byte, header int) bool {
	const sniffed, declaration = 1024, 32
	i := bytes.Index(bytes.ToLower(page[:min(len(page), sniffed)]), []byte("charset"))
	return i >= 0 && i+declaration+header > sniffed
}
