package pgstore

import (
	"context"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/words"
	"github.com/sigil-dna/sigil/store"
)

// These are the sources of a list by text, for the same reason as those of a list by tags: a page of common words is found among
// the newest memories, and else by the index of words.
const (
	recentWords = `(select m.* from (select * from sigil.memories where tenant = $1%s order by id desc limit 1000) m
join lateral (select ` + lexemes + ` as lexemes from sigil.words w where w.tenant = $1 and w.id = m.id offset 0) w on w.lexemes @@ %s::text::tsquery) m`
	indexedWords = `(select * from sigil.memories where tenant = $1
and id in (select id from sigil.words where tenant = $1 and ` + lexemes + ` @@ %s::text::tsquery) offset 0) m`
)

// maxListed is how many memories a list by text reads at most at once, of which the content decides whether they match.
const maxListed = 1 << 12

// listed is the text of a list.
type listed struct {
	text      *words.Query
	condition string // of the index; empty for all memories
	verify    bool   // the content of a memory decides
}

// listByText is List for a query with a text.
func (s *Store) listByText(ctx context.Context, q *store.Query) (page []sigil.Memory, more bool, err error) {
	l, err := s.listed(ctx, q)
	if l == nil || err != nil {
		return nil, false, err
	}
	next := *q
	next.NoData = q.NoData && !l.verify
	var bytes int64 // of data
	for {
		behind := s.refreshes.all(q.Tenant)
		rows, err := s.listWords(ctx, &next, l)
		if err != nil {
			return nil, false, err
		}
		for _, r := range rows {
			next.Before, next.BeforeKey = r.ID, store.SortKey(q.Sort, &r.Meta)
			if l.verify {
				if _, ok := l.text.Match(r.Data, r.Tags); !ok {
					continue
				}
			}
			if q.Ends(len(page), bytes, r.Size) {
				return page, true, nil
			}
			bytes += int64(r.Size)
			if !q.Sort.ByFigures() { // as in listFrom
				r = s.refreshes.over(r, behind[r.Key])
			}
			if q.NoData {
				r.Data = nil
			}
			page = append(page, r.Memory)
		}
		if !l.verify || len(rows) == 0 {
			return page, false, nil
		}
		next.Limit = max(next.Limit, min(4*next.Limit, maxListed))
	}
}

// listed reads the text of a list. It returns nil if no memory can match.
func (s *Store) listed(ctx context.Context, q *store.Query) (*listed, error) {
	if s.searching.analyzer == nil {
		return nil, store.NewSearchOff()
	}
	text, err := s.searching.analyzer.Parse(q.Text)
	if err != nil {
		return nil, store.NewInvalidQuery(err)
	}
	one := newSearch(s, &store.SearchQuery{Tenant: q.Tenant, Now: q.Now, Text: q.Text, Filter: store.Filter{Tags: q.Tags}}, text)
	var found store.Found
	if err := one.start(ctx, &found); err != nil {
		return nil, err
	}
	switch {
	case found.Incomplete:
		return nil, store.NewSearchBuilding()
	case one.nothing:
		return nil, nil //nolint:nilnil // nil means that no memory can match
	}
	return &listed{text, one.condition(one.words), one.verify}, nil
}

// listWords returns the rows of a page, and the first after it, of memories that the index of words finds.
func (s *Store) listWords(ctx context.Context, q *store.Query, l *listed) (rows []row, err error) {
	sources := []string{recentWords, indexedWords}
	switch {
	case l.condition == "":
		sources = []string{everything}
	case q.Sort.ByFigures():
		sources = []string{indexedWords}
	}
	for _, source := range sources {
		sql, args := listQuery(q, source, l.condition)
		if rows, err = s.query(ctx, scanMemory, sql, append([]any{searchMode}, args...)...); err != nil || full(q, rows) {
			break
		}
	}
	return rows, err
}

// full reports whether a page of rows ends before the last of them.
func full(q *store.Query, rows []row) bool {
	var bytes int64
	for i := range rows {
		if q.Ends(i, bytes, rows[i].Size) {
			return true
		}
		bytes += int64(rows[i].Size)
	}
	return false
}
