package words

import (
	"hash/maphash"
	"slices"
	"strings"

	"github.com/blevesearch/snowballstem"
)

// scratch is what one call works with. It remembers what chunks of earlier calls came to: most words of a text are
// common ones. All that it remembers is bounded.
type scratch struct {
	*Analyzer
	chunks [maxChunks / places][places]*chunk // by the hash of their text, the one used last first
	seed   maphash.Seed
	terms  map[string]*term
	call   uint64 // number of the call; terms with this number are in doc
	doc    Document
	found  int // distinct terms in doc that are not tags' marked ones
	buf    []Term
	values values
	cutter builder
	tag    []byte
	env    *snowballstem.Env
	match  matcher
}

const (
	maxChunks     = 1 << 14 // chunks that are remembered
	places        = 4       // of them with the same hash
	maxChunkBytes = 48      // of the longest chunk that is remembered
	maxInterned   = 1 << 15 // terms that are remembered; then it forgets everything
)

// term is a term, and where it is in the current document.
type term struct {
	text string
	stop bool
	tag  *term // the marked term of a tag's word; nil until a tag has it
	call uint64
	slot int
}

func newScratch(a *Analyzer) *scratch {
	s := &scratch{Analyzer: a, seed: maphash.MakeSeed(), terms: map[string]*term{}, env: snowballstem.NewEnv("")}
	s.cutter.scratch = s
	return s
}

// begin begins a call.
func (s *scratch) begin() {
	if len(s.terms) >= maxInterned {
		clear(s.chunks[:])
		s.terms = map[string]*term{}
	}
	s.call++
	s.found = 0
	s.doc = Document{Terms: s.buf[:0]}
}

// intern returns the term with a text.
func (s *scratch) intern(text string) *term {
	t := s.terms[text]
	if t == nil {
		if len(s.cutter.raw) > maxChunkBytes {
			text = strings.Clone(text) // it may be a part of raw, which must not stay in memory
		}
		t = &term{text: text}
		s.terms[text] = t
	}
	return t
}

func (s *scratch) internStop(plain string) *term {
	t := s.intern(stopMark + plain)
	t.stop = true
	return t
}

// text adds the terms of a text to the document.
func (s *scratch) text(text []byte, tag bool) {
	for i := 0; i < len(text); {
		from, to, next := nextChunk(text, i)
		if i = next; from == to {
			continue
		}
		c := s.chunk(text[from:to])
		s.doc.Length += int(c.length)
		if c.only != nil && !tag {
			if !s.count(c.only) {
				return
			}
			continue
		}
		for j := range c.pieces {
			t := c.pieces[j].term
			if !s.count(t) {
				return
			}
			if tag {
				s.countTag(t)
			}
		}
	}
}

// count counts a term, or reports that there are too many.
func (s *scratch) count(t *term) bool {
	if t.call == s.call {
		s.doc.Terms[t.slot].Count++
		return true
	}
	if s.found == MaxTerms {
		s.doc.Truncated = true
		return false
	}
	s.found++
	t.call, t.slot = s.call, len(s.doc.Terms)
	s.doc.Terms = append(s.doc.Terms, Term{Text: t.text, Count: 1, Stop: t.stop})
	return true
}

// countTag counts the marked term of a tag's word.
func (s *scratch) countTag(t *term) {
	if t.tag == nil {
		t.tag = s.intern(tagMark + t.text)
	}
	if t = t.tag; t.call == s.call {
		s.doc.Terms[t.slot].Count++
		return
	}
	t.call, t.slot = s.call, len(s.doc.Terms)
	s.doc.Terms = append(s.doc.Terms, Term{Text: t.text, Count: 1, Tag: true})
}

// chunk returns what a chunk comes to. It is valid until the next call of chunk.
func (s *scratch) chunk(raw []byte) *chunk {
	if len(raw) > maxChunkBytes {
		return s.cutter.build(string(raw))
	}
	set := &s.chunks[maphash.Bytes(s.seed, raw)%uint64(len(s.chunks))]
	var c *chunk
	place := 0
	for ; place < len(set); place++ {
		if c = set[place]; c == nil || c.raw == string(raw) {
			break
		}
	}
	if place == 0 && c != nil {
		return c
	}
	if place == len(set) || c == nil {
		kept := *s.cutter.build(string(raw))
		kept.pieces = slices.Clone(kept.pieces)
		if len(kept.pieces) == 1 {
			kept.only = kept.pieces[0].term
		}
		c = &kept
	}
	copy(set[1:], set[:min(place, len(set)-1)])
	set[0] = c
	return c
}

// stem returns the stem of a folded word. A word with digits or signs is its own stem.
func (s *scratch) stem(w string) string {
	if s.stemmer == nil || !letters(w) {
		return w
	}
	s.env.SetCurrent(w)
	s.stemmer(s.env)
	if stem := s.env.Current(); stem != "" {
		return stem
	}
	return w
}

// isStop reports whether a folded word is a stop word, by itself or with what English writes after an apostrophe.
func (s *scratch) isStop(w string) bool {
	if s.settings.Language != "en" {
		return false
	}
	if stopWords[w] {
		return true
	}
	i := strings.IndexByte(w, '\'')
	if i < 0 || !clitic(w[i:]) {
		return false
	}
	base := w[:i]
	return stopWords[base] || w[i:] == "'t" && stopWords[strings.TrimSuffix(base, "n")]
}

// end puts the scratch back into the pool. If a huge memory has made it grow, its buffers are released.
func (s *scratch) end() {
	const most = 1 << 13
	if cap(s.cutter.out.pieces) > most || cap(s.match.places) > most || cap(s.values.decoded) > most<<4 {
		s.cutter, s.match, s.values = builder{scratch: s}, matcher{}, values{}
	}
	if s.buf = s.doc.Terms; cap(s.buf) > most {
		s.buf = nil
	}
	s.doc, s.cutter.raw, s.values.data, s.values.exclude = Document{}, "", nil, nil
	s.pool.Put(s)
}
