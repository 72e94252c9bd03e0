package model

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/store"
)

// HalfLife is the half-life of the policy that a [System] must use, with the default threshold: memories live
// for 44 ms, so that their deadlines are always near.
const HalfLife = 10 * time.Millisecond

// Target receives the calls of one client or sweeper. A [github.com/sigil-dna/sigil/client.Client] is one.
type Target interface {
	Encode(ctx context.Context, d sigil.Draft) (client.Memory, error)
	Recall(ctx context.Context, id sigil.ID) (client.Memory, error)
	Peek(ctx context.Context, id sigil.ID) (client.Memory, error)
	Pin(ctx context.Context, id sigil.ID) (client.Memory, error)
	Unpin(ctx context.Context, id sigil.ID) (client.Memory, error)
	Change(ctx context.Context, id sigil.ID, c sigil.Change) (client.Memory, error)
	Forget(ctx context.Context, id sigil.ID) error
	Sweep(ctx context.Context, job sigil.Job) (client.Sweep, error)
	Search(ctx context.Context, q client.SearchQuery) (client.SearchPage, error)
	Events(ctx context.Context, after uint64, limit int) (client.EventPage, error)
	CodeRegister(ctx context.Context, r client.CodeRegister) (client.CodeSignature, error)
	CodeRevoke(ctx context.Context, body sigil.Hash, id sigil.ID, reason string) ([]client.CodeSignature, error)
	Codes(ctx context.Context, q client.CodeQuery) (client.CodePage, error)
}

// System starts what histories are taken of, on the machine's clock, under [HalfLife] and quota. Calls
// with the same place go on with the same memories. Clients and sweepers are spread over the targets.
type System func(t *testing.T, place string, quota store.Quota) (targets []Target, stop func())

const (
	clients  = 8
	sweepers = 3  // two for decay, one for crystals
	turns    = 80 // of each client, twice per round
)

// Histories records histories of a system: clients and sweepers race at the deadlines, some calls are
// aborted, the system is stopped during calls and started again, and at the end every memory is looked up
// once more. Each memory's history must be linearizable, and agree with the journal; so must that of the signatures of
// each body of code, which the clients register, revoke and look up besides. Searches are part of a memory's history: what was
// encoded is found at once, and what has ended is not. Corrections are no part of them, since each is about two memories, and histories
// are checked one memory at a time: the kill campaign has them.
//
// SIGIL_HISTORIES is the number of rounds, every second of them with a quota; the default is 3. SIGIL_SEED
// repeats the clients' choices, though not the order in which they run.
func Histories(t *testing.T, system System) {
	rounds := fromEnv(t, "SIGIL_HISTORIES", 3)
	seed := fromEnv(t, "SIGIL_SEED", rand.Uint64())
	sum := tally{}
	for round := range rounds {
		h := newHistory(t, seed+round)
		h.take(system, round%2 == 1)
		h.check()
		sum.add(h.tally)
		if t.Failed() {
			t.Fatalf("seed %d: repeat with SIGIL_SEED=%d SIGIL_HISTORIES=1 (or 2, for a round under a quota)", h.seed, h.seed-round%2)
		}
	}
	t.Logf("seed %d: %s", seed, sum)
	for _, must := range []string{"encode ok", "recall ok", "recall not found", "peek not found", "search ok", "search not found", "forget ok", "unpin ok", "change ok", "fade ok", atDeadline, "register ok", "revoke ok", "revoke not found", besideRevoke, "reinforce ok", "reinforce recalled", "reject ok", "reject refused", "keep ok"} {
		if sum[must] == 0 {
			t.Errorf("not one %q among %s: the histories are about nothing", must, sum)
		}
	}
}

func fromEnv(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// history has the calls of clients and their answers, with the journal at the end.
type history struct {
	t      *testing.T
	seed   uint64
	spec   spec
	pool   pool
	bodies *bodies
	races  int // so far

	contents sameContents // +checklocksignore: has a lock of its own

	mu         sync.Mutex // guards ops, codeOps, contentOps, phrases, lost and tally while clients run
	ops        []op
	codeOps    []codeOp
	contentOps []contentOp
	phrases    map[sigil.ID]string
	lost       int // encodes without an answer
	settled    int // of contentOps: those before the last stop
	events     []client.Event
	tally      tally
	end        int64 // Unix nanoseconds: no call or answer is later
}

// op is one call about one memory. Times are Unix nanoseconds.
type op struct {
	client    int
	id        sigil.ID
	verb      verb
	call, ret int64
	answer    answer
}

func newHistory(t *testing.T, seed uint64) *history {
	policy, err := sigil.NewHalfLife(HalfLife, sigil.DefaultThreshold)
	if err != nil {
		t.Fatal(err)
	}
	lifetime := (policy.Lifetime() + time.Millisecond - 1) / time.Millisecond
	return &history{
		t: t, seed: seed, spec: spec{lifetime: int64(lifetime)}, tally: tally{}, bodies: newBodies(t), phrases: map[sigil.ID]string{},
		contents: sameContents{ids: map[string][]sigil.ID{}},
	}
}

// take lets the clients race, stops the system under them, lets them continue with a second system in its
// place, and reads what is left from a third.
func (h *history) take(system System, bounded bool) {
	place, quota := h.t.TempDir(), store.Quota{}
	if bounded {
		quota.Memories = slots * 2 / 3
	}
	targets, stop := system(h.t, place, quota)
	h.race(targets, 1, stop)
	h.settle()
	targets, stop = system(h.t, place, quota)
	h.race(targets, clients, stop)
	h.settle()

	targets, stop = system(h.t, place, quota)
	defer stop()
	for _, id := range h.ids() {
		h.one(h.t.Context(), targets[0], 0, peek, id)
		if h.phrases[id] != "" {
			h.one(h.t.Context(), targets[0], 0, search, id)
		}
	}
	for _, b := range h.usedBodies() {
		h.codeOne(h.t.Context(), targets[0], 0, b, codeCall{verb: lookUp})
	}
	h.readJournal(targets[0])
	h.end = time.Now().UnixNano()
	for i := range h.ops {
		h.ops[i].ret = min(h.ops[i].ret, h.end)
	}
}

// race lets the clients take their turns, and stops the system after enough of them.
func (h *history) race(targets []Target, enough int, stop func()) {
	through := make(chan struct{}, clients)
	stopSweeps := make(chan struct{})
	var running sync.WaitGroup
	for i := range sweepers {
		running.Go(func() { h.sweep(targets[i%len(targets)], i, stopSweeps) })
	}
	for i := range clients {
		running.Go(func() {
			h.client(targets[i%len(targets)], i)
			through <- struct{}{}
		})
	}
	for range enough {
		<-through
	}
	if enough < clients {
		stop()
	}
	close(stopSweeps)
	running.Wait()
	if enough == clients {
		stop()
	}
	h.races++
}

// settle records that calls in progress ended with the system: unanswered ones were carried out by now or
// never will be.
func (h *history) settle() {
	now := time.Now().UnixMilli()
	h.settleContents()
	for i := range h.ops {
		if a := &h.ops[i].answer; a.outcome == unknown && a.hi == never {
			a.hi = now
		}
	}
	h.settleCode(now)
}

// sweep runs a sweep every few milliseconds.
func (h *history) sweep(at Target, number int, done <-chan struct{}) {
	job, every := sigil.DecayJob, time.Duration(2+number)*time.Millisecond
	if number == sweepers-1 {
		job = sigil.CrystallizeJob
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			switch _, err := at.Sweep(h.t.Context(), job); {
			case unanswered(err):
				return // the system has stopped
			case err != nil:
				h.t.Errorf("%s sweep: %v", job, err)
			}
		case <-done:
			return
		}
	}
}

// ids returns the memories of the history, sorted by id.
func (h *history) ids() []sigil.ID {
	var ids []sigil.ID
	for i := range h.ops {
		if h.ops[i].verb == encode {
			ids = append(ids, h.ops[i].id)
		}
	}
	slices.SortFunc(ids, func(a, b sigil.ID) int { return slices.Compare(a[:], b[:]) })
	return ids
}

func (h *history) readJournal(at Target) {
	for after := uint64(0); ; {
		page, err := at.Events(h.t.Context(), after, 1000)
		if err != nil {
			h.t.Fatalf("reading the journal: %v", err)
		}
		if len(page.Events) == 0 {
			return
		}
		h.events = append(h.events, page.Events...)
		after = page.Next
	}
}

func (h *history) add(o op) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, o)
	h.tally[string(o.verb)+" "+string(o.answer.outcome)]++
}

func (h *history) count(what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tally[what]++
}

func millis(nanos int64) int64 { return nanos / int64(time.Millisecond) }

// tally counts events by name.
type tally map[string]int

// atDeadline is the name for calls during which the memory's deadline passed.
const atDeadline = "at the deadline"

func (t tally) add(other tally) {
	for what, n := range other {
		t[what] += n
	}
}

func (t tally) String() string {
	s := ""
	for _, what := range sortedKeys(t) {
		s += fmt.Sprintf("%d %s, ", t[what], what)
	}
	return s
}
