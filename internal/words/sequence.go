package words

import "strings"

// MaxSequence is the most words that [Analyzer.Sequence] returns: the first ones.
const MaxSequence = 2_000

// Token is a word of a text, at its place.
type Token struct {
	Term string // as in [Term]
	Text string // folded and without accents, but not stemmed
}

// Sequence returns the words of a memory in their order, without stop words: those of its tags, then those of its data. A word
// with parts, such as snake_case, is one; those of state-of-the-art are several. buf, if not nil, is overwritten and returned
// re-sliced.
func (a *Analyzer) Sequence(data []byte, tags []string, buf []Token) []Token {
	buf = buf[:0]
	if a.settings.Off {
		return buf
	}
	s := a.pool.Get().(*scratch) //nolint:forcetypeassert // nothing else is put there
	defer s.end()
	s.begin()
	s.texts(data, tags, func(text []byte) bool {
		buf = s.sequence(text, buf)
		return len(buf) < MaxSequence
	})
	return buf[:min(len(buf), MaxSequence)]
}

// Sequence is [Analyzer.Sequence] of the words that the query wants: without those that it excludes, those of tag: and prefixes.
func (q *Query) Sequence() []Token {
	if q.analyzer.settings.Off {
		return nil
	}
	s := q.analyzer.pool.Get().(*scratch) //nolint:forcetypeassert // nothing else is put there
	defer s.end()
	s.begin()
	return s.sequence([]byte(q.Plain()), nil)
}

// Plain returns the text of the words that [Query.Sequence] has.
func (q *Query) Plain() string { return strings.Join(q.plain, " ") }

// Texts calls f with the texts of a memory that are searched, each tag and each value, until f returns false. A text is valid until f returns.
func (a *Analyzer) Texts(data []byte, tags []string, f func(text []byte) bool) {
	if a.settings.Off {
		return
	}
	s := a.pool.Get().(*scratch) //nolint:forcetypeassert // nothing else is put there
	defer s.end()
	s.begin()
	s.texts(data, tags, f)
}

func (s *scratch) texts(data []byte, tags []string, f func(text []byte) bool) {
	for _, tag := range tags {
		s.tag = append(s.tag[:0], tag...)
		if !f(s.tag) {
			return
		}
	}
	s.values.reset(data, s.settings.Exclude, false)
	for text, ok := s.values.next(); ok; text, ok = s.values.next() {
		if !f(text) {
			return
		}
	}
}

// sequence appends the words of a text.
func (s *scratch) sequence(text []byte, to []Token) []Token {
	for i := 0; i < len(text) && len(to) < MaxSequence; {
		from, end, next := nextChunk(text, i)
		if i = next; from == end {
			continue
		}
		c := s.chunk(text[from:end])
		for j := range c.pieces {
			if p := &c.pieces[j]; p.role == primary && !p.term.stop {
				to = append(to, Token{Term: p.term.text, Text: p.plain})
			}
		}
	}
	return to
}
