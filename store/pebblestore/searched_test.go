package pebblestore_test

import (
	"bytes"
	"context"
	"runtime"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// wordOf returns a number that the script has drawn for a memory, as it is written. Few others have it.
func wordOf(m *sigil.Memory) string {
	data, _ := bytes.CutPrefix(m.Data, []byte(`{"n":`))
	word, _, _ := bytes.Cut(data, []byte(","))
	return string(word)
}

// searched returns the memories that a text finds, and waits before until the search is complete.
func searched(ctx context.Context, s *pebblestore.Store, tenant, text string) (map[sigil.Key]bool, error) {
	for deadline := time.Now().Add(time.Minute); ; runtime.Gosched() {
		found, err := s.Search(ctx, store.SearchQuery{Tenant: tenant, Limit: 1_000_000, Text: text}) // nothing is due at the zero time
		if err != nil {
			return nil, err
		}
		if found.Incomplete && time.Now().Before(deadline) {
			continue
		}
		keys := map[sigil.Key]bool{}
		for i := range found.Hits {
			keys[found.Hits[i].Memory.Key] = !found.Incomplete
		}
		return keys, nil
	}
}

// checkSearch searches for each memory that was ever attempted by a word of its own: those that are there are found, and
// no others.
//
// +checklocks:r.mu
func (r *recorder) checkSearch(s *pebblestore.Store, there map[sigil.Key]sigil.Memory, wrong func(format string, args ...any)) {
	for key, m := range r.memories {
		found, err := searched(context.Background(), s, key.Tenant, wordOf(&m))
		if err != nil {
			wrong("search: %w", err)
			return
		}
		if _, is := there[key]; is && !found[key] {
			wrong("%s is there and is not found by %s", key, wordOf(&m))
		}
		for key := range found {
			if _, is := there[key]; !is {
				wrong("%s is found by %s and is not there", key, wordOf(&m))
			}
		}
	}
}
