package codesign

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/sigil-dna/sigil"
)

const (
	window    = 64 << 10 // how far into a file what must come before a header is looked for
	maxHeader = 4 << 10  // the longest header, in bytes
	maxName   = 1 << 10  // the longest name, in bytes as it is
	magic     = "sigil-code: 1 "
	timeForm  = "2006-01-02T15:04:05.000Z"
)

// A Signature is what a signer said about a file.
type Signature struct {
	ID     sigil.ID    // of this signature; a UUID version 7
	State  sigil.State // as the signer gave it; without extra keys
	Signer KeyID
	Time   time.Time // by the signer's clock, to the millisecond, in UTC
	Name   string    // slash-separated and relative to what the signer called the root
	SHA256 [sha256.Size]byte
	Size   int64  // bytes of the body; a header does not say it, but it is signed
	Blocks Blocks // of the body; a header does not have them

	signature [ed25519.SignatureSize]byte
	style     *style     // of the header; nil if the signature is detached
	eol       string     // the line end of the header
	read      *[5]string // what fields returns, of a signature that was read and does not change any more
}

// Header returns the header as it stands in the file, without the blank line after it. It is empty if the signature is
// detached.
func (s *Signature) Header() string {
	if s.style == nil {
		return ""
	}
	return strings.TrimRight(string(s.header()), "\r\n")
}

// Frequency returns the resonance frequency of the body, by its hash.
func (s *Signature) Frequency() sigil.Frequency { return sigil.Hash(s.SHA256).Frequency() }

// fields returns the lines of a header without its signature, and without what makes a comment of them.
func (s *Signature) fields() [5]string {
	if s.read != nil {
		return *s.read
	}
	return [5]string{
		magic + s.ID.String(),
		"frequency: " + figure(s.Frequency().Value()) + ", state: " + strings.Join([]string{
			figure(s.State.Phi), figure(s.State.Coherence), figure(s.State.Awareness), figure(s.State.EmotionalResonance),
		}, ", "),
		"signer: " + s.Signer.String() + ", time: " + s.Time.UTC().Format(timeForm),
		"name: " + escape(s.Name),
		"sha256: " + hex.EncodeToString(s.SHA256[:]),
	}
}

func figure(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

// message returns what is signed for a header.
func (s *Signature) message() []byte {
	b := make([]byte, 0, 512)
	b = fmt.Appendf(b, "sigil code signature 1\ncomment: %s\nline end: %q\nsize: %d\n", s.style.name, s.eol, s.Size)
	for _, f := range s.fields() {
		b = append(append(b, f...), '\n')
	}
	return b
}

// header returns the header of s as bytes of a file: its lines and a blank one.
func (s *Signature) header() []byte {
	b := make([]byte, 0, 640)
	prefix := s.style.first
	line := func(text string) {
		b = append(append(append(b, prefix...), text...), s.eol...)
		prefix = s.style.line
	}
	for _, f := range s.fields() {
		line(f)
	}
	line("signature: " + base64.StdEncoding.EncodeToString(s.signature[:]))
	if s.style.close != "" {
		b = append(append(b, s.style.close...), s.eol...)
	}
	return append(b, s.eol...)
}

// parseHeader reads the header of style l that b starts with. It returns the length of the header: 0 if there is
// none. An error says that there is one which no signer wrote, and names the field. Size is left 0.
func parseHeader(b []byte, l *style) (s *Signature, length int, err error) {
	if len(b) > maxHeader {
		b = b[:maxHeader]
	}
	if !bytes.HasPrefix(b, []byte(l.first+magic)) {
		return nil, 0, looksLike(b, l)
	}
	eol := "\n"
	if bytes.HasSuffix(b[:lineLength(b)], []byte("\r\n")) {
		eol = "\r\n"
	}
	s = &Signature{style: l, eol: eol}
	rest, prefix := b, l.first
	for i, read := range readers {
		line, after, found := bytes.Cut(rest, []byte(eol))
		text, right := strings.CutPrefix(string(line), prefix)
		if !found || !right {
			return nil, 0, fieldError(fieldNames[i])
		}
		if !read(s, text) {
			return nil, 0, fieldError(fieldNames[i])
		}
		rest, prefix = after, l.line
	}
	fields := s.fields()
	s.read = &fields
	want := s.header()
	if !bytes.HasPrefix(b, want) {
		return nil, 0, fieldError(differs(b, want, eol))
	}
	return s, len(want), nil
}

// fieldError names a field of a header that is not as any signer writes it.
type fieldError string

func (e fieldError) Error() string { return string(e) + " is not as a signer writes it" }

var fieldNames = [6]string{"id", "frequency and state", "signer and time", "name", "sha256", "signature"}

// readers read the lines of a header, in order. What they accept in more than one spelling is compared afterwards
// with the one that is written.
var readers = [6]func(s *Signature, text string) bool{
	func(s *Signature, text string) (ok bool) {
		var err error
		s.ID, err = sigil.ParseID(strings.TrimPrefix(text, magic))
		return err == nil
	},
	func(s *Signature, text string) bool {
		_, state, ok := strings.Cut(text, ", state: ")
		figures := strings.Split(state, ", ")
		if !ok || len(figures) != 4 {
			return false
		}
		for i, to := range []*float64{&s.State.Phi, &s.State.Coherence, &s.State.Awareness, &s.State.EmotionalResonance} {
			var err error
			if *to, err = strconv.ParseFloat(figures[i], 64); err != nil {
				return false
			}
		}
		return s.State.Check() == nil
	},
	func(s *Signature, text string) bool {
		signer, at, ok := strings.Cut(strings.TrimPrefix(text, "signer: "), ", time: ")
		if !ok {
			return false
		}
		var err, bad error
		s.Signer, err = ParseKeyID(signer)
		s.Time, bad = time.Parse(timeForm, at)
		return err == nil && bad == nil
	},
	func(s *Signature, text string) (ok bool) {
		s.Name, ok = unescape(strings.TrimPrefix(text, "name: "))
		return ok && CheckName(s.Name) == nil
	},
	func(s *Signature, text string) bool {
		sum, err := hex.DecodeString(strings.TrimPrefix(text, "sha256: "))
		return err == nil && copy(s.SHA256[:], sum) == len(s.SHA256) && len(sum) == len(s.SHA256)
	},
	func(s *Signature, text string) bool {
		sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(text, "signature: "))
		return err == nil && copy(s.signature[:], sum) == len(s.signature) && len(sum) == len(s.signature)
	},
}

// differs returns the name of the field in which b first differs from want.
func differs(b, want []byte, eol string) string {
	n := 0
	for n < len(b) && n < len(want) && b[n] == want[n] {
		n++
	}
	line := bytes.Count(want[:n], []byte(eol))
	if line >= len(fieldNames) {
		return "end"
	}
	return fieldNames[line]
}

// looksLike reports an error where b begins with a header whose first line was changed: two of the lines that follow
// are in their places.
func looksLike(b []byte, l *style) error {
	lines := strings.SplitN(string(b), "\n", 7)
	if len(lines) == 7 && strings.HasPrefix(lines[4], l.line+"sha256: ") && strings.HasPrefix(lines[5], l.line+"signature: ") {
		return fieldError(fieldNames[0])
	}
	return nil
}

// CheckName reports an error unless name can be the name of a signed file: relative, slash-separated, without "." and
// ".." and of at most 1,024 bytes.
func CheckName(name string) error {
	if name == "" || len(name) > maxName {
		return fmt.Errorf("a name has 1 to %d bytes", maxName)
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." {
			return errors.New("a name is a relative path without the elements . and .., and with a slash between others")
		}
	}
	return nil
}

// escape writes name in ASCII letters, digits and -._/+@, with everything else, and a '-' after another, as %XX: so a
// name can end no comment, and looks like no setting that a tool reads from comments.
func escape(name string) string {
	const digits = "0123456789ABCDEF"
	b := make([]byte, 0, len(name))
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("._/+@", c) >= 0,
			c == '-' && (i == 0 || name[i-1] != '-'):
			b = append(b, c)
		default:
			b = append(b, '%', digits[c>>4], digits[c&15])
		}
	}
	return string(b)
}

func unescape(text string) (string, bool) {
	b := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			b = append(b, text[i])
			continue
		}
		if i+3 > len(text) {
			return "", false
		}
		c, err := strconv.ParseUint(text[i+1:i+3], 16, 8)
		if err != nil {
			return "", false
		}
		b = append(b, byte(c))
		i += 2
	}
	return string(b), true
}
