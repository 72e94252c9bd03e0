package main

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
)

const (
	fewCallers  = 2  // in process: one per processor of the machines that this runs on
	connections = 64 // over the network
	drawn       = 1 << 20
)

// recall measures reading and refreshing memories of a large store. A refresh is durable within a second, in Redis too.
func recall(ctx context.Context, b *bench) (string, error) {
	return b.reads(ctx, reads{
		name: "recall", rate: "recalls/s",
		sigil: func(e *embedded, key sigil.Key) error {
			_, err := e.Recall(ctx, key)
			return err
		},
		// A pipeline, not a MULTI, which would cost Redis more.
		redis: func(c *redis.Client, id string, _ uint16) error {
			return must(c.Pipelined(ctx, func(p redis.Pipeliner) error {
				p.Get(ctx, "m:"+id)
				p.ZAdd(ctx, "deadlines", redis.Z{Score: float64(time.Now().UnixMilli()), Member: id})
				return nil
			}))
		},
		inProcess: atLeast(5), p99: target{bound: 100, upper: true, unit: " µs"},
	})
}

// related measures finding the 50 nearest of a large store. Redis returns the first 50 ids in the span, nearest or not.
func related(ctx context.Context, b *bench) (string, error) {
	span := sigil.Span(sigil.ResonanceThreshold)
	bufs := sync.Pool{New: func() any { return new([]engine.Neighbor) }} // each caller has its own
	return b.reads(ctx, reads{
		name: "related", rate: "queries/s", more: "figures",
		sigil: func(e *embedded, key sigil.Key) error {
			buf := bufs.Get().(*[]engine.Neighbor)
			defer bufs.Put(buf)
			neighbors, err := e.Related(ctx, key, engine.RelatedQuery{Limit: 50, Buf: *buf})
			*buf = neighbors
			return err
		},
		redis: func(c *redis.Client, _ string, frequency uint16) error {
			low, high := strconv.Itoa(int(frequency)-span), strconv.Itoa(int(frequency)+span)
			return c.ZRangeArgs(ctx, redis.ZRangeArgs{Key: "frequencies", Start: low, Stop: high, ByScore: true, Count: 50}).Err()
		},
		p99: target{bound: 20, upper: true, unit: " µs"},
	})
}

// reads describes one kind of read.
type reads struct {
	name, rate     string
	more           string // a kind of request over HTTP whose answer has more in it
	sigil          func(*embedded, sigil.Key) error
	redis          func(c *redis.Client, id string, frequency uint16) error
	inProcess, p99 target // for the rate divided by Redis's, and for the time
}

// reads measures one kind of read in process, then over HTTP, each beside Redis.
func (b *bench) reads(ctx context.Context, r reads) (_ string, err error) {
	l, err := b.full(ctx)
	if err != nil {
		return "", err
	}
	var server *redisServer
	if b.has("redis-server") {
		if server, err = b.startRedis(ctx, l.redis, "everysec"); err != nil {
			return "", err
		}
		defer func() { err = errors.Join(err, server.stop(syscall.SIGTERM)) }()
	}
	rows, err := b.readsInProcess(ctx, l, server, r)
	if err != nil {
		return "", err
	}
	over, err := b.readsOverHTTP(ctx, l, server, r)
	return append(rows, over...).String(), err
}

func (b *bench) readsInProcess(ctx context.Context, l *large, server *redisServer, r reads) (_ table, err error) {
	e, err := openStore(l.dir, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.store.Close()) }()
	order := draws(len(l.keys), drawn)
	ours := side{"Sigil", "", func(ctx context.Context) (figure, error) {
		return b.load(ctx, fewCallers, func(i uint64) error { return r.sigil(e, l.keys[order[i%drawn]]) })
	}}
	all, err := b.compare(ctx, r.name+", in process", ours, b.redisReads(l, server, fewCallers, r))
	if err != nil {
		return nil, err
	}
	label := "in process, " + strconv.Itoa(fewCallers) + " callers"
	rows := append(heading("", r.rate), against(label, all, map[string]target{"Redis": r.inProcess})...)
	micros := all[0].of(func(f figure) float64 { return float64(f.p99) / 1e3 })
	return append(rows, []string{label, "p99, µs", "", "", "", "", micros.String(), r.p99.say(micros)}), nil
}

func (b *bench) readsOverHTTP(ctx context.Context, l *large, server *redisServer, r reads) (_ table, err error) {
	if !b.has("wrk") && b.lenient {
		return nil, nil
	}
	ids, err := l.ids(b)
	if err != nil {
		return nil, err
	}
	d, err := b.serve(ctx, l.dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.stop(syscall.SIGTERM)) }()
	load := func(name, kind string) side {
		return side{name, "wrk", func(ctx context.Context) (figure, error) { return b.wrk(ctx, d, connections, kind, ids) }}
	}
	sides := []side{load("Sigil", r.name), b.redisReads(l, server, connections, r)}
	if r.more != "" {
		sides = append(sides, load("Sigil, "+r.more, r.more))
	}
	all, err := b.compare(ctx, r.name+", over HTTP", sides...)
	if err != nil {
		return nil, err
	}
	return against("over HTTP, "+strconv.Itoa(connections)+" connections", all, map[string]target{"Redis": atLeast(1)}), nil
}

func (b *bench) redisReads(l *large, server *redisServer, callers int, r reads) side {
	order := draws(len(l.keys), drawn)
	return side{"Redis", "redis-server", func(ctx context.Context) (figure, error) {
		c := server.client(callers)
		defer func() { _ = c.Close() }() // nothing was buffered
		return b.load(ctx, callers, func(i uint64) error {
			at := order[i%drawn]
			return r.redis(c, l.keys[at].ID.String(), l.frequencies[at])
		})
	}}
}
