package pgstore

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// List implements [store.Store]. Lists by id and by deadline come from an index. Other orders, and lists by tags that
// few memories have or by such a text, read all that match, sort them in the database, and return a page of them.
func (s *Store) List(ctx context.Context, q store.Query) (page []sigil.Memory, more bool, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return nil, false, err
	}
	bounded, cancel := s.bounded(ctx)
	defer cancel()
	if err := s.settleFor(bounded, &q); err != nil {
		return nil, false, reading(ctx, err)
	}
	if q.Text != "" {
		page, more, err = s.listByText(bounded, &q)
		return page, more, reading(ctx, err)
	}
	labels, err := labelsOf(q.Tenant, q.Tags)
	if err != nil {
		return nil, false, err
	}
	sources := []string{everything}
	if len(labels) > 0 {
		if sources = []string{recent, labeled}; q.Sort.ByFigures() {
			sources = []string{labeled}
		}
	}
	for _, source := range sources {
		if page, more, err = s.listFrom(bounded, &q, source, labels); err != nil {
			return nil, false, reading(ctx, err)
		}
		if more {
			break
		}
	}
	return page, more, nil
}

// settleFor makes sure that a query finds what q selects, in its order.
func (s *Store) settleFor(ctx context.Context, q *store.Query) error {
	switch {
	case q.Sort.ByFigures():
		return s.flush(ctx)
	}
	return s.settle(ctx, latest(q.Now, q.FadingAfter, q.FadingBefore))
}

// latest returns the latest of some times.
func latest(t time.Time, others ...time.Time) time.Time {
	for _, other := range others {
		if other.After(t) {
			t = other
		}
	}
	return t
}

// listFrom returns a page of what source has.
func (s *Store) listFrom(ctx context.Context, q *store.Query, source string, labels []string) (page []sigil.Memory, more bool, err error) {
	sql, args := listQuery(q, source, labels)
	var behind map[sigil.Key]refresh
	if !q.Sort.ByFigures() {
		behind = s.refreshes.all(q.Tenant)
	}
	rows, err := s.query(ctx, scanMemory, sql, args...)
	if err != nil {
		return nil, false, err
	}
	var bytes int64 // of data
	for _, r := range rows {
		if q.Ends(len(page), bytes, r.Size) {
			return page, true, nil
		}
		bytes += int64(r.Size)
		// In an order by figures, a page has those by which it was sorted: the cursor is made of them. All recalls that
		// had returned are in the rows.
		if !q.Sort.ByFigures() {
			r = s.refreshes.over(r, behind[r.Key])
		}
		page = append(page, r.Memory)
	}
	return page, false, nil
}

// labelsOf returns tags as the index of memories by tag has them; see the migration that adds it.
func labelsOf(tenant string, tags []string) ([]string, error) {
	labels := make([]string, 0, len(tags))
	for _, tag := range tags {
		b, err := json.Marshal(tag)
		if err != nil {
			return nil, err
		}
		labels = append(labels, tenant+string(b[:len(b)-1]))
	}
	return labels, nil
}

// These are the sources of a list. The planner cannot know how common a tag is, before statistics are gathered, and a
// wrong guess could read every memory of a tenant for a rare one. So a list by tags first looks at the newest memories,
// where it finds a page if the tags are common, and else uses the index by tag, however many memories have them:
// "offset 0" keeps the planner from looking through the index by id instead.
const (
	everything = "sigil.memories"
	recent     = `(select * from sigil.memories where tenant = $1%s order by id desc limit 4096) m`
	labeled    = `(select * from sigil.memories where tenant = $1 and tags <> '' and sigil.labels(tenant, tags) @> %s offset 0) m`
)

// order returns the columns by which a list in an order is sorted, and the condition for what comes after a place in
// it. key and id are the parameters with that place.
func order(by sigil.Sort, key, id string) (columns, after string) {
	switch by {
	case sigil.SortFades:
		return "fades_at, id", "(fades_at, id) > (" + key + ", " + id + ")"
	case sigil.SortRecalled:
		return "last_accessed desc, id desc", "(last_accessed, id) < (" + key + ", " + id + ")"
	case sigil.SortRecalls:
		return "access_count desc, id desc", "(access_count, id) < (" + key + ", " + id + ")"
	}
	return "id desc", "id < " + id
}

// keyParam returns the parameter for the [store.SortKey] of a memory.
func keyParam(by sigil.Sort, key int64) any {
	switch {
	case by == sigil.SortRecalls:
		return key
	case key == math.MaxInt64:
		return deadline(time.Time{})
	}
	return time.UnixMilli(key)
}

// listQuery returns the query for one memory more than q asks for, which shows whether there are more. wanted are labels or a condition on
// words, which the source has.
func listQuery(q *store.Query, source string, wanted any) (string, []any) {
	columns := memoryColumns
	if q.NoData {
		columns = outlineColumns
	}
	args := []any{q.Tenant, q.Now}
	param := func(value any) string {
		args = append(args, value)
		return fmt.Sprintf("$%d", len(args))
	}
	by, _ := order(q.Sort, "", "")
	after := ""
	if q.Before != (sigil.ID{}) {
		id, key := param([16]byte(q.Before)), ""
		if q.Sort.ByFigures() {
			key = param(keyParam(q.Sort, q.BeforeKey))
		}
		_, after = order(q.Sort, key, id)
		after = " and " + after
	}
	where := " where tenant = $1 and fades_at > $2" + after
	switch source {
	case recent:
		source = fmt.Sprintf(source, after)
		where += " and tags <> '' and sigil.labels(tenant, tags) @> " + param(wanted)
	case labeled, indexedWords:
		source = fmt.Sprintf(source, param(wanted))
	case recentWords:
		source = fmt.Sprintf(source, after, param(wanted))
	}
	and := func(condition string, value any) { where += " and " + condition + param(value) }
	if q.Crystallized != nil {
		and("crystallized = ", *q.Crystallized)
	}
	if q.Pinned != nil {
		and("pinned = ", *q.Pinned)
	}
	if q.TTL != nil {
		and("(ttl <> 0) = ", *q.TTL)
	}
	if q.Pattern != nil {
		first, last := frequencies(*q.Pattern)
		and("frequency >= ", first)
		and("frequency <= ", last)
	}
	if !q.FadingAfter.IsZero() {
		and("fades_at < 'infinity' and fades_at > ", q.FadingAfter)
	}
	if !q.FadingBefore.IsZero() {
		// The database has microseconds, but stored deadlines are whole milliseconds.
		and("fades_at < ", q.FadingBefore.Add(time.Millisecond-1).Truncate(time.Millisecond))
	}
	sql := "select " + columns + " from " + source + where + " order by " + by + " limit " + param(q.Limit+1)
	if q.Bytes > 0 && !q.NoData { // the database sends only the page, and the first memory after it
		sql = "select " + memoryColumns + " from (select *, sum(size) over listed - size as before, first_value(size) over listed as first from (" + sql +
			") page window listed as (order by " + by + ")) page where before <= greatest(first, " + param(q.Bytes) + "::bigint) order by " + by
	}
	return sql, args
}
