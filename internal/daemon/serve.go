package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	systemd "github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/pflag"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/handover"
)

// These are the exit codes of Serve. After a second signal, the code is 128 plus the signal's number, as in a
// shell.
const (
	exitOK     = 0
	exitFailed = 1 // it could not start, failed, or could not stop in time
	exitConfig = 2 // a setting is wrong
)

// Serve is `sigil serve`. It serves until a signal or the end of ctx, and returns the process's exit code.
// Settings come from args and environ, see [Load]; version is the version that it reports. Only requested
// output (help, settings) goes to stdout; logs go to stderr.
//
// SIGINT and SIGTERM stop it within --drain-timeout. A second one ends it at once, and leaves the store as
// after a crash. On SIGHUP, it reads the settings again. On SIGUSR2, the program that is now on disk takes
// over from this process, which then exits with 0; see [Daemon.handOver]. SIGHUP and SIGUSR2 during the start
// take effect after it.
//
// Serve uses the sockets that systemd has passed to the process, if there are any, and reports its state to
// systemd, if that is wanted.
//
// It continues when stdout or stderr lose their reader; its output is then lost.
func Serve(ctx context.Context, args []string, stdout, stderr io.Writer, environ []string, version string) int {
	// From here on, signals arrive in this channel and do not end the process.
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, handover.Signal)
	defer signal.Stop(signals)
	path, noPath := handover.Program() // now, before another program may replace it

	load := func() (*Loaded, error) { return Load(args, handover.Without(environ)) }
	l, err := load()
	if errors.Is(err, pflag.ErrHelp) {
		return printed(l.printHelp(stdout), stderr)
	}
	if !l.Print {
		// Go ends a process that writes to a standard output or error without a reader, unless the process
		// handles this signal. The daemon outlives the reader of its log.
		broken := make(chan os.Signal, 1)
		signal.Notify(broken, syscall.SIGPIPE)
		defer signal.Stop(broken)
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

	sockets, before, err := handover.Inherit(environ)
	if err == nil {
		err = checkAddrs(sockets, l.Insecure)
	}
	if err != nil {
		say(stderr, err.Error())
		return exitFailed
	}
	config := l.Config
	if before != nil {
		config.StoreWait = 0 // if the database is lost now, the predecessor should continue
	}
	level := new(slog.LevelVar)
	log := slog.New(logHandler(l.LogFormat, stderr, level))
	r := &runner{
		daemon: New(config, &Options{Version: version, Logger: log, Level: level, Sockets: sockets}),
		loaded: l, log: log, load: load, before: before, pid: os.Getpid(),
		spawn: func(sockets []*os.File) (*handover.Successor, error) {
			if noPath != nil {
				return nil, noPath
			}
			return handover.Spawn(path, os.Args[1:], environ, sockets)
		},
	}
	return r.run(ctx, signals)
}

// say prints to standard error, before there is a log.
func say(stderr io.Writer, text string) {
	_, _ = fmt.Fprintln(stderr, "sigil serve: "+text) // if stderr is closed, there is no reader
}

func printed(err error, stderr io.Writer) int {
	if err != nil {
		say(stderr, err.Error())
		return exitFailed
	}
	return exitOK
}

func logHandler(format string, w io.Writer, level slog.Leveler) slog.Handler {
	o := &slog.HandlerOptions{Level: level, ReplaceAttr: logDuration}
	if format == "json" {
		return slog.NewJSONHandler(w, o)
	}
	return slog.NewTextHandler(w, o)
}

// logDuration formats durations in the log in the form of flags. slog's JSON would be a number of
// nanoseconds.
func logDuration(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		d := a.Value.Duration()
		if d.Abs() >= time.Second {
			d = d.Round(time.Millisecond)
		}
		a.Value = slog.StringValue(sigil.FormatDuration(d))
	}
	return a
}

// runner runs one daemon and handles signals, all on one goroutine.
type runner struct {
	daemon *Daemon
	loaded *Loaded // the settings in force
	log    *slog.Logger
	load   func() (*Loaded, error)
	before *handover.Predecessor // to take over from; nil if there is none
	pid    int                   // this process
	spawn  func(sockets []*os.File) (*handover.Successor, error)

	started bool        // the start has succeeded
	later   []os.Signal // requests that arrived before that

	abort   context.CancelFunc // stops waiting for before
	handing chan outcome       // nil unless a hand-over is in progress
	leave   context.CancelFunc // ends the lingering after a hand-over; nil unless the daemon lingers
	stopped chan error         // nil until stopping
	code    int
}

// start starts the daemon, after its predecessor has released the store if there is one.
func (r *runner) start(ctx context.Context) error {
	if r.before == nil {
		return r.daemon.Start(ctx)
	}
	data, err := r.loaded.place()
	if err == nil {
		err = r.before.Await(ctx, data)
	}
	if err == nil {
		err = r.daemon.Start(ctx)
	}
	if err == nil {
		r.before.Serving()
	}
	return err
}

func (r *runner) run(ctx context.Context, signals <-chan os.Signal) int {
	// It need not end with ctx: Stop aborts the start, and abort what comes before it.
	starting, abort := context.WithCancel(context.WithoutCancel(ctx))
	var counting sync.WaitGroup
	defer counting.Wait()
	defer abort()
	r.abort = abort
	started := make(chan error, 1)
	// This goroutine ends before Stop returns.
	go func() { started <- r.start(starting) }()
	var told <-chan struct{}
	if r.before != nil {
		told = r.before.Stop()
	}

	count := func() { counting.Go(func() { r.warnShorter(starting) }) }
	done, failed := ctx.Done(), r.daemon.Failed()
	for {
		select {
		case err := <-started:
			if err == nil {
				r.started = true
				r.greet()
				count()
				for _, s := range r.later {
					r.request(ctx, s, count)
				}
			} else if r.stopped == nil { // otherwise it was asked to stop before it had started
				r.explain(err)
				return exitFailed
			}
		case <-failed:
			failed = nil
			r.log.Error("cannot continue, stopping", "err", r.daemon.Err())
			r.code = exitFailed
			r.stop(ctx)
		case <-done:
			done = nil
			r.stop(ctx)
		case <-told:
			told = nil
			r.log.Info("stopping: the predecessor was told to stop", "at_most", r.loaded.DrainTimeout)
			r.stop(ctx)
		case o := <-r.handing:
			r.handing = nil
			r.handedOver(ctx, o)
		case s := <-signals:
			switch {
			case s == syscall.SIGHUP, s == handover.Signal:
				r.request(ctx, s, count)
			case r.leave != nil:
				r.leave()
				r.leave = nil
			case r.stopped != nil:
				r.log.Error("second signal: ending at once", "signal", s)
				return 128 + int(s.(syscall.Signal))
			default:
				r.log.Info("stopping", "signal", s, "at_most", r.loaded.DrainTimeout)
				r.stop(ctx)
			}
		case err := <-r.stopped:
			if r.handing != nil { // it was aborted
				select {
				case o := <-r.handing:
					r.handedOver(ctx, o)
				default:
				}
			}
			if err != nil {
				r.log.Error("stopped, but not cleanly", "err", err)
				return exitFailed
			}
			r.log.Info("stopped")
			return r.code
		}
	}
}

// request reads the settings again, or starts a hand-over, depending on the signal s. While the daemon
// starts, that is postponed until it has started, and done once. reloaded is called after the settings were
// read.
func (r *runner) request(ctx context.Context, s os.Signal, reloaded func()) {
	switch {
	case !r.started && r.stopped == nil:
		r.log.Info("still starting: this signal takes effect after the start", "signal", s)
		if !slices.Contains(r.later, s) {
			r.later = append(r.later, s)
		}
	case s == handover.Signal:
		r.handOver(ctx)
	default:
		r.reload()
		reloaded()
	}
}

// stop starts to stop the daemon. run receives the outcome.
func (r *runner) stop(ctx context.Context) {
	if r.stopped != nil {
		if r.leave != nil {
			r.leave()
		}
		return
	}
	r.notify(systemd.SdNotifyStopping)
	r.abort()
	r.end(ctx, func() {})
}

// end calls last and then stops the daemon. run receives the outcome.
func (r *runner) end(ctx context.Context, last func()) {
	r.stopped = make(chan error, 1)
	// run waits for this goroutine, unless a second signal ends the process.
	go func() {
		last()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.loaded.DrainTimeout)
		defer cancel()
		r.stopped <- r.daemon.Stop(ctx)
	}()
}

// greet logs the most important facts for a user, in one line.
func (r *runner) greet() {
	c := r.loaded.Config
	policy, _ := c.policy() // it was checked
	figure := map[string]string{"halflife": "half-life", "classic": "decay-rate", "power": "stability", "fsrs": "stability"}[c.Policy]
	r.log.Info(fmt.Sprintf("ready. An untouched memory lives for %s under policy %s; to change that, see --%s and --policy",
		lifetime(policy), policy, figure), "url", "http://"+r.daemon.Addr(), "data", r.data(), "lifetime", lifetime(policy), "connections", r.daemon.files.Connections, "version", r.daemon.version)
	if f := r.daemon.files; f.Connections < c.MaxConnections {
		r.log.Warn("fewer connections than max-connections: the limit of open files (ulimit -n, LimitNOFILE= in systemd) allows no more besides the store's files",
			"connections", f.Connections, "max_connections", c.MaxConnections, "open_files", f.Limit)
	}
	if c.Insecure {
		r.log.Warn("--insecure: anyone who can reach this address can read and forget every memory", "addr", r.daemon.Addr())
	}
	if never(c.DecaySchedule) {
		r.log.Warn("decay-schedule is off: faded memories are hidden, but stay on disk")
	}
	if life := policy.Lifetime(); c.Notice >= life && c.Notice > 0 {
		r.log.Warn(fmt.Sprintf("--notice is as long as an untouched memory lives (%s): each memory has a notice right after it is encoded, and again after recalls", lifetime(policy)), "notice", c.Notice)
	}
	if c.Notice > 0 && never(c.DecaySchedule) {
		r.log.Warn("decay-schedule is off: no notices are written, unless a decay sweep is requested")
	}
	if r.before == nil { // otherwise the predecessor does, to which systemd listens
		r.notify(systemd.SdNotifyReady)
	}
}

// explain logs why the daemon could not start, and the remedy if it is known.
func (r *runner) explain(err error) {
	msg := "could not start"
	switch {
	case sigil.CodeOf(err) == "too_few_files":
		msg = "could not start: too few files may be open. Raise the limit: ulimit -n, LimitNOFILE= in systemd"
	case r.loaded.postgres() && errors.Is(err, sigil.ErrUnavailable):
		msg = "could not start: the database cannot be reached. Start it, or check the URL of --store; --store-wait sets how long to wait for it"
	case sigil.CodeOf(err) == "store_refused":
		msg = "could not start: the database refuses the role, the password or the name of the database. Correct --store; --store-wait does not wait for this"
	case sigil.CodeOf(err) == "sessions_shared":
		msg = "could not start: connections of --store share sessions. Pool by session (PgBouncer: pool_mode = session), or connect to the database itself"
	case r.loaded.postgres() && errors.Is(err, sigil.ErrFormat):
		msg = "could not start: a newer version of sigil has changed this database. Use that version, or another database with --store"
	case errors.Is(err, sigil.ErrLocked):
		msg = "could not start: another process is using this data folder. Stop it, or use another folder with --data"
	case sigil.CodeOf(err) == "store_damaged":
		msg = "could not start: the data folder is damaged. Restore a copy, or export the intact memories: sigil export --salvage"
	case errors.Is(err, sigil.ErrFormat):
		msg = "could not start: another version of sigil has written this data folder. Use that version, or another folder with --data"
	case sigil.CodeOf(err) == "disk_full":
		msg = "could not start: the disk is full. Free some space, or use another folder with --data"
	case sigil.CodeOf(err) == "not_writable":
		msg = "could not start: this data folder cannot be written. Correct that, or use another folder with --data"
	case errors.Is(err, syscall.EADDRINUSE):
		msg = "could not start: another process already listens on this address. Stop it, or use another address with --addr"
	}
	r.log.Error(msg, "err", err, "data", r.data(), "addr", r.loaded.Addr)
}

// data returns the name of the store, as it was set.
func (r *runner) data() string {
	if r.loaded.postgres() {
		return shownStore(r.loaded.Store)
	}
	return r.loaded.Data
}
