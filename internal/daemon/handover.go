package daemon

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/front"
	"github.com/sigil-dna/sigil/internal/handover"
)

// lingerTime is how long after a hand-over a connection may be idle before it is closed. A client that uses
// it within that time gets its answer. A client that uses it at the moment it closes may see a failure, as
// with every server that closes idle connections.
const lingerTime = 5 * time.Second

// handOver hands sockets and store over to the process that start starts. When it returns nil, that process
// serves, and this one only passes on requests of connections that it still has; it must be stopped after
// [Daemon.linger]. When it returns an error, this process continues to serve: the other did not start, could
// not open the store, or requests took too long to finish. It does not continue if it is stopped, or if its
// store cannot be opened again, which [Daemon.Failed] reports.
//
// No request fails because of a hand-over: those in progress finish, others wait. Each step has the time of
// --handover-timeout.
func (d *Daemon) handOver(ctx context.Context, start func(sockets []*os.File) (*handover.Successor, error)) (handover.Given, error) {
	ctx, p, err := d.beginHandOver(ctx)
	if err != nil {
		return handover.Given{}, err
	}
	defer p.abort()
	var done handover.Given
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
		return nil, nil, fmt.Errorf("another hand-over is in progress: %w", sigil.ErrConflict)
	case !d.started.succeeded():
		return nil, nil, fmt.Errorf("the daemon is not ready: %w", sigil.ErrUnavailable)
	}
	ctx, abort := context.WithCancel(ctx)
	d.handing = &phase{done: make(chan struct{}), abort: abort}
	return ctx, d.handing, nil
}

func (d *Daemon) tryHandOver(ctx context.Context, start func([]*os.File) (*handover.Successor, error)) (handover.Given, error) {
	place, err := d.config.place()
	if err != nil {
		return handover.Given{}, err
	}
	g := handover.Giver{
		Sockets: d.sockets, Place: place, Step: d.config.HandOverTimeout, StopTime: d.config.DrainTimeout, Grace: d.grace,
		Logger: d.log, LetGo: d.letGo, TakeBack: d.takeBack,
	}
	done, err := g.Give(ctx, start)
	if err != nil {
		return done, err
	}
	d.ready.Store(false)
	d.parts = d.parts[:1] // HTTP; the files with the address belong to the next process now
	d.server.Open(front.Forward(d.Addr(), d.log))
	return done, nil
}

// letGo lets requests in progress finish, and closes everything behind them.
func (d *Daemon) letGo(ctx context.Context) error {
	d.server.Pause()
	d.api.Leave() // subscribers of the journal reconnect to the next process
	d.backups.end()
	if err := d.server.Shut(ctx); err != nil {
		return err
	}
	return d.stopAll(ctx, &d.core)
}

// takeBack serves again, on the sockets of files. If ctx has ended, it does not: then the API, whose store is
// closed, answers the waiting requests with an error.
func (d *Daemon) takeBack(ctx context.Context, files []*os.File) error {
	defer func() {
		d.api.Stay() // without effect if the API is a new one
		d.backups.stay()
		d.server.Open(d.api)
	}()
	if ctx.Err() != nil {
		return nil
	}
	err := d.serveAgain(ctx, files)
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("and this process could not continue to serve: %w", err)
		d.fail(err)
	}
	return err
}

func (d *Daemon) serveAgain(ctx context.Context, files []*os.File) error {
	if len(d.core) == 0 { // the store was released
		if err := d.assemble(ctx); err != nil {
			return err
		}
	}
	sockets, err := handover.Listeners(files)
	if err == nil {
		d.sockets = sockets
		d.server.Serve(sockets)
	}
	return err
}

// linger returns when the last connection is closed, after lingerTime, or when ctx ends.
func (d *Daemon) linger(ctx context.Context) {
	timeout := time.NewTimer(lingerTime)
	defer timeout.Stop()
	select {
	case <-d.server.Gone():
	case <-timeout.C:
	case <-ctx.Done():
	}
}
