package pebblestore

import (
	"context"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/words"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/index"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/search"
)

// maxListed is how many memories a list by text takes from the word index at most before it reads their content.
const maxListed = 1 << 13

// listed is the text of a list.
type listed struct {
	s     *Store
	text  *words.Query
	query *search.Query // nil if it finds nothing
	limit int           // of the next call of next
}

// listed reads the text of a list. It returns nil if there is none.
func (s *Store) listed(q *store.Query) (*listed, error) {
	if q.Text == "" {
		return nil, nil //nolint:nilnil // nil means that there is no text
	}
	f := s.finder
	if f.analyzer == nil {
		return nil, store.NewSearchOff()
	}
	text, err := f.analyzer.Parse(q.Text)
	if err != nil {
		return nil, store.NewInvalidQuery(err)
	}
	if !f.built.Load() {
		return nil, store.NewSearchBuilding()
	}
	l := &listed{s: s, text: text, limit: q.Limit + 1}
	if len(text.Words)+len(text.Must)+len(text.Not) > 0 { // a query of signs only finds nothing
		l.query = indexQuery(text, &store.Filter{Tags: q.Tags})
	}
	return l, nil
}

// reads reports whether the content of a memory decides if it matches.
func (l *listed) reads() bool { return l != nil && l.text.Verify }

// matches reports whether a memory that next found matches.
func (l *listed) matches(m *sigil.Memory) bool {
	if !l.reads() {
		return true
	}
	_, ok := l.text.Match(m.Data, m.Tags)
	return ok
}

// next is like [Store.next]. Each call goes through everything that the word index finds, in no order, and keeps the first in the
// order of q. If content decides, the next call returns four times as many, so that there are few calls if few memories match.
func (l *listed) next(ctx context.Context, q *store.Query) (found []index.Found, more bool, err error) {
	if l.query == nil {
		return nil, false, nil
	}
	f, limit := l.s.finder, l.limit
	err = f.steady(func() error {
		leading := index.NewLeading(q, limit)
		x := f.of(q.Tenant, false)
		if x == nil {
			found = nil
			return nil
		}
		var failed error
		x.words.Search(l.query, 1, func(id sigil.ID, _ uint32) bool { // while nothing is accepted, it is asked about all
			if failed == nil {
				failed = ctx.Err()
			}
			if failed != nil || !q.Sort.ByFigures() && !leading.Wants(0, id) {
				return false
			}
			m, ok := l.s.index.Get(sigil.Key{Tenant: q.Tenant, ID: id})
			if ok && leading.Wants(store.SortKey(q.Sort, &m.Meta), id) && q.Matches(&m.Meta) {
				leading.Add(m)
			}
			return false
		})
		found = leading.Memories()
		return failed
	})
	if n := len(found); n > 0 {
		q.Before, q.BeforeKey = found[n-1].ID, store.SortKey(q.Sort, &found[n-1].Meta)
	}
	l.limit = max(limit, min(4*limit, maxListed))
	return found, len(found) == limit, err
}
