package words

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/blevesearch/snowballstem"
)

// Version names the rules by which terms are made. An index keeps the version that made it, and is rebuilt if it is
// another one: terms of different versions do not meet.
const Version = 1

// Bounds of what is searched.
const (
	// MaxTerms is how many distinct terms of one memory are searched, not counting the marked terms of its tags. Tags
	// come first, then the data in its order. What follows is not searched, which [Document].Truncated reports.
	MaxTerms = 10_000
	// MaxTermBytes is the length of the longest term. Of a longer word, its beginning is the term, in memories and in
	// queries. A longer compound is found by its parts only.
	MaxTermBytes = 128
)

// Marks begin the terms that are kept apart from others. No text can have them: control characters are not parts of
// words.
const (
	tagMark  = "\x01" // a word of a tag
	stopMark = "\x02" // a stop word
)

// Settings are how a tenant's memories are searched. The zero value searches everything, in English.
type Settings struct {
	// Language is one of [Languages]: of which words are stemmed. "" is "en". "none" leaves words as they are.
	Language string
	// Exclude are JSON pointers (RFC 6901): the values that they name, and what is in those, are not searched. ""
	// names all of the data, but not the tags.
	Exclude []string
	// Off has nothing searched, tags included.
	Off bool
}

// A SettingsError says which of the [Settings] is wrong.
type SettingsError struct {
	Field  string // "language" or "exclude"
	Detail string // for people
}

func (e *SettingsError) Error() string { return e.Field + " " + e.Detail }

// Analyzer makes terms of memories, and reads queries for them. It is safe for concurrent use.
type Analyzer struct {
	settings Settings
	stemmer  func(*snowballstem.Env) bool
	cache    *cache
	note     func(to []uint32, text string) []uint32 // nil if there are no notes
	pool     sync.Pool                               // of *scratch
}

// New returns an analyzer, or a [*SettingsError].
func New(s Settings) (*Analyzer, error) {
	if s.Language == "" {
		s.Language = "en"
	}
	stemmer, ok := stemmers[s.Language]
	if !ok {
		return nil, &SettingsError{"language", "must be one of " + strings.Join(Languages(), ", ")}
	}
	for _, p := range s.Exclude {
		if !validPointer(p) {
			return nil, &SettingsError{"exclude", fmt.Sprintf("has %q, which is not a JSON pointer: it begins with / or is empty, and ~ is written ~0", p)}
		}
	}
	a := &Analyzer{settings: s, stemmer: stemmer, cache: newCache()}
	a.pool.New = func() any { return newScratch(a) }
	return a, nil
}

// Annotate has [Analyzer.Analyze] return notes: what note appends for each stretch of a text between spaces, such as rows of
// its words in a table. What a stretch comes to is remembered, so its notes must always be the same. Annotate is called before the analyzer is used.
func (a *Analyzer) Annotate(note func(to []uint32, text string) []uint32) { a.note = note }

func validPointer(p string) bool {
	if p != "" && p[0] != '/' {
		return false
	}
	for i := range len(p) {
		if p[i] == '~' && (i+1 == len(p) || p[i+1] != '0' && p[i+1] != '1') {
			return false
		}
	}
	return true
}

// Term is a term of a memory.
type Term struct {
	Text  string // its bytes mean nothing outside of this package; never empty
	Count int    // how often the memory has it
	Stop  bool   // a stop word: it is found, but does not count for rank
	Tag   bool   // a word of a tag, for the clause tag:. It does not count for rank; the same word without the mark does
}

// Document is what a memory comes to.
type Document struct {
	// Terms are distinct and in the order in which they first occur.
	Terms []Term
	// Length is how many words count for rank. A word with parts, such as snake_case, counts once, state-of-the-art
	// counts twice, and a stop word does not count.
	Length int
	// Notes are those of [Analyzer.Annotate] of all stretches, in the order of the texts.
	Notes []uint32
	// Truncated reports that the memory has more terms than are searched. What follows has no notes.
	Truncated bool
}

// Document returns the terms of a memory, without notes. data must be valid JSON. buf, if not nil, is overwritten and returned
// re-sliced as Terms, so that a caller in a loop can reuse it.
func (a *Analyzer) Document(data []byte, tags []string, buf []Term) Document {
	if a.settings.Off {
		return Document{Terms: buf[:0]}
	}
	s := a.pool.Get().(*scratch) //nolint:forcetypeassert // nothing else is put there
	defer s.end()
	s.begin()
	s.doc.Terms = buf[:0]
	if buf == nil {
		s.doc.Terms = s.buf[:0]
	}
	s.document(data, tags)
	doc := s.doc
	if buf == nil {
		s.buf, doc.Terms = doc.Terms, slices.Clone(doc.Terms)
	}
	return doc
}

// Analyze is Document with notes. It overwrites d, whose memory it uses again.
func (a *Analyzer) Analyze(d *Document, data []byte, tags []string) {
	s := a.pool.Get().(*scratch) //nolint:forcetypeassert // nothing else is put there
	defer s.end()
	s.begin()
	s.doc.Terms, s.doc.Notes = d.Terms[:0], d.Notes[:0]
	s.noting = a.note != nil
	if !a.settings.Off {
		s.document(data, tags)
	}
	*d = s.doc
}

// document adds what is searched of a memory to the document.
func (s *scratch) document(data []byte, tags []string) {
	for _, tag := range tags {
		s.tag = append(s.tag[:0], tag...)
		s.text(s.tag, true)
	}
	s.values.reset(data, s.settings.Exclude, false)
	for !s.doc.Truncated {
		text, ok := s.values.next()
		if !ok {
			break
		}
		s.text(text, false)
	}
}
