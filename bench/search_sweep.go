package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/sigil-dna/sigil"
)

// searchSweep measures sweeps of a store of texts, with indexes of their words and meaning and without. Before the first round, a
// tenth as many are encoded for each round, which are due by then.
func searchSweep(ctx context.Context, b *bench) (_ string, err error) {
	l, err := b.texts(ctx)
	if err != nil {
		return "", err
	}
	n := min(100_000, b.memories/10)
	var sides []side
	for i, s := range searching {
		dir := filepath.Join(b.scratch, fmt.Sprint("library", i)) // all are open at the same time
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		if err := os.CopyFS(dir, os.DirFS(l.dir)); err != nil {
			return "", err
		}
		var later atomic.Int64 // nanoseconds added to the system's time
		e, err := openLibrary(ctx, dir, func() time.Time { return time.Now().Add(time.Duration(later.Load())) }, s.settings)
		if err != nil {
			return "", err
		}
		defer func() { err = errors.Join(err, e.store.Close()) }()
		passing := func(i uint64) sigil.Draft {
			return sigil.Draft{Data: l.data(1<<32 + i), TTL: time.Duration(int(i)/n+1) * time.Hour}
		}
		if err := e.fill(ctx, n*b.rounds, passing, nil); err != nil {
			return "", err
		}
		sides = append(sides, side{s.name, "", func(ctx context.Context) (figure, error) {
			later.Add(int64(time.Hour + time.Minute))
			begin := time.Now()
			err := sweepOf(ctx, e, n)
			return perSecond(n, time.Since(begin)), err
		}})
	}
	all, err := b.compare(ctx, "search, sweep", sides...)
	if err != nil {
		return "", err
	}
	t := table{{fmt.Sprintf("%s due of %s", number(float64(n)), number(float64(b.memories))), "released/s", "time", "÷ off: median (min to max)", "target"}}
	for _, m := range all {
		t = append(t, []string{m.name, number(m.of(rate).median), duration(float64(n) / m.of(rate).median * 1e9), "", ""})
	}
	for i := range len(all) - 1 {
		r := ratio(all[i], all[len(all)-1], rate)
		t[i+1][3], t[i+1][4] = r.String(), atLeast(0.4).say(r)
	}
	return t.String(), nil
}
