package pgstore

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/words"
	"github.com/sigil-dna/sigil/store"
)

const (
	// wholeTag begins the term of a whole tag, for filters. No word begins with a control character.
	wholeTag = "\x03"
	// separator stands between the terms of a memory.
	separator = "\x06"
	// lexemes are the terms of a row of words in the form that the index has.
	lexemes = `array_to_tsvector(string_to_array(terms, E'\x06'))`

	// maxTerm is the length of the longest term in the database. Of a longer one there is the beginning, of at most
	// cutTerm bytes, and a hash. So all terms of a memory together stay below 1 MiB, the most that a tsvector holds.
	maxTerm = 48
	cutTerm = 32
	// maxPrefix is the length up to which a prefix is also one of each cut term.
	maxPrefix = cutTerm - utf8.UTFMax + 1
)

// searching is what a store searches, and by which settings.
type searching struct {
	analyzer *words.Analyzer        // nil if nothing is searched
	settings string                 // the version of the analyzer and its settings, in the form that the database keeps
	model    string                 // of the vectors that this process makes of texts; empty if it makes none
	endpoint atomic.Pointer[string] // the model of an endpoint; nil if none is in use
	bounds   searchBounds
	given    store.SearchSettings

	statistics statisticsOf
}

func newSearching(s *store.SearchSettings) (*searching, error) {
	a, err := s.Analyzer()
	if a == nil || err != nil {
		return &searching{given: *s}, err
	}
	language := s.Language
	if language == "" {
		language = "en"
	}
	exclude := slices.Clone(s.Exclude)
	slices.Sort(exclude)
	exclude = slices.Compact(exclude)
	settings, err := json.Marshal(map[string]any{"version": words.Version, "language": language, "exclude": exclude})
	return &searching{analyzer: a, settings: string(settings), model: s.Model(), bounds: defaultBounds, given: *s}, err
}

// document is what is searched of a memory, in the form that the database keeps.
type document struct {
	length int
	terms  []byte // with separators
	counts []byte
}

var termBuffers = sync.Pool{New: func() any { return new([]words.Term) }}

// document returns what is searched of a memory.
func (s *searching) document(m *sigil.Memory) document {
	buf := termBuffers.Get().(*[]words.Term) //nolint:forcetypeassert // nothing else is put there
	found := s.analyzer.Document(m.Data, m.Tags, *buf)
	d := document{length: found.Length}
	add := func(term string, count int) {
		if len(d.counts) > 0 {
			d.terms = append(d.terms, separator...)
		}
		d.terms = append(d.terms, stored(term)...)
		d.counts = append(d.counts, byte(min(count, 255)))
	}
	for _, t := range found.Terms {
		add(t.Text, t.Count)
	}
	*buf = found.Terms
	termBuffers.Put(buf)
	for i, tag := range m.Tags {
		if !slices.Contains(m.Tags[:i], tag) {
			add(wholeTag+tag, 1)
		}
	}
	return d
}

// stored returns a term in the form that the database keeps.
func stored(term string) string {
	fine := utf8.ValidString(term) && !strings.ContainsAny(term, "\x00"+separator)
	if fine && len(term) <= maxTerm {
		return term
	}
	beginning := ""
	if fine {
		beginning = cut(term, cutTerm)
	}
	hash := sha256.Sum256([]byte(term))
	return beginning + "\x05" + base64.RawURLEncoding.EncodeToString(hash[:9])
}

// cut returns the beginning of a text, of at most most bytes, which does not end within a character.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

// insertWords writes what is searched of memories, unless another process has changed the settings.
const insertWords = `insert into sigil.words (tenant, id, length, terms, counts)
select tenant, id, length, terms, counts
from unnest($1::text[], $2::uuid[], $3::integer[], $4::text[], $5::bytea[]) as n (tenant, id, length, terms, counts)
where (select settings from sigil.searched) = $6`

// deleteSearched deletes what is searched of memories: their words and vectors.
const deleteSearched = `with keys as materialized (select * from unnest($1::text[], $2::uuid[]) as k (tenant, id)),
w as (delete from sigil.words where (tenant, id) in (select * from keys) returning tenant),
v as (delete from sigil.vectors where (tenant, id) in (select * from keys) returning tenant),
o as (delete from sigil.own_vectors where (tenant, id) in (select * from keys))` + countDeleted

// countDeleted counts the words w and the vectors v that were deleted.
const countDeleted = `
insert into sigil.tenants as t (tenant, words, vectors)
select tenant, -sum(words), -sum(vectors) from (select tenant, 1 as words, 0 as vectors from w union all select tenant, 0, 1 from v) gone
group by tenant order by tenant
on conflict (tenant) do update set words = t.words + excluded.words, vectors = t.vectors + excluded.vectors`

// documents are the rows to insert into words, column by column.
type documents struct{ tenants, ids, lengths, terms, counts array }

func (d *documents) reset() {
	for _, a := range []*array{&d.tenants, &d.ids, &d.lengths, &d.terms, &d.counts} {
		a.reset()
	}
}

func (d *documents) add(m *sigil.Memory, doc *document) {
	d.tenants.text(m.Tenant)
	d.ids.bytes(m.ID[:])
	d.lengths.int32(doc.length)
	d.terms.bytes(doc.terms)
	d.counts.bytes(doc.counts)
}

// queue queues the statement that inserts the rows.
func (d *documents) queue(w *writes, s *searching) {
	if d.ids.n > 0 {
		w.add(insertWords, raw(d.tenants.of(oidText)), raw(d.ids.of(oidUUID)), raw(d.lengths.of(oidInt4)), raw(d.terms.of(oidText)), raw(d.counts.of(oidBytes)), raw(s.settings))
	}
}

// quoted returns a term as a lexeme of a tsquery.
func quoted(term string) string {
	return "'" + strings.NewReplacer("'", "''", `\`, `\\`).Replace(term) + "'"
}

// choice is a condition on the terms of a memory: one of some terms, or one that begins with prefix.
type choice struct {
	terms   []string
	prefix  string
	inexact bool // terms that begin with prefix may not begin with what the query has
}

func newChoice(terms []string, prefix string, cuts []string) choice {
	if strings.ContainsRune(prefix, 0) || !utf8.ValidString(prefix) {
		return choice{} // no term begins so
	}
	c := choice{prefix: cut(prefix, maxPrefix), inexact: len(prefix) > maxPrefix}
	for _, t := range slices.Concat(terms, cuts) {
		c.terms = append(c.terms, stored(t))
	}
	return c
}

// tsquery returns the condition.
func (c *choice) tsquery() string {
	var any []string
	if c.prefix != "" {
		any = append(any, quoted(c.prefix)+":*")
	}
	for _, t := range c.terms {
		any = append(any, quoted(t))
	}
	return "(" + strings.Join(any, "|") + ")"
}

// impossible reports that no memory has it.
func (c *choice) impossible() bool { return c.prefix == "" && len(c.terms) == 0 }
