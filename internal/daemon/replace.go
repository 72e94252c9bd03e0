package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"

	systemd "github.com/coreos/go-systemd/v22/daemon"

	"github.com/sigil-dna/sigil/internal/datadir"
	"github.com/sigil-dna/sigil/internal/handover"
)

// outcome is the result of a hand-over.
type outcome struct {
	handover.Given
	err error
}

// errFirst is the error for a hand-over by the first process of a container: when that process ends, the
// kernel ends all others of the container, including the successor.
var errFirst = errors.New("this process is the first of its container, and no other process there can outlive it. " +
	"To roll over, stop the container, which drains it, and start one with the new program or settings on the same data folder; " +
	"with --store postgres://, start the new one first")

// handOver starts a hand-over to the program that is now on disk. run receives the outcome.
func (r *runner) handOver(ctx context.Context) {
	switch {
	case r.handing != nil:
		r.log.Warn("a hand-over is in progress: this signal has no effect")
		return
	case r.stopped != nil:
		r.log.Warn("stopping, or already handed over: this signal has no effect")
		return
	case r.pid == 1:
		r.handedOver(ctx, outcome{err: errFirst})
		return
	}
	r.log.Info("handing over: starting the new process")
	r.notify(fmt.Sprintf("%s\nMONOTONIC_USEC=%d", systemd.SdNotifyReloading, monotonic().Microseconds()))
	handing := make(chan outcome, 1)
	r.handing = handing
	// Stop waits for this goroutine.
	go func() {
		done, err := r.daemon.handOver(context.WithoutCancel(ctx), r.spawn)
		handing <- outcome{done, err}
	}()
}

// handedOver logs the outcome of a hand-over. After a successful one, this process ends with its last
// connection.
func (r *runner) handedOver(ctx context.Context, o outcome) {
	detached := o.err == nil && os.Getenv("NOTIFY_SOCKET") == ""
	result := datadir.HandOver{From: r.pid, To: o.PID, Addr: r.daemon.Addr(), Pause: o.Pause.Seconds(), Detached: detached}
	if o.err != nil {
		result.Error = o.err.Error()
	}
	if err := result.Write(r.loaded.Data); err != nil {
		r.log.Warn("the outcome of the hand-over could not be recorded for sigil reload", "err", err)
	}
	if o.err != nil {
		if r.stopped == nil {
			r.log.Error("the hand-over failed: this process continues to serve", "err", o.err)
			r.notify(systemd.SdNotifyReady)
		}
		return
	}
	r.log.Info("handed over; leaving with the last connection", "to", o.PID, "pause", o.Pause, "at_most", lingerTime)
	if detached {
		r.log.Warn(fmt.Sprintf("process %d runs in the background now: Ctrl-C here does not reach it. To stop it: kill %[1]d", o.PID))
	}
	r.notify(fmt.Sprintf("MAINPID=%d\n%s", o.PID, systemd.SdNotifyReady))
	if r.stopped != nil { // it was asked to stop at this moment
		return
	}
	lingering, leave := context.WithCancel(context.WithoutCancel(ctx))
	r.leave = leave
	r.end(ctx, func() {
		defer leave()
		r.daemon.linger(lingering)
	})
}

// notify notifies systemd, if that listens.
func (r *runner) notify(state string) {
	if _, err := systemd.SdNotify(false, state); err != nil {
		r.log.Warn("systemd could not be notified", "err", err)
	}
}
