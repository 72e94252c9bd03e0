package pgstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
)

// A plan that runs a subquery again for each row must not prune more than the limit: with locked rows
// skipped, each run finds others.
func TestPruneKeepsToItsLimitUnderAnyPlan(t *testing.T) {
	url := newDatabase(t)
	for _, setting := range []string{"enable_hashjoin", "enable_mergejoin", "enable_hashagg", "enable_sort", "enable_material", "enable_memoize", "enable_bitmapscan"} {
		execute(t, url, fmt.Sprintf("do $$ begin execute format('alter database %%I set %s = off', current_database()); end $$", setting))
	}
	s := open(t, url, nil)
	defer func() { _ = s.Close() }()
	e := engine.New(s, nil)
	for n := range 50 {
		if _, err := e.Encode(t.Context(), sigil.DefaultTenant, draft(n)); err != nil {
			t.Fatal(err)
		}
	}
	execute(t, url, "analyze sigil.answers")
	ended := e.Now().Add(48 * time.Hour)
	for _, want := range []int{2, 2} {
		if n, err := s.PruneAnswers(t.Context(), ended, 2); err != nil || n != want {
			t.Errorf("pruned %d, want %d (%v)", n, want, err)
		}
	}
}
