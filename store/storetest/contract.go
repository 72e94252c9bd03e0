package storetest

import (
	"testing"

	"github.com/sigil-dna/sigil/store"
)

// Run checks that a driver keeps every promise of [store.Store] that needs no second open; [RunReopen] checks
// the rest. open returns an empty store; Run closes it. Each subtest checks one promise and can be run by
// name.
//
// Times in the tests are invented: a driver must take "now" from the calls, never from a clock.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for _, part := range []struct {
		name  string
		ideas []idea
	}{
		{"insert", insertIdeas},
		{"get", getIdeas},
		{"update", updateIdeas},
		{"remove", removeIdeas},
		{"due", dueIdeas},
		{"notice", noticeIdeas},
		{"list", listIdeas},
		{"tags", tagIdeas},
		{"sort", sortIdeas},
		{"text", textIdeas},
		{"fading", fadingIdeas},
		{"near", nearIdeas},
		{"patterns", patternIdeas},
		{"crystallize", crystallizeIdeas},
		{"stats", statsIdeas},
		{"tenants", tenantIdeas},
		{"quota", quotaIdeas},
		{"idempotency", idempotencyIdeas},
		{"duplicates", duplicateIdeas},
		{"imports", importIdeas},
		{"amend", amendIdeas},
		{"corrections", correctIdeas},
		{"versions", attachIdeas},
		{"change", changeIdeas},
		{"journal", journalIdeas},
		{"links", linkIdeas},
		{"claims", claimIdeas},
		{"signatures", signatureIdeas},
		{"policies of tenants", policyIdeas},
		{"clocks of tenants", clockIdeas},
		{"search", searchIdeas},
		{"concurrency", concurrencyIdeas},
		{"close", closeIdeas},
	} {
		t.Run(part.name, func(t *testing.T) { runIdeas(t, part.ideas, open) })
	}
}

// RunSearch is the part of [Run] about [store.Searcher].
func RunSearch(t *testing.T, open func(t *testing.T) store.Store) { runIdeas(t, searchIdeas, open) }

// RunMeaning checks what a driver promises of vectors, if it compares those of the built-in table and those that callers gave.
func RunMeaning(t *testing.T, open func(t *testing.T) store.Store) { runIdeas(t, meaningIdeas, open) }

func runIdeas(t *testing.T, ideas []idea, open func(t *testing.T) store.Store) {
	for _, i := range ideas {
		t.Run(i.name, func(t *testing.T) {
			s := open(t)
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
			i.test(&fixture{Store: s, t: t})
		})
	}
}

// idea is one promise and its test.
type idea struct {
	name string
	test func(f *fixture)
}
