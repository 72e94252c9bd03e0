package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/sigil-dna/sigil/store/pebblestore"
)

// mostBackedUp is the maximum number of memories in the store that is backed up.
const mostBackedUp = 100_000

// backups measures durable encodes in process beside a backup each second, and without, at full load.
func backups(ctx context.Context, b *bench) (string, error) {
	rows := table{{"callers", "", "memories/s", "p50", "p99", "p99.9", "÷ none: median (min to max)", "target"}}
	for _, callers := range []int{64, 1000} {
		run := func(every time.Duration) func(context.Context) (figure, error) {
			return func(ctx context.Context) (figure, error) {
				return b.withStore(ctx, min(b.memories, mostBackedUp), nil, func(e *embedded) (figure, error) { return b.encodeBesideBackups(ctx, e, callers, every) })
			}
		}
		all, err := b.compare(ctx, fmt.Sprintf("backups, %d callers", callers), side{"a backup each second", "", run(time.Second)}, side{"none", "", run(0)})
		if err != nil {
			return "", err
		}
		for _, m := range all {
			rows = append(rows, []string{strconv.Itoa(callers), m.name, number(m.of(rate).median), span(m.of(p50)), span(m.of(p99)), span(m.of(p999)), "", ""})
		}
		r := ratio(all[0], all[1], p999)
		rows = append(rows, []string{strconv.Itoa(callers), "p99.9", "", "", "", "", r.String(), atMost(1.5).say(r)})
	}
	return rows.String(), nil
}

// besideBackups prints the table of backups.
func (b *bench) besideBackups(ctx context.Context) (err error) {
	if err := b.begin(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.end()) }()
	block, err := backups(ctx, b)
	fmt.Println(block)
	return err
}

// encodeBesideBackups measures encodes while a backup is begun at every interval, or as soon as the one before has ended; 0 means
// none. The newest three are kept, as by a daemon with --backup-keep 3.
func (b *bench) encodeBesideBackups(ctx context.Context, e *embedded, callers int, every time.Duration) (f figure, err error) {
	if every > 0 {
		dir, failed := os.MkdirTemp(b.scratch, "backups")
		if failed != nil {
			return f, failed
		}
		over, ended := make(chan struct{}), make(chan error, 1)
		go func() { ended <- e.backUp(ctx, dir, every, over) }() // waited for below
		defer func() {
			close(over)
			err = errors.Join(err, <-ended, os.RemoveAll(dir))
		}()
	}
	return b.load(ctx, callers, func(i uint64) error {
		_, err := e.Encode(ctx, tenant, draft(small)(i))
		return err
	})
}

// backUp makes backups until over is closed.
func (e *embedded) backUp(ctx context.Context, dir string, every time.Duration, over <-chan struct{}) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for n := 0; ; n++ {
		if _, err := e.store.Backup(ctx, filepath.Join(dir, strconv.Itoa(n))); err != nil {
			return err
		}
		if _, err := pebblestore.PruneBackups(dir, e.store.Info().ID, 3, nil); err != nil {
			return err
		}
		select {
		case <-over:
			return nil
		case <-tick.C:
		}
	}
}
