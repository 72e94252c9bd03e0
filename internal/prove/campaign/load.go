package campaign

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// Load is a number of concurrent clients that do everything a client can. Their random choices depend only on
// the seed; the results depend on the machine.
type Load struct {
	Ledger  *Ledger
	Tenants []string
	Clients int
	Seed    uint64
	// Done counts the answers, by kind of operation.
	Done Tally

	runs   uint64
	broken atomic.Int64 // requests that got no answer
}

// Run configures one run of a load.
type Run struct {
	// Most is the maximum number of requests; 0 means no limit.
	Most int64
	// After is the number of answers after which Reached is closed.
	After int64
	// Reached, if not nil, is closed after that many answers, or at the end.
	Reached chan struct{}
	// Ends means that the process is going to end: an unanswered request is not a violation, and clients may
	// leave before the answer. Refusals means the same for answers with 503.
	Ends     bool
	Refusals bool
	// DiskFull allows encodes and other changes to be refused for lack of space.
	DiskFull bool
}

// run is a Run in progress.
type run struct {
	Run
	load    *Load
	addr    string
	http    *http.Client
	answers atomic.Int64
	sent    atomic.Int64
	reached sync.Once
}

// worker is one client. Only this client pins, unpins, forgets and restores the memories that it has encoded, and revokes the
// signatures that it has registered.
type worker struct {
	*run
	n      int
	tenant string
	api    *client.Client
	rng    *rand.Rand
	own    []*Entry
	// removed has the memories that the client has forgotten and may restore.
	removed []*Entry
	// ownCode has the client's signatures, registered or not.
	ownCode []*signature
}

// newHTTP returns a client with enough connections for a load.
func newHTTP() *http.Client {
	return &http.Client{Timeout: Patience, Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}
}

// Run runs the clients until ctx ends or the daemon at addr is gone for all of them. When it returns, no request is in
// progress.
func (l *Load) Run(ctx context.Context, addr string, o Run) error {
	l.runs++
	if o.DiskFull {
		l.Ledger.diskFull()
	}
	r := &run{Run: o, load: l, addr: addr, http: newHTTP()}
	defer r.http.CloseIdleConnections()
	defer r.reach()
	own, ownCode := l.Ledger.owned(l.Clients), l.Ledger.ownedCode(l.Clients)
	removed := l.Ledger.forgotten(l.Clients)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var workers, others sync.WaitGroup
	for n := range l.Clients {
		tenant := l.Tenants[n%len(l.Tenants)]
		api, err := client.New(addr, &client.Options{Tenant: tenant, HTTPClient: r.http})
		if err != nil {
			return err
		}
		w := &worker{run: r, n: n, tenant: tenant, api: api, rng: l.rng(n), own: own[n], removed: removed[n], ownCode: ownCode[n]}
		workers.Go(func() { // waited for below
			for ctx.Err() == nil && w.step(context.WithoutCancel(ctx)) {
			}
		})
	}
	rng := l.rng(-1)
	tenant := l.Tenants[rng.IntN(len(l.Tenants))]
	api, err := client.New(addr, &client.Options{Tenant: tenant, HTTPClient: r.http})
	if err != nil {
		return err
	}
	others.Go(func() { r.tail(ctx, api, tenant) })     // waited for below
	others.Go(func() { r.readSlowly(ctx, tenant) })    // waited for below
	others.Go(func() { r.leaveInTheMiddle(ctx, rng) }) // waited for below
	workers.Wait()
	cancel()
	others.Wait()
	return nil
}

// rng returns a client's own source of random numbers for this run.
func (l *Load) rng(n int) *rand.Rand {
	return rand.New(rand.NewPCG(l.Seed, l.runs<<16|uint64(n+1)))
}

// Broken returns the number of requests, of all runs, that got no answer.
func (l *Load) Broken() int64 { return l.broken.Load() }

func (r *run) reach() {
	r.reached.Do(func() {
		if r.Reached != nil {
			close(r.Reached)
		}
	})
}

// answer counts an answer.
func (r *run) answer(kind string) {
	r.load.Done.Add(kind, 1)
	if r.answers.Add(1) == r.After {
		r.reach()
	}
}

// outcome is what the answer to a request implies about its effect.
type outcome int

const (
	done    outcome = iota // it was carried out
	missing                // there is no such memory
	denied                 // it was not carried out
	unknown                // it may have been carried out, and the daemon lives
	lost                   // it may have been carried out, and the daemon does not answer
)

// outcome returns the outcome of one request from its error.
func (r *run) outcome(kind string, err error) outcome {
	var refusal *client.Error
	switch {
	case err == nil:
		r.answer(kind)
		return done
	case errors.As(err, &refusal):
		r.answer(kind)
		return r.refusal(kind, &refusal.Problem)
	case errors.Is(err, context.Canceled): // the client left
		return unknown
	case errors.Is(err, client.ErrUnreachable):
		r.load.broken.Add(1)
		if !r.Ends {
			r.load.Ledger.violate("%s: no answer from a daemon that should not end: %v", kind, err)
		}
		return lost
	}
	r.load.Ledger.violate("%s: %v", kind, err)
	return unknown
}

// refusal returns the outcome of a refused request, or item of a batch.
func (r *run) refusal(kind string, p *client.Problem) outcome {
	switch {
	case p.Status == http.StatusNotFound && p.Code == "not_found", p.Code == "superseded" && p.SupersededBy != nil:
		return missing
	case p.Code == "quota_full" && r.load.Ledger.Quota > 0:
		return denied
	case p.Status == http.StatusInsufficientStorage && r.DiskFull:
		r.load.Done.Add("refused: disk full", 1)
		return denied
	case p.Status == http.StatusServiceUnavailable && (r.DiskFull || r.Refusals):
		r.load.Done.Add("refused: unavailable", 1)
		return unknown
	}
	r.load.Ledger.violate("%s: answered %d %s: %s", kind, p.Status, p.Code, p.Detail)
	return unknown
}

// tail reads a tenant's journal as it grows.
func (r *run) tail(ctx context.Context, api *client.Client, tenant string) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	stats, err := api.Stats(ctx)
	if err != nil {
		return
	}
	for after := stats.Position; ; {
		page, err := api.Events(ctx, after, 200)
		if err != nil {
			return // the workers report what is wrong
		}
		for i := range page.Events {
			e := &page.Events[i]
			if e.Position <= after {
				r.load.Ledger.violate("the journal of %s has entry %d after %d", tenant, e.Position, after)
			}
			after = e.Position
			r.load.Ledger.saw(e)
		}
		r.load.Done.Add("journal page", 1)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Repeat repeats every unanswered request that has an idempotency key or registers a signature, and at most some of the
// answered ones. Each must return what the first request made, or make it now.
func (l *Load) Repeat(ctx context.Context, addr string, some int) error {
	l.runs++
	rng := l.rng(-2)
	r := &run{load: l, addr: addr, http: newHTTP()}
	defer r.http.CloseIdleConnections()
	for _, e := range l.Ledger.open(some, rng.IntN) {
		api, err := client.New(addr, &client.Options{Tenant: e.Tenant, HTTPClient: r.http})
		if err != nil {
			return err
		}
		w := &worker{run: r, n: e.owner, tenant: e.Tenant, api: api, rng: rng}
		entries := []*Entry{e}
		if e.batch != nil {
			entries = e.batch.entries
		}
		for _, e := range entries {
			l.Ledger.again(e)
		}
		what := w.send(ctx, "repeat", entries, e.batch != nil)
		if what == lost {
			return fmt.Errorf("no answer to a repeated request")
		}
	}
	for _, s := range l.Ledger.openCode(some, rng.IntN) {
		api, err := client.New(addr, &client.Options{Tenant: s.tenant, HTTPClient: r.http})
		if err != nil {
			return err
		}
		w := &worker{run: r, n: s.owner, tenant: s.tenant, api: api, rng: rng}
		l.Ledger.signAgain(s)
		if w.sendSignature(ctx, "repeat", s) == lost {
			return fmt.Errorf("no answer to a repeated registration")
		}
	}
	return nil
}

// probe encodes one memory on a disk that may be full.
func (l *Load) probe(ctx context.Context, addr string) (outcome, error) {
	l.runs++
	r := &run{Run: Run{DiskFull: true}, load: l, addr: addr, http: newHTTP()}
	defer r.http.CloseIdleConnections()
	api, err := client.New(addr, &client.Options{Tenant: l.Tenants[0], HTTPClient: r.http})
	if err != nil {
		return lost, err
	}
	w := &worker{run: r, tenant: l.Tenants[0], api: api, rng: l.rng(-3)}
	what := w.encode(ctx)
	if what == lost {
		err = errors.New("no answer")
	}
	return what, err
}

// readable reads in every possible way, and returns the first error.
func (l *Load) readable(ctx context.Context, addr string) error {
	clients, done, err := dial(addr, l.Tenants)
	if err != nil {
		return err
	}
	defer done()
	for _, c := range clients {
		page, err := c.List(ctx, client.ListQuery{Limit: 20, Pinned: new(bool)})
		if err != nil {
			return err
		}
		for _, v := range page.Memories {
			if _, err := c.Peek(ctx, v.ID); err != nil && !errors.Is(err, sigil.ErrNotFound) {
				return err
			}
		}
		_, stats := c.Stats(ctx)
		_, events := c.Events(ctx, 0, 10)
		if err := errors.Join(stats, events, c.Ready(ctx)); err != nil {
			return err
		}
	}
	return nil
}

// Tally counts by name. Its zero value is empty.
type Tally struct {
	// mu guards counts.
	mu sync.Mutex
	// +checklocks:mu
	counts map[string]int64
}

// Add adds n.
func (t *Tally) Add(name string, n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[string]int64{}
	}
	t.counts[name] += n
}

// Get returns one count.
func (t *Tally) Get(name string) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.counts[name]
}

// Each calls visit for all counts, in any order.
func (t *Tally) Each(visit func(name string, n int64)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, n := range t.counts {
		visit(name, n)
	}
}
