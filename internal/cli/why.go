package cli

import (
	"fmt"
	"strings"

	"github.com/sigil-dna/sigil/client"
)

// arithmetic prints how a score comes about.
func (a *app) arithmetic(h *client.Hit) {
	x := h.Explanation
	line := func(name, format string, args ...any) {
		fmt.Fprintf(a.out, "%s%s %s\n", hitIndent, a.paint(dim, name), fmt.Sprintf(format, args...))
	}
	var sum, idle []string
	for _, part := range []struct {
		name          string
		value, weight float64
	}{
		{"words", h.Parts.Words, x.Weights.Words},
		{"meaning", h.Parts.Meaning, x.Weights.Meaning},
		{"freshness", h.Parts.Freshness, x.Weights.Freshness},
		{"strength", h.Parts.Strength, x.Weights.Strength},
	} {
		if part.weight > 0 {
			sum = append(sum, fmt.Sprintf("%.4g × %s %.3f", part.weight, part.name, part.value))
		} else {
			idle = append(idle, fmt.Sprintf("%s %.3f", part.name, part.value))
		}
	}
	text := fmt.Sprintf("%.3f = %s", h.Score, strings.Join(sum, " + "))
	if len(idle) > 0 {
		text += "; no weight: " + strings.Join(idle, ", ")
	}
	line("score", "%s", text)
	if len(x.Words) > 0 {
		var shares []string
		for _, s := range x.Words {
			shares = append(shares, fmt.Sprintf("%.3f × %s %.3f of %.3f", s.Factor, escape(s.Name), s.Value, s.Best))
		}
		line("words", "%.3f = %s", h.Parts.Words, strings.Join(shares, " + "))
	}
	if m := x.Meaning; m != nil {
		line("meaning", "cosine %.3f with the query, %.3f after it was moved toward the best; by itself it finds over %.2f", m.Query, m.Moved, max(0, m.Least))
	}
	if x.BM25 == nil {
		return
	}
	total := 0.0
	for _, t := range x.BM25.Terms {
		total += t.Score
		weight := ""
		if t.Weight != 1 {
			weight = fmt.Sprintf(" × %.2f", t.Weight)
		}
		line("term", "%s: %d of %s, in %d of %s; idf %.3f%s → %.3f", escape(t.Term), t.Count, count(x.BM25.Length, "word", "words"),
			t.Memories, count(x.BM25.Memories, "memory", "memories"), t.IDF, weight, t.Score)
	}
	line("bm25", "%.3f, at %.1f words a memory", total, x.BM25.AverageLength)
}
