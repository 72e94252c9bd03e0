package pgstore

import (
	"context"
	"strings"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// Near is how close a deadline must be for a recall to be written before it is answered.
const Near = near

// Flush writes the outstanding refreshes.
func (s *Store) Flush(ctx context.Context) error { return failure(s.flush(ctx)) }

// Quiet ends all background work of the store except gathering inserts.
func (s *Store) Quiet() { s.stop() }

// Abandon ends the store like a kill of its process: outstanding refreshes are lost.
func (s *Store) Abandon() {
	s.gate.Lock()
	defer s.gate.Unlock()
	s.closed = true
	close(s.inserts)
	s.stop()
	s.running.Wait()
	s.pool.close()
}

// BoundSearch replaces the bounds of later searches.
func (s *Store) BoundSearch(sample, postings, walk int) {
	b := &s.searching.bounds
	b.sample, b.postings, b.firstWalk, b.maxWalk = sample, postings, walk, walk
}

// BoundRescored replaces the number of vectors that later searches compare by their bytes.
func (s *Store) BoundRescored(n int) {
	s.searching.bounds.rescored, s.searching.bounds.rescoredPerHit = n, 0
}

// Measure reads the database's clock and corrects the store's clock.
func (s *Store) Measure(ctx context.Context) error { return s.measure(ctx) }

// Setting returns a setting of one of the store's sessions.
func (s *Store) Setting(ctx context.Context, name string) (value string, err error) {
	err = s.pool.QueryRow(ctx, "select current_setting($1)", name).Scan(&value)
	return value, err
}

// MaxConns returns the maximum number of connections that the store makes.
func (s *Store) MaxConns() int { return int(s.pool.pool.Config().MaxConns) }

// Recalled has recalled memories of which other processes are to be notified.
type Recalled struct{ recalled }

// Named are memories of one tenant.
type Named struct {
	Tenant string
	IDs    []sigil.ID
	More   bool
}

// Add adds a memory.
func (r *Recalled) Add(key sigil.Key) { r.add(key.Tenant, false, key.ID) }

// Payloads takes the next notifications of a process.
func (r *Recalled) Payloads(process [16]byte) []string { return r.payloads(process) }

// ParseRecalled reads a notification.
func ParseRecalled(payload string) (process string, all []Named) {
	process, parsed := parseRecalled(payload)
	for _, t := range parsed {
		all = append(all, Named{t.tenant, t.ids, t.more})
	}
	return process, all
}

// ListPlans returns the plans of the database for a list: of each source that it would look through.
func (s *Store) ListPlans(ctx context.Context, q *store.Query) (plans []string, err error) {
	labels, err := labelsOf(q.Tenant, q.Tags)
	if err != nil {
		return nil, err
	}
	sources, wanted := []string{recent, labeled}, any(labels)
	if q.Text != "" {
		l, err := s.listed(ctx, q)
		if err != nil {
			return nil, err
		}
		sources, wanted = []string{recentWords, indexedWords}, l.condition
	}
	for _, source := range sources {
		sql, args := listQuery(q, source, wanted)
		if q.Text != "" {
			args = append([]any{searchMode}, args...)
		}
		rows, err := s.pool.Query(ctx, "explain "+sql, args...)
		lines, err := collect(rows, err, scanOne[string])
		if err != nil {
			return nil, err
		}
		plans = append(plans, strings.Join(lines, "\n"))
	}
	return plans, nil
}

// CheckInParts is like [Check], with so many rows in a page, memories in a part and entries in a window.
func CheckInParts(ctx context.Context, url string, rows, part, window int, mend bool) (found store.Checked, err error) {
	s, err := openToCheck(ctx, url, nil)
	if err != nil {
		return found, err
	}
	defer s.pool.close()
	c := &checker{s: s, values: true, mend: mend, rows: rows, part: part, window: window}
	err = c.run(ctx)
	return c.found, err
}
