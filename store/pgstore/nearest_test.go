package pgstore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/meaning"
	"github.com/sigil-dna/sigil/internal/prove/pgtest"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pgstore"
	"github.com/sigil-dna/sigil/store/storetest"
)

// TestMeaning holds the store to what storetest promises of vectors, in databases of several locales.
func TestMeaning(t *testing.T) {
	for name, options := range map[string]string{
		"C":   "",
		"ICU": "locale_provider icu icu_locale 'tr-TR' locale 'C.UTF-8'",
	} {
		t.Run(name, func(t *testing.T) {
			storetest.RunMeaning(t, func(t *testing.T) store.Store {
				if options == "" {
					return open(t, database(t), nil)
				}
				c := pgtest.Shared(t)
				database, err := c.DatabaseIn(t.Context(), options)
				if err != nil {
					t.Fatal(err)
				}
				return open(t, c.URL(database), nil)
			})
		})
	}
}

// memoryOf returns a memory of tenant a.
func memoryOf(text string, tags []string, at time.Time) sigil.Memory {
	m := sigil.Memory{Data: fmt.Appendf(nil, "%q", text), Tags: tags, State: sigil.DefaultState()}
	m.Tenant, m.ID, m.CreatedAt, m.LastAccessed, m.Policy = "a", sigil.NewID(at), at, at, sigil.DefaultPolicy()
	m.Size = len(m.Data)
	m.Reschedule()
	return m
}

// TestVectorsFindWhatTheModelFinds searches random memories by random vectors and texts, and finds what the model finds.
func TestVectorsFindWhatTheModelFinds(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	words := strings.Fields("doctor physician nurse hospital train bus station ticket green tea coffee milk kitchen garden the of qqxzjvvk")
	pick := func(most int) (some []string) {
		for range r.IntN(most) {
			some = append(some, words[r.IntN(len(words))])
		}
		return some
	}
	drawn := func(dims int) store.Vector {
		v := make(store.Vector, dims)
		for i := range v {
			v[i] = int8(r.IntN(255) - 127)
		}
		return v
	}
	s, model := open(t, database(t), nil), storetest.NewModel()
	defer s.Close() // it was compared
	at := time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
	for range 200 {
		item := store.Item{Memory: memoryOf(strings.Join(pick(8), " "), pick(3), at)}
		if r.IntN(3) > 0 {
			item.Vector = drawn([]int{3, 64, 65, 300}[r.IntN(4)])
		}
		for _, one := range []store.Store{s, model} {
			if _, err := one.Insert(t.Context(), "a", []store.Item{item}, store.Quota{}, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 100 {
		q := store.SearchQuery{Tenant: "a", Now: at, Limit: 1 + r.IntN(40), Model: meaning.Model, Nearest: r.Float64()*1.2 - 0.5}
		q.Vector = store.Vector(meaning.BuiltIn().Embed(strings.Join(append(pick(3), "doctor"), " ")))
		if r.IntN(2) == 0 {
			q.Model, q.Vector = store.OwnModel, drawn([]int{3, 64, 65, 300}[r.IntN(4)])
		}
		switch r.IntN(4) {
		case 0:
			q.Text = strings.Join(append(pick(3), "tea"), " ")
		case 1:
			q.Text = "-" + words[r.IntN(len(words))]
		}
		switch r.IntN(4) {
		case 0:
			q.Filter.Tags = pick(2)
		case 1:
			q.Filter.NotTags = pick(3)
		}
		got, err := s.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		want, err := model.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if got.Vectors != want.Vectors || len(got.Hits) != len(want.Hits) {
			t.Fatalf("%+v: %d hits, %v; want %d, %v", q, len(got.Hits), got.Vectors, len(want.Hits), want.Vectors)
		}
		vectors := map[sigil.ID]store.Vector{}
		for _, h := range want.Hits {
			vectors[h.Memory.ID] = h.Vector
		}
		for _, h := range got.Hits {
			if v, ok := vectors[h.Memory.ID]; !ok || !slices.Equal(v, h.Vector) {
				t.Errorf("%+v finds %s (%v) with the vector %v, want %v", q, h.Memory.ID, ok, h.Vector, v)
			}
		}
	}
}

// TestWhatIsExcludedHidesNothing shows that a search goes on if all that is nearest is excluded.
func TestWhatIsExcludedHidesNothing(t *testing.T) {
	s := open(t, database(t), nil)
	defer s.Close() // nothing is behind
	s.BoundRescored(2)
	at := time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
	var items []store.Item
	for i := range 30 {
		text := "coffee"
		if i == 0 {
			text = "milk"
		}
		items = append(items, store.Item{Memory: memoryOf(text, nil, at), Vector: store.Vector{127, int8(-i), int8(i % 3), 1}})
	}
	if _, err := s.Insert(t.Context(), "a", items, store.Quota{}, nil); err != nil {
		t.Fatal(err)
	}
	found, err := s.Search(t.Context(), store.SearchQuery{Tenant: "a", Now: at, Limit: 2, Text: "doctor -coffee", Vector: store.Vector{127, -28, 0, 1}, Model: store.OwnModel})
	if err != nil || len(found.Hits) != 1 || found.Hits[0].Memory.ID != items[0].Memory.ID {
		t.Errorf("found %+v, %v", found, err)
	}
}

// TestVectorsThatAreMissingAreMade inserts memories in a process that makes no vectors, and damages those of others: all have their
// vectors in the end, and until then searches say that they are being built.
func TestVectorsThatAreMissingAreMade(t *testing.T) {
	url := database(t)
	off := open(t, url, &pgstore.Options{Search: store.SearchSettings{Meaning: store.MeaningOff}})
	defer off.Close() // nothing is behind
	q := store.SearchQuery{Tenant: "a", Now: time.Now(), Limit: 10, Vector: store.Vector(meaning.BuiltIn().Embed("physician")), Model: meaning.Model, Nearest: 0.3}
	encodeText(t, off, "doctor")
	found, err := off.Search(t.Context(), q)
	if err != nil || found.Vectors != store.VectorsOff || len(found.Hits) != 0 {
		t.Errorf("without meaning: found %+v, %v", found, err)
	}
	if n := query(t, url, "select count(*)::text from sigil.vectors"); n != "0" {
		t.Errorf("%s rows are written", n)
	}
	complete := func(s *pgstore.Store, want int) {
		t.Helper()
		until(t, "for all memories to have vectors", func() bool {
			found, err := s.Search(t.Context(), q)
			if err != nil || found.Vectors == store.VectorsReady && len(found.Hits) != want {
				t.Fatalf("found %+v, %v", found, err)
			}
			return found.Vectors == store.VectorsReady
		})
		if err := s.Verify(t.Context()); err != nil {
			t.Error(err)
		}
	}
	s := open(t, url, nil)
	encodeText(t, off, "doctor")
	encodeText(t, s, "doctor")
	complete(s, 3)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	execute(t, url, "delete from sigil.vectors where id in (select id from sigil.vectors limit 1)")
	if err := off.Verify(t.Context()); err == nil {
		t.Error("lost vectors are not noticed")
	}
	s = open(t, url, nil)
	defer s.Close() // nothing is behind
	until(t, "for the loss to be repaired", func() bool { return s.Verify(t.Context()) == nil })
	complete(s, 3)
	execute(t, url, "update sigil.searched set model = 'another'")
	if found, err := s.Search(t.Context(), q); err != nil || found.Vectors != store.VectorsBuilding {
		t.Errorf("while another model is in use: found %+v, %v", found, err)
	}
	again := open(t, url, nil)
	defer again.Close() // nothing is behind
	complete(again, 3)
}

// TestSettingsDecideAboutVectors opens a store that leaves out what another one searches: vectors are made anew, without it.
func TestSettingsDecideAboutVectors(t *testing.T) {
	url := database(t)
	a := open(t, url, nil)
	defer a.Close() // nothing is behind
	encodeText(t, a, "doctor")
	b := open(t, url, &pgstore.Options{Search: store.SearchSettings{Exclude: []string{""}}})
	defer b.Close() // nothing is behind
	encodeText(t, a, "doctor")
	q := store.SearchQuery{Tenant: "a", Now: time.Now(), Limit: 10, Vector: store.Vector(meaning.BuiltIn().Embed("physician")), Model: meaning.Model, Nearest: -1}
	until(t, "for vectors to be made anew", func() bool {
		found, err := b.Search(t.Context(), q)
		return err != nil || found.Vectors == store.VectorsReady
	})
	if found, err := b.Search(t.Context(), q); err != nil || len(found.Hits) != 0 {
		t.Errorf("found %+v, %v", found, err)
	}
	if found, err := a.Search(t.Context(), q); err != nil || found.Vectors != store.VectorsBuilding {
		t.Errorf("with the former settings: %+v, %v", found, err)
	}
	if err := b.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestVectorsLeaveWithTheirMemories removes memories in every way, and no vector is left.
func TestVectorsLeaveWithTheirMemories(t *testing.T) {
	url := database(t)
	s := open(t, url, nil)
	defer s.Close() // nothing is behind
	at := time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
	one := func(quota store.Quota) sigil.Memory {
		m := memoryOf("doctor", nil, at)
		_, err := s.Insert(t.Context(), "a", []store.Item{{Memory: m, Vector: store.Vector{1, 127}}}, quota, func(m sigil.Meta, reason string) sigil.Event {
			return sigil.Event{Kind: sigil.Evicted, Time: at, Memory: m, Reason: reason}
		})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	first := one(store.Quota{})
	one(store.Quota{Memories: 1}) // evicts the first
	last := one(store.Quota{Memories: 1})
	count := func() string {
		return query(t, url, "select (select count(*) from sigil.vectors) || ' ' || (select count(*) from sigil.own_vectors) || ' ' || (select vectors from sigil.tenants)")
	}
	if got := count(); got != "1 1 1" {
		t.Errorf("after an eviction of %s: %s vectors", first.ID, got)
	}
	_, err := s.Remove(t.Context(), []sigil.Key{last.Key}, func(m sigil.Meta) (sigil.Event, bool) {
		return sigil.Event{Kind: sigil.Forgotten, Time: at, Memory: m, Reason: sigil.ReasonRequest}, true
	})
	if got := count(); err != nil || got != "0 0 0" {
		t.Errorf("in the end: %s vectors, %v", got, err)
	}
}

// endpoint are the options of a store whose vectors an endpoint makes.
func endpoint() *pgstore.Options {
	return &pgstore.Options{Search: store.SearchSettings{Meaning: store.MeaningEndpoint}}
}

func TestEmbeddings(t *testing.T) {
	storetest.RunEmbeddings(t, func(t *testing.T) store.Store {
		s := open(t, database(t), endpoint())
		t.Cleanup(func() {
			if err := s.Verify(context.Background()); err != nil && !errors.Is(err, sigil.ErrClosed) {
				t.Error(err)
			}
		})
		return s
	})
}

// TestTheLastModelWins opens stores with other sources of vectors than others that are open: only vectors of the last one
// are kept.
func TestTheLastModelWins(t *testing.T) {
	url := database(t)
	a, b := open(t, url, endpoint()), open(t, url, endpoint())
	defer a.Close() // nothing is behind
	defer b.Close() // nothing is behind
	m := store.TextModel{Name: "m", Dims: 2}
	for _, s := range []*pgstore.Store{a, b} {
		if err := s.UseModel(t.Context(), m, false); err != nil {
			t.Fatal(err)
		}
	}
	encodeText(t, a, "doctor")
	missing := func(s *pgstore.Store) []sigil.Key {
		t.Helper()
		keys, err := s.Unembedded(t.Context(), sigil.Key{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		return keys
	}
	made := func(keys []sigil.Key) (all []store.Embedding) {
		for _, key := range keys {
			all = append(all, store.Embedding{Key: key, Vector: store.Vector{127, 3}})
		}
		return all
	}
	keys := missing(b)
	if err := b.KeepVectors(t.Context(), m, made(keys)); err != nil || len(keys) != 1 {
		t.Fatalf("%d missing, %v", len(keys), err)
	}
	q := store.SearchQuery{Tenant: "a", Now: time.Now(), Limit: 10, Vector: store.Vector{127, 0}, Model: m.String()}
	if found, err := a.Search(t.Context(), q); err != nil || found.Vectors != store.VectorsReady || len(found.Hits) != 1 {
		t.Errorf("what another process has kept: found %+v, %v", found, err)
	}
	builtIn := open(t, url, nil)
	defer builtIn.Close() // nothing is behind
	if err := a.KeepVectors(t.Context(), m, made(keys)); sigil.CodeOf(err) != "model_changed" {
		t.Errorf("got %v", err)
	}
	if found, err := a.Search(t.Context(), q); err != nil || found.Vectors != store.VectorsBuilding {
		t.Errorf("after another model came: found %+v, %v", found, err)
	}
	until(t, "for the built-in vectors", func() bool {
		memories, embedded, err := builtIn.Embedded(t.Context())
		return err != nil || memories == embedded
	})
	if err := builtIn.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	if err := builtIn.UseModel(t.Context(), m, false); sigil.CodeOf(err) != "meaning_off" {
		t.Errorf("got %v", err)
	}
}
