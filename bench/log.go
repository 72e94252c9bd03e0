package main

import (
	"context"
	"errors"
	"os"
	"sync"
)

// logBytes is the length of the bare log. At its end, writing starts over at the beginning.
func (b *bench) logBytes() int64 { return 4<<20 + int64(b.span.Seconds()*(128<<20)) }

// newLog returns a file of zeros, synced. Writing into blocks that are already allocated is the least work that a
// durable append can cost.
func (b *bench) newLog() (_ *os.File, err error) {
	f, err := os.CreateTemp(b.scratch, "log")
	if err != nil {
		return nil, err
	}
	zeros := make([]byte, 1<<20)
	for range b.logBytes()/int64(len(zeros)) + 1 {
		if _, err := f.Write(zeros); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	return f, f.Sync()
}

// logEncode measures a bare log, to which each caller appends as many bytes as the three records of an encode. Callers
// share syncs: records appended during one sync are written with the next. There is no way to find a record again.
func (b *bench) logEncode(file *os.File, callers int) side {
	return side{"bare log", "", func(ctx context.Context) (figure, error) {
		l := &bareLog{file: file, bytes: b.logBytes(), wake: make(chan struct{}, 1), group: &group{done: make(chan struct{})}}
		var running sync.WaitGroup
		running.Go(l.run)
		defer running.Wait()
		defer close(l.wake)
		const keys = 3*(1+len(tenant)+1) + 16 + 16 + 8
		return b.load(ctx, callers, func(i uint64) error {
			head := noise(i, keys+metaBytes+bodyBytes+eventBytes)
			return l.append(head, payload(i))
		})
	}}
}

// bareLog is a log with one writer.
type bareLog struct {
	file  *os.File
	bytes int64 // the file's length
	wake  chan struct{}

	mu sync.Mutex
	// +checklocks:mu
	group *group // the records to be written next
}

// group is the records of one sync.
type group struct {
	bytes []byte
	done  chan struct{} // closed when the records are durable
	err   error         // read only after done is closed
}

func (l *bareLog) append(parts ...[]byte) error {
	l.mu.Lock()
	g := l.group
	for _, p := range parts {
		g.bytes = append(g.bytes, p...)
	}
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default: // it has been woken already
	}
	<-g.done
	return g.err
}

// run writes and syncs one group after the other, until wake is closed.
func (l *bareLog) run() {
	var at int64
	var free []byte // the previous group's buffer, for reuse
	for range l.wake {
		l.mu.Lock()
		g := l.group
		l.group = &group{bytes: free[:0], done: make(chan struct{})}
		l.mu.Unlock()
		if at+int64(len(g.bytes)) > l.bytes {
			at = 0
		}
		_, err := l.file.WriteAt(g.bytes, at)
		at += int64(len(g.bytes))
		g.err = errors.Join(err, datasync(l.file))
		free = g.bytes
		close(g.done)
	}
}
