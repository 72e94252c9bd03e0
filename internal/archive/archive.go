// Package archive writes and reads the lines of an export: a header, policies of tenants, memories, their former versions, crystals, signatures, and a footer with
// counts and a checksum, without which a file is known to be cut off.
//
// It knows what each line is and whose, and not what is in it. docs/import.md has the format.
package archive

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/sigil-dna/sigil"
)

// Version is the version of the format that is written, and the newest that is read. Exports of version 1 have no former versions, no policies
// of tenants, and no checksum of their content.
const Version = 2

// The kinds of line: the value of the member "sigil", which is the first of each.
const (
	Header    = "export"
	Policy    = "policy" // that a tenant has of its own
	Memory    = "memory"
	Former    = "version" // a memory that another superseded, after that one
	Crystal   = "crystal"
	Signature = "signature"
	Footer    = "end"
)

// Head is the first line.
type Head struct {
	Sigil   string   `json:"sigil"`
	Version int      `json:"version"`
	Store   sigil.ID `json:"store,omitzero"` // left out if it is unknown, since the store is damaged
	// At is when the export began, in UTC and whole milliseconds.
	At time.Time `json:"at"`
	// Position is that of the newest journal entry when the export began; 0 if it is unknown.
	Position uint64 `json:"position"`
}

// Counts are the lines of one tenant.
type Counts struct {
	Tenant     string `json:"tenant"`
	Policies   int    `json:"policies,omitempty"`
	Memories   int    `json:"memories"`
	Versions   int    `json:"versions,omitempty"`
	Crystals   int    `json:"crystals"`
	Signatures int    `json:"signatures"`
}

// foot is the last line.
type foot struct {
	Sigil    string    `json:"sigil"`
	Tenants  []*Counts `json:"tenants"`
	Memories int       `json:"memories"`
	// Content is the SHA-256 of what an import brings back as it was: the lines of policies, memories and versions, line feeds included. So two
	// exports with the same have the same, whenever and of whatever store they were made. Exports of version 1 have none.
	Content string `json:"content,omitempty"`
	SHA256  string `json:"sha256"` // of all lines before this one, line feeds included
}

// tally counts lines by tenant, in the order of names, and has their checksums.
type tally struct {
	version int
	tenants []*Counts
	content hash.Hash
	sum     hash.Hash
}

func newTally() tally { return tally{version: Version, content: sha256.New(), sum: sha256.New()} }

// add adds a line of a tenant.
func (t *tally) add(tenant, kind string, line []byte) {
	t.sum.Write(line)
	at, found := slices.BinarySearchFunc(t.tenants, tenant, func(c *Counts, name string) int { return strings.Compare(c.Tenant, name) })
	if !found {
		t.tenants = slices.Insert(t.tenants, at, &Counts{Tenant: tenant})
	}
	c := t.tenants[at]
	switch kind {
	case Policy:
		c.Policies++
	case Memory:
		c.Memories++
	case Former:
		c.Versions++
	case Crystal:
		c.Crystals++
		return
	case Signature:
		c.Signatures++
		return
	}
	t.content.Write(line)
}

// footer returns the last line.
func (t *tally) footer(sum string) ([]byte, error) {
	f := foot{Sigil: Footer, Tenants: append([]*Counts{}, t.tenants...), Memories: t.memories(), SHA256: sum}
	if t.version > 1 {
		f.Content = t.Content()
	}
	return encode(f)
}

// Content returns the checksum of the policies, memories and versions so far, in hexadecimal.
func (t *tally) Content() string { return hex.EncodeToString(t.content.Sum(nil)) }

// SHA256 returns the checksum of all lines so far, in hexadecimal.
func (t *tally) SHA256() string { return hex.EncodeToString(t.sum.Sum(nil)) }

// Counts returns the lines so far, by tenant.
func (t *tally) Counts() []*Counts { return t.tenants }

func (t *tally) memories() (n int) {
	for _, c := range t.tenants {
		n += c.Memories
	}
	return n
}

// Writer writes an export. It must be closed: without the footer an export counts as cut off.
type Writer struct {
	out *bufio.Writer
	tally
}

// NewWriter writes the header. Of h, Sigil and Version are set by NewWriter.
func NewWriter(out io.Writer, h Head) (*Writer, error) {
	w := &Writer{out: bufio.NewWriter(out), tally: newTally()}
	h.Sigil, h.Version, h.At = Header, Version, h.At.UTC().Truncate(time.Millisecond)
	line, err := encode(h)
	if err != nil {
		return nil, err
	}
	w.sum.Write(line)
	_, err = w.out.Write(line)
	return w, err
}

// Write writes a line of a kind about a tenant. v must become a JSON object without a member "sigil".
func (w *Writer) Write(kind, tenant string, v any) error {
	body, err := encode(v)
	if err != nil {
		return err
	}
	line := append([]byte(`{"sigil":"`+kind+`",`), body[1:]...)
	w.add(tenant, kind, line)
	_, err = w.out.Write(line)
	return err
}

// Memories returns how many memories were written.
func (w *Writer) Memories() int { return w.memories() }

// Flush passes on what was written, without a footer.
func (w *Writer) Flush() error { return w.out.Flush() }

// Close writes the footer. It does not close the writer below.
func (w *Writer) Close() error {
	line, err := w.footer(w.SHA256())
	if err != nil {
		return err
	}
	if _, err := w.out.Write(line); err != nil {
		return err
	}
	return w.out.Flush()
}

// encode returns v as a line of JSON.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	lines := json.NewEncoder(&b)
	lines.SetEscapeHTML(false)
	err := lines.Encode(v)
	return b.Bytes(), err
}

// Begins reports whether in begins with the header of an export, of any version. It consumes nothing, and waits for no more of a
// stream than it needs.
func Begins(in *bufio.Reader) bool {
	const header = `{"sigil":"` + Header + `"`
	for n := range len(header) {
		if begin, _ := in.Peek(n + 1); string(begin) != header[:n+1] {
			return false
		}
	}
	return true
}

// ErrCutOff is the error for an export without its footer.
var ErrCutOff = errors.New("the export is cut off: its last line, with the checksum, is missing")

// Line is a line between header and footer.
type Line struct {
	Number       int // from 1, the header's
	Kind, Tenant string
	Raw          []byte // valid until the next line is read
}

// Reader reads an export and checks it against its footer.
type Reader struct {
	Head Head
	in   *bufio.Reader
	max  int
	tally
	number int
	read   int64
	buffer []byte
}

// NewReader reads the header. max is the most bytes that a line may have.
func NewReader(in io.Reader, max int) (*Reader, error) {
	r := &Reader{in: bufio.NewReaderSize(in, 64<<10), max: max, tally: newTally()}
	line, err := r.line()
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(line, &r.Head) != nil || r.Head.Sigil != Header {
		return nil, errors.New("line 1: is not the header of an export")
	}
	if r.Head.Version < 1 || r.Head.Version > Version {
		return nil, fmt.Errorf("the export has version %d of the format; this program reads versions up to %d: a newer one wrote it", r.Head.Version, Version)
	}
	r.version = r.Head.Version
	r.sum.Write(line)
	return r, nil
}

// Next returns the next line. After the last one it returns [io.EOF] if all is as the footer says, [ErrCutOff] if there is no
// footer, or an error that says what differs.
func (r *Reader) Next() (Line, error) {
	raw, err := r.line()
	if err != nil {
		return Line{}, err
	}
	var is struct {
		Sigil  string          `json:"sigil"`
		Tenant json.RawMessage `json:"tenant"`
	}
	if err := json.Unmarshal(raw, &is); err != nil || is.Sigil == "" {
		return Line{}, fmt.Errorf("line %d: is not a line of an export", r.number)
	}
	switch is.Sigil {
	case Footer:
		return Line{}, r.end(raw)
	case Policy, Memory, Former, Crystal, Signature:
	default:
		return Line{}, fmt.Errorf("line %d: %q is no kind of line that this program knows", r.number, is.Sigil)
	}
	l := Line{Number: r.number, Kind: is.Sigil, Raw: bytes.TrimSpace(raw)}
	if json.Unmarshal(is.Tenant, &l.Tenant) != nil || sigil.CheckTenant(l.Tenant) != nil {
		return Line{}, fmt.Errorf("line %d: it names no tenant", r.number)
	}
	r.add(l.Tenant, l.Kind, raw)
	return l, nil
}

// end compares the footer with what was read.
func (r *Reader) end(raw []byte) error {
	var f foot
	if json.Unmarshal(raw, &f) != nil {
		return fmt.Errorf("line %d: the footer cannot be read", r.number)
	}
	if sum := r.SHA256(); f.SHA256 != sum {
		return fmt.Errorf("the checksum is wrong: the lines were changed after they were exported (SHA-256 %s; the footer says %s)", sum, f.SHA256)
	}
	if want, err := r.footer(f.SHA256); err != nil || !bytes.Equal(bytes.TrimSpace(raw), bytes.TrimSpace(want)) {
		return errors.New("the counts of the footer are not those of the lines before it")
	}
	if rest, err := r.in.Peek(1); err == nil || len(rest) > 0 {
		return fmt.Errorf("line %d: there is more after the footer", r.number+1)
	}
	return io.EOF
}

// Read returns how many bytes were read.
func (r *Reader) Read() int64 { return r.read }

// line reads a line with its line feed.
func (r *Reader) line() ([]byte, error) {
	r.number++
	r.buffer = r.buffer[:0]
	for {
		part, err := r.in.ReadSlice('\n')
		r.read += int64(len(part))
		if r.buffer = append(r.buffer, part...); len(r.buffer) > r.max {
			return nil, fmt.Errorf("line %d: has more than %d bytes", r.number, r.max)
		}
		switch {
		case err == nil:
			return r.buffer, nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(r.buffer) > 0 && bytes.HasPrefix(r.buffer, []byte(`{"sigil":"`+Footer)) && json.Valid(r.buffer):
			return r.buffer, nil // only the last line feed is missing
		case errors.Is(err, io.EOF):
			return nil, ErrCutOff
		default:
			return nil, err
		}
	}
}
