package campaign_test

import (
	"context"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/internal/prove/campaign"
	"github.com/sigil-dna/sigil/internal/prove/pgtest"
)

// stoppedFor is longer than every time-out between daemon and database: 5 s for a statement, 10 s for a
// session that idles in a transaction.
const stoppedFor = 12 * time.Second

// TestStoppedPastEveryTimeout stops one of the daemons with SIGSTOP under load, at any point, for longer than
// every time-out, and then continues it. The others are not delayed for longer than their time-outs, and each
// memory exists once: what the stopped one began is carried out or not, and not twice when it continues.
func TestStoppedPastEveryTimeout(t *testing.T) {
	cluster := pgtest.Start(t, nil)
	name, err := cluster.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f := startFleet(t, cluster.URL(name))
	f.http.Timeout = time.Second // a client does not wait for a process that is stopped
	ctx, cancel := context.WithTimeout(t.Context(), 5*campaign.Patience)
	defer cancel()
	var next, acknowledged atomic.Int64
	var running sync.WaitGroup
	end := make(chan struct{})
	for range 64 {
		running.Go(func() {
			for {
				select {
				case <-end:
					return
				default:
				}
				f.encode(ctx, int(2*next.Add(1)-1)) // an odd number: it does not fade
				acknowledged.Add(1)
			}
		})
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for acknowledged.Load() < 500 {
		<-tick.C
	}
	pid := f.children[1].PID()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	before := acknowledged.Load()
	select {
	case <-time.After(stoppedFor): // the fault itself
	case <-ctx.Done():
	}
	meanwhile := acknowledged.Load() - before
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if meanwhile == 0 {
		t.Error("the others acknowledged nothing")
	}
	// It serves again by itself.
	for {
		if err := f.client(1).Ready(ctx); err == nil {
			break
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("the daemon that was stopped is not ready again")
		}
	}
	close(end)
	running.Wait()
	f.once(ctx, cluster.URL(name), int(acknowledged.Load()))
	t.Logf("%d memories were acknowledged while one of %d daemons was stopped, %d in all, %d requests sent again", meanwhile, daemons, acknowledged.Load(), f.retried.Load())
}
