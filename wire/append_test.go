package wire_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/wire"
)

// TestAppendJSON compares what is written field by field with encoding/json, on odd and on random values.
func TestAppendJSON(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	floats := []float64{0, 1, 0.5, 0.1 + 0.2, 1e-7, 1e-6, 9.99e-7, 1e20, 1e21, 1.5e300, 5e-324, math.Pi, 123456789.125, 1e-10}
	number := func() float64 {
		if rng.IntN(2) == 0 {
			return floats[rng.IntN(len(floats))]
		}
		return rng.ExpFloat64() * math.Pow(10, float64(rng.IntN(40)-20))
	}
	texts := []string{"", "public", "a b", `q"uote\`, "<&>", "日本", "\u2028", "\x00\x1f", "\x7f", "\xff", "tab\t"}
	text := func() string { return texts[rng.IntN(len(texts))] }
	odd := []time.Time{{}, time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC), time.Date(12345, 6, 7, 8, 9, 10, 11, time.UTC)}
	moment := func() wire.Timestamp {
		if i := rng.IntN(50); i < len(odd) {
			return wire.Timestamp{Time: odd[i]}
		}
		return wire.Timestamp{Time: time.UnixMilli(rng.Int64N(1 << 42)).In(time.FixedZone("x", 3600))}
	}
	maybe := func() bool { return rng.IntN(2) == 0 }
	for range 3000 {
		v := wire.Memory{
			ID: sigil.NewID(time.UnixMilli(rng.Int64N(1 << 42))), Tenant: text(), Frequency: number(), Pattern: rng.IntN(200), Potential: number(), Decay: number(),
			CreatedAt: moment(), LastAccessed: moment(), AccessCount: rng.Uint64(), Pinned: maybe(), Crystallized: maybe(), Policy: text(),
		}
		if maybe() {
			v.Data = json.RawMessage(`{"a":[1,2.50,"<x>"]}`)
			v.State = &sigil.State{Phi: number(), Coherence: number(), Awareness: 1}
			v.Hash = text()
		}
		if v.State != nil && maybe() {
			v.State.Extra = map[string]json.RawMessage{"mood": json.RawMessage(`"<calm>"`)}
		}
		if maybe() {
			at, ttl := moment(), "36h"
			v.FadesAt, v.TTL, v.Life = &at, &ttl, &ttl
			r := number()
			v.Resonance = &r
		}
		if maybe() {
			v.Tags = []string{}
			for range rng.IntN(3) {
				v.Tags = append(v.Tags, text())
			}
		}
		if rng.IntN(5) == 0 {
			v.Spiral = []wire.SpiralPoint{{Angle: number()}}
		}
		if maybe() {
			v.DuplicateOf = &sigil.ID{1, 2, 3}
		}
		if maybe() {
			v.Similar = []wire.Similar{{ID: v.ID, Score: number()}, {ID: sigil.ID{4}, Score: 1}}[:rng.IntN(3)]
		}
		if rng.IntN(3) == 0 {
			v.Warnings = []wire.Warning{{Code: text(), Field: "ttl", Detail: text()}, {}}[:1+rng.IntN(2)]
		}
		got, err := v.AppendJSON([]byte("x"))
		same(t, v, got, err)

		e := wire.Event{Position: rng.Uint64(), Token: text(), Time: moment(), Tenant: text(), Kind: sigil.Faded, Reason: text()}
		if maybe() {
			e.Changed = []string{text(), text()}[:1+rng.IntN(2)]
		}
		if maybe() {
			e.ID = &v.ID
			e.Arithmetic = &wire.Arithmetic{
				CreatedAt: moment(), LastAccessed: moment(), IdleSeconds: number(), Policy: text(), Decay: number(), Threshold: number(),
				FadesAt: v.FadesAt, TTL: v.TTL, Life: v.Life, Potential: number(), AccessCount: rng.Uint64(), Pinned: maybe(), Crystallized: maybe(), Size: rng.Int(),
			}
		}
		if maybe() {
			e.Crystal = &wire.Crystal{ID: text(), Stability: number(), CreatedAt: moment()}
		}
		if maybe() {
			e.Signature = &wire.SignatureRef{ID: v.ID, SHA256: text(), Signer: text()}
		}
		got, err = e.AppendJSON([]byte("x"))
		same(t, e, got, err)

		m := wire.LiveMessage{Type: text(), Newest: uint64(rng.IntN(2)), Status: rng.IntN(2) * 201}
		if maybe() {
			m.ID, m.Memory, m.After = json.RawMessage(`"<1>"`), &v, &e.Position
		}
		if maybe() {
			m.Problem, m.Events = &wire.Problem{Code: text(), Oldest: rng.Uint64()}, []wire.Event{e}
		}
		got, err = m.AppendJSON([]byte("x"))
		same(t, m, got, err)

		items := []wire.BatchItem{{Status: 201, Memory: &v}, {Status: 201, ID: &v.ID, DuplicateOf: v.DuplicateOf, Similar: v.Similar, Warnings: v.Warnings}, {Status: 400, Problem: &wire.Problem{Code: text()}}}
		views := []wire.Memory{v, v}[:rng.IntN(3)]
		if maybe() {
			items, views = nil, nil
		}
		got, err = (&wire.BatchPage{Results: items}).AppendJSON([]byte("x"))
		same(t, wire.BatchPage{Results: items}, got, err)
		got, err = (&wire.RelatedPage{Related: views}).AppendJSON([]byte("x"))
		same(t, wire.RelatedPage{Related: views}, got, err)
		kept := wire.Kept{ID: v.ID, DuplicateOf: v.DuplicateOf, Similar: v.Similar, Warnings: v.Warnings}
		got, err = kept.AppendJSON([]byte("x"))
		same(t, kept, got, err)
		neighbors := []wire.Neighbor{{v.ID, 1}, {v.ID, rng.Float64()}, {v.ID, 1e-9}, {v.ID, 1e-9}}[:rng.IntN(5)]
		got, err = (&wire.NeighborPage{Related: neighbors}).AppendJSON([]byte("x"))
		same(t, wire.NeighborPage{Related: neighbors}, got, err)
		got, err = (&wire.MemoryPage{Memories: views, Next: v.TTL}).AppendJSON([]byte("x"))
		same(t, wire.MemoryPage{Memories: views, Next: v.TTL}, got, err)
		hits := []wire.Hit{
			{Memory: v, Score: number(), Parts: wire.ScoreParts{Words: number(), Freshness: number(), Strength: number()}},
			{Memory: v, Matched: []wire.Matched{{Pointer: text(), Tag: maybe(), Ranges: [][2]int{{0, 3}}}}},
			{Memory: v, Matched: []wire.Matched{}, Explanation: &wire.ScoreExplanation{
				Words: []wire.ScoreShare{{Name: text(), Value: number()}}, Meaning: &wire.ScoreCosines{Query: number()},
				BM25: &wire.ScoreBM25{AverageLength: number(), Terms: []wire.ScoreTerm{{Term: text(), IDF: number()}}},
			}},
		}[:rng.IntN(4)]
		found := wire.SearchPage{Hits: hits, Next: v.TTL, Complete: maybe(), Meaning: text()}
		got, err = found.AppendJSON([]byte("x"))
		same(t, found, got, err)
	}
}

func same(t *testing.T, v any, got []byte, err error) {
	t.Helper()
	var want bytes.Buffer
	enc := json.NewEncoder(&want)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	if wanted := "x" + string(bytes.TrimSuffix(want.Bytes(), []byte("\n"))); err != nil || string(got) != wanted {
		t.Fatalf("got  %s (%v)\nwant %s", got, err, wanted)
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	m := wire.Memory{ID: sigil.NewID(time.Now()), Tenant: "public", Data: json.RawMessage(`{"note":"tea at five"}`), State: &sigil.State{Phi: .5}, Hash: "e50bfa269b4a5d20d872f82ebfe5cb488370c7de6312896143448e7d9b2ee414", Tags: []string{}, Policy: "classic"}
	b.Run("by=hand", func(b *testing.B) {
		var buf []byte
		for b.Loop() {
			buf, _ = m.AppendJSON(buf[:0])
		}
	})
	b.Run("by=library", func(b *testing.B) {
		for b.Loop() {
			_, _ = json.Marshal(m)
		}
	})
}
