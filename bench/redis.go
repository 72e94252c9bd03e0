package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
)

// redisServer is a redis-server on loopback.
type redisServer struct {
	*process
	addr string
}

// startRedis starts a server on a data folder and returns when it accepts commands, which means that its data is
// loaded. Everything else is Redis's default, including the rewriting of its log.
func (b *bench) startRedis(ctx context.Context, dir, fsync string) (*redisServer, error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	p, err := b.start("redis-server", "--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", dir, "--save", "",
		"--appendonly", "yes", "--appendfsync", fsync, "--maxclients", "4000", "--maxmemory", "0")
	if err != nil {
		return nil, err
	}
	r := &redisServer{process: p, addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}
	c := r.client(1)
	defer func() { _ = c.Close() }() // nothing was buffered
	if err := p.await(ctx, func() bool { return c.Ping(ctx).Err() == nil }); err != nil {
		return nil, errors.Join(err, p.stop(syscall.SIGKILL))
	}
	return r, nil
}

// freePort returns a port that is not in use: Redis cannot choose one itself.
func freePort(ctx context.Context) (int, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }() // no connection was accepted
	return l.Addr().(*net.TCPAddr).Port, nil
}

func (r *redisServer) client(connections int) *redis.Client {
	return redis.NewClient(&redis.Options{Addr: r.addr, PoolSize: connections, ReadTimeout: time.Minute, MaxRetries: -1})
}

// settled waits until the log is not being rewritten.
func (r *redisServer) settled(ctx context.Context) error {
	c := r.client(1)
	defer func() { _ = c.Close() }() // nothing was buffered
	return r.await(ctx, func() bool {
		info := c.InfoMap(ctx, "persistence").Val()["Persistence"]
		return info["aof_rewrite_in_progress"] == "0" && info["aof_rewrite_scheduled"] == "0"
	})
}

// redisEncode measures the writes that an encode amounts to, at the same durability: the record, its deadline and its
// frequency, in one MULTI, on disk before the answer.
func (b *bench) redisEncode(callers int) side {
	return side{"Redis", "redis-server", func(ctx context.Context) (f figure, err error) {
		dir, err := os.MkdirTemp(b.scratch, "redis")
		if err != nil {
			return f, err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
		r, err := b.startRedis(ctx, dir, "always")
		if err != nil {
			return f, err
		}
		defer func() { err = errors.Join(err, r.stop(syscall.SIGKILL)) }()
		c := r.client(callers)
		defer func() { _ = c.Close() }() // nothing was buffered
		return b.load(ctx, callers, func(i uint64) error {
			id := uuid.Must(uuid.NewV7()).String()
			_, err := c.TxPipelined(ctx, func(p redis.Pipeliner) error {
				return queue(ctx, p, id, payload(i), float64(i), float64(i%1000))
			})
			return err
		})
	}}
}

// queue adds the writes of one memory to a pipeline.
func queue(ctx context.Context, p redis.Pipeliner, id string, data []byte, deadline, frequency float64) error {
	p.Set(ctx, "m:"+id, data, 0)
	p.ZAdd(ctx, "deadlines", redis.Z{Score: deadline, Member: id})
	p.ZAdd(ctx, "frequencies", redis.Z{Score: frequency, Member: id})
	return nil
}

// must returns the first error of a pipeline whose answers are not needed.
func must(cmds []redis.Cmder, err error) error {
	if err != nil {
		return err
	}
	for _, c := range cmds {
		if err := c.Err(); err != nil {
			return fmt.Errorf("%s: %w", c.Name(), err)
		}
	}
	return nil
}
