package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/sigil-dna/sigil"
)

// large is a store with b.memories memories, and a Redis folder with the same data. One section at a time uses them.
type large struct {
	dir, redis  string
	keys        []sigil.Key
	frequencies []uint16
	bytes       int64 // size of the store's files after filling
	values      int64 // total size of the values
}

// full returns the large store, which the first call makes.
func (b *bench) full(ctx context.Context) (_ *large, err error) {
	if b.large != nil {
		return b.large, nil
	}
	l := &large{
		dir: filepath.Join(b.scratch, "large"), redis: filepath.Join(b.scratch, "large-redis"),
		keys: make([]sigil.Key, b.memories), frequencies: make([]uint16, b.memories),
	}
	begin := time.Now()
	e, err := openStore(l.dir, nil)
	if err != nil {
		return nil, err
	}
	err = e.fill(ctx, b.memories, draft(payload), func(i int, m *sigil.Memory) {
		l.keys[i], l.frequencies[i] = m.Key, uint16(m.Frequency)
		l.values += int64(m.Size)
	})
	if err = errors.Join(err, e.store.Close()); err != nil {
		return nil, err
	}
	if l.bytes, err = size(l.dir); err != nil {
		return nil, err
	}
	fmt.Printf("filled a store with %s memories (%s)\n", number(float64(b.memories)), time.Since(begin).Round(time.Second))
	if b.has("redis-server") {
		if err := l.fillRedis(ctx, b); err != nil {
			return nil, err
		}
		fmt.Printf("filled Redis with the same (%s in all)\n", time.Since(begin).Round(time.Second))
	}
	b.large = l
	return l, nil
}

func (l *large) fillRedis(ctx context.Context, b *bench) (err error) {
	if err := os.Mkdir(l.redis, 0o700); err != nil {
		return err
	}
	r, err := b.startRedis(ctx, l.redis, "everysec")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.stop(syscall.SIGTERM)) }()
	c := r.client(1)
	defer func() { _ = c.Close() }() // every write was answered before
	const batch = 1000
	for first := 0; first < len(l.keys); first += batch {
		err := must(c.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i := first; i < min(first+batch, len(l.keys)); i++ {
				_ = queue(ctx, p, l.keys[i].ID.String(), payload(uint64(i)), float64(i+1), float64(l.frequencies[i])) // Pipelined returns the error
			}
			return nil
		}))
		if err != nil {
			return err
		}
	}
	return r.settled(ctx)
}

// ids writes a file of ids, one per line, drawn at random by draws, and returns its path.
func (l *large) ids(b *bench) (string, error) {
	path := filepath.Join(b.scratch, "ids")
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	w := bufio.NewWriter(f)
	for _, i := range draws(len(l.keys), 1<<17) {
		_, _ = fmt.Fprintln(w, l.keys[i].ID) // Flush returns the error
	}
	return path, errors.Join(w.Flush(), f.Close())
}

// size returns the total size of the files in a folder, in bytes.
func size(dir string) (n int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += info.Sys().(*syscall.Stat_t).Blocks * 512
		}
		return err
	})
	return n, err
}
