package record

import (
	"encoding/binary"

	"github.com/sigil-dna/sigil"
)

// Labels are what a memory is found by without its content: a part of its hash, and its tags.
type Labels struct {
	// Hash is the second 32-bit word of the hash. The first is left out, as the frequency follows from it.
	Hash uint32
	// Tags are the memory's tags in the form of [AppendTags].
	Tags string
}

// LabelsOf returns the labels of m.
func LabelsOf(m *sigil.Memory) Labels {
	l := Labels{Hash: HashLabel(m.Hash)}
	if len(m.Tags) > 0 {
		l.Tags = string(AppendTags(nil, m.Tags))
	}
	return l
}

// HashLabel returns the second 32-bit word of a hash.
func HashLabel(h sigil.Hash) uint32 { return binary.BigEndian.Uint32(h[4:]) }

// AppendTags appends the number of tags, and each as bytes. Without tags it appends nothing.
func AppendTags(b []byte, tags []string) []byte {
	if len(tags) == 0 {
		return b
	}
	b = binary.AppendUvarint(b, uint64(len(tags)))
	for _, tag := range tags {
		b = binary.AppendUvarint(b, uint64(len(tag)))
		b = append(b, tag...)
	}
	return b
}

// TagsOf returns the tags that AppendTags encoded, as parts of s.
func TagsOf(s string) []string {
	r := NewReader([]byte(s))
	if len(s) == 0 {
		return nil
	}
	tags := make([]string, r.count())
	for i := range tags {
		n := r.count()
		from := len(s) - len(r.b)
		tags[i] = s[from : from+n]
		r.take(n)
	}
	return tags
}

// Retag sets the tags of m to those that AppendTags encoded, if they differ.
func Retag(m *sigil.Memory, encoded string) {
	var buf [256]byte
	if string(AppendTags(buf[:0], m.Tags)) != encoded {
		m.Tags = TagsOf(encoded)
	}
}

// AppendLabels appends l, after what AppendMeta has appended.
func AppendLabels(b []byte, l Labels) []byte {
	b = binary.BigEndian.AppendUint32(b, l.Hash)
	if l.Tags == "" {
		return append(b, 0)
	}
	return append(b, l.Tags...)
}

// Labels decodes the output of AppendLabels. It returns false if the record ends before them, as records did in
// earlier formats.
func (r *Reader) Labels() (l Labels, there bool) {
	if r.err != nil || len(r.b) == 0 {
		return l, false
	}
	if b := r.take(4); b != nil {
		l.Hash = binary.BigEndian.Uint32(b)
	}
	var tags []string
	for range r.count() {
		tags = append(tags, string(r.Bytes()))
	}
	l.Tags = string(AppendTags(nil, tags))
	return l, r.err == nil
}
