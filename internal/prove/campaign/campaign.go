package campaign

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Campaign is a daemon, its load and its ledger. Each round puts the daemon under load, disturbs it, and
// compares its content with the ledger. One goroutine calls all methods.
type Campaign struct {
	// Program is the sigil command. Scratch is a folder for everything that is written, except for stores that
	// are placed elsewhere.
	Program, Scratch string
	// Args are further flags of serve.
	Args []string
	// Store, if not nil, returns the --store of each new store, which must be empty. If nil, stores are
	// embedded ones in a folder.
	Store func() (string, error)
	// Quota is the --max-memories in Args; 0 if there is none.
	Quota int
	// Tenants own the memories. Clients is the number of concurrent clients.
	Tenants []string
	Clients int
	// Most is the maximum number of requests in one round, so that a fast machine does not make the store
	// large.
	Most int64
	// Seed determines all random choices: what is sent, and when the daemon is killed.
	Seed uint64

	// Done counts what was done to the daemon, by name.
	Done Tally

	rng     *rand.Rand
	child   *Child
	ledger  *Ledger
	load    *Load
	stores  int
	opening time.Duration // how long the last start took
	resumed time.Duration
	// The figures of earlier stores.
	before   Totals
	answered Tally
	wrong    []string
}

// Totals are the figures of a campaign.
type Totals struct {
	Attempts, Memories, Signatures, Entries, Found, Violations int
	Broken                                                     int64
}

// halfLife is a policy under which nothing fades while a campaign runs, except by its ttl.
var halfLife = []string{"--policy=halflife", "--half-life=168h", "--max-page=1000"}

// Fresh ends the daemon, if one is running, and starts one on a new store in a new folder under at.
func (c *Campaign) Fresh(ctx context.Context, at string) error {
	if c.rng == nil {
		c.rng = rand.New(rand.NewPCG(c.Seed, 0))
	}
	if c.child != nil {
		if err := c.End(ctx); err != nil {
			return err
		}
	}
	c.stores++
	data := filepath.Join(at, fmt.Sprintf("store.%d", c.stores))
	c.ledger = NewLedger(c.Tenants)
	c.ledger.Quota = c.Quota
	c.load = &Load{Ledger: c.ledger, Tenants: c.Tenants, Clients: c.Clients, Seed: c.rng.Uint64()}
	args := slices.Concat(halfLife, c.Args)
	if c.rng.IntN(2) == 0 {
		args = append(args, "--notice=2s")
	}
	if c.Store != nil {
		place, err := c.Store()
		if err != nil {
			return err
		}
		args = append(args, "--store="+place)
	}
	c.child = &Child{Program: c.Program, Data: data, Scratch: c.Scratch, Args: args}
	c.Done.Add("stores", 1)
	return c.start(ctx)
}

// Child is the daemon.
func (c *Campaign) Child() *Child { return c.child }

// start starts the daemon and waits until it serves.
func (c *Campaign) start(ctx context.Context) error {
	begin := time.Now()
	if err := c.child.Start(); err != nil {
		return err
	}
	err := c.child.Ready(ctx)
	c.opening = time.Since(begin)
	return err
}

// under runs the load until disturb returns. The load may end earlier by itself.
func (c *Campaign) under(ctx context.Context, o Run, disturb func(ctx context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	o.Most = c.Most
	loaded := make(chan error, 1)
	go func() { loaded <- c.load.Run(ctx, c.child.Addr(), o) }() // waited for below
	err := disturb(ctx)
	cancel()
	return errors.Join(err, <-loaded)
}

// moment waits until a random moment: after some time, or after some answers.
func (c *Campaign) moment(reached <-chan struct{}, answers bool, after time.Duration) {
	if answers {
		after = Patience
	}
	timer := time.NewTimer(after)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-reached:
	}
}

// Kill kills the daemon with SIGKILL at a random moment under load, sometimes again while it opens the store
// or right after. It then starts the daemon, compares, and repeats requests.
func (c *Campaign) Kill(ctx context.Context) error {
	var crashed time.Time
	byAnswers, after, answers := c.rng.IntN(2) == 0, time.Duration(c.rng.IntN(400))*time.Millisecond, 1+c.rng.Int64N(700)
	o := Run{Ends: true, After: answers, Reached: make(chan struct{})}
	err := c.under(ctx, o, func(ctx context.Context) error {
		c.moment(o.Reached, byAnswers, after)
		crashed = time.Now()
		return c.child.Kill(ctx)
	})
	if err != nil {
		return err
	}
	c.Done.Add("SIGKILL under load", 1)
	for range max(0, c.rng.IntN(5)-2) { // none in three of five rounds, otherwise one or two
		moment := time.Duration(c.rng.Float64() * 1.2 * float64(c.opening))
		if err := c.child.Start(); err != nil {
			return err
		}
		c.moment(nil, false, moment)
		if err := c.child.Kill(ctx); err != nil {
			return err
		}
		c.Done.Add("SIGKILL while opening", 1)
	}
	if err := c.start(ctx); err != nil {
		return err
	}
	c.Done.Add("starts after SIGKILL", 1)
	return c.check(ctx, crashed, true)
}

// Terminate ends the daemon with SIGTERM, under load, and starts it again.
func (c *Campaign) Terminate(ctx context.Context) error {
	after := time.Duration(c.rng.IntN(400)) * time.Millisecond
	err := c.under(ctx, Run{Ends: true, Refusals: true}, func(ctx context.Context) error {
		c.moment(nil, false, after)
		if err := c.child.Terminate(); err != nil {
			return err
		}
		return c.child.Gone(ctx)
	})
	if err != nil {
		return err
	}
	if err := c.start(ctx); err != nil {
		return err
	}
	c.Done.Add("SIGTERM and start", 1)
	return c.check(ctx, time.Time{}, false)
}

// HandOver makes the daemon hand over to a new process under load. Every request must be answered.
func (c *Campaign) HandOver(ctx context.Context) error {
	before, after := time.Duration(c.rng.IntN(200))*time.Millisecond, time.Duration(c.rng.IntN(200))*time.Millisecond
	err := c.under(ctx, Run{}, func(ctx context.Context) error {
		c.moment(nil, false, before)
		if err := c.child.HandOver(ctx); err != nil {
			return err
		}
		c.moment(nil, false, after)
		return nil
	})
	if err != nil {
		return err
	}
	c.Done.Add("hand-overs", 1)
	return c.check(ctx, time.Time{}, false)
}

// FullDisk fills the disk under the store's folder, by a ballast file in folder, until the daemon refuses to
// encode, and then frees the space. While the disk is full, reads must be answered and every acknowledged
// change must be kept; afterwards, the daemon must resume by itself. If killed is set, the daemon is killed
// on the full disk, and started when there is space.
func (c *Campaign) FullDisk(ctx context.Context, folder string, killed bool) error {
	b := &ballast{name: filepath.Join(folder, "ballast")}
	defer b.release() //nolint:errcheck // again, in case something failed
	crashed := time.Time{}
	err := c.under(ctx, Run{DiskFull: true, Ends: killed}, func(ctx context.Context) error {
		err := c.child.await(ctx, "to refuse for lack of space", func() (bool, error) {
			if err := b.fill(); err != nil {
				return false, err
			}
			what, err := c.probe(ctx)
			return what != done, err
		})
		if err != nil {
			return err
		}
		if err := c.load.readable(ctx, c.child.Addr()); err != nil {
			return fmt.Errorf("reading on a full disk: %w", err)
		}
		if killed {
			crashed = time.Now()
			return c.child.Kill(ctx)
		}
		if err := b.release(); err != nil {
			return err
		}
		freed := time.Now()
		err = c.child.await(ctx, "to encode again", func() (bool, error) {
			what, err := c.probe(ctx)
			return what == done, err
		})
		c.resumed = max(c.resumed, time.Since(freed))
		return err
	})
	if err != nil {
		return err
	}
	c.Done.Add("full disks", 1)
	if killed {
		c.Done.Add("SIGKILL on a full disk", 1)
		if err := errors.Join(b.release(), c.start(ctx)); err != nil {
			return err
		}
	}
	return c.check(ctx, crashed, killed)
}

// Outage calls outage under load, which takes away something that the store needs and brings it back. In the
// meantime, requests may be answered with 503, but all must be answered; afterwards, the daemon must resume
// by itself.
func (c *Campaign) Outage(ctx context.Context, what string, outage func(ctx context.Context) error) error {
	before, after := time.Duration(c.rng.IntN(300))*time.Millisecond, time.Duration(c.rng.IntN(200))*time.Millisecond
	err := c.under(ctx, Run{Refusals: true}, func(ctx context.Context) error {
		c.moment(nil, false, before)
		if err := outage(ctx); err != nil {
			return err
		}
		back := time.Now()
		err := c.child.await(ctx, "to encode again", func() (bool, error) {
			what, err := c.probe(ctx)
			return what == done, err
		})
		c.resumed = max(c.resumed, time.Since(back))
		c.moment(nil, false, after)
		return err
	})
	if err != nil {
		return err
	}
	c.Done.Add(what, 1)
	return c.check(ctx, time.Time{}, true)
}

// probe encodes one memory on a disk that may be full.
func (c *Campaign) probe(ctx context.Context) (outcome, error) {
	if !c.child.Alive() {
		return lost, errors.New("the daemon ended\n" + c.child.Log())
	}
	return c.load.probe(ctx, c.child.Addr())
}

// Resumed returns the longest time from the end of an outage until the daemon encoded again.
func (c *Campaign) Resumed() time.Duration { return c.resumed }

// Quiet only loads the daemon for a while.
func (c *Campaign) Quiet(ctx context.Context) error {
	o := Run{Reached: make(chan struct{})}
	after := time.Duration(500+c.rng.IntN(1500)) * time.Millisecond
	err := c.under(ctx, o, func(context.Context) error {
		c.moment(o.Reached, false, after)
		return nil
	})
	if err != nil {
		return err
	}
	c.Done.Add("undisturbed rounds", 1)
	return c.check(ctx, time.Time{}, false)
}

// check compares the daemon's memories and journal with the ledger. If the daemon was killed, check also
// reads the whole journal and then repeats requests; the next check compares the results of those.
func (c *Campaign) check(ctx context.Context, crashed time.Time, killed bool) error {
	addr := c.child.Addr()
	whole := killed || c.Done.Get("checks")%8 == 0
	if err := c.ledger.Check(ctx, addr, Checking{Crashed: crashed, Whole: whole}); err != nil {
		return err
	}
	c.Done.Add("checks", 1)
	if !killed {
		return nil
	}
	return c.load.Repeat(ctx, addr, 10)
}

// End compares a last time, ends the daemon with SIGTERM, and removes its store.
func (c *Campaign) End(ctx context.Context) error {
	if err := c.ledger.Check(ctx, c.child.Addr(), Checking{Whole: true}); err != nil {
		return err
	}
	if err := errors.Join(c.child.Terminate(), c.child.Gone(ctx)); err != nil {
		return err
	}
	data := c.child.Data
	c.settle()
	return os.RemoveAll(data)
}

// settle adds the figures of the store to those of earlier stores.
func (c *Campaign) settle() {
	c.before = c.Totals()
	wrong, _ := c.ledger.Violations()
	c.wrong = append(c.wrong, wrong...)
	c.load.Done.Each(c.answered.Add)
	c.child, c.ledger, c.load = nil, nil, nil
}

// Abort kills the daemon, whatever it is doing. It does nothing if none is running.
func (c *Campaign) Abort() error {
	if c.child == nil {
		return nil
	}
	return c.child.KillAll(context.Background())
}

// Totals returns the figures so far.
func (c *Campaign) Totals() Totals {
	t := c.before
	if c.ledger != nil {
		attempts, memories, signatures, entries, found := c.ledger.Counts()
		_, violations := c.ledger.Violations()
		t.Attempts, t.Memories, t.Entries, t.Found = t.Attempts+attempts, t.Memories+memories, t.Entries+entries, t.Found+found
		t.Signatures += signatures
		t.Violations, t.Broken = t.Violations+violations, t.Broken+c.load.Broken()
	}
	return t
}

// Operations returns the number of answers, by kind, for all stores.
func (c *Campaign) Operations() map[string]int64 {
	counts := map[string]int64{}
	add := func(name string, n int64) { counts[name] += n }
	c.answered.Each(add)
	if c.load != nil {
		c.load.Done.Each(add)
	}
	return counts
}

// Violations returns descriptions of the broken promises.
func (c *Campaign) Violations() []string {
	if c.ledger == nil {
		return c.wrong
	}
	wrong, _ := c.ledger.Violations()
	return append(c.wrong[:len(c.wrong):len(c.wrong)], wrong...)
}
