package main

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// figure is the result of one measurement.
type figure struct {
	rate           float64       // operations per second
	p50, p99, p999 time.Duration // latencies of single operations; 0 if not measured
}

// side is one of the programs that are compared.
type side struct {
	name  string
	needs string // a peer's program, or ""
	run   func(context.Context) (figure, error)
}

// measured is a side's figures, one for each round.
type measured struct {
	name    string
	figures []figure
}

// compare runs the sides alternately, A B A B, so that disturbances of the machine affect all of them.
func (b *bench) compare(ctx context.Context, what string, sides ...side) ([]measured, error) {
	var all []measured
	var present []side
	for _, s := range sides {
		if s.needs != "" && !b.has(s.needs) {
			if b.lenient {
				continue
			}
			return nil, fmt.Errorf("%s: %s is not installed", s.name, s.needs)
		}
		present, all = append(present, s), append(all, measured{name: s.name})
	}
	for round := range b.rounds {
		fmt.Printf("%s, round %d:", what, round+1)
		for i, s := range present {
			f, err := s.run(ctx)
			if err = errors.Join(err, ctx.Err()); err != nil {
				fmt.Println()
				return nil, fmt.Errorf("%s, %s: %w", what, s.name, err)
			}
			all[i].figures = append(all[i].figures, f)
			fmt.Printf("  %s %s/s", s.name, number(f.rate))
		}
		fmt.Println()
	}
	return all, nil
}

func (b *bench) has(program string) bool {
	switch program {
	case "postgres":
		return postgresInstalled()
	case "fts5":
		return sqliteFTS5()
	}
	_, err := exec.LookPath(program)
	return err == nil
}

// load has n callers call op repeatedly for the time of one measurement, each call with a number of its own. Calls
// begun during a warm-up, a fifth as long, are not counted: connections are made then.
func (b *bench) load(ctx context.Context, n int, op func(i uint64) error) (figure, error) {
	over := make(chan struct{})
	timer := time.AfterFunc(b.span+b.span/5, func() { close(over) })
	defer timer.Stop()
	return loadUntil(ctx, n, b.span/5, over, op)
}

// loadUntil is like load, but ends when over is closed.
func loadUntil(ctx context.Context, n int, warm time.Duration, over <-chan struct{}, op func(i uint64) error) (figure, error) {
	var next atomic.Uint64
	var stop atomic.Bool
	var once sync.Once
	var failed error
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // ends with the load
		select {
		case <-over:
		case <-ctx.Done():
		}
		stop.Store(true)
	}()
	from := time.Now().Add(warm)
	each := make([]latencies, n)
	ended := make([]time.Duration, n) // when the last counted call did, since from
	var wg sync.WaitGroup
	for c := range n {
		wg.Go(func() {
			for !stop.Load() {
				begin := time.Now()
				err := op(next.Add(1))
				end := time.Now()
				if err != nil {
					once.Do(func() { failed = err })
					stop.Store(true)
					return
				}
				if begin.After(from) {
					each[c].add(end.Sub(begin))
					ended[c] = end.Sub(from)
				}
			}
		})
	}
	wg.Wait()
	if failed != nil {
		return figure{}, failed
	}
	return summary(each, slices.Max(ended)), nil
}

func summary(each []latencies, took time.Duration) figure {
	var all latencies
	for i := range each {
		all.merge(&each[i])
	}
	if all.n == 0 {
		return figure{}
	}
	return figure{rate: float64(all.n) / took.Seconds(), p50: all.at(0.50), p99: all.at(0.99), p999: all.at(0.999)}
}

// latencies is a histogram of times. Each bucket is at most a 32nd of its values wide. The zero value is empty.
type latencies struct {
	n       uint64
	buckets [64 * 32]uint32
}

func (l *latencies) add(d time.Duration) {
	l.n++
	l.buckets[bucket(uint64(max(d, 0)))]++
}

// bucket returns the bucket of a time: its power of two, and the next five bits.
func bucket(ns uint64) int {
	if ns < 32 {
		return int(ns)
	}
	shift := bits.Len64(ns) - 6
	return (shift+1)*32 + int(ns>>shift)&31
}

// least returns the minimum time of a bucket.
func least(bucket int) time.Duration {
	if bucket < 32 {
		return time.Duration(bucket)
	}
	return time.Duration(bucket%32+32) << (bucket/32 - 1)
}

func (l *latencies) merge(o *latencies) {
	l.n += o.n
	for i, n := range o.buckets {
		l.buckets[i] += n
	}
}

// at returns the given quantile of all times, from 0 to 1, to within a 32nd.
func (l *latencies) at(part float64) time.Duration {
	rank := uint64(part * float64(l.n))
	for i, n := range l.buckets {
		if rank < uint64(n) {
			return least(i + 1)
		}
		rank -= uint64(n)
	}
	return 0
}
