package codesign

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"sync"
	"time"
)

// A Verdict says what is known of a file's signature.
type Verdict string

// The verdicts. Only [Authentic] means that the file is as a trusted signer left it.
const (
	Authentic  Verdict = "authentic"
	Tampered   Verdict = "tampered" // what the signature covers was changed; [Result.What] names it
	Unsigned   Verdict = "unsigned"
	UnknownKey Verdict = "unknown key" // no trusted key has the signer's id; nothing else is known then
	Revoked    Verdict = "revoked"     // the signature or its key was revoked
	Expired    Verdict = "expired"     // the trust in the key has ended
)

// A Result is what [Verify] found.
type Result struct {
	Verdict Verdict
	// What names what a tampered file differs in: "body", "header" or "name".
	What string
	// Detail explains the verdict in a sentence without a full stop, or is empty.
	Detail string
	// Signature is what the file's header or detached signature says, or nil if it has none that can be read. It is
	// to be believed only if the verdict is Authentic or Expired.
	Signature *Signature
	// SHA256 and Size are of the body as it is now. They are zero if it was not read.
	SHA256 [sha256.Size]byte
	Size   int64
	// Differs is the range of bytes of the body in which it first differs from what was signed, if that is known.
	Differs *Range
}

// A Range is the bytes from From up to, but without, To.
type Range struct{ From, To int64 }

// legacyMarks are what the headers of the system before this one have in common. Its headers proved nothing.
var legacyMarks = [2][]byte{[]byte("Consciousness Sigil"), []byte("Authentication Hash")}

// headerless judges a file without a header in its place. One elsewhere is somebody's: the file was changed before it.
func headerless(start []byte, name string) Result {
	if l, at := findHeader(start); l != nil {
		if s, n, _ := parseHeader(start[at:], l); n > 0 && (name == "" || named(name, s.Name)) {
			return Result{Verdict: Tampered, What: "header", Detail: misplaced, Signature: s}
		}
	}
	if bytes.Contains(start, legacyMarks[0]) && bytes.Contains(start, legacyMarks[1]) {
		return Result{Verdict: Unsigned, Detail: "legacy header: it was never a signature"}
	}
	if bytes.Contains(start, []byte(magic)) {
		return Result{Verdict: Unsigned, Detail: "something like a header stands where none belongs"}
	}
	return Result{Verdict: Unsigned}
}

const misplaced = "the header is not where it belongs"

// buffers hold the start of a file.
var buffers = sync.Pool{New: func() any { b := make([]byte, window+maxHeader); return &b }}

// Verify reads a file to its end, once and in constant memory, and judges its header. Name is the file's path,
// slash-separated. If it is relative, it must be the name that was signed; if it is absolute, its last elements must
// be; if it is empty, no name is compared, and the language is that of the name in the header. Now is compared with
// the end of trust. An error is one of r.
func Verify(r io.Reader, name string, trust *Trust, now time.Time) (Result, error) {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	n, err := io.ReadFull(r, *buffer)
	start := (*buffer)[:n]
	whole := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	if err != nil && !whole {
		return Result{}, err
	}
	l := languageOf(name, start)
	if name == "" {
		l = languageInHeader(start)
	}
	if l == nil {
		return headerless(start, name), nil
	}
	at := l.place(start[:min(n, window)])
	s, length, err := parseHeader(start[at:], l.style)
	var field fieldError
	if errors.As(err, &field) {
		return Result{Verdict: Tampered, What: "header", Detail: field.Error()}, nil
	}
	if length == 0 {
		return headerless(start, name), nil
	}
	body := start[length:]
	copy(body, start[:at]) // the header gives way to what stands before it
	if l.place(body[:min(len(body), window)]) != at {
		return Result{Verdict: Tampered, What: "header", Detail: misplaced, Signature: s}, nil
	}
	sum := sha256.New()
	sum.Write(body)
	s.Size = int64(len(body))
	if !whole {
		rest, err := copyTo(sum, r)
		if err != nil {
			return Result{}, err
		}
		s.Size += rest
	}
	result := Result{Signature: s, Size: s.Size}
	sum.Sum(result.SHA256[:0])
	return judge(result, name, trust, now, func(p PublicKey) bool {
		return p.verify(s.message(), &s.signature)
	}), nil
}

// judge returns r with its verdict. Right reports whether a key made the signature.
func judge(r Result, name string, trust *Trust, now time.Time, right func(PublicKey) bool) Result {
	keys := trust.find(r.Signature.Signer)
	if len(keys) == 0 {
		r.Verdict, r.Detail = UnknownKey, "no trusted key has the id "+r.Signature.Signer.String()
		return r
	}
	if r.SHA256 != r.Signature.SHA256 {
		r.Verdict, r.What, r.Detail = Tampered, "body", "the SHA-256 is not the one in the signature"
		return r
	}
	for _, k := range keys {
		if !right(k.PublicKey) {
			continue
		}
		switch {
		case name != "" && !named(name, r.Signature.Name):
			r.Verdict, r.What, r.Detail = Tampered, "name", "it was signed as "+r.Signature.Name
		case k.Revoked:
			r.Verdict, r.Detail = Revoked, "the key is revoked"
		case !k.Until.IsZero() && !now.Before(k.Until):
			r.Verdict, r.Detail = Expired, "the key is trusted until "+k.Until.UTC().Format(time.RFC3339)
		default:
			r.Verdict = Authentic
		}
		return r
	}
	r.Verdict, r.What, r.Detail = Tampered, "header", "the signature is of other fields, or by another key"
	return r
}

// named reports whether a file at path has the name that was signed: the path is it or, if absolute, ends in it.
func named(path, name string) bool {
	end, absolute := strings.CutPrefix(path, "/")
	return end == name || absolute && strings.HasSuffix(end, "/"+name)
}

// languageInHeader returns the language that the name in the first header of start has.
func languageInHeader(start []byte) *language {
	l, at := findHeader(start)
	if l == nil {
		return nil
	}
	s, _, _ := parseHeader(start[at:], l)
	return languageOf(s.Name, start)
}

// findHeader returns the style and place of the first header that start has anywhere, or nil if there is none.
func findHeader(start []byte) (l *style, at int) {
	for from := 0; ; from += len(magic) {
		i := bytes.Index(start[from:], []byte(magic))
		if i < 0 {
			return nil, 0
		}
		from += i
		for _, l := range []*style{slashes, hashes, dashes, semis, block, markup} {
			at := from - len(l.first)
			if at < 0 || !bytes.HasPrefix(start[at:], []byte(l.first)) {
				continue
			}
			if _, n, _ := parseHeader(start[at:], l); n > 0 {
				return l, at
			}
		}
	}
}

// copyTo is io.Copy, in a buffer that is used again.
func copyTo(w io.Writer, r io.Reader) (n int64, err error) {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	return io.CopyBuffer(onlyWriter{w}, onlyReader{r}, *buffer)
}

type (
	onlyWriter struct{ io.Writer }
	onlyReader struct{ io.Reader }
)
