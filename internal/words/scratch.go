package words

import (
	"strings"

	"github.com/blevesearch/snowballstem"
)

// scratch is what one call works with. It is used again by others.
type scratch struct {
	*Analyzer
	call   uint64 // number of the call
	doc    Document
	noting bool   // whether doc gets notes
	found  int    // distinct terms in doc that are not tags' marked ones
	slots  []slot // which terms doc has: an open hash table, at most half full, whose size is a power of two
	looks  []look
	buf    []Term
	values values
	cutter builder
	tag    []byte
	env    *snowballstem.Env
	match  matcher
}

// slot is the place of a term in the document of a call. It is free for every other call.
type slot struct {
	call uint64
	hash uint32 // of the term
	at   uint32 // its index in the document
}

// minSlots is the size of the table before it grows: enough for a memory of 100 words.
const minSlots = 1 << 8

func newScratch(a *Analyzer) *scratch {
	s := &scratch{Analyzer: a, slots: make([]slot, minSlots), env: snowballstem.NewEnv("")}
	s.cutter.scratch = s
	return s
}

// begin begins a call.
func (s *scratch) begin() {
	s.call++
	s.noting = false
	s.found = 0
	s.doc = Document{}
}

// text adds the terms of a text to the document.
func (s *scratch) text(text []byte, tag bool) {
	for i := 0; i < len(text); {
		i = s.lookUp(text, i)
		for j := range s.looks {
			if !s.countChunk(s.looked(&s.looks[j], text), tag) {
				return
			}
		}
	}
}

// look is a chunk of a text that is looked up.
type look struct {
	from, to int
	hash     uint32      // of the chunk, unless it is too long for the cache
	first    uint32      // the first hash in its bucket, which is read so that the processor fetches the bucket
	found    *remembered // what is likely to be the chunk in the cache, or nil
}

// maxLooks is how many chunks are looked up together.
const maxLooks = 32

// lookUp looks the next chunks of a text up, from i on, and returns where they end. It does so in passes: what is
// remembered is scattered in memory, and the processor fetches several at once if little is done with each.
func (s *scratch) lookUp(text []byte, i int) int {
	s.looks = s.looks[:0]
	for i < len(text) && len(s.looks) < maxLooks {
		from, to, next := nextChunk(text, i)
		if i = next; from == to {
			continue
		}
		l := look{from: from, to: to}
		if to-from <= maxChunkBytes {
			l.hash = s.cache.hash(text[from:to])
			l.first = s.cache.bucket(l.hash).hashes[0].Load()
		}
		s.looks = append(s.looks, l)
	}
	for j := range s.looks {
		if l := &s.looks[j]; l.to-l.from <= maxChunkBytes {
			l.found = s.cache.bucket(l.hash).guess(l.hash)
		}
	}
	for j := range s.looks {
		l := &s.looks[j]
		if r := l.found; r != nil && (len(r.raw) != l.to-l.from || r.raw[0] != text[l.from]) {
			l.found = nil
		}
	}
	return i
}

// looked returns what a chunk comes to that was looked up.
func (s *scratch) looked(l *look, text []byte) *chunk {
	raw := text[l.from:l.to]
	if r := l.found; r != nil && r.raw == string(raw) {
		return r.use()
	}
	return s.chunk(raw)
}

// countChunk counts the terms of a chunk, or reports that there are too many.
func (s *scratch) countChunk(c *chunk, tag bool) bool {
	s.doc.Length += int(c.length)
	if s.noting {
		s.doc.Notes = append(s.doc.Notes, c.notes...)
	}
	if c.only.text != "" && !tag {
		return s.count(&c.only)
	}
	for j := range c.pieces {
		t := c.pieces[j].term
		if !s.count(t) {
			return false
		}
		if tag {
			s.countTag(t)
		}
	}
	return true
}

// count counts a term, or reports that there are too many.
func (s *scratch) count(t *term) bool {
	at := s.slot(t)
	if at.call == s.call {
		s.doc.Terms[at.at].Count++
		return true
	}
	if s.found == MaxTerms {
		s.doc.Truncated = true
		return false
	}
	s.found++
	s.add(at, t, Term{Text: t.text, Count: 1, Stop: t.stop})
	return true
}

// countTag counts the marked term of a tag's word.
func (s *scratch) countTag(t *term) {
	marked := t.tag.Load()
	if marked == nil {
		marked = s.cache.newTerm(tagMark + t.text)
		t.tag.Store(marked)
	}
	at := s.slot(marked)
	if at.call == s.call {
		s.doc.Terms[at.at].Count++
		return
	}
	s.add(at, marked, Term{Text: marked.text, Count: 1, Tag: true})
}

// slot returns the slot that has a term of the document, or a free one for it.
func (s *scratch) slot(t *term) *slot {
	for i := t.hash; ; i++ {
		at := &s.slots[i&uint32(len(s.slots)-1)]
		if at.call != s.call || at.hash == t.hash && s.doc.Terms[at.at].Text == t.text {
			return at
		}
	}
}

// add adds a term to the document, whose slot is free.
func (s *scratch) add(at *slot, t *term, counted Term) {
	*at = slot{s.call, t.hash, uint32(len(s.doc.Terms))}
	s.doc.Terms = append(s.doc.Terms, counted)
	if 2*len(s.doc.Terms) <= len(s.slots) {
		return
	}
	old := s.slots
	s.slots = make([]slot, 2*len(old))
	for _, kept := range old {
		if kept.call == s.call {
			i := kept.hash
			for s.slots[i&uint32(len(s.slots)-1)].call == s.call {
				i++
			}
			s.slots[i&uint32(len(s.slots)-1)] = kept
		}
	}
}

// chunk returns what a chunk comes to. It is valid until the next call of chunk.
func (s *scratch) chunk(raw []byte) *chunk {
	if len(raw) > maxChunkBytes {
		return s.cutter.build(string(raw))
	}
	hash := s.cache.hash(raw)
	if c := s.cache.bucket(hash).find(hash, raw); c != nil {
		return c
	}
	c := s.cutter.build(string(raw))
	s.cache.add(hash, c)
	return c
}

// stem returns the stem of a folded word. A word with digits or signs is its own stem.
func (s *scratch) stem(w string) string {
	if s.stemmer == nil || !letters(w) {
		return w
	}
	s.env.SetCurrent(w)
	s.stemmer(s.env)
	switch stem := s.env.Current(); {
	case stem == "":
		return w
	case strings.HasPrefix(w, stem):
		return w[:len(stem)] // in the memory of the word, which the caller keeps
	default:
		return stem
	}
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
		s.cutter.out.pieces, s.cutter.tokens, s.cutter.spans = nil, nil, nil
		s.match, s.values = matcher{}, values{}
	}
	if len(s.slots) > most {
		s.slots = make([]slot, minSlots)
	}
	if cap(s.buf) > most {
		s.buf = nil
	}
	s.doc, s.cutter.raw, s.values.data, s.values.exclude = Document{}, "", nil, nil
	s.pool.Put(s)
}
