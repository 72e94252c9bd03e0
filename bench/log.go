package main

import (
	"context"
	"errors"
	"os"
	"sync"
)

// logBytes is the length of the bare log, which begins again at its end.
func (b *bench) logBytes() int64 { return 4<<20 + int64(b.span.Seconds()*(128<<20)) }

// newLog makes the file, filled with zeros: appending to one that has its length and blocks already is the
// least that a disk can be asked for.
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

// logEncode appends a record of the same length as an encode's three to a bare log. Callers wait for a sync
// that they share: what is appended while one is under way goes with the next. Nothing could find a record
// again.
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
	bytes int64 // its length
	wake  chan struct{}

	mu sync.Mutex
	// +checklocks:mu
	group *group // of those whose records wait to be written
}

// group are the records of one sync.
type group struct {
	bytes []byte
	done  chan struct{} // closed when they are durable
	err   error         // read after done
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
	default: // it is awake
	}
	<-g.done
	return g.err
}

// run writes and syncs group by group, until wake is closed.
func (l *bareLog) run() {
	var at int64
	var free []byte // of the group before
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
