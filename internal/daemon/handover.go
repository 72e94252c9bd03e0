package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/front"
)

// lingerTime is how long, after a hand-over, a connection may say nothing before it is closed. A client
// that uses it within that time gets its answer; one that uses it at the very moment of its end may
// see it fail, as with every server that does not keep connections for ever.
const lingerTime = 5 * time.Second

// handedOver is what became of a hand-over that went well.
type handedOver struct {
	pid int
	// pause is how long no process answered: from when this one took no request any more until the
	// next one said that it does.
	pause time.Duration
}

// handOver has another process, which start starts, take over sockets and store. When it returns nil
// that process serves, and this one does nothing any more but pass on what comes in on connections it
// still has; it must be stopped after some [Daemon.linger]. On an error this process goes on serving,
// be it that the other did not start, could not open the store, or requests took too long to finish;
// unless it is stopped, or its store cannot be opened again, which [Daemon.Failed] tells.
//
// No request fails for a hand-over. Those under way finish, others wait. Each step has the time of
// --handover-timeout.
func (d *Daemon) handOver(ctx context.Context, start func(sockets []*os.File) (*successor, error)) (handedOver, error) {
	ctx, p, err := d.beginHandOver(ctx)
	if err != nil {
		return handedOver{}, err
	}
	defer p.abort()
	var done handedOver
	done, p.err = d.tryHandOver(ctx, start)
	d.mu.Lock()
	if p.err != nil {
		d.handing = nil
	}
	d.mu.Unlock()
	close(p.done)
	return done, p.err
}

func (d *Daemon) beginHandOver(ctx context.Context) (context.Context, *phase, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.stopped != nil:
		return nil, nil, fmt.Errorf("the daemon is stopping: %w", sigil.ErrClosed)
	case d.handing != nil:
		return nil, nil, fmt.Errorf("another hand-over is under way: %w", sigil.ErrConflict)
	case !d.started.succeeded():
		return nil, nil, fmt.Errorf("the daemon is not ready: %w", sigil.ErrUnavailable)
	}
	ctx, abort := context.WithCancel(ctx)
	d.handing = &phase{done: make(chan struct{}), abort: abort}
	return ctx, d.handing, nil
}

func (d *Daemon) tryHandOver(ctx context.Context, start func([]*os.File) (*successor, error)) (done handedOver, err error) {
	files, err := duplicates(d.sockets)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, closeFiles(files)) }()
	next, err := start(files)
	if err != nil {
		return done, fmt.Errorf("starting the new process: %w", err)
	}
	if err := d.fit(ctx, next); err != nil {
		next.end(0) // it has nothing yet
		return done, err
	}

	begin := time.Now()
	d.server.Pause()
	err = d.letGo(ctx)
	if err == nil {
		err = d.give(ctx, next)
	}
	if err != nil {
		next.end(0) // it was told to stop, has ended, or had its time: two must never go for one store
		return done, errors.Join(err, d.takeBack(ctx, files))
	}
	_ = next.tell.Close() // a pipe
	d.ready.Store(false)
	d.parts = d.parts[:1] // HTTP: the files with the address are the next one's now
	d.server.Open(front.Forward(d.Addr(), d.log))
	return handedOver{pid: next.pid, pause: time.Since(begin)}, nil
}

// fit waits until next could take over, and would serve from the same folder.
func (d *Daemon) fit(ctx context.Context, next *successor) error {
	theirs, err := next.hear(ctx, wordReady, d.config.HandOverTimeout)
	if err != nil {
		return err
	}
	ours, err := d.config.place()
	if err == nil && theirs != ours {
		err = fmt.Errorf("the new process would serve from %s, this one serves from %s", theirs, ours)
	}
	return err
}

// letGo lets requests under way finish, and closes all behind them.
func (d *Daemon) letGo(ctx context.Context) error {
	draining, cancel := context.WithTimeoutCause(ctx, d.config.HandOverTimeout,
		fmt.Errorf("they had %s", sigil.FormatDuration(d.config.HandOverTimeout)))
	defer cancel()
	d.api.Leave() // those who follow the journal find the next process
	if err := d.server.Shut(draining); err != nil {
		return err
	}
	return d.stopAll(draining, &d.core)
}

// give lets next have the store, and waits until it serves. Where ctx ends before that it is told to
// stop, and given the time for it.
func (d *Daemon) give(ctx context.Context, next *successor) error {
	if err := next.say(wordGo); err != nil {
		return fmt.Errorf("the new process is gone: %w", err)
	}
	_, err := next.hear(ctx, wordServing, d.config.HandOverTimeout)
	if ctx.Err() == nil {
		if err != nil {
			// It may be about to end by itself, having opened the store.
			d.log.Warn("the new process did not take over: waiting for its end", "pid", next.pid, "err", err)
			next.end(d.grace)
		}
		return err
	}
	_ = next.say(wordStop) // where it is gone, it is
	next.end(d.config.DrainTimeout + d.grace)
	return ctx.Err()
}

// takeBack goes on serving, on the sockets of files. Where ctx has ended, nobody is served any more:
// requests that wait are told so by the API, whose store is closed.
func (d *Daemon) takeBack(ctx context.Context, files []*os.File) error {
	defer func() {
		d.api.Stay() // unless it was made anew, and never left
		d.server.Open(d.api)
	}()
	if ctx.Err() != nil {
		return nil
	}
	err := d.serveAgain(ctx, files)
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("and this process could not go on: %w", err)
		d.fail(err)
	}
	return err
}

func (d *Daemon) serveAgain(ctx context.Context, files []*os.File) error {
	if len(d.core) == 0 { // it had let go
		if err := d.assemble(ctx); err != nil {
			return err
		}
	}
	sockets, err := listeners(files)
	if err == nil {
		d.sockets = sockets
		d.server.Serve(sockets)
	}
	return err
}

// linger returns when the last connection is gone, has had its time, or ctx ends.
func (d *Daemon) linger(ctx context.Context) {
	timeout := time.NewTimer(lingerTime)
	defer timeout.Stop()
	select {
	case <-d.server.Gone():
	case <-timeout.C:
	case <-ctx.Done():
	}
}
