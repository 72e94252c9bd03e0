package pgstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil"
)

// parameters are the parameters of a statement that is being put together.
type parameters struct{ values []any }

func (p *parameters) add(value any) string {
	p.values = append(p.values, value)
	return fmt.Sprintf("$%d", len(p.values))
}

// condition returns what the index is asked for: all that is required, one of words if a memory needs one, and nothing
// that is forbidden. It returns "" if that is no condition.
func (r *search) condition(required bool, words []searchedWord) string {
	var all []string
	if required {
		for i := range r.required {
			all = append(all, r.required[i].tsquery())
		}
	}
	if r.needsWord() && len(words) > 0 {
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

// sample looks at the newest memories of the tenant: for how many there are, at most those of a sample, how long they are, and how common
// the words are. If there are more, it takes the number from the tenant's counts.
func (r *search) sample(ctx context.Context) (n int, err error) {
	p := parameters{}
	tenant := p.add(r.q.Tenant)
	with := []string{"0::bigint"}
	for i := range r.words {
		w := &r.words[i]
		if w.prefix == "" {
			with = append(with, "count(array_position(terms, "+p.add(w.terms[0])+"))")
		} else {
			with = append(with, "count(*) filter (where exists (select from unnest(terms) t where "+w.begins("t", &p)+"))")
		}
	}
	sql := "select coalesce(t.memories, 0), coalesce(t.words, 0), s.settings, n.rows, n.length, n.counts from sigil.searched s left join sigil.tenants t on t.tenant = " + tenant +
		" cross join (select count(*) as rows, coalesce(sum(length), 0)::bigint as length, array[" + strings.Join(with, ", ") + "] as counts " +
		"from (select length, terms from sigil.words where tenant = " + tenant + fmt.Sprintf(" order by id desc limit %d) newest) n", r.bounds().sample)
	var memories, rows, length, kept int64
	var settings string
	var counts []int64
	row := r.s.pool.QueryRow(ctx, sql, append([]any{searchMode}, p.values...)...)
	if err := row.Scan(&memories, &kept, &settings, &rows, &length, &counts); err != nil {
		return 0, err
	}
	r.incomplete = memories != kept || settings != r.s.searching.settings
	n = int(rows)
	r.memories, r.average = n, float64(length)/float64(max(n, 1))
	if n == r.bounds().sample {
		r.memories = max(n, int(kept))
	}
	r.classify(n, counts[1:])
	return n, nil
}

// classify estimates how many memories have each word, and finds out which words are common: so many have them that the others are
// looked at first.
func (r *search) classify(n int, counts []int64) {
	total := 0
	for range r.words { // the rarest first
		least := -1
		for i := range r.words {
			if r.words[i].df == 0 && (least < 0 || counts[i] < counts[least]) {
				least = i
			}
		}
		w := &r.words[least]
		w.df = max(1, int(counts[least]*int64(r.memories)/int64(max(n, 1))))
		total += w.df
		w.common = total > r.bounds().postings
	}
}

// countStored counts how many memories have each word that is neither common nor a prefix.
func (r *search) countStored(ctx context.Context) error {
	p := parameters{}
	tenant := p.add(r.q.Tenant)
	counts := []string{"0::bigint"}
	var of []*searchedWord
	for i := range r.words {
		if w := &r.words[i]; !w.common && w.prefix == "" {
			counts = append(counts, "(select count(*) from sigil.words where tenant = "+tenant+" and array_to_tsvector(terms) @@ "+p.add(w.tsquery())+"::text::tsquery)")
			of = append(of, w)
		}
	}
	if len(of) == 0 {
		return nil
	}
	var found []int64
	if err := r.s.pool.QueryRow(ctx, "select array["+strings.Join(counts, ", ")+"]", append([]any{searchMode}, p.values...)...).Scan(&found); err != nil {
		return err
	}
	for i, w := range of {
		w.df = int(found[i+1])
	}
	return nil
}

// begins returns the condition that a term begins with the prefix, or is a stem of words that do.
func (c *choice) begins(term string, p *parameters) string {
	sql := "starts_with(" + term + ", " + p.add(c.prefix) + ")"
	if len(c.terms) > 0 {
		sql += " or " + term + " = any (" + p.add(c.terms) + "::text[])"
	}
	return sql
}

// source says where candidates come from: the index, if indexed is a condition, or the newest memories of the tenant.
type source struct {
	indexed string
	before  sigil.ID // if not zero, only older ones
	limit   int      // if not 0, the number of the newest
}

// candidates returns the candidates of a source, those of the newest by descending id.
func (r *search) candidates(ctx context.Context, from source) ([]candidate, error) {
	p := parameters{}
	tenant := p.add(r.q.Tenant)
	counts, begun := []string{}, []string{}
	for i := range r.words {
		w := &r.words[i]
		if w.prefix == "" {
			counts = append(counts, "coalesce(get_byte(w.counts, array_position(w.terms, "+p.add(w.terms[0])+") - 1), 0)")
		} else {
			begun = append(begun, "coalesce((select string_agg(get_byte(w.counts, n::integer - 1) || ' ' || t, '"+separator+"') from unnest(w.terms) with ordinality u (t, n) where "+w.begins("t", &p)+"), '')")
		}
	}
	pass := r.filter(&p)
	sql := ""
	if from.indexed != "" {
		sql = " from sigil.words w where tenant = " + tenant + " and array_to_tsvector(terms) @@ " + p.add(from.indexed) + "::text::tsquery"
	} else {
		sql = " from (select * from sigil.words where tenant = " + tenant
		if from.before != (sigil.ID{}) {
			sql += " and id < " + p.add([16]byte(from.before)) + "::uuid"
		}
		sql += " order by id desc"
		if from.limit > 0 {
			sql += fmt.Sprintf(" limit %d", from.limit)
		}
		sql += ") w order by id desc"
		if condition := r.condition(true, nil); condition != "" {
			pass += " and array_to_tsvector(w.terms) @@ " + p.add(condition) + "::text::tsquery"
		}
	}
	sql = "select w.id, w.length, array[" + strings.Join(counts, ", ") + "]::integer[], array[" + strings.Join(begun, ", ") + "]::text[], " + pass + sql
	rows, err := r.s.pool.Query(ctx, sql, append([]any{searchMode}, p.values...)...)
	return collect(rows, err, scanCandidate)
}

func scanCandidate(rows pgx.Rows) (c candidate, err error) {
	var begun []string
	err = rows.Scan((*[16]byte)(&c.id), &c.length, &c.counts, &begun, &c.pass)
	for _, joined := range begun {
		var all []countedAs
		for one := range strings.SplitSeq(joined, separator) {
			if count, term, ok := strings.Cut(one, " "); ok {
				n, _ := strconv.Atoi(count) // the database wrote it
				all = append(all, countedAs{term, n})
			}
		}
		c.begun = append(c.begun, all)
	}
	return c, err
}

// filter returns the condition that a memory passes the filter, tags aside.
func (r *search) filter(p *parameters) string {
	f := &r.q.Filter
	sql := ""
	and := func(condition string, value any) { sql += " and " + condition + p.add(value) }
	if f.Crystallized != nil {
		and("crystallized = ", *f.Crystallized)
	}
	if f.Pinned != nil {
		and("pinned = ", *f.Pinned)
	}
	if f.Pattern != nil {
		first, last := frequencies(*f.Pattern)
		and("frequency >= ", first)
		and("frequency <= ", last)
	}
	// The database has microseconds, but stored times are whole milliseconds.
	if !f.CreatedAfter.IsZero() {
		and("created_at > ", f.CreatedAfter)
	}
	if !f.CreatedBefore.IsZero() {
		and("created_at < ", f.CreatedBefore.Add(time.Millisecond-1).Truncate(time.Millisecond))
	}
	if !f.FadingBefore.IsZero() {
		and("fades_at < ", f.FadingBefore.Add(time.Millisecond-1).Truncate(time.Millisecond))
	}
	if sql == "" {
		return "true"
	}
	return "exists (select from sigil.memories m where m.tenant = w.tenant and m.id = w.id" + sql + ")"
}
