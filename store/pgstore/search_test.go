package pgstore_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/prove/pgtest"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pgstore"
	"github.com/sigil-dna/sigil/store/storetest"
)

// TestContractInAnotherLocale holds the store to the contract in a database whose locale orders texts in another way.
func TestContractInAnotherLocale(t *testing.T) {
	notUnderRace(t)
	c := pgtest.Shared(t)
	database, err := c.DatabaseIn(t.Context(), "locale 'C.UTF-8'")
	if err != nil {
		t.Fatal(err)
	}
	storetest.Run(t, func(t *testing.T) store.Store {
		t.Cleanup(func() { execute(t, c.URL(database), empty) })
		return open(t, c.URL(database), nil)
	})
}

// TestSearchByTheIndex finds by the index what is otherwise found by looking at all memories, as a tenant has few.
func TestSearchByTheIndex(t *testing.T) {
	storetest.RunSearch(t, func(t *testing.T) store.Store {
		s := open(t, database(t), nil)
		s.BoundSearch(1, math.MaxInt, 1)
		return s
	})
}

// TestSearchFindsWhatTheModelFinds searches random memories by random queries. Whatever the bounds of a search are, it finds
// the memories that the model finds; and with the same scores if it does not estimate how common words are.
func TestSearchFindsWhatTheModelFinds(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	words := strings.Fields("green greens greenhouse tea teas running runner run state-of-the-art snake_case issue-123 Zoë zoe 東京都 it's " + strings.Repeat("long", 20) + " the of a")
	pick := func() string { return words[min(r.IntN(len(words)), r.IntN(len(words)))] }
	s, model := open(t, database(t), nil), storetest.NewModel()
	defer s.Close() // it was compared
	at := time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
	for range 300 {
		var text, tags []string
		for range r.IntN(12) {
			text = append(text, pick())
		}
		for range r.IntN(3) {
			tags = append(tags, pick())
		}
		m := sigil.Memory{Data: fmt.Appendf(nil, `{"a":%q,"b":%q}`, strings.Join(text, " "), pick()), Tags: tags, State: sigil.DefaultState()}
		m.Tenant, m.ID, m.CreatedAt, m.LastAccessed, m.Policy = "a", sigil.NewID(at), at, at, sigil.DefaultPolicy()
		m.Size, m.Pinned, m.Frequency = len(m.Data), r.IntN(4) == 0, sigil.Frequency(r.IntN(sigil.NumFrequencies))
		m.Reschedule()
		for _, one := range []store.Store{s, model} {
			if _, err := one.Insert(t.Context(), "a", []store.Item{{Memory: m}}, store.Quota{}, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	forms := []string{"%s", "%s", "%s", `"%s %s"`, "-%s", "%.2s*", "%.5s*", "/a:%s", "tag:%s", `-"%s %s"`, "-tag:%s", "-%.3s*", strings.Repeat("long", 12) + "*"}
	for n := range 150 {
		var text []string
		for range 1 + r.IntN(4) {
			form := forms[r.IntN(len(forms))]
			text = append(text, fmt.Sprintf(form, []any{pick(), pick()}[:strings.Count(form, "%")]...))
		}
		q := store.SearchQuery{Tenant: "a", Now: at, Limit: 1000, Text: strings.Join(text, " ")}
		yes, pattern := true, r.IntN(sigil.NumPatterns)
		switch n % 5 {
		case 0:
			q.Filter.Pinned = &yes
		case 1:
			q.Filter.Tags = []string{pick()}
		case 2:
			q.Filter.AnyTags, q.Filter.NotTags = []string{pick(), pick()}, []string{pick()}
		case 3:
			q.Filter.Pattern = &pattern
		}
		want := finds(t, model, q)
		for bounds, exact := range map[[3]int]bool{{1000, 0, 0}: true, {10, math.MaxInt, 16}: false, {10, 100, 40}: false, {10, 0, 16}: false} {
			s.BoundSearch(bounds[0], bounds[1], bounds[2])
			got := finds(t, s, q)
			if len(got) != len(want) {
				t.Errorf("%v: %q with %+v finds %d, want %d", bounds, q.Text, q.Filter, len(got), len(want))
			}
			for id, score := range want {
				if found, ok := got[id]; !ok || exact && math.Abs(found-score) > 1e-9 {
					t.Errorf("%v: %q with %+v finds %s: %v with score %v, want %v", bounds, q.Text, q.Filter, id, ok, found, score)
				}
			}
		}
		if t.Failed() {
			return
		}
	}
}

// finds returns the scores of what a query finds.
func finds(t *testing.T, s store.Searcher, q store.SearchQuery) map[sigil.ID]float64 {
	t.Helper()
	found, err := s.Search(t.Context(), q)
	if err != nil {
		t.Fatalf("%q: %v", q.Text, err)
	}
	scores := map[sigil.ID]float64{}
	for _, h := range found.Hits {
		scores[h.Memory.ID] = h.Words
	}
	return scores
}

// TestTheLastSearchSettingsWin opens a store with other search settings than another that is open: the words of all memories are
// written anew by the second, and the first says that its searches are incomplete.
func TestTheLastSearchSettingsWin(t *testing.T) {
	url := database(t)
	a := open(t, url, nil)
	defer a.Close() // nothing is behind
	encodeText(t, a, "running")
	q := store.SearchQuery{Tenant: "a", Now: time.Now(), Limit: 10, Text: "run"}
	if found, err := a.Search(t.Context(), q); err != nil || found.Incomplete || len(found.Hits) != 1 {
		t.Fatalf("at first: %+v, %v", found, err)
	}
	b := open(t, url, &pgstore.Options{Search: store.SearchSettings{Language: "none"}})
	defer b.Close() // nothing is behind
	encodeText(t, a, "running late")
	if found, err := a.Search(t.Context(), q); err != nil || !found.Incomplete {
		t.Errorf("with the former settings: %+v, %v", found, err)
	}
	list := store.Query{Tenant: q.Tenant, Now: q.Now, Limit: 10, Text: "run"}
	if _, _, err := a.List(t.Context(), list); !errors.Is(err, sigil.ErrUnavailable) || sigil.CodeOf(err) != "search_building" {
		t.Errorf("a list with the former settings: %v", err)
	}
	for text, want := range map[string]int{"run": 0, "running": 2} {
		q.Text = text
		until(t, "for all memories to be searched", func() bool {
			found, err := b.Search(t.Context(), q)
			return err != nil || !found.Incomplete
		})
		if found, err := b.Search(t.Context(), q); err != nil || len(found.Hits) != want {
			t.Errorf("%s: %+v, %v", text, found, err)
		}
	}
	if err := b.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestWordsThatAreMissingAreWritten inserts memories in a process that does not search, and damages the words of others: all are
// found in the end, and until then searches say that they are incomplete.
func TestWordsThatAreMissingAreWritten(t *testing.T) {
	url := database(t)
	q := store.SearchQuery{Tenant: "a", Now: time.Now(), Limit: 10, Text: "tea"}
	off := open(t, url, &pgstore.Options{Search: store.SearchSettings{Off: true}})
	defer off.Close() // nothing is behind
	if _, err := off.Search(t.Context(), q); sigil.CodeOf(err) != "search_off" {
		t.Errorf("got %v", err)
	}
	if _, _, err := off.List(t.Context(), store.Query{Tenant: "a", Now: q.Now, Limit: 10, Text: "tea"}); sigil.CodeOf(err) != "search_off" {
		t.Errorf("a list by text: %v", err)
	}
	encodeText(t, off, "tea")
	if n := query(t, url, "select count(*)::text from sigil.words"); n != "0" {
		t.Errorf("%s rows are written", n)
	}
	complete := func(want int) {
		t.Helper()
		s := open(t, url, nil)
		defer s.Close() // nothing is behind
		encodeText(t, off, "tea")
		until(t, "for all memories to be searched", func() bool {
			found, err := s.Search(t.Context(), q)
			if err != nil || !found.Incomplete && len(found.Hits) != want {
				t.Fatalf("found %+v, %v", found, err)
			}
			return !found.Incomplete
		})
	}
	complete(2)
	execute(t, url, "delete from sigil.words")
	if err := off.Verify(t.Context()); err == nil {
		t.Error("lost words are not noticed")
	}
	s := open(t, url, nil)
	defer s.Close() // nothing is behind
	until(t, "for the loss to be repaired", func() bool { return s.Verify(t.Context()) == nil && len(finds(t, s, q)) == 2 })
}

func encodeText(t *testing.T, s *pgstore.Store, text string) {
	t.Helper()
	if _, err := engineOn(s).Encode(t.Context(), "a", sigil.Draft{Data: fmt.Appendf(nil, "%q", text)}); err != nil {
		t.Fatal(err)
	}
}
