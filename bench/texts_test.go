package main

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestTexts(t *testing.T) {
	a, b := newTexts([]string{"tea"}), newTexts([]string{"tea"})
	words := map[string]bool{}
	for _, word := range a.words {
		words[word] = true
	}
	if len(words) != vocabulary {
		t.Errorf("%d words are different, want %d", len(words), vocabulary)
	}
	total := 0
	for i := range uint64(1000) {
		text := a.text(i)
		if text != b.text(i) {
			t.Fatalf("text %d: got %q, then %q", i, text, b.text(i))
		}
		n := len(strings.Fields(text))
		if n < 40 || n > 80 {
			t.Fatalf("text %d has %d words", i, n)
		}
		total += n
	}
	if total < 59_000 || total > 61_000 {
		t.Errorf("1,000 texts have %d words, want about 60 each", total)
	}
}

// TestFreshTexts makes drafts past the point at which the same texts come again with their words turned.
func TestFreshTexts(t *testing.T) {
	fresh := newTexts(nil).fresh()
	seen := map[string]bool{}
	for i := range uint64(1 << 16) {
		data := fresh(i).Data
		if seen[string(data)] {
			t.Fatalf("%d: %s came before", i, data)
		}
		seen[string(data)] = true
		if i%1000 == 0 {
			var v struct{ Text string }
			if err := json.Unmarshal(data, &v); err != nil || len(strings.Fields(v.Text)) < 40 {
				t.Fatalf("%d: %s, %v", i, data, err)
			}
		}
	}
}

// TestPasses counts how often each query is asked: as often as every other, even if the time is over before.
func TestPasses(t *testing.T) {
	for _, span := range []time.Duration{time.Nanosecond, 5 * time.Millisecond} {
		b := bench{span: span}
		var mu sync.Mutex
		asked := map[string]int{}
		queries := []string{"a", "b", "c"}
		f, err := b.passes(t.Context(), 2, queries, func(_ context.Context, query string) error {
			mu.Lock()
			defer mu.Unlock()
			asked[query]++
			return nil
		})
		if err != nil || f.rate <= 0 || f.p50 <= 0 {
			t.Errorf("got %+v, %v", f, err)
		}
		for _, q := range queries {
			if asked[q] == 0 || asked[q] != asked["a"] {
				t.Errorf("asked %v", asked)
			}
		}
	}
}

func TestChoose(t *testing.T) {
	for only, want := range map[string]string{
		"open":        "open",
		"encode,http": "encode http",
		"search":      "search search-http search-encode search-sweep search-open",
		"search-open": "search-open",
	} {
		chosen, err := choose(only)
		var names []string
		for _, s := range chosen {
			names = append(names, s.name)
		}
		if got := strings.Join(names, " "); err != nil || got != want {
			t.Errorf("%s: got %s, %v", only, got, err)
		}
	}
	for _, only := range []string{"sea", "open,x", "open-"} {
		if chosen, err := choose(only); err == nil {
			t.Errorf("%s: got %d sections", only, len(chosen))
		}
	}
}
