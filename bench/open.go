package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// open measures how long a store takes to open after kill -9, and how much memory and disk it takes.
func open(ctx context.Context, b *bench) (string, error) {
	l, err := b.full(ctx)
	if err != nil {
		return "", err
	}
	heap, err := heapOf(ctx, l.dir, store.SearchSettings{Off: true}, b.memories) // with search, see searchOpen
	if err != nil {
		return "", err
	}
	disk, err := b.incompressible(ctx)
	if err != nil {
		return "", err
	}
	all, err := b.compare(ctx, "open", b.openSigil(l), b.openRedis(l))
	if err != nil {
		return "", err
	}
	took := func(f figure) float64 { return 1 / f.rate }
	s := all[0].of(took)
	t := table{{fmt.Sprintf("%s memories", number(float64(b.memories))), "median (min to max)", "target"}}
	t = append(t, []string{"from the daemon's start, after kill -9, to /readyz, s", s.String(), target{bound: 1, upper: true, unit: " s"}.say(s)})
	if len(all) == 2 {
		r := ratio(all[0], all[1], took)
		t = append(t, []string{"from the start of Redis, after kill -9, until its log is loaded, s", all[1].of(took).String(), ""},
			[]string{"Sigil ÷ Redis", r.String(), atMost(0.2).say(r)})
	}
	one := func(v float64) spread { return spread{v, v, v} }
	n := float64(len(l.keys))
	spaced := float64(l.bytes) / (float64(l.values) + 200*n)
	return append(
		t,
		[]string{"heap of the indexes, without those of words, bytes per memory", short(heap), target{bound: 150, upper: true}.say(one(heap))},
		[]string{"files, bytes per memory", short(float64(l.bytes) / n), ""},
		[]string{"files ÷ (values and 200 bytes per memory)", short(spaced), atMost(1.3).say(one(spaced))},
		[]string{"the same with values that do not compress", short(disk), atMost(1.3).say(one(disk))},
	).String(), nil
}

func live() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// incompressible returns the bytes of a store's files, logs included, divided by those of its values and 200 per
// memory. The values are random letters.
func (b *bench) incompressible(ctx context.Context) (_ float64, err error) {
	dir := filepath.Join(b.scratch, "letters")
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	e, err := openStore(dir, nil)
	if err != nil {
		return 0, err
	}
	n, values := b.memories, 0
	err = e.fill(ctx, n, draft(letters), func(_ int, m *sigil.Memory) { values += int(m.Size) })
	if err = errors.Join(err, e.store.Close()); err != nil {
		return 0, err
	}
	bytes, err := size(dir)
	return float64(bytes) / float64(values+200*n), err
}

// letters returns a value of 500 bytes in which nothing repeats.
func letters(i uint64) []byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	r := rand.New(rand.NewPCG(i, 0))
	b := make([]byte, 500)
	for k := 1; k < len(b)-1; k++ {
		b[k] = alphabet[r.IntN(len(alphabet))]
	}
	b[0], b[len(b)-1] = '"', '"'
	return b
}

// more returns how many batches are kept between a start and the kill, so that there is a log to replay.
func (b *bench) more() int { return min(20, b.memories/bulkBatch/10+1) }

// openSigil measures the start of the daemon on the large store after a daemon on it was killed.
func (b *bench) openSigil(l *large) side {
	return side{"Sigil", "", func(ctx context.Context) (figure, error) {
		d, begin, err := b.restart(ctx, l.dir)
		if err != nil {
			return figure{}, err
		}
		f := perSecond(1, time.Since(begin))
		return f, d.stop(syscall.SIGKILL)
	}}
}

// restart adds memories through a daemon on a data folder, kills the daemon, and starts it again. It returns when the daemon is
// ready; begin is when it was started.
func (b *bench) restart(ctx context.Context, data string, args ...string) (d *daemon, begin time.Time, err error) {
	if d, err = b.serve(ctx, data, args...); err != nil {
		return nil, begin, err
	}
	h := &http.Client{Timeout: patience}
	defer h.CloseIdleConnections()
	for i := range b.more() {
		err = errors.Join(err, postBatch(ctx, h, d.addr, uint64(time.Now().UnixNano())/bulkBatch+uint64(i)))
	}
	if err = errors.Join(err, d.stop(syscall.SIGKILL)); err != nil {
		return nil, begin, err
	}
	begin = time.Now()
	d, err = b.serve(ctx, data, args...)
	return d, begin, err
}

func (b *bench) openRedis(l *large) side {
	return side{"Redis", "redis-server", func(ctx context.Context) (f figure, err error) {
		r, err := b.startRedis(ctx, l.redis, "always")
		if err != nil {
			return f, err
		}
		c := r.client(1)
		for i := range b.more() {
			err = errors.Join(err, must(c.Pipelined(ctx, func(p redis.Pipeliner) error {
				for k := range bulkBatch {
					id := fmt.Sprint("more-", time.Now().UnixNano(), "-", k)
					_ = queue(ctx, p, id, payload(uint64(i*bulkBatch+k)), 1, float64(k)) // Pipelined returns the error
				}
				return nil
			})))
		}
		err = errors.Join(err, r.settled(ctx), c.Close(), r.stop(syscall.SIGKILL))
		if err != nil {
			return f, err
		}
		begin := time.Now()
		if r, err = b.startRedis(ctx, l.redis, "always"); err != nil {
			return f, err
		}
		f = perSecond(1, time.Since(begin))
		return f, r.stop(syscall.SIGKILL)
	}}
}
