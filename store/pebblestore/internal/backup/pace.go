package backup

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// step is the number of bytes that are read, hashed or written at once.
const step = 256 << 10

// mostRest is the maximum time between two steps.
const mostRest = 20 * time.Millisecond

// Pace is how fast files are read and written. The zero value never rests.
type Pace struct {
	// Rest is how many times as long as a step took it rests after it, so that a store that is used keeps most of the
	// processor and the disk.
	Rest int
	// Ended returns an error if the work should stop; nil never stops it.
	Ended func() error
}

// pass is called after each step, with the time at which the step began.
func (p *Pace) pass(ctx context.Context, begun time.Time) error {
	if p.Ended != nil {
		if err := p.Ended(); err != nil {
			return err
		}
	}
	if p.Rest == 0 {
		return ctx.Err()
	}
	rest := time.NewTimer(min(time.Duration(p.Rest)*time.Since(begun), mostRest))
	defer rest.Stop()
	select {
	case <-rest.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// read reads a file, and returns its size and checksum. It writes what it reads to w, unless that is nil.
func (p *Pace) read(ctx context.Context, fsys vfs.FS, name string, w io.Writer) (size int64, sum [32]byte, err error) {
	f, err := fsys.Open(name, vfs.SequentialReadsOption)
	if err != nil {
		return 0, sum, err
	}
	defer f.Close()
	h, buf := sha256.New(), make([]byte, step)
	for {
		begun := time.Now()
		n, err := io.ReadFull(f, buf)
		size += int64(n)
		_, _ = h.Write(buf[:n]) // never fails
		if w != nil && n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return size, sum, err
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return size, [32]byte(h.Sum(nil)), ctx.Err()
		}
		if err != nil {
			return size, sum, err
		}
		if err := p.pass(ctx, begun); err != nil {
			return size, sum, err
		}
	}
}

// copy copies a file durably, and returns the size and the checksum of what it read.
func (p *Pace) copy(ctx context.Context, fsys vfs.FS, from, to string) (size int64, sum [32]byte, err error) {
	f, err := fsys.Create(to, vfs.WriteCategoryUnspecified)
	if err != nil {
		return 0, sum, err
	}
	// Written back little by little, so that a sync of the store does not wait for all of it.
	f = vfs.NewSyncingFile(f, vfs.SyncingFileOptions{BytesPerSync: step})
	size, sum, err = p.read(ctx, fsys, from, f)
	if err == nil {
		err = f.Sync()
	}
	return size, sum, errors.Join(err, f.Close())
}
