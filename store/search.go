package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/meaning"
	"github.com/sigil-dna/sigil/internal/words"
)

// Searcher finds memories by what they say. What it searches, and how it reads a query, is that of the [SearchSettings] of a
// store.
//
// It finds, the caller ranks: a search returns the best by words and the best by vectors, and what else a rank needs can be
// asked for.
type Searcher interface {
	// Search returns memories that are live at q.Now and pass its filter:
	//
	//   - if q has a text, the q.Limit best that match it: by [Hit].Words, best first, and newest first among equals;
	//   - if it has a vector, and if its text requires nothing (a phrase, /pointer: or tag: does, a plain word or pre* does
	//     not), also the q.Limit nearest, whose cosine is over q.Nearest. They need not have a word of the text, but
	//     nothing that the text excludes. Those that are not among the first follow them, nearest first, and newest first
	//     among equals.
	//
	// After a change has returned, Search sees it, unless the result says that it is incomplete, or that vectors are
	// being built.
	//
	// It returns ErrInvalid ("invalid_query") for a text that is too long, or empty if there is no vector, and ErrConflict
	// ("search_off") if the store does not search. If it compares no vectors of q.Model, it ignores the vector and says so.
	Search(ctx context.Context, q SearchQuery) (Found, error)

	// Contents returns those of some memories of a tenant that are live at now, in the order of ids, which may be as many as
	// a search returns. For the zero time it returns all that are stored, live or not.
	Contents(ctx context.Context, tenant string, ids []sigil.ID, now time.Time) ([]sigil.Memory, error)

	// Frequencies returns how common terms of the store's analyzer are. A store that does not know may estimate, but a term
	// that a memory has is never at 0 long after the memory came. It returns ErrConflict ("search_off") if the store does not search.
	Frequencies(ctx context.Context, tenant string, terms []string) (Frequencies, error)

	// Vectors returns the vectors of a model that memories of a tenant have, by index of ids. It is nil for one that has none, or
	// that is not in the store.
	Vectors(ctx context.Context, tenant, model string, ids []sigil.ID) ([]Vector, error)

	// Searching returns the settings with which the store was opened.
	Searching() SearchSettings
}

// SearchSettings say what of a memory is searched. The zero value is everything, in English, by words and by meaning.
type SearchSettings struct {
	// Off means that nothing is searched, by words or by vectors, and no index is kept.
	Off bool
	// Language is the language whose words are stemmed: a name that package words knows, or "none". Empty means "en".
	Language string
	// Exclude are JSON pointers (RFC 6901) to values in the data that are not searched. The empty pointer excludes all
	// data; then only tags are searched.
	Exclude []string
	// Meaning chooses where the vectors of texts come from.
	Meaning Meaning
}

// Analyzer returns the analyzer of the settings, nil if they are off, or ErrInvalid if a setting is not valid.
func (s *SearchSettings) Analyzer() (*words.Analyzer, error) {
	if s.Off {
		return nil, nil //nolint:nilnil // nil means that nothing is searched
	}
	if err := s.Meaning.Check(); err != nil {
		return nil, err
	}
	a, err := words.New(words.Settings{Language: s.Language, Exclude: s.Exclude})
	if err != nil {
		return nil, sigil.NewInvalid("invalid_search", "search", err.Error())
	}
	return a, nil
}

// Model returns the model of the vectors that the store makes of texts, or "" if it makes none.
func (s *SearchSettings) Model() string {
	if s.Off || s.Meaning != MeaningBuiltIn {
		return ""
	}
	return meaning.Model
}

// Compares reports whether vectors of a model are compared, apart from those of [Embeddings].
func (s *SearchSettings) Compares(model string) bool {
	return !s.Off && s.Meaning != MeaningOff && (model == OwnModel || model != "" && model == s.Model())
}

// SearchLanguages returns the values that [SearchSettings].Language may have besides the empty string, sorted.
func SearchLanguages() []string { return words.Languages() }

// SearchQuery selects memories.
type SearchQuery struct {
	Tenant string
	Now    time.Time
	Limit  int // of the memories found by words, and of those found by the vector
	// Text is what a person types: words, "a phrase", -without, pre*, /pointer:word, tag:word. It may be empty if there is
	// a vector.
	Text string
	// Vector, if not empty, is compared with the vectors of Model that have as many dimensions. A memory is found by it if the cosine
	// of the angle between them is over Nearest.
	Vector  Vector
	Model   string
	Nearest float64
	Filter  Filter
	// Explain asks for the arithmetic of the scores by words.
	Explain bool
}

// Filter selects memories. Its zero value selects all; a field applies if it is set. It keeps no tenant and no time:
// whether a memory is live is checked apart from it.
type Filter struct {
	Crystallized *bool
	Pinned       *bool
	Pattern      *int
	// These times are exclusive. A memory without a deadline passes neither FadingAfter nor FadingBefore.
	CreatedAfter, CreatedBefore, FadingAfter, FadingBefore time.Time
	// Tags must all be among the memory's tags, one of AnyTags must be, and none of NotTags.
	Tags, AnyTags, NotTags []string
}

// Matches reports whether the figures of a memory pass the filter. It does not look at tags.
func (f *Filter) Matches(m *sigil.Meta) bool {
	return (f.Crystallized == nil || m.Crystallized == *f.Crystallized) &&
		(f.Pinned == nil || m.Pinned == *f.Pinned) &&
		(f.Pattern == nil || m.Frequency.Pattern() == *f.Pattern) &&
		(f.CreatedAfter.IsZero() || m.CreatedAt.After(f.CreatedAfter)) &&
		(f.CreatedBefore.IsZero() || m.CreatedAt.Before(f.CreatedBefore)) &&
		fadesWithin(m, f.FadingAfter, f.FadingBefore)
}

// fadesWithin reports whether a memory fades after one time and before another, exclusively; each applies if it is set.
func fadesWithin(m *sigil.Meta, after, before time.Time) bool {
	return (after.IsZero() || m.FadesAt.After(after)) && (before.IsZero() || !m.FadesAt.IsZero() && m.FadesAt.Before(before))
}

// HasTags reports whether the filter has tags.
func (f *Filter) HasTags() bool { return len(f.Tags)+len(f.AnyTags)+len(f.NotTags) > 0 }

// MatchesTags reports whether the tags of a memory pass the filter.
func (f *Filter) MatchesTags(tags []string) bool {
	has := func(tag string) bool { return slices.Contains(tags, tag) }
	for _, tag := range f.Tags {
		if !has(tag) {
			return false
		}
	}
	return (len(f.AnyTags) == 0 || slices.ContainsFunc(f.AnyTags, has)) && !slices.ContainsFunc(f.NotTags, has)
}

// Found is what [Searcher.Search] found.
type Found struct {
	Hits []Hit // those found by words, then the others
	// Incomplete means that the index of words is still being built after an open: memories may be missing.
	Incomplete bool
	// Vectors reports whether vectors of the query's model are compared. If the query has no model, it is about those that
	// are made of texts.
	Vectors VectorState
	// Memories and Average are what [Frequencies] has.
	Memories int
	Average  float64
}

// Hit is a memory that was found.
type Hit struct {
	// Memory has the figures. It has no content unless the store has read that anyway: then Data is not nil.
	// [Searcher].Contents returns it.
	Memory sigil.Memory
	// Words is the BM25 score of the query's words, no matter by what the memory was found; 0 if it has none of them, or if
	// the query ranks nothing, such as one of exclusions only.
	Words float64
	// Vector is the memory's vector of the query's model, if it has one with as many dimensions as the query's.
	Vector Vector
	// Terms is the arithmetic of Words, if that was asked for.
	Terms *Arithmetic
}

// Match is where words of a query stand in one value or tag of a memory.
type Match = words.Match

// Arithmetic is how a score by words comes about: the sum over Parts.
type Arithmetic struct {
	Memories int     // how many memories the frequencies count
	Average  float64 // words per memory
	Length   int     // words of this memory
	Parts    []TermScore
}

// TermScore is what one term adds: Weight × IDF × (k1 + 1) × Count / (Count + k1 × (1 − b + b × Length / Average)).
type TermScore struct {
	Term   string
	Count  int // how often the memory has it
	DF     int // how many memories have it
	IDF    float64
	Weight float64
	Score  float64
}

// NewSearchOff returns the ErrConflict for a search in a store that does not search.
func NewSearchOff() *sigil.Error {
	return &sigil.Error{Kind: sigil.ErrConflict, Code: "search_off", Detail: "search is switched off here"}
}

// NewSearchBuilding returns the ErrUnavailable for a list by text while the index of words is being built.
func NewSearchBuilding() *sigil.Error {
	return &sigil.Error{Kind: sigil.ErrUnavailable, Code: "search_building", Detail: "the words of all memories are still being read after a start: a list by text would miss some"}
}

// NewInvalidQuery returns the ErrInvalid for a query that cannot be read.
func NewInvalidQuery(err error) *sigil.Error {
	return sigil.NewInvalid("invalid_query", "query", fmt.Sprint(err))
}
