package words

import (
	"strings"

	"github.com/blevesearch/snowballstem"
)

// scratch is what one call works with. It remembers what chunks of earlier calls came to: most words of a text are
// common ones. It is bounded: when it is full, it is emptied before the next call.
type scratch struct {
	*Analyzer
	chunks map[string]*chunk
	terms  map[string]*term
	call   uint64 // number of the call; terms with this number are in doc
	doc    Document
	found  int // distinct terms in doc that are not tags' marked ones
	values values
	cutter builder
	tag    []byte
	env    *snowballstem.Env
	match  matcher
}

const (
	maxChunks     = 8192 // that are remembered
	maxChunkBytes = 48   // longest chunk that is remembered
	maxInterned   = 2 * maxChunks
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
	s := &scratch{Analyzer: a, env: snowballstem.NewEnv("")}
	s.forget()
	s.cutter.scratch = s
	return s
}

func (s *scratch) forget() {
	s.chunks = make(map[string]*chunk)
	s.terms = make(map[string]*term)
}

// begin begins a call.
func (s *scratch) begin(buf []Term) {
	if len(s.chunks) >= maxChunks || len(s.terms) >= maxInterned {
		s.forget()
	}
	s.call++
	s.found = 0
	s.doc = Document{Terms: buf[:0]}
}

// intern returns the term with a text.
func (s *scratch) intern(text string) *term {
	t := s.terms[text]
	if t == nil {
		t = &term{text: strings.Clone(text)}
		s.terms[t.text] = t
	}
	return t
}

func (s *scratch) internStop(plain string) *term {
	t := s.intern(stopMark + plain)
	t.stop = true
	return t
}

func (s *scratch) tagTerm(t *term) *term {
	if t.tag == nil {
		t.tag = s.intern(tagMark + t.text)
	}
	return t.tag
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
		for j := range c.pieces {
			t := c.pieces[j].term
			if t.call != s.call {
				if s.found == MaxTerms {
					s.doc.Truncated = true
					return
				}
				s.found++
			}
			s.count(t, false)
			if tag {
				s.count(s.tagTerm(t), true)
			}
		}
	}
}

func (s *scratch) count(t *term, tag bool) {
	if t.call == s.call {
		s.doc.Terms[t.slot].Count++
		return
	}
	t.call, t.slot = s.call, len(s.doc.Terms)
	s.doc.Terms = append(s.doc.Terms, Term{Text: t.text, Count: 1, Stop: t.stop, Tag: tag})
}

// chunk returns what a chunk comes to. It is valid until the next call of chunk.
func (s *scratch) chunk(raw []byte) *chunk {
	if c := s.chunks[string(raw)]; c != nil {
		return c
	}
	key := string(raw)
	c := s.cutter.build(key)
	if len(raw) <= maxChunkBytes && len(s.chunks) < maxChunks {
		kept := *c
		kept.pieces = append([]piece(nil), c.pieces...)
		s.chunks[key] = &kept
		return &kept
	}
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
	s.doc, s.cutter.raw, s.values.data, s.values.exclude = Document{}, "", nil, nil
	s.pool.Put(s)
}
