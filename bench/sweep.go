package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/sigil-dna/sigil"
)

// sweep measures the decay sweep: with nothing due, with many due, and how it slows encodes.
func sweep(ctx context.Context, b *bench) (string, error) {
	nothing, err := b.nothingDue(ctx)
	if err != nil {
		return "", err
	}
	many, err := b.manyDue(ctx)
	if err != nil {
		return "", err
	}
	beside, err := b.encodeBesideSweep(ctx)
	if err != nil {
		return "", err
	}
	return nothing.String() + "\n" + many.String() + "\n" + beside.String(), nil
}

func (b *bench) nothingDue(ctx context.Context) (_ table, err error) {
	var sides []side
	for _, n := range b.sizes() {
		e, remove, failed := b.newStore(ctx, n, nil)
		if failed != nil {
			return nil, failed
		}
		defer func() { err = errors.Join(err, remove()) }()
		sides = append(sides, side{number(float64(n)), "", func(ctx context.Context) (figure, error) { return sweepsFor(ctx, e, b.span/4) }})
	}
	all, err := b.compare(ctx, "sweep, nothing due, memories", sides...)
	if err != nil {
		return nil, err
	}
	t := table{{"a sweep with nothing due, memories", "time: median (min to max)", "target"}}
	each := func(f figure) float64 { return 1e9 / f.rate }
	for _, m := range all {
		s := m.of(each)
		t = append(t, []string{m.name, fmt.Sprintf("%s (%s to %s)", duration(s.median), duration(s.minimum), duration(s.maximum)), ""})
	}
	r := ratio(all[len(all)-1], all[0], each)
	return append(t, []string{"largest ÷ smallest", r.String(), atMost(1.5).say(r)}), nil
}

func sweepsFor(ctx context.Context, e *embedded, span time.Duration) (figure, error) {
	n, begin := 0, time.Now()
	for time.Since(begin) < span {
		for range 100 {
			if err := sweepOf(ctx, e, 0); err != nil {
				return figure{}, err
			}
		}
		n += 100
	}
	return perSecond(n, time.Since(begin)), nil
}

// sweepOf sweeps and checks how many memories were released.
func sweepOf(ctx context.Context, e *embedded, want int) error {
	s, err := e.Sweep(ctx)
	if err == nil && s.Total() != want {
		err = fmt.Errorf("a sweep released %d memories, want %d", s.Total(), want)
	}
	return err
}

// manyDue measures sweeps of a large store. Before the first round it encodes n memories for each round, which are due
// by then. Redis removes as many, as durably, 1,000 at a time.
func (b *bench) manyDue(ctx context.Context) (_ table, err error) {
	l, err := b.full(ctx)
	if err != nil {
		return nil, err
	}
	n := min(100_000, b.memories/10)
	var later atomic.Int64 // nanoseconds added to the system's time
	e, err := openStore(l.dir, func() time.Time { return time.Now().Add(time.Duration(later.Load())) })
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.store.Close()) }()
	passing := func(i uint64) sigil.Draft {
		return sigil.Draft{Data: payload(i), TTL: time.Duration(int(i)/n+1) * time.Hour}
	}
	if err := e.fill(ctx, n*b.rounds, passing, nil); err != nil {
		return nil, err
	}
	ours := side{"Sigil", "", func(ctx context.Context) (figure, error) {
		later.Add(int64(time.Hour + time.Minute))
		begin := time.Now()
		err := sweepOf(ctx, e, n)
		return perSecond(n, time.Since(begin)), err
	}}
	var server *redisServer
	if b.has("redis-server") {
		if server, err = b.startRedis(ctx, l.redis, "always"); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, server.stop(syscall.SIGTERM)) }()
		if err := server.passing(ctx, n, b.rounds); err != nil {
			return nil, err
		}
	}
	round := 0
	theirs := side{"Redis", "redis-server", func(ctx context.Context) (figure, error) {
		round++
		return server.sweep(ctx, n, round-b.rounds)
	}}
	all, err := b.compare(ctx, "sweep, many due", ours, theirs)
	if err != nil {
		return nil, err
	}
	t := table{{fmt.Sprintf("%s due of %s", number(float64(n)), number(float64(b.memories))), "released/s", "time", "Sigil ÷ it: median (min to max)", "target"}}
	for i, m := range all {
		to, verdict := "", ""
		if i > 0 {
			r := ratio(all[0], m, rate)
			to, verdict = r.String(), atLeast(5).say(r)
		}
		t = append(t, []string{m.name, number(m.of(rate).median), duration(float64(n) / m.of(rate).median * 1e9), to, verdict})
	}
	return t, nil
}

const redisStep = 1000

// passing stores n memories for each round, with deadlines before all others.
func (r *redisServer) passing(ctx context.Context, n, rounds int) error {
	c := r.client(1)
	defer func() { _ = c.Close() }() // nothing was buffered
	for first := 0; first < n*rounds; first += redisStep {
		err := must(c.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i := first; i < min(first+redisStep, n*rounds); i++ {
				deadline := float64(i/n+1-rounds) - 0.5
				_ = queue(ctx, p, uuid.Must(uuid.NewV7()).String(), payload(uint64(i)), deadline, float64(i%1000)) // Pipelined returns the error
			}
			return nil
		}))
		if err != nil {
			return err
		}
	}
	return r.settled(ctx)
}

// sweep removes the memories whose deadline is at or before now, and fails unless they are n.
func (r *redisServer) sweep(ctx context.Context, n, now int) (f figure, err error) {
	c := r.client(1)
	defer func() { _ = c.Close() }() // nothing was buffered
	begin, released := time.Now(), 0
	for {
		ids, err := c.ZRangeArgs(ctx, redis.ZRangeArgs{Key: "deadlines", Start: "-inf", Stop: strconv.Itoa(now), ByScore: true, Count: redisStep}).Result()
		if err != nil {
			return f, err
		}
		if len(ids) == 0 {
			break
		}
		keys, members := make([]string, len(ids)), make([]any, len(ids))
		for i, id := range ids {
			keys[i], members[i] = "m:"+id, id
		}
		err = must(c.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.Unlink(ctx, keys...)
			p.ZRem(ctx, "deadlines", members...)
			p.ZRem(ctx, "frequencies", members...)
			return nil
		}))
		if err != nil {
			return f, err
		}
		released += len(ids)
	}
	if released != n {
		return f, fmt.Errorf("released %d memories, want %d", released, n)
	}
	return perSecond(n, time.Since(begin)), nil
}

// encodeBesideSweep measures how long encodes take just before and during a sweep that releases all memories of a
// store.
func (b *bench) encodeBesideSweep(ctx context.Context) (table, error) {
	var without []figure
	all, err := b.compare(ctx, "sweep, encodes beside it", side{"beside the sweep", "", func(ctx context.Context) (figure, error) {
		var later atomic.Int64 // nanoseconds added to the system's time
		clock := func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
		return b.withStore(ctx, b.memories, clock, func(e *embedded) (figure, error) {
			later.Store(int64(365 * 24 * time.Hour)) // all memories have faded, but new ones have not
			alone, err := b.encodes(ctx, e, connections)
			if err != nil {
				return figure{}, err
			}
			without = append(without, alone)
			over := make(chan struct{})
			var running sync.WaitGroup
			var swept error
			running.Go(func() {
				defer close(over)
				swept = sweepOf(ctx, e, b.memories)
			})
			beside, err := loadUntil(ctx, connections, 0, over, func(i uint64) error {
				_, err := e.Encode(ctx, tenant, draft(payload)(1<<40+i))
				return err
			})
			running.Wait()
			return beside, errors.Join(err, swept)
		})
	}})
	if err != nil {
		return nil, err
	}
	alone := measured{name: "alone", figures: without}
	t := table{{fmt.Sprintf("encode by %d callers", connections), "encodes/s", "p50", "p99", "p99.9", "p99.9 beside ÷ alone: median (min to max)", "target"}}
	for _, m := range []measured{alone, all[0]} {
		t = append(t, []string{m.name, number(m.of(rate).median), span(m.of(p50)), span(m.of(p99)), span(m.of(p999)), "", ""})
	}
	r := ratio(all[0], alone, p999)
	t[len(t)-1][5], t[len(t)-1][6] = r.String(), atMost(1.5).say(r)
	t[len(t)-1][0] += fmt.Sprintf(" that releases %s", number(float64(b.memories)))
	return t, nil
}
