package pgstore

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
)

// answers returns the unexpired answers stored under the items' keys.
func (s *Store) answers(ctx context.Context, tenant string, items []store.Item) (map[int]store.Answer, error) {
	byKey := map[string]int{}
	var keys []string
	for i := range items {
		if key := items[i].Idempotency.Key; key != "" {
			byKey[key] = i
			keys = append(keys, key)
		}
	}
	type kept struct {
		key    string
		record []byte
	}
	rows, err := s.pool.Query(ctx, "select key, answer from sigil.answers where tenant = $1 and key = any ($2::text[])", tenant, keys)
	found, err := collect(rows, err, func(rows pgx.Rows) (k kept, err error) {
		err = rows.Scan(&k.key, &k.record)
		return k, err
	})
	if err != nil {
		return nil, err
	}
	var answers map[int]store.Answer
	for _, k := range found {
		r := record.NewReader(k.record)
		answer, ends := r.Answer(tenant, s.policyOf(ctx))
		if err := r.End(); err != nil {
			return nil, err
		}
		if i := byKey[k.key]; ends.After(items[i].Now()) {
			if answers == nil {
				answers = map[int]store.Answer{}
			}
			answers[i] = answer
		}
	}
	return answers, nil
}

// PruneAnswers implements [store.Store].
func (s *Store) PruneAnswers(ctx context.Context, now time.Time, limit int) (int, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	bounded, cancel := s.steady(ctx)
	defer cancel()
	// Materialized, so that it runs only once under any plan: each run would lock and delete other rows.
	tag, err := s.pool.Exec(bounded, `with ended as materialized (
  select tenant, key from sigil.answers where ends <= $1 order by ends limit $2 for update skip locked)
delete from sigil.answers a using ended where a.tenant = ended.tenant and a.key = ended.key`, now, limit)
	return int(tag.RowsAffected()), failure(err)
}
