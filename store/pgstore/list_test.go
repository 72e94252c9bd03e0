package pgstore_test

import (
	"strings"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
)

// TestAListByARareTagUsesItsIndex has 20,000 memories, of which one has a rare tag. Without statistics, the database
// cannot know that it is rare; all the same it is found by the index of tags. A page of a common tag is found among the
// newest memories, and is the same as by the index.
func TestAListByARareTagUsesItsIndex(t *testing.T) {
	url := newDatabase(t)
	s := open(t, url, nil)
	defer func() { _ = s.Close() }()
	e := engine.New(s, nil)
	rare, err := e.Encode(t.Context(), sigil.DefaultTenant, sigil.Draft{Data: []byte("1"), Tags: []string{"rare", "common"}})
	if err != nil {
		t.Fatal(err)
	}
	const columns = "created_at, last_accessed, fades_at, ttl, access_count, potential, frequency, size, policy, pinned, crystallized, hash, state"
	execute(t, url, "insert into sigil.memories (tenant, id, "+columns+", tags, data) select tenant, gen_random_uuid(), "+columns+
		`, '["common"]', '2' from sigil.memories, generate_series(1, 20000)`)

	q := store.Query{Tenant: sigil.DefaultTenant, Now: e.Now(), Limit: 100, Tags: []string{"rare"}, Bytes: 1 << 20}
	for _, statistics := range []bool{false, true} {
		if statistics {
			execute(t, url, "analyze sigil.memories")
		}
		plans, err := s.ListPlans(t.Context(), &q)
		if err != nil {
			t.Fatal(err)
		}
		if plan := plans[1]; !strings.Contains(plan, "Bitmap Index Scan on memories_") || !strings.Contains(plan, "_labels_idx") {
			t.Errorf("statistics %v: a list by tag does not use the index of tags:\n%s", statistics, plan)
		}
		if plan := plans[0]; statistics && !strings.Contains(plan, "Index Scan Backward") {
			t.Errorf("the newest memories are not found by id:\n%s", plan)
		}
	}
	page, more, err := s.List(t.Context(), q)
	if err != nil || more || len(page) != 1 || page[0].ID != rare.ID {
		t.Errorf("%d memories, more %v, %v; want the one with the rare tag", len(page), more, err)
	}
	q.Tags = []string{"common"}
	page, more, err = s.List(t.Context(), q)
	if err != nil || !more || len(page) != q.Limit {
		t.Fatalf("a page of %d, more %v, %v", len(page), more, err)
	}
	q.Tags = nil
	all, _, err := s.List(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	for i := range all { // all memories have it
		if all[i].ID != page[i].ID {
			t.Fatalf("memory %d of the page by tag is %s, want %s", i, page[i].ID, all[i].ID)
		}
	}
}

// TestAListByARareWordUsesItsIndex has 20,000 memories, of which one has a rare word. It is found by the index of words. A page of a
// common word is found among the newest memories, and is the same as by the index.
func TestAListByARareWordUsesItsIndex(t *testing.T) {
	url := newDatabase(t)
	s := open(t, url, nil)
	defer func() { _ = s.Close() }()
	e := engine.New(s, nil)
	rare, err := e.Encode(t.Context(), sigil.DefaultTenant, sigil.Draft{Data: []byte(`"rare words"`)})
	if err != nil {
		t.Fatal(err)
	}
	const columns = "created_at, last_accessed, fades_at, ttl, access_count, potential, frequency, size, policy, pinned, crystallized, hash, state, tags"
	execute(t, url, `with m as (insert into sigil.memories (tenant, id, `+columns+`, data)
  select tenant, gen_random_uuid(), `+columns+`, '"words"' from sigil.memories, generate_series(1, 20000) returning tenant, id),
w as (insert into sigil.words (tenant, id, length, terms, counts) select tenant, id, 1, 'word', '\x01' from m)
update sigil.tenants set memories = memories + 20000, words = words + 20000`)
	execute(t, url, "analyze sigil.memories, sigil.words")

	q := store.Query{Tenant: sigil.DefaultTenant, Now: e.Now(), Limit: 100, Text: "rare", Bytes: 1 << 20}
	plans, err := s.ListPlans(t.Context(), &q)
	if err != nil {
		t.Fatal(err)
	}
	if plan := plans[1]; !strings.Contains(plan, "Bitmap Index Scan on words_") || strings.Contains(plan, "Seq Scan") {
		t.Errorf("a list by a rare word does not use the index of words:\n%s", plan)
	}
	if plan := plans[0]; !strings.Contains(plan, "Index Scan Backward") || strings.Contains(plan, "Seq Scan") {
		t.Errorf("the newest memories are not found by id:\n%s", plan)
	}
	page, more, err := s.List(t.Context(), q)
	if err != nil || more || len(page) != 1 || page[0].ID != rare.ID {
		t.Errorf("%d memories, more %v, %v; want the one with the rare word", len(page), more, err)
	}
	q.Text = "word"
	page, more, err = s.List(t.Context(), q)
	if err != nil || !more || len(page) != q.Limit {
		t.Fatalf("a page of %d, more %v, %v", len(page), more, err)
	}
	q.Text = ""
	all, _, err := s.List(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	for i := range all { // all memories have it
		if all[i].ID != page[i].ID {
			t.Fatalf("memory %d of the page by text is %s, want %s", i, page[i].ID, all[i].ID)
		}
	}
}
