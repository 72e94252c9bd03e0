package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/pflag"

	"github.com/sigil-dna/sigil"
)

// How Serve ends. A second signal ends it with 128 and the signal's number, as a shell has it.
const (
	exitOK     = 0
	exitFailed = 1 // it could not start, broke, or could not stop in time
	exitConfig = 2 // a setting is wrong
)

// Serve is `sigil serve`: it serves until a signal, or the end of ctx, says to stop, and gives the
// process's exit code. Settings come from args and environ, see [Load]; version is what it says it is.
// Only what was asked for (help, settings) goes to stdout; logs go to stderr.
//
// SIGINT and SIGTERM stop it, bounded by --drain-timeout; a second one ends it at once, leaving the
// store as a crash would. SIGHUP reads the settings again.
func Serve(ctx context.Context, args []string, stdout, stderr io.Writer, environ []string, version string) int {
	// From here on no signal ends the process behind our back.
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)

	l, err := Load(args, environ)
	if errors.Is(err, pflag.ErrHelp) {
		return printed(l.printHelp(stdout), stderr)
	}
	for _, warning := range l.Warnings {
		say(stderr, "warning: "+warning)
	}
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			say(stderr, strings.TrimSpace(line))
		}
		return exitConfig
	}
	if l.Print {
		return printed(l.printConfig(stdout), stderr)
	}

	level := new(slog.LevelVar)
	log := slog.New(logHandler(l.LogFormat, stderr, level))
	r := &runner{
		daemon: New(l.Config, &Options{Version: version, Logger: log, Level: level}),
		loaded: l, log: log, load: func() (*Loaded, error) { return Load(args, environ) },
	}
	return r.run(ctx, signals)
}

// say speaks to who started it, before there is a log.
func say(stderr io.Writer, text string) {
	_, _ = fmt.Fprintln(stderr, "sigil serve: "+text) // a closed stderr: nobody is left to tell
}

func printed(err error, stderr io.Writer) int {
	if err != nil {
		say(stderr, err.Error())
		return exitFailed
	}
	return exitOK
}

func logHandler(format string, w io.Writer, level slog.Leveler) slog.Handler {
	if format == "json" {
		return slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})
	}
	return slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})
}

// runner runs one daemon and does to it what signals ask. All of it happens on one goroutine.
type runner struct {
	daemon *Daemon
	loaded *Loaded // the settings in force
	log    *slog.Logger
	load   func() (*Loaded, error)

	stopped chan error // nil until stopping
	code    int
}

func (r *runner) run(ctx context.Context, signals <-chan os.Signal) int {
	started := make(chan error, 1)
	// Ends before Stop does, which breaks it off: ctx need not.
	go func() { started <- r.daemon.Start(context.WithoutCancel(ctx)) }()

	done, failed := ctx.Done(), r.daemon.Failed()
	for {
		select {
		case err := <-started:
			if err == nil {
				r.greet()
			} else if r.stopped == nil { // else it was asked to stop before it had started
				r.explain(err)
				return exitFailed
			}
		case <-failed:
			failed = nil
			r.log.Error("cannot go on, stopping", "err", r.daemon.Err())
			r.code = exitFailed
			r.stop(ctx)
		case <-done:
			done = nil
			r.stop(ctx)
		case s := <-signals:
			switch {
			case s == syscall.SIGHUP:
				r.reload()
			case r.stopped != nil:
				r.log.Error("second signal: ending at once", "signal", s)
				return 128 + int(s.(syscall.Signal))
			default:
				r.log.Info("stopping", "signal", s, "at_most", formatDuration(r.loaded.DrainTimeout))
				r.stop(ctx)
			}
		case err := <-r.stopped:
			if err != nil {
				r.log.Error("stopped, but not in order", "err", err)
				return exitFailed
			}
			r.log.Info("stopped")
			return r.code
		}
	}
}

// stop begins to stop; run hears of the end.
func (r *runner) stop(ctx context.Context) {
	if r.stopped != nil {
		return
	}
	r.stopped = make(chan error, 1)
	// run waits for it, unless a second signal ends the process.
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.loaded.DrainTimeout)
		defer cancel()
		r.stopped <- r.daemon.Stop(ctx)
	}()
}

// greet tells what a user has to know, in one line: 95 s of life are a surprise to who does not.
func (r *runner) greet() {
	c := r.loaded.Config
	policy, _ := c.policy() // was checked
	r.log.Info(fmt.Sprintf("ready. An untouched memory lives for %s under policy %s; for another life: --policy halflife --half-life 168h, or see --help",
		lifetime(policy), c.Policy), "url", "http://"+r.daemon.Addr(), "data", c.Data, "lifetime", policy.Lifetime(), "version", r.daemon.version)
	if c.Insecure {
		r.log.Warn("--insecure: whoever can reach this address can read and forget every memory", "addr", r.daemon.Addr())
	}
	if never(c.DecaySchedule) {
		r.log.Warn("decay-schedule is off: what has faded is not shown any more, but stays on disk")
	}
}

// explain says why it could not start, and what to do where that is known.
func (r *runner) explain(err error) {
	msg := "could not start"
	switch {
	case errors.Is(err, sigil.ErrLocked):
		msg = "could not start: another process works on this data folder. Stop it, or name another with --data"
	case errors.Is(err, sigil.ErrFormat):
		msg = "could not start: another version of sigil has written this data folder. Use that one, or name another with --data"
	case sigil.CodeOf(err) == "disk_full":
		msg = "could not start: the disk is full. Make room, or name another folder with --data"
	case sigil.CodeOf(err) == "not_writable":
		msg = "could not start: this data folder cannot be written. Mend that, or name another with --data"
	case errors.Is(err, syscall.EADDRINUSE):
		msg = "could not start: something listens on this address already. Stop it, or name another with --addr"
	}
	r.log.Error(msg, "err", err, "data", r.loaded.Data, "addr", r.loaded.Addr)
}
