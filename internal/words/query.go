package words

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a query.
const (
	MaxQueryBytes = 4096 // of its text
	MaxClauses    = 32   // phrases, prefixes, clauses with a pointer or tag:, and clauses with a minus
	maxPhrase     = 64   // words of a phrase; a longer one is read as words
)

// ErrEmpty is the error for a query without any text.
var ErrEmpty = errors.New("the query is empty")

// A TooLongError is the error for a query over a limit.
type TooLongError struct {
	What string // "bytes" or "clauses"
	Most int    // how many there may be
}

func (e *TooLongError) Error() string {
	return fmt.Sprintf("the query has more than %d %s", e.Most, e.What)
}

// Query is a query that was read. A store finds its memories in three steps:
//
//  1. candidates: the memories that satisfy every choice of every clause in Must; if Must is empty, those that satisfy
//     one of Words; if Words is empty, too, all if there is anything in Not, and otherwise none;
//  2. of those, out go memories that satisfy every choice of a clause in Not whose Verify is false;
//  3. if Verify is true, [Query.Match] decides about each that is left.
//
// Words rank them, by [BM25]. If Words is empty, all score 0.
type Query struct {
	Words []Word   // distinct, in the order of the text
	Must  []Clause // all of them
	Not   []Clause // none of them
	// Verify reports that the index finds more than the query means: Match has to be asked.
	Verify bool

	analyzer *Analyzer
	plain    []string        // what was typed of words that the query wants, without signs
	terms    map[string]bool // every term that Match looks for
	prefixes []string
	ranking  map[string]bool // the terms in Words; true if they are marked wherever they stand
	begun    []Word          // the prefixes in Words
}

// Word is a term that ranks; or, if Term is "", all terms that begin with Prefix, and Cut (see [Choice]). The score of a
// memory is the sum of Weight · [BM25] over the words that it has. Of the terms of a prefix, the one that scores most
// counts.
type Word struct {
	Term   string
	Prefix string
	Cut    []string
	// Weight is how often the query has the word. A compound whose parts rank as well counts half each time: it is
	// what a memory gets beyond its parts for having them together.
	Weight float64

	plain bool // it is not only part of a clause
}

// String returns the word for people: its stem, or the prefix with an asterisk.
func (w Word) String() string {
	if w.Prefix != "" {
		return w.Prefix + "*"
	}
	return Name(w.Term)
}

// Name returns a term for people, without its mark.
func Name(term string) string { return strings.TrimLeft(term, tagMark+stopMark) }

// Choice is what a memory can have in an index: one of Terms; or, if Prefix is not "", a term that begins with Prefix
// or one of Cut. A memory that has only one of Cut may not have a word with that prefix: Match has to be asked.
type Choice struct {
	Terms  []string
	Prefix string
	Cut    []string
	Stop   bool // a stop word: many memories have it
}

// Clause is something that a memory must have, or must not have.
type Clause struct {
	All    []Choice
	Verify bool // a memory with all of All may still not satisfy the clause

	tag     bool
	within  bool // only in the value at pointer
	pointer string
	units   []unit
}

// unit is a word of a clause: one of some terms, or the beginning of a word.
type unit struct {
	terms  []string
	prefix string
}

// Parse reads a query as people type it:
//
//	word            the word ranks; one word of several is enough
//	"two words"     a phrase: these words, one after the other
//	pre*            a word that begins with pre, which has at least two characters
//	-word           without the word; also -"two words", -pre*, -/title:word, -tag:word. After two hyphens it is a word: --verbose
//	/title:word     the word is in the value at that JSON pointer, or in a value inside that; also /title:"two words",
//	                /title:pre*. The pointer ends at the first colon
//	tag:word        the word is in a tag; also tag:"two words", tag:pre*
//
// Everything that cannot be read that way is words. The only errors are [ErrEmpty] and a [*TooLongError].
func (a *Analyzer) Parse(text string) (*Query, error) {
	if strings.TrimSpace(text) == "" {
		return nil, ErrEmpty
	}
	if len(text) > MaxQueryBytes {
		return nil, &TooLongError{"bytes", MaxQueryBytes}
	}
	q := &Query{analyzer: a, terms: map[string]bool{}, ranking: map[string]bool{}}
	if a.settings.Off {
		return q, nil
	}
	s := a.pool.Get().(*scratch) //nolint:forcetypeassert // nothing else is put there
	defer s.end()
	s.begin()
	r := reader{scratch: s, query: q}
	for rest := text; ; {
		rest = strings.TrimLeftFunc(rest, unicode.IsSpace)
		if rest == "" {
			break
		}
		rest = r.clause(rest)
		if len(q.Must)+len(q.Not)+r.prefixes > MaxClauses {
			return nil, &TooLongError{"clauses", MaxClauses}
		}
	}
	r.finish()
	return q, nil
}

// reader reads one query.
type reader struct {
	*scratch
	query    *Query
	stops    []Word // what ranks if nothing else does
	prefixes int    // how many of the words that rank are prefixes
}

// clause reads what text begins with and returns the rest.
func (r *reader) clause(text string) (rest string) {
	c, at, not := Clause{}, text, false
	if len(at) > 1 && at[0] == '-' && at[1] != '-' {
		not, at = true, at[1:]
	}
	if after, ok := strings.CutPrefix(at, "tag:"); ok {
		c.tag, at = true, after
	} else if pointer, after, ok := strings.Cut(at, ":"); ok && strings.HasPrefix(at, "/") && validPointer(pointer) && strings.IndexFunc(pointer, unicode.IsSpace) < 0 {
		c.within, c.pointer, at = true, pointer, after
	}
	if quoted, after, ok := phrase(at); ok {
		if c.units = r.units(quoted); len(c.units) > 0 && len(c.units) <= maxPhrase {
			r.add(c, not)
			r.want(c, not, quoted)
			return after
		}
	}
	end := strings.IndexFunc(at, unicode.IsSpace)
	if end < 0 {
		end = len(at)
	}
	if not || c.tag || c.within {
		if c.units = r.prefix(at[:end]); c.units == nil {
			c.units = r.units(at[:end])
		}
		if len(c.units) > 0 && len(c.units) <= maxPhrase && at[0] != '"' {
			r.add(c, not)
			r.want(c, not, at[:end])
			return at[end:]
		}
	}
	end = len(text) - len(at) + end
	r.words(text[:end])
	return text[end:]
}

// phrase cuts off what stands in quotes at the beginning of a text.
func phrase(text string) (quoted, after string, ok bool) {
	if after, ok = strings.CutPrefix(text, `"`); !ok {
		return "", "", false
	}
	return strings.Cut(after, `"`)
}

// units returns the words of a text in their order.
func (r *reader) units(text string) (units []unit) {
	var pending []unit
	r.each(text, func(p *piece) {
		switch p.role {
		case primary:
			units = append(append(units, pending...), r.unit(p))
			pending = pending[:0]
		case last:
			pending = append(pending, unit{prefix: p.plain})
		case accented:
			if n := len(units); n > 0 && units[n-1].prefix == "" {
				units[n-1].terms = append(units[n-1].terms, p.term.text)
			}
		}
	})
	return units
}

// unit returns what a memory must have for a piece of the query to be there. A single character of a run is found as the
// beginning of a pair.
func (r *reader) unit(p *piece) unit {
	if c, size := utf8.DecodeRuneInString(p.plain); kindOf(c) == run && strings.IndexFunc(p.plain[size:], isRun) < 0 {
		return unit{prefix: p.plain}
	}
	return unit{terms: []string{p.term.text}}
}

func isRun(c rune) bool { return kindOf(c) == run }

// each calls f for each piece of a text.
func (r *reader) each(text string, f func(*piece)) {
	b := []byte(text)
	for i := 0; i < len(b); {
		from, to, next := nextChunk(b, i)
		if i = next; from < to {
			c := r.chunk(b[from:to])
			for j := range c.pieces {
				f(&c.pieces[j])
			}
		}
	}
}

// prefix returns the unit of a text such as pre*, or nil.
func (r *reader) prefix(text string) []unit {
	b, ok := strings.CutSuffix(text, "*")
	if from, to, _ := nextChunk([]byte(b), 0); !ok || from > 0 || to < len(b) || b == "" {
		return nil
	}
	cutter := &r.cutter
	cutter.raw, cutter.tokens = b, tokens(b, cutter.tokens)
	from := len(b)
	for i, t := range cutter.tokens {
		switch {
		case t.kind == word && i > 0 && cutter.tokens[i-1].kind == word,
			t.kind == gap && i > 0 && (i == len(cutter.tokens)-1 || !cutter.joins(t)),
			t.kind == run, t.kind == symbol:
			return nil
		case t.kind == word && from == len(b):
			from = t.from
			if sign := cutter.sign(i, t); sign.to == t.to {
				from = sign.from
			}
		}
	}
	p := unaccent(fold(b[from:]))
	if utf8.RuneCountInString(p) < 2 || len(p) > MaxTermBytes {
		return nil
	}
	return []unit{{prefix: p}}
}

// words adds words that rank.
func (r *reader) words(text string) {
	if units := r.prefix(text); units != nil {
		r.prefixes++
		r.rank(units[0], 1, true)
		return
	}
	r.query.plain = append(r.query.plain, text)
	r.each(text, func(p *piece) {
		switch p.role {
		case last, spelled:
		case primary:
			r.rank(r.unit(p), weightOf(p), true)
		default:
			r.rank(unit{terms: []string{p.term.text}}, weightOf(p), true)
		}
	})
}

// choice returns what an index is asked for a unit.
func (r *reader) choice(u unit, tag bool) Choice {
	mark := ""
	if tag {
		mark = tagMark
	}
	if u.prefix != "" {
		return Choice{Prefix: mark + u.prefix, Cut: marked(mark, r.cuts(u))}
	}
	return Choice{Terms: marked(mark, u.terms), Stop: strings.HasPrefix(u.terms[0], stopMark)}
}

// marked returns terms with a mark before each.
func marked(mark string, terms []string) []string {
	all := slices.Clone(terms)
	for i := range all {
		all[i] = mark + all[i]
	}
	return all
}

func (r *reader) cuts(u unit) []string {
	if u.prefix == "" || r.stemmer == nil || !letters(u.prefix) || strings.IndexFunc(u.prefix, isRun) >= 0 {
		return nil
	}
	return cuts(u.prefix)
}

// rank adds the terms or the prefix of a unit to those that rank, or adds to their weight.
func (r *reader) rank(u unit, weight float64, plain bool) {
	if u.prefix != "" {
		r.weigh(Word{Prefix: u.prefix, Cut: r.cuts(u), Weight: weight, plain: plain})
	}
	for _, term := range u.terms {
		r.weigh(Word{Term: term, Weight: weight, plain: plain})
	}
}

// wholeWeight is what a compound weighs whose parts rank as well.
const wholeWeight = 0.5

func weightOf(p *piece) float64 {
	if p.span > 1 {
		return wholeWeight
	}
	return 1
}

func (r *reader) weigh(w Word) {
	words := &r.query.Words
	if strings.HasPrefix(w.Term, stopMark) {
		words = &r.stops
	}
	for i := range *words {
		if same := &(*words)[i]; same.Term == w.Term && same.Prefix == w.Prefix {
			same.Weight += w.Weight
			same.plain = same.plain || w.plain
			return
		}
	}
	*words = append(*words, w)
}

// add adds a clause whose units are known.
func (r *reader) add(c Clause, not bool) {
	for _, u := range c.units {
		choice := r.choice(u, c.tag)
		c.All = append(c.All, choice)
		c.Verify = c.Verify || len(choice.Cut) > 0
		if !not && !c.tag {
			r.rank(u, 1, false)
		}
	}
	c.Verify = c.Verify || len(c.units) > 1 || c.within
	if not {
		r.query.Not = append(r.query.Not, c)
	} else {
		r.query.Must = append(r.query.Must, c)
	}
}

// want notes the text of a clause, unless it is excluded, is of tags, or is the beginning of a word.
func (r *reader) want(c Clause, not bool, text string) {
	if !not && !c.tag && c.units[len(c.units)-1].prefix == "" {
		r.query.plain = append(r.query.plain, text)
	}
}

// finish completes the query after its last clause.
func (r *reader) finish() {
	q := r.query
	if len(q.Words) == 0 {
		q.Words = r.stops
	}
	for _, w := range q.Words {
		q.Verify = q.Verify || len(w.Cut) > 0 && len(q.Must) == 0
		if w.Term != "" {
			q.ranking[w.Term] = w.plain
			q.look(unit{terms: []string{w.Term}})
		} else {
			q.begun = append(q.begun, w)
			q.look(unit{prefix: w.Prefix})
		}
	}
	for _, c := range slices.Concat(q.Must, q.Not) {
		q.Verify = q.Verify || c.Verify
		for _, u := range c.units {
			q.look(u)
		}
	}
}

// look has Match look for a unit.
func (q *Query) look(u unit) {
	for _, term := range u.terms {
		q.terms[term] = true
	}
	if u.prefix != "" && !slices.Contains(q.prefixes, u.prefix) {
		q.prefixes = append(q.prefixes, u.prefix)
	}
}
