package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/words"
)

// Searcher finds memories by what they say. What it searches, and how it reads a query, is that of the [SearchSettings] of a
// store.
type Searcher interface {
	// Search returns the memories that are live at q.Now, pass its filter and match its text, best first and newest
	// first among equals. After a change has returned, Search sees it, unless the result says that it is incomplete.
	//
	// It returns ErrInvalid ("invalid_query") for a text that is empty or too long, and ErrConflict ("search_off") if
	// the store does not search.
	Search(ctx context.Context, q SearchQuery) (Found, error)
}

// SearchSettings say what of a memory is searched. The zero value is everything, in English.
type SearchSettings struct {
	// Off means that nothing is searched and no index is kept.
	Off bool
	// Language is the language whose words are stemmed: a name that package words knows, or "none". Empty means "en".
	Language string
	// Exclude are JSON pointers (RFC 6901) to values in the data that are not searched. The empty pointer excludes all
	// data; then only tags are searched.
	Exclude []string
}

// Analyzer returns the analyzer of the settings, nil if they are off, or ErrInvalid if a setting is not valid.
func (s *SearchSettings) Analyzer() (*words.Analyzer, error) {
	if s.Off {
		return nil, nil //nolint:nilnil // nil means that nothing is searched
	}
	a, err := words.New(words.Settings{Language: s.Language, Exclude: s.Exclude})
	if err != nil {
		return nil, sigil.NewInvalid("invalid_search", "search", err.Error())
	}
	return a, nil
}

// SearchLanguages returns the values that [SearchSettings].Language may have besides the empty string, sorted.
func SearchLanguages() []string { return words.Languages() }

// SearchQuery selects and ranks memories.
type SearchQuery struct {
	Tenant string
	Now    time.Time
	Limit  int
	// Text is what a person types: words, "a phrase", -without, pre*, /pointer:word, tag:word. Only memories that match
	// it are found.
	Text   string
	Filter Filter
	// Highlight asks where the words stand, Explain for the arithmetic of the scores.
	Highlight, Explain bool
}

// Filter selects memories. Its zero value selects all; a field applies if it is set. It keeps no tenant and no time:
// whether a memory is live is checked apart from it.
type Filter struct {
	Crystallized *bool
	Pinned       *bool
	Pattern      *int
	// CreatedAfter, CreatedBefore and FadingBefore are exclusive. A memory without a deadline does not pass FadingBefore.
	CreatedAfter, CreatedBefore, FadingBefore time.Time
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
		(f.FadingBefore.IsZero() || !m.FadesAt.IsZero() && m.FadesAt.Before(f.FadingBefore))
}

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
	Hits []Hit // at most the query's limit
	// Incomplete means that the index is still being built after an open: memories may be missing.
	Incomplete bool
}

// Hit is a memory that was found.
type Hit struct {
	Memory sigil.Memory
	// Words is the BM25 score of the query's words; 0 if the query ranks nothing, such as one of exclusions only.
	Words float64
	// Matched is where the query's words stand, if that was asked for.
	Matched []Match
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

// NewInvalidQuery returns the ErrInvalid for a query that cannot be read.
func NewInvalidQuery(err error) *sigil.Error {
	return sigil.NewInvalid("invalid_query", "query", fmt.Sprint(err))
}
