package search

import (
	"fmt"
	"math/rand/v2"
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

// text draws words as they occur in texts: by Zipf, of 200,000 words.
type text struct {
	words []string
	drawn []uint32 // of these words: to draw from them is faster than to draw anew
	rng   *rand.Rand
}

func newText(seed uint64) *text {
	rng := rand.New(rand.NewPCG(seed, 0))
	t := &text{rng: rng, drawn: make([]uint32, 1<<23)}
	zipf := rand.NewZipf(rng, 1.07, 1, 200_000-1)
	for i := range t.drawn {
		t.drawn[i] = uint32(zipf.Uint64())
	}
	for i := range 200_000 {
		t.words = append(t.words, "w"+strconv.FormatInt(int64(i)*7919+1000, 36))
	}
	return t
}

// doc returns a memory of about 60 words.
func (t *text) doc(n uint64) Doc {
	var buf [80]uint32
	words := buf[:40+t.rng.IntN(41)]
	for i := range words {
		words[i] = t.draw()
	}
	slices.Sort(words)
	d := Doc{ID: testID(n), Ref: uint32(n), Length: len(words), Terms: make([]Term, 0, len(words))}
	for i, word := range words {
		if i == 0 || word != words[i-1] {
			d.Terms = append(d.Terms, Term{t.words[word], 0})
		}
		d.Terms[len(d.Terms)-1].Count++
	}
	t.rng.Shuffle(len(d.Terms), func(i, j int) { d.Terms[i], d.Terms[j] = d.Terms[j], d.Terms[i] })
	return d
}

func (t *text) draw() uint32 { return t.drawn[t.rng.IntN(len(t.drawn))] }

func (t *text) query(words int) *Query {
	q := &Query{}
	for range words {
		q.Optional = append(q.Optional, Clause{{Text: t.words[t.draw()], Weight: 1}})
	}
	return q
}

// TestMillion measures an index of SIGIL_SEARCH memories, and prints what it has measured. It judges nothing.
func TestMillion(t *testing.T) {
	memories, err := strconv.Atoi(os.Getenv("SIGIL_SEARCH"))
	if err != nil {
		t.Skip("SIGIL_SEARCH=1000000 measures an index of so many memories")
	}
	text := newText(1)
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

// measure has 2 callers search for 2 s. It prints processor times.
func measure(x *Index, text *text, words int, kind string) {
	const callers = 2
	var queries []*Query
	for range 4096 {
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
	took := make([][]time.Duration, callers)
	var all sync.WaitGroup
	begin := time.Now()
	for caller := range callers {
		all.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			for i := caller; time.Since(begin) < 2*time.Second; i += callers {
				at := threadTime()
				x.Search(queries[i%len(queries)], 10, nil)
				took[caller] = append(took[caller], threadTime()-at)
			}
		})
	}
	all.Wait()
	each := slices.Concat(took...)
	slices.Sort(each)
	total := time.Duration(0)
	for _, one := range each {
		total += one
	}
	fmt.Printf("%s of %d words: %.0f queries/s of processor time, p50 %v, p99 %v, max %v\n", kind, words, float64(len(each))/total.Seconds(),
		each[len(each)/2], each[len(each)*99/100], each[len(each)-1])
}
