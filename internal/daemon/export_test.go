package daemon

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/handover"
)

// Choices are the settings that take one of a few words.
var Choices = choices

// PolicyOf returns the policy that the settings define.
func PolicyOf(l *Loaded) (sigil.Policy, error) { return l.policy() }

// Lifetime formats how long an untouched memory lives under p.
func Lifetime(p sigil.Policy) string { return lifetime(p) }

// Stopping reports whether Stop was called.
func (d *Daemon) Stopping() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stopped != nil
}

// DatabaseConnections returns the number of connections to PostgreSQL for which open files are reserved.
func DatabaseConnections(l *Loaded) int { return l.databaseConnections() }

// Shut reports whether requests wait for a hand-over.
func (d *Daemon) Shut() bool { return !d.server.IsOpen() }

// Linger is the phase after a hand-over.
func (d *Daemon) Linger(ctx context.Context) { d.linger(ctx) }

// HandOver hands over to a daemon in this process: begin makes it, on sockets, and run runs it like a
// process; it returns when the daemon serves or has failed.
func (d *Daemon) HandOver(ctx context.Context, data string, begin func(sockets []*net.TCPListener, run func(*Daemon) error)) error {
	_, err := d.handOver(ctx, func(files []*os.File) (*handover.Successor, error) {
		sockets, err := handover.Listeners(files)
		if err != nil {
			return nil, err
		}
		theirEar, tell := io.Pipe()
		ear, mouth := io.Pipe()
		gone, living := make(chan struct{}), make(chan struct{})
		go func() {
			begin(sockets, func(next *Daemon) error {
				defer close(living)
				before := handover.NewPredecessor(theirEar, mouth)
				err := before.Await(ctx, data)
				if err == nil {
					err = next.Start(ctx)
				}
				if err != nil {
					handover.Close(sockets)
					_ = mouth.Close()
					close(gone)
					return err
				}
				before.Serving()
				return nil
			})
		}()
		return handover.NewSuccessor(handover.Process{
			Tell: tell, Ear: ear, Gone: gone,
			Kill: func() { <-living }, // ends with what it is told
			Fate: func() string { return "in this process" },
		}), nil
	})
	return err
}

// ErrNoProgram is the error of a hand-over of [Run].
var ErrNoProgram = errors.New("a test has no program to start")

// Run is like Serve without loading settings, with the test's own daemon and signals.
func Run(ctx context.Context, d *Daemon, l *Loaded, log *slog.Logger, load func() (*Loaded, error), signals <-chan os.Signal) int {
	r := &runner{daemon: d, loaded: l, log: log, load: load, pid: os.Getpid(), spawn: func([]*os.File) (*handover.Successor, error) {
		return nil, ErrNoProgram
	}}
	return r.run(ctx, signals)
}
