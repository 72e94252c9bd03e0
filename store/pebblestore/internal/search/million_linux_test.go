package search

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sigil-dna/sigil"
)

// TestMillion measures an index of SIGIL_SEARCH memories, and prints what it has measured. It judges nothing.
func TestMillion(t *testing.T) {
	memories, err := strconv.Atoi(os.Getenv("SIGIL_SEARCH"))
	if err != nil {
		t.Skip("SIGIL_SEARCH=1000000 measures an index of so many memories")
	}
	text := newText(1, 200_000)
	before := heap()
	x := New()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var took, longest time.Duration
	chunk := make([]Doc, 0, 1000)
	for n := 0; n < memories; {
		chunk = chunk[:0]
		for ; len(chunk) < cap(chunk) && n < memories; n++ {
			chunk = append(chunk, text.doc(uint64(n+1)))
		}
		for i := range chunk {
			begin := threadTime()
			x.Add(chunk[i])
			one := threadTime() - begin
			took += one
			longest = max(longest, one)
		}
	}
	fmt.Printf("processor time: added %.0f/s, the slowest in %v\n", float64(memories)/took.Seconds(), longest)
	clear(chunk)
	printSize(x, before, memories)
	for _, kind := range []string{"any", "all", "prefix"} {
		for _, words := range []int{1, 3, 8} {
			measure(x, text, words, kind)
		}
	}
	ids := make([]sigil.ID, 0, memories/10)
	for n := range memories / 10 {
		ids = append(ids, testID(uint64(n+1)))
	}
	begin := time.Now()
	n := x.Remove(ids...)
	fmt.Printf("removed %d, the oldest, in %v\n", n, time.Since(begin))
	ids = ids[:0]
	for n := memories/10 + 1; n <= memories; n += 9 {
		ids = append(ids, testID(uint64(n)))
	}
	begin = time.Now()
	n = x.Remove(ids...)
	fmt.Printf("removed %d, everywhere, in %v\n", n, time.Since(begin))
	begin = time.Now()
	for x.Merge(1 << 20) {
	}
	fmt.Printf("merged what was due in %v\n", time.Since(begin))
	printSize(x, before, memories-memories/5)
	measure(x, text, 3, "any")
	runtime.KeepAlive(x)
}

// threadTime returns the processor time of the thread, to which the caller has locked its goroutine. Unlike the time of
// day it can be compared on a machine that does other work.
func threadTime() time.Duration {
	var at unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &at); err != nil {
		panic(err)
	}
	return time.Duration(at.Nano())
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func printSize(x *Index, before uint64, memories int) {
	s := x.Stats()
	fmt.Printf("%d memories, %d dead, %d terms, %d segments; bytes a memory: %.0f of the heap, %.0f as it counts itself\n",
		s.Memories, s.Dead, s.Terms, s.Segments, float64(heap()-before)/float64(memories), float64(s.Bytes)/float64(memories))
}

// measure has 2 callers ask the same queries again and again, and prints processor times: of all searches, and of the
// best search of each query, which other work on the machine disturbs least.
func measure(x *Index, text *text, words int, kind string) {
	const callers, distinct, rounds = 2, 400, 5
	var queries []*Query
	for range distinct {
		q := text.query(words)
		switch kind {
		case "all":
			q.Required, q.Optional = q.Optional, nil
		case "prefix":
			last := &q.Optional[words-1][0]
			last.Prefix, last.Text = true, last.Text[:3]
		}
		queries = append(queries, q)
	}
	var took [callers * rounds][]time.Duration
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			for round := caller; round < len(took); round += callers {
				for _, q := range queries {
					at := threadTime()
					x.Search(q, 10, nil)
					took[round] = append(took[round], threadTime()-at)
				}
			}
		})
	}
	all.Wait()
	each, best := slices.Concat(took[:]...), took[0]
	for i := range best {
		for _, round := range took {
			best[i] = min(best[i], round[i])
		}
	}
	fmt.Printf("%s of %d words: %s; the best of each: %s\n", kind, words, spread(each), spread(best))
}

func spread(took []time.Duration) string {
	slices.Sort(took)
	total := time.Duration(0)
	for _, one := range took {
		total += one
	}
	return fmt.Sprintf("%.0f/s, p50 %v, p99 %v, max %v", float64(len(took))/total.Seconds(), took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
}
