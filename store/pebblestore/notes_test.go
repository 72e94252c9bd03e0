package pebblestore

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/meaning"
	"github.com/sigil-dna/sigil/store"
)

// TestVectorsAreThoseOfTexts compares the vectors of memories that are indexed, which are made of the analyzer's notes, with those
// that are made of texts: of the first memories with a word, and of later ones, when it is remembered.
func TestVectorsAreThoseOfTexts(t *testing.T) {
	settings := store.SearchSettings{Exclude: []string{"/secret"}}
	analyzer, err := settings.Analyzer()
	if err != nil {
		t.Fatal(err)
	}
	f := newFinder(analyzer, settings)
	rng := rand.New(rand.NewPCG(1, 2))
	pieces := []string{
		"tea", "Kettle", "can't", "'don't'", "café", "camelCaseWord", "snake_case", "state-of-the-art", "machine42", "v1.2.3", "1,234.5", "日本語", "dogs'", "caroline’s",
		" ", " ", " ", "\n", ",", "?", "'", "’", "/", ".", "\"", "(", "é", "\u0301", strings.Repeat("long", 20),
	}
	draw := func() string {
		var b strings.Builder
		for range rng.IntN(30) {
			b.WriteString(pieces[rng.IntN(len(pieces))])
		}
		return b.String()
	}
	for i := range 3000 {
		value := map[string]any{"text": draw(), "more": []any{draw(), i}, "secret": draw()}
		if i%1000 == 999 {
			value["text"] = strings.Repeat(draw()+" harbor ", meaning.MaxTextBytes/8)
		}
		data, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		m := sigil.Memory{Data: data, Tags: []string{draw(), "tea"}}
		sum := f.table.NewSum()
		analyzer.Texts(m.Data, m.Tags, sum.Add)
		d := newDocuments()
		d.add(f, &m, nil)
		if got, want := d.vectors[0], sum.Take(); !slices.Equal(got, want) {
			t.Fatalf("%s with tags %q has the vector %v, want %v", data, m.Tags, got, want)
		}
		d.release()
	}
}
