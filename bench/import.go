package main

import (
	"bufio"
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// imports measures `sigil import` of a file of memories.
func imports(ctx context.Context, b *bench) (_ string, err error) {
	file := filepath.Join(b.scratch, "memories.ndjson")
	if err := b.writeLines(file); err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, os.Remove(file)) }()
	var peaks []float64 // for each round the daemon's, then the command's
	all, err := b.compare(ctx, "import", side{"sigil import", "", func(ctx context.Context) (figure, error) {
		return b.withDaemon(ctx, func(d *daemon) (f figure, err error) {
			begin := time.Now()
			p, err := b.start(b.sigil, "import", "--addr="+d.addr, file)
			if err != nil {
				return f, err
			}
			own := p.watch(ctx)
			f = perSecond(b.memories, time.Since(begin))
			daemons, err := d.peak()
			peaks = append(peaks, float64(daemons), float64(own))
			return f, errors.Join(err, p.stop(syscall.SIGTERM))
		})
	}})
	if err != nil {
		return "", err
	}
	var daemons, commands []float64
	for i := 0; i < len(peaks); i += 2 {
		daemons, commands = append(daemons, peaks[i]/(1<<20)), append(commands, peaks[i+1]/(1<<20))
	}
	r := all[0].of(rate)
	return table{
		{all[0].name, "median (min to max)", "target"},
		{"memories/s", r.String(), atLeast(100_000).say(r)},
		{"peak memory of the daemon, MiB", spreadOf(daemons).String(), ""},
		{"peak memory of the command, MiB", spreadOf(commands).String(), ""},
	}.String(), nil
}

func (b *bench) writeLines(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	for i := range uint64(b.memories) {
		_, _ = w.Write(append(payload(i), '\n')) // Flush returns the error
	}
	return errors.Join(w.Flush(), f.Close())
}
