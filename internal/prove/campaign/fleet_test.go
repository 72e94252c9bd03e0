package campaign_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/codesign"
	"github.com/sigil-dna/sigil/internal/prove/campaign"
	"github.com/sigil-dna/sigil/internal/prove/pgtest"
)

const (
	daemons = 4
	callers = 1000
	// sweepEvery is the time between two sweeps of each daemon, started by the test, since a schedule has
	// whole seconds.
	sweepEvery = 50 * time.Millisecond
)

// fleet is several daemons on one database.
type fleet struct {
	t        *testing.T
	children [daemons]*campaign.Child
	http     *http.Client

	mu sync.RWMutex
	// +checklocks:mu
	addrs [daemons]string

	acked   sync.Map // the number of a memory → its id
	signer  codesign.Signer
	codes   sync.Map // the number of a memory → the id of the signature that was registered beside it
	retried atomic.Int64
	sweeps  [daemons]atomic.Int64
}

// TestFleet runs four daemons on one PostgreSQL, a thousand clients spread over them, and sweeps in all; one
// daemon is killed and another restarted in between. No acknowledged memory is missing or exists twice, and
// each fade is journaled once; so is each signature that a client registers or revokes beside. SIGIL_EACH is how many memories each client encodes; the default is 2.
func TestFleet(t *testing.T) {
	each := int(number(t, "SIGIL_EACH", 2))
	cluster := pgtest.Start(t, nil)
	name, err := cluster.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f := startFleet(t, cluster.URL(name))
	ctx, cancel := context.WithTimeout(t.Context(), 5*campaign.Patience)
	defer cancel()

	swept, stopSweeping := make(chan struct{}), make(chan struct{})
	go func() { // waited for below
		defer close(swept)
		f.sweep(ctx, stopSweeping)
	}()
	begin := time.Now()
	var following sync.WaitGroup
	for _, i := range []int{0, 3} {
		following.Go(func() { f.follow(ctx, i, uint64(entries(callers*each))) })
	}
	var running sync.WaitGroup
	var done atomic.Int64
	third, twoThirds := make(chan struct{}), make(chan struct{})
	for c := range callers {
		running.Go(func() {
			for i := range each {
				f.encode(ctx, c*each+i)
				f.sign(ctx, c*each+i)
				switch done.Add(1) {
				case int64(callers * each / 3):
					close(third)
				case int64(callers * each * 2 / 3):
					close(twoThirds)
				}
			}
		})
	}
	<-third
	if err := f.children[1].Kill(ctx); err != nil {
		t.Error(err)
	}
	<-twoThirds
	restarted := f.children[2]
	if err := errors.Join(restarted.Terminate(), restarted.Gone(ctx), restarted.Start()); err != nil {
		t.Error(err)
	}
	if err := restarted.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	f.at(2, restarted.Addr())
	running.Wait()
	took := time.Since(begin)
	f.wait(ctx, callers*each)
	for _, i := range []int{0, 2, 3} { // 2 may be ready only now
		f.untilSwept(ctx, i)
	}
	close(stopSweeping)
	<-swept
	following.Wait()
	f.compare(ctx, cluster.URL(name), callers*each)
	t.Logf("%d memories by %d clients over %d daemons in %s, %d requests sent again; sweeps by each: %d, %d, %d, %d",
		callers*each, callers, daemons, took.Round(time.Millisecond), f.retried.Load(), f.sweeps[0].Load(), f.sweeps[1].Load(), f.sweeps[2].Load(), f.sweeps[3].Load())
}

func startFleet(t *testing.T, url string) *fleet {
	t.Helper()
	program, err := program()
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: callers}
	key, err := codesign.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	f := &fleet{t: t, http: &http.Client{Transport: transport, Timeout: campaign.Patience}, signer: codesign.Signer{Key: key}}
	t.Cleanup(transport.CloseIdleConnections)
	for i := range f.children {
		scratch := t.TempDir()
		child := &campaign.Child{Program: program, Data: filepath.Join(scratch, "data"), Scratch: scratch, Args: []string{"--store=" + url, "--policy=halflife", "--half-life=168h"}}
		f.children[i] = child
		t.Cleanup(func() { _ = child.KillAll(context.Background()) })
		if err := child.Start(); err != nil { // all at once, on an empty database
			t.Fatal(err)
		}
	}
	for i, child := range f.children {
		if err := child.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.at(i, child.Addr())
	}
	return f
}

func (f *fleet) at(i int, addr string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.addrs[i] = addr
}

func (f *fleet) client(i int) *client.Client {
	f.mu.RLock()
	defer f.mu.RUnlock()
	c, err := client.New(f.addrs[i%daemons], &client.Options{HTTPClient: f.http})
	if err != nil {
		panic(err) // the address is a daemon's own
	}
	return c
}

// short reports whether memory n fades soon.
func short(n int) bool { return n%2 == 0 }

// encode sends memory n until it is acknowledged, to the next daemon if one does not answer.
func (f *fleet) encode(ctx context.Context, n int) {
	d := sigil.Draft{Data: fmt.Appendf(nil, `{"n":%d}`, n), IdempotencyKey: strconv.Itoa(n)}
	if short(n) {
		d.TTL = time.Second
	}
	for at := n; ctx.Err() == nil; at++ {
		v, err := f.client(at).Encode(ctx, d)
		if err == nil {
			f.acked.Store(n, v.ID)
			return
		}
		f.retried.Add(1)
	}
	f.t.Errorf("memory %d was never acknowledged", n)
}

// sweep makes each daemon sweep at an interval.
func (f *fleet) sweep(ctx context.Context, stop <-chan struct{}) {
	var running sync.WaitGroup
	defer running.Wait()
	for i := range daemons {
		running.Go(func() {
			tick := time.NewTicker(sweepEvery)
			defer tick.Stop()
			for {
				select {
				case <-stop:
					return
				case <-tick.C:
				}
				if _, err := f.client(i).Sweep(ctx, sigil.DecayJob); err == nil {
					f.sweeps[i].Add(1)
				}
			}
		})
	}
}

// follow reads the entries of all daemons from one of them, live, until there are n.
func (f *fleet) follow(ctx context.Context, i int, n uint64) {
	last := uint64(0)
	for e, err := range f.client(i).Follow(ctx, &client.FollowOptions{After: new(uint64)}) {
		if err != nil || e.Position != last+1 {
			f.t.Errorf("a reader at daemon %d got %d after %d: %v", i, e.Position, last, err)
			return
		}
		if last = e.Position; last == n {
			return
		}
	}
}

// wait waits until the memories that fade soon are gone.
func (f *fleet) wait(ctx context.Context, n int) {
	f.t.Helper()
	want := 0
	for i := range n {
		if !short(i) {
			want++
		}
	}
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		stats, err := f.client(0).Stats(ctx)
		page, err2 := f.client(0).Events(ctx, stats.Position-1, 1)
		if err == nil && err2 == nil && stats.Memories == want && len(page.Events) == 1 && int(stats.Position) == entries(n) {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			f.t.Fatalf("%d memories at position %d, want %d after %d fades: %v", stats.Memories, stats.Position, want, n-want, err)
		}
	}
}

// compare compares existing memories, and the journal, with what was acknowledged.
func (f *fleet) compare(ctx context.Context, url string, n int) {
	f.t.Helper()
	sound(ctx, f.t, url)
	encoded, faded, signed, revoked := f.journal(ctx, 0, 2, 3)
	f.compareCode(ctx, n, signed, revoked)
	for i := range n {
		v, ok := f.acked.Load(i)
		if !ok {
			continue // was told of
		}
		id := v.(sigil.ID) //nolint:forcetypeassert // as it was stored
		fades := 0
		if short(i) {
			fades = 1
		}
		if encoded[id] != 1 || faded[id] != fades {
			f.t.Errorf("memory %d was encoded %d times and faded %d times, want 1 and %d", i, encoded[id], faded[id], fades)
		}
		if fades == 0 {
			if view, err := f.client(i%2*3).Peek(ctx, id); err != nil || !bytes.Equal(view.Data, fmt.Appendf(nil, `{"n":%d}`, i)) {
				f.t.Errorf("memory %d: %s, %v", i, view.Data, err)
			}
		}
	}
	if len(encoded) != n {
		f.t.Errorf("%d memories were encoded, want %d", len(encoded), n)
	}
}

// journal reads the whole journal, alternating between some daemons, which all have the same one. It returns how often
// each memory was encoded and faded, and each signature registered and revoked, and asserts that positions have no gap.
func (f *fleet) journal(ctx context.Context, from ...int) (encoded, faded, signed, revoked map[sigil.ID]int) {
	f.t.Helper()
	encoded, faded, signed, revoked = map[sigil.ID]int{}, map[sigil.ID]int{}, map[sigil.ID]int{}, map[sigil.ID]int{}
	for last := uint64(0); ; {
		page, err := f.client(from[last%uint64(len(from))]).Events(ctx, last, 1000)
		if err != nil {
			f.t.Fatal(err)
		}
		if len(page.Events) == 0 {
			return encoded, faded, signed, revoked
		}
		for _, e := range page.Events {
			if e.Position != last+1 {
				f.t.Errorf("position %d follows %d", e.Position, last)
			}
			last = e.Position
			switch e.Kind {
			case sigil.Encoded:
				encoded[*e.ID]++
			case sigil.Faded:
				faded[*e.ID]++
			case sigil.Signed:
				signed[*e.ID]++
			case sigil.Revoked:
				revoked[*e.ID]++
			default:
				f.t.Errorf("a memory was %s", e.Kind)
			}
		}
	}
}

var sweepCounter = regexp.MustCompile(`(?m)^sigil_gc_sweep_total\{job="decay"\} (\S+)$`)

// untilSwept waits until a daemon counts a sweep.
func (f *fleet) untilSwept(ctx context.Context, i int) {
	f.t.Helper()
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for f.counted(ctx, i) < 1 {
		select {
		case <-tick.C:
		case <-ctx.Done():
			f.t.Fatalf("daemon %d counts no sweep", i)
		}
	}
}

// counted returns the number of decay sweeps that a daemon counts.
func (f *fleet) counted(ctx context.Context, i int) float64 {
	f.t.Helper()
	f.mu.RLock()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+f.addrs[i]+"/metrics", nil)
	f.mu.RUnlock()
	if err != nil {
		f.t.Fatal(err)
	}
	resp, err := f.http.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	found := sweepCounter.FindSubmatch(b)
	if found == nil {
		f.t.Fatalf("no counter of sweeps in\n%s", b)
	}
	v, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		f.t.Fatal(err)
	}
	return v
}

// once asserts that the store is sound, and that n memories were encoded, each once.
func (f *fleet) once(ctx context.Context, url string, n int) {
	f.t.Helper()
	sound(ctx, f.t, url)
	encoded, _, _, _ := f.journal(ctx, 0)
	found := 0
	f.acked.Range(func(n, id any) bool {
		found++
		if times := encoded[id.(sigil.ID)]; times != 1 { //nolint:forcetypeassert // as it was stored
			f.t.Errorf("memory %v was encoded %d times", n, times)
		}
		return true
	})
	if found != n || len(encoded) != n {
		f.t.Errorf("%d acknowledged, %d encoded, want %d", found, len(encoded), n)
	}
}
