package main

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/store"
)

// searchOpen measures how much memory indexes of words and meaning take, and how long a daemon takes to open after kill -9, until it
// is ready and until its searches are complete.
func searchOpen(ctx context.Context, b *bench) (string, error) {
	l, err := b.texts(ctx)
	if err != nil {
		return "", err
	}
	heaps := make([]float64, len(searching)) // bytes per memory
	for i, s := range searching {
		if heaps[i], err = heapOf(ctx, l.dir, s.settings, b.memories); err != nil {
			return "", err
		}
	}
	completes := make([][]float64, len(searching)) // seconds
	var sides []side
	for i, s := range searching {
		sides = append(sides, side{s.name, "", func(ctx context.Context) (f figure, err error) {
			d, begin, err := b.restart(ctx, l.dir, s.flag)
			if err != nil {
				return f, err
			}
			f = perSecond(1, time.Since(begin))
			if !s.settings.Off {
				c, err := client.New(d.addr, nil)
				if err == nil {
					_, err = complete(ctx, c, client.SearchQuery{Text: word(0), Limit: 1})
				}
				if err != nil {
					return f, err
				}
				completes[i] = append(completes[i], time.Since(begin).Seconds())
			}
			return f, d.stop(syscall.SIGKILL)
		}})
	}
	all, err := b.compare(ctx, "search, open", sides...)
	if err != nil {
		return "", err
	}
	t := table{{fmt.Sprintf("%s memories", number(float64(b.memories))), "median (min to max)", "target"}}
	took := func(f figure) float64 { return 1 / f.rate }
	for _, m := range all {
		t = append(t, []string{m.name + ": from the daemon's start, after kill -9, to /readyz, s", m.of(took).String(), ""})
	}
	off := len(all) - 1
	for i := range off {
		r := ratio(all[i], all[off], took)
		t = append(
			t,
			[]string{all[i].name + " ÷ off", r.String(), atMost(1.5).say(r)},
			[]string{all[i].name + ": from the start until searches are complete, s", spreadOf(completes[i]).String(), ""},
		)
	}
	words, vectors := heaps[1]-heaps[off], heaps[0]-heaps[1]
	return append(
		t,
		[]string{"heap of the words, bytes per memory", short(words), atMost(300).say(spread{median: words})},
		[]string{"heap of the vectors, bytes per memory", short(vectors), atMost(150).say(spread{median: vectors})},
		[]string{"heap of all other indexes, bytes per memory", short(heaps[off]), ""},
	).String(), nil
}

// heapOf returns how many bytes of heap the indexes of a store take per memory.
func heapOf(ctx context.Context, dir string, o store.SearchSettings, n int) (float64, error) {
	_ = live() // a second collection frees what pools keep after the first
	before := live()
	e, err := openLibrary(ctx, dir, nil, o)
	if err != nil {
		return 0, err
	}
	_ = live()
	each := (float64(live()) - float64(before)) / float64(n)
	return each, e.store.Close()
}
