// Package handover passes sockets and the store from one process to the next, so that no request fails when a
// program or its settings are replaced. The two processes communicate over pipes.
//
// It owns the messages and their order. It knows neither how a process releases its store nor how it serves.
package handover

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/sigil-dna/sigil"
)

// Giver is a process that hands over.
type Giver struct {
	Sockets []*net.TCPListener
	// Place names the store. The successor must serve from the same place.
	Place string
	// Step is the time limit of each step.
	Step time.Duration
	// Grace is how long a successor that failed to take over may take to exit. One that is told to stop has
	// StopTime and Grace.
	StopTime, Grace time.Duration
	Logger          *slog.Logger

	// LetGo stops accepting, lets requests in progress finish until ctx ends, and closes the store and all
	// else behind them.
	LetGo func(ctx context.Context) error
	// TakeBack resumes serving on the sockets of files after a failed hand-over.
	TakeBack func(ctx context.Context, files []*os.File) error
}

// Given describes a successful hand-over.
type Given struct {
	PID int // the process that took over
	// Pause is how long no process answered: from the time this process stopped accepting requests until the
	// next one reported that it serves.
	Pause time.Duration
}

// Give hands over to the process that start starts. When it returns nil, that process serves. When it returns an error,
// the successor has ended, and TakeBack was called if LetGo was; an error of TakeBack is part of the error, and then no
// process serves.
func (g *Giver) Give(ctx context.Context, start func(sockets []*os.File) (*Successor, error)) (done Given, err error) {
	files, err := duplicates(g.Sockets)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, closeFiles(files)) }()
	next, err := start(files)
	if err != nil {
		return done, fmt.Errorf("starting the new process: %w", err)
	}
	if err := g.fit(ctx, next); err != nil {
		next.end(0) // it has not opened the store
		return done, err
	}

	begin := time.Now()
	if err = g.letGo(ctx); err == nil {
		err = g.pass(ctx, next)
	}
	if err != nil {
		next.end(0) // before this process opens the store again: two must never use it
		return done, errors.Join(err, g.TakeBack(ctx, files))
	}
	_ = next.process.Tell.Close() // a pipe
	return Given{PID: next.process.PID, Pause: time.Since(begin)}, nil
}

// fit waits until next is ready to take over, and checks that it would serve from the same place.
func (g *Giver) fit(ctx context.Context, next *Successor) error {
	theirs, err := next.hear(ctx, wordReady, g.Step)
	if err == nil && theirs != g.Place {
		err = fmt.Errorf("the new process would serve from %s, this one serves from %s", theirs, g.Place)
	}
	return err
}

func (g *Giver) letGo(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, g.Step, fmt.Errorf("not done within %s", sigil.FormatDuration(g.Step)))
	defer cancel()
	return g.LetGo(ctx)
}

// pass lets next open the store, and waits until it serves. If ctx ends before that, next is told to stop and
// gets time for it.
func (g *Giver) pass(ctx context.Context, next *Successor) error {
	if err := next.say(wordGo); err != nil {
		return fmt.Errorf("the new process is gone: %w", err)
	}
	_, err := next.hear(ctx, wordServing, g.Step)
	if ctx.Err() == nil {
		if err != nil {
			// The successor may have opened the store and be about to exit by itself.
			g.Logger.Warn("the new process did not take over: waiting for its end", "pid", next.process.PID, "err", err)
			next.end(g.Grace)
		}
		return err
	}
	_ = next.say(wordStop) // if it is gone, there is nothing to stop
	next.end(g.StopTime + g.Grace)
	return ctx.Err()
}
