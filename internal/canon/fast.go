package canon

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"sync"

	"github.com/sigil-dna/sigil"
)

// maxFastDepth bounds the recursion of readFast, whatever depth the caller allows. It is below the library's
// limit (10,000).
const maxFastDepth = 256

// readFast reads the most common documents in one pass. It reports no errors. If it is not certain about a
// document (mistakes, escapes, exponents, or names beyond ASCII, which RFC 8785 sorts by UTF-16), it returns
// false, and the library reads the document.
func readFast(raw []byte, depth int) (compact []byte, hash sigil.Hash, ok bool) {
	r := readers.Get().(*reader) //nolint:forcetypeassert // nothing else is put there
	r.raw = append(append(r.raw[:0], raw...), padding...)
	r.compact, r.canonical = run{done: r.compact.done[:0]}, run{done: r.canonical.done[:0]}
	r.members = r.members[:0]
	i := r.value(r.next(0), min(depth, maxFastDepth))
	if i >= 0 {
		i = r.next(i)
	}
	if i == len(raw) {
		r.canonical.cut(r.raw, i, i)
		hash, ok = sha256.Sum256(r.canonical.done), true
		compact = make([]byte, 0, r.compact.len(i))
		compact = append(append(compact, r.compact.done...), raw[r.compact.from:]...)
	}
	if len(raw) <= maxPooled {
		readers.Put(r)
	}
	return compact, hash, ok
}

var readers = sync.Pool{New: func() any { return new(reader) }}

// padding ends the text with bytes that cannot occur in JSON, and allows eight bytes to be loaded from any
// index.
const padding = "\x00\x00\x00\x00\x00\x00\x00\x00"

// reader is one pass over raw. Its methods take the index at which something begins and return the index
// after it, or -1 to leave the document to the library.
type reader struct {
	raw                []byte // a copy, padded
	compact, canonical run
	members            []member // of all open objects, innermost last
	scratch            []byte
}

// run is a text made of stretches of raw. They are copied only if something between them is left out or
// changed.
type run struct {
	done []byte
	from int // the index in raw of the stretch that is not yet in done
}

// len returns the length of the text if it is extended up to i in raw.
func (r *run) len(i int) int { return len(r.done) + i - r.from }

// cut extends the text up to i in raw and continues at j.
func (r *run) cut(raw []byte, i, j int) {
	r.done = append(r.done, raw[r.from:i]...)
	r.from = j
}

// next returns the index after any white space.
func (r *reader) next(i int) int {
	if r.raw[i] > ' ' {
		return i
	}
	return r.space(i)
}

func (r *reader) space(from int) int {
	i := from
	for r.raw[i] == ' ' || r.raw[i] == '\n' || r.raw[i] == '\t' || r.raw[i] == '\r' {
		i++
	}
	if i > from {
		r.compact.cut(r.raw, from, i)
		r.canonical.cut(r.raw, from, i)
	}
	return i
}

// value reads a value of at most depth levels.
func (r *reader) value(i, depth int) int {
	switch c := r.raw[i]; {
	case c == '"':
		end, _ := r.text(i)
		return end
	case c == '-' || c >= '0' && c <= '9':
		return r.number(i)
	case c == '{' && depth > 0:
		return r.object(i, depth-1)
	case c == '[' && depth > 0:
		return r.array(i, depth-1)
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if end := i + len(word); string(r.raw[i:min(end, len(r.raw))]) == word {
			return end
		}
	}
	return -1
}

func (r *reader) array(i, depth int) int {
	i = r.next(i + 1)
	if r.raw[i] == ']' {
		return i + 1
	}
	for {
		if i = r.value(i, depth); i < 0 {
			return -1
		}
		i = r.next(i)
		switch r.raw[i] {
		case ']':
			return i + 1
		case ',':
			i = r.next(i + 1)
		default:
			return -1
		}
	}
}

func (r *reader) object(i, depth int) int {
	i = r.next(i + 1)
	if r.raw[i] == '}' {
		return i + 1
	}
	first, from, sorted := len(r.members), r.canonical.len(i), true
	for r.raw[i] == '"' {
		end, ascii := r.text(i)
		if !ascii {
			return -1
		}
		m := member{head: r.head(i+1, end-1), name: i + 1, end: end - 1, from: r.canonical.len(i)}
		i = r.next(end)
		if r.raw[i] != ':' {
			return -1
		}
		if i = r.value(r.next(i+1), depth); i < 0 {
			return -1
		}
		m.to = r.canonical.len(i)
		last, ok := r.insert(first, m)
		if !ok {
			return -1
		}
		sorted = sorted && last
		i = r.next(i)
		switch r.raw[i] {
		case ',':
			i = r.next(i + 1)
		case '}':
			if !sorted {
				r.reorder(first, from, i)
			}
			r.members = r.members[:first]
			return i + 1
		default:
			return -1
		}
	}
	return -1
}

// member is a member of an object: its name in raw, and its position in the canonical form.
type member struct {
	head                uint64 // the first eight bytes of the name, enough to compare most names
	name, end, from, to int
}

func (r *reader) head(name, end int) uint64 {
	// No name contains a NUL, so a shorter name, padded with NULs, sorts before those it is a prefix of.
	return binary.BigEndian.Uint64(r.raw[name:]) &^ (math.MaxUint64 >> (8 * (end - name)))
}

// maxShuffled limits the number of unsorted members, since the time of insert is quadratic.
const maxShuffled = 64

// insert adds a member to the sorted ones from first on, and reports whether it is the last of them. ok is
// false if the object has that name already, or if there are too many members to sort here.
func (r *reader) insert(first int, m member) (last, ok bool) {
	r.members = append(r.members, m)
	members := r.members[first:]
	i := len(members) - 1
	for ; i > 0; i-- {
		before := &members[i-1]
		order := cmp.Compare(before.head, m.head)
		if order == 0 {
			order = bytes.Compare(r.raw[before.name:before.end], r.raw[m.name:m.end])
		}
		if order == 0 || order > 0 && len(members) > maxShuffled {
			return false, false
		}
		if order < 0 {
			break
		}
		members[i] = *before
	}
	members[i] = m
	return i == len(members)-1, true
}

// reorder writes the members from first on in sorted order. They begin at from in the canonical form, and
// their object ends at i in raw.
func (r *reader) reorder(first, from, i int) {
	r.canonical.cut(r.raw, i+1, i+1)
	text, scratch := r.canonical.done, r.scratch[:0]
	for _, m := range r.members[first:] { // with the byte after each, a comma or the brace
		scratch = append(scratch, text[m.from:m.to+1]...)
		scratch[len(scratch)-1] = ','
	}
	copy(text[from:len(text)-1], scratch)
	r.scratch = scratch
}
