package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// oldProgram is the algorithm that Sigil replaces.
//
//go:embed old.js
var oldProgram []byte

// old measures encode beside the algorithm that Sigil replaces, which stores nothing on disk, and how the time of
// an encode grows with the number of memories in both.
func old(ctx context.Context, b *bench) (_ string, err error) {
	few, many := min(1000, b.memories), min(10_000, b.memories)
	sides := []side{b.oldEncode(few), b.oldEncode(many)}
	sizes := b.sizes()
	largest := sizes[len(sizes)-1]
	// All rounds of the largest size share one store: what they add is little compared with what it has.
	e, remove, err := b.newStore(ctx, largest, nil)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, remove()) }()
	for _, callers := range []int{1, 64} {
		for _, n := range sizes {
			s := b.sigilEncode(callers, n)
			switch n {
			case b.memories:
				s = b.largeEncode(callers)
			case largest:
				s.run = func(ctx context.Context) (figure, error) { return b.encodes(ctx, e, callers) }
			}
			s.name = fmt.Sprintf("Sigil, %s memories, callers: %d", number(float64(n)), callers)
			sides = append(sides, s)
		}
	}
	all, err := b.compare(ctx, "old", sides...)
	if err != nil {
		return "", err
	}
	if !b.has("node") {
		return "", nil
	}
	t := table{{"", "encodes/s", "p50", "p99", fmt.Sprintf("Sigil ÷ the old one with %s: median (min to max)", number(float64(many))), "target"}}
	for i, m := range all {
		to, verdict := "", ""
		if i > 1 {
			r := ratio(m, all[1], rate)
			to, verdict = r.String(), atLeast(1000).say(r)
		}
		t = append(t, []string{m.name, number(m.of(rate).median), span(m.of(p50)), span(m.of(p99)), to, verdict})
	}
	each := func(f figure) float64 { return 1 / f.rate }
	growth := table{{"how much longer an encode takes: median (min to max)", ""}}
	growth = append(growth, []string{"the old algorithm, " + grown(few, many), ratio(all[1], all[0], each).String()})
	for i, callers := range []string{"1", "64"} {
		ours := all[2+i*len(sizes):][:len(sizes)]
		growth = append(growth, []string{"Sigil, callers: " + callers + ", " + grown(sizes[0], largest), ratio(ours[len(ours)-1], ours[0], each).String()})
	}
	return t.String() + "\n" + growth.String(), nil
}

func grown(from, to int) string {
	return fmt.Sprintf("from %s to %s memories", number(float64(from)), number(float64(to)))
}

// oldEncode runs the old algorithm in Node.js with the given number of memories.
func (b *bench) oldEncode(memories int) side {
	return side{fmt.Sprintf("the old one, %s memories", number(float64(memories))), "node", func(ctx context.Context) (f figure, err error) {
		file := filepath.Join(b.scratch, "old.js")
		if err := os.WriteFile(file, oldProgram, 0o600); err != nil {
			return f, err
		}
		cmd := exec.CommandContext(ctx, "node", "--max-old-space-size=4096", file, strconv.Itoa(memories), fmt.Sprint(b.span.Milliseconds()), filler) //nolint:gosec // our own program
		out, err := cmd.Output()
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			return f, fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		var got struct{ Rate, P50, P99, P999 float64 } // times are milliseconds
		if err == nil {
			err = json.Unmarshal(out, &got)
		}
		millis := func(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }
		return figure{got.Rate, millis(got.P50), millis(got.P99), millis(got.P999)}, err
	}}
}
