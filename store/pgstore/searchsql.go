package pgstore

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// searchMode has each statement planned for its values: how common a word is decides the plan. Statements have many forms, so
// none is prepared.
const searchMode = pgx.QueryExecModeCacheDescribe

// start reads how many memories the tenant has, and whether words or vectors of some are missing or made by others' settings.
func (r *search) start(ctx context.Context, found *store.Found) error {
	var memories, kept, vectors int64
	var settings, model string
	err := r.s.pool.QueryRow(ctx, `select coalesce(t.memories, 0), coalesce(t.words, 0), coalesce(t.vectors, 0), s.settings, s.model
from sigil.searched s left join sigil.tenants t on t.tenant = $1`, r.q.Tenant).Scan(&memories, &kept, &vectors, &settings, &model)
	r.memories = int(kept)
	found.Incomplete = memories != kept || settings != r.s.searching.settings
	of := r.s.searching
	switch asked := cmp.Or(r.q.Model, of.textModel()); {
	case of.given.Meaning == store.MeaningOff:
	case asked == store.OwnModel:
		found.Vectors = store.VectorsReady
	case asked != of.textModel():
	case asked == "" || memories != vectors || settings+model != of.settings+asked:
		found.Vectors = store.VectorsBuilding
	default:
		found.Vectors = store.VectorsReady
	}
	return err
}

// condition returns what the index is asked for: all that is required, one of words if a memory needs one, and nothing
// that is forbidden.
func (r *search) condition(words []searchedWord) string {
	var all []string
	for i := range r.required {
		all = append(all, r.required[i].tsquery())
	}
	if r.needsWord() {
		var any []string
		for i := range words {
			any = append(any, words[i].tsquery())
		}
		all = append(all, "("+strings.Join(any, "|")+")")
	}
	for i := range r.not {
		all = append(all, "!"+r.not[i].tsquery())
	}
	return strings.Join(all, "&")
}

// countStored counts how many memories have each word that is neither common nor a prefix.
func (r *search) countStored(ctx context.Context) error {
	args := []any{searchMode, r.q.Tenant}
	counts := []string{"0::bigint"}
	var of []*searchedWord
	for i := range r.words {
		if w := &r.words[i]; !w.common && w.prefix == "" {
			args = append(args, w.tsquery())
			counts = append(counts, fmt.Sprintf("(select count(*) from sigil.words where tenant = $1 and %s @@ $%d::text::tsquery)", lexemes, len(args)-1))
			of = append(of, w)
		}
	}
	if len(of) == 0 {
		return nil
	}
	var found []int64
	if err := r.s.pool.QueryRow(ctx, "select array["+strings.Join(counts, ", ")+"]", args...).Scan(&found); err != nil {
		return err
	}
	for i, w := range of {
		w.df = int(found[i+1])
	}
	return nil
}

// source is where candidates come from: the index, if indexed is a condition, some memories, or the newest of the tenant.
type source struct {
	indexed string
	ids     [][16]byte
	before  sigil.ID // if not zero, only older ones
	limit   int      // the number of the newest
}

// candidates returns the candidates of a source, those of the newest by descending id.
func (r *search) candidates(ctx context.Context, from source) ([]candidate, error) {
	args := []any{searchMode, r.q.Tenant}
	add := func(value any) int {
		args = append(args, value)
		return len(args) - 1
	}
	sql := "select id, length, terms, counts, " + r.filter(add) + " from sigil.words w where tenant = $1"
	switch {
	case from.indexed != "":
		sql += fmt.Sprintf(" and %s @@ $%d::text::tsquery", lexemes, add(from.indexed))
	case from.ids != nil:
		sql += fmt.Sprintf(" and id = any ($%d::uuid[])", add(from.ids))
	default:
		if from.before != (sigil.ID{}) {
			sql += fmt.Sprintf(" and id < $%d", add([16]byte(from.before)))
		}
		sql += fmt.Sprintf(" order by id desc limit %d", from.limit)
	}
	rows, err := r.s.pool.Query(ctx, sql, args...)
	return collect(rows, err, r.scanCandidate)
}

// filter returns the condition that a memory passes the filter, tags aside.
func (r *search) filter(add func(any) int) string {
	f := &r.q.Filter
	sql := ""
	and := func(condition string, value any) { sql += fmt.Sprintf(" and %s $%d", condition, add(value)) }
	if f.Crystallized != nil {
		and("crystallized =", *f.Crystallized)
	}
	if f.Pinned != nil {
		and("pinned =", *f.Pinned)
	}
	if f.Pattern != nil {
		first, last := frequencies(*f.Pattern)
		and("frequency >=", first)
		and("frequency <=", last)
	}
	// The database has microseconds, but stored times are whole milliseconds.
	if !f.CreatedAfter.IsZero() {
		and("created_at >", f.CreatedAfter)
	}
	if !f.CreatedBefore.IsZero() {
		and("created_at <", f.CreatedBefore.Add(time.Millisecond-1).Truncate(time.Millisecond))
	}
	if !f.FadingAfter.IsZero() {
		and("fades_at < 'infinity' and fades_at >", f.FadingAfter)
	}
	if !f.FadingBefore.IsZero() {
		and("fades_at <", f.FadingBefore.Add(time.Millisecond-1).Truncate(time.Millisecond))
	}
	if sql == "" {
		return "true"
	}
	return "exists (select from sigil.memories m where m.tenant = w.tenant and m.id = w.id" + sql + ")"
}

// candidate is a memory that may be found.
type candidate struct {
	id      sigil.ID
	length  int
	matches []match // in the order of the query's words
	pass    bool
	score   float64
}

// match is a term of a memory that a word of the query stands for.
type match struct {
	word  int
	term  string
	count int
	begun bool // the word is a prefix, and no earlier prefix has a match with the term
}

// wanted is what is looked for among the terms of a memory. Its choices are those of the words, the required, and the forbidden ones.
type wanted struct {
	terms    map[string][]int // the choices that have a term
	prefixes []int            // the choices that have a prefix
	choices  []choice
	words    int
	required int
	has      []bool // which choices the memory has
}

func newWanted(r *search) *wanted {
	w := &wanted{terms: map[string][]int{}, words: len(r.words), required: len(r.required)}
	for i := range r.words {
		w.choices = append(w.choices, r.words[i].choice)
	}
	w.choices = append(append(w.choices, r.required...), r.not...)
	for i := range w.choices {
		for _, term := range w.choices[i].terms {
			w.terms[term] = append(w.terms[term], i)
		}
		if w.choices[i].prefix != "" {
			w.prefixes = append(w.prefixes, i)
		}
	}
	w.has = make([]bool, len(w.choices))
	return w
}

// scanCandidate reads a candidate. Only what matches is copied: most terms of most memories are of no interest.
func (r *search) scanCandidate(rows pgx.Rows) (c candidate, err error) {
	v := rows.RawValues()
	if len(v) != 5 || len(v[0]) != len(c.id) || len(v[1]) != 4 || len(v[4]) != 1 {
		return c, damaged("words")
	}
	copy(c.id[:], v[0])
	c.length = int(binary.BigEndian.Uint32(v[1]))
	w := r.wanted
	clear(w.has)
	for rest, at := v[2], 0; at < len(v[3]); at++ {
		term := rest
		if end := bytes.IndexByte(rest, separator[0]); end >= 0 {
			term, rest = rest[:end], rest[end+1:]
		}
		count := int(v[3][at])
		for _, i := range w.terms[string(term)] {
			w.found(&c, i, term, count)
		}
		for _, i := range w.prefixes {
			if p := w.choices[i].prefix; len(term) >= len(p) && string(term[:len(p)]) == p {
				w.found(&c, i, term, count)
			}
		}
	}
	slices.SortFunc(c.matches, func(a, b match) int { return a.word - b.word })
	for i := range c.matches {
		m := &c.matches[i]
		m.begun = w.choices[m.word].prefix != "" && !slices.ContainsFunc(c.matches[:i], func(e match) bool { return e.begun && e.term == m.term })
	}
	has := w.has[w.words:]
	c.pass = v[4][0] != 0 && !slices.Contains(has[:w.required], false) && !slices.Contains(has[w.required:], true)
	return c, nil
}

// found takes note of a term that is one of a choice.
func (w *wanted) found(c *candidate, choice int, term []byte, count int) {
	w.has[choice] = true
	if choice < w.words {
		c.matches = append(c.matches, match{word: choice, term: string(term), count: count})
	}
}
