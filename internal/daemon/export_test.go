package daemon

import (
	"context"
	"log/slog"
	"net"
	"os"
)

// Stopping tells whether Stop was called.
func (d *Daemon) Stopping() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stopped != nil
}

// LimitListener gives what stands before the HTTP server.
func LimitListener(l *net.TCPListener, n int) net.Listener { return make(places, n).limit(l) }

// Run is Serve from where there are settings: on a daemon and signals of the test's own.
func Run(ctx context.Context, d *Daemon, l *Loaded, log *slog.Logger, load func() (*Loaded, error), signals <-chan os.Signal) int {
	r := &runner{daemon: d, loaded: l, log: log, load: load}
	return r.run(ctx, signals)
}
