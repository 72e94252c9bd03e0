// Package ninety lets memories of mixed policies live through ninety days of fake time, with restarts and a clock that
// jumps, and tenants that are away for weeks while their clocks stand still. It keeps a ledger with arithmetic of its own, and compares the engine and the store with it after each step.
//
// It knows no drivers: a test passes in how its store is opened. It starts no goroutine.
package ninety

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/clock"
	"github.com/sigil-dna/sigil/store"
)

const (
	days   = 90 * 24 * time.Hour
	window = 24 * time.Hour // in which what was removed can be restored
)

// Place is where a store is kept between the processes that open it.
type Place interface {
	Open() (store.Store, error)
	// Check compares everything that the open store keeps. It may close the store.
	Check(ctx context.Context, open store.Store) error
}

// Size is how much happens in the ninety days.
type Size struct {
	Memories int // that there are at the start
	Steps    int // about how many moments there are at which something happens
	Restarts int // about how many
	Jumps    int // of the clock, about how many
	Seed     uint64
}

// policies are what engines give to memories. Classic with its own figures is that of the system that Sigil replaced.
var policies = []string{
	"classic rate=1e-9 period=1h threshold=0.95",
	"classic rate=0.001 period=5s threshold=0.95",
	"halflife h=168h threshold=0.95",
	"halflife h=24h threshold=0.9 grace=240h",
	"halflife h=168h threshold=0.95 floor=0.5",
	"power s=96h d=0.5 threshold=0.6",
	"power s=36h d=0.25 threshold=0.7 grace=24h",
	"fsrs s=96h d=0.5 threshold=0.6",
	"fsrs s=24h d=0.5 threshold=0.6 floor=0.1",
}

// shortest is the index of the policy under which memories live for 95 s.
const shortest = 1

// tenants are who owns memories. Those of the first kind have no limit, and the clocks of the last ones stand still while they are away.
var tenants = []tenant{
	{name: "free-a", share: 35},
	{name: "free-b", share: 25},
	{name: "free-c", share: 15},
	{name: "counted", share: 5, counted: true},
	{name: "sized", share: 5, sized: true},
	{name: "away", share: 10, active: "72h"},
	{name: "away-counted", share: 5, counted: true, active: "12h"},
}

type tenant struct {
	name           string
	share          int // of a hundred
	counted, sized bool
	active         string // its active span, if it has one
	clock          *tenantClock
	curves         []*curve // by policy
	quota          store.Quota
	read           uint64 // up to this position its journal was read
}

// life is one run.
type life struct {
	t     *testing.T
	place Place
	size  Size
	rand  *rand.Rand

	tenants []tenant
	ledger
	world
	open    store.Store
	engines map[engineKey]*engine.Engine
	did     tally
}

type engineKey struct{ policy, tenant int }

// tally counts what happened.
type tally struct {
	recalls, pins, forgotten, evicted, faded, ended, restored, restarts, jumps, held, prolonged, undecided, standstills, outlived int
}

// Live runs the ninety days, and fails t at the first difference.
func Live(t *testing.T, place Place, size Size) {
	t.Helper()
	l := &life{
		t: t, place: place, size: size, rand: rand.New(rand.NewPCG(size.Seed, 90)), tenants: append([]tenant(nil), tenants...),
		ledger: ledger{of: make([][]*memory, len(tenants)), byID: map[sigil.ID]*memory{}, named: map[sigil.ID]forecast{}},
		world:  world{first: time.UnixMilli(1_772_366_400_000).UTC()},
	}
	for n := range l.tenants {
		l.settle(&l.tenants[n])
	}
	l.boot()
	l.fill()
	l.foretell(days+48*time.Hour, true) // the last step or jump of the clock may end after the ninety days
	for l.reference() < days {
		l.step()
	}
	l.sweep()
	l.compare()
	l.hold("the forecast of the start, corrected", l.forecastHeld())
	l.restart()
	l.compare()
	if err := place.Check(t.Context(), l.open); err != nil {
		t.Fatalf("check: %v", err)
	}
	l.ok("close", l.open.Close())
	d := &l.did
	if d.standstills == 0 || d.outlived == 0 {
		t.Fatalf("no memory has outlived a standstill: there were %d", d.standstills)
	}
	t.Logf("%d memories, %d recalls; %d gone by decay, %d by ttl, %d evicted, %d forgotten; %d restored; %d restarts, %d jumps of the clock, %d sweeps held, %d lives moved; %d standstills, which %d memories outlived; %d at the edge of rounding",
		len(l.all), d.recalls, d.faded, d.ended, d.evicted, d.forgotten, d.restored, d.restarts, d.jumps, d.held, d.prolonged, d.standstills, d.outlived, d.undecided)
}

// boot opens the store as a process that starts does.
func (l *life) boot() {
	l.t.Helper()
	var err error
	if l.open, err = l.place.Open(); err != nil {
		l.t.Fatalf("open: %v", err)
	}
	l.start()
	on := clocked{l.open, l.clock}
	l.engines = map[engineKey]*engine.Engine{}
	for n := range l.tenants {
		for p, c := range l.tenants[n].curves {
			l.engines[engineKey{p, n}] = engine.New(on, &engine.Options{
				Limits:   engine.Limits{Page: 1 << 20, Batch: 1 << 20},
				Settings: engine.Settings{Policy: c.policy, Quota: l.tenants[n].quota, Undo: engine.Undo{Window: window}},
			})
		}
	}
	l.follow()
}

// restart closes the store and opens it again.
func (l *life) restart() {
	l.t.Helper()
	l.ok("close", l.open.Close())
	l.boot()
	l.did.restarts++
}

// clocked is a store with a clock of the test.
type clocked struct {
	store.Store
	clock *clock.Clock
}

func (c clocked) Clock() *clock.Clock { return c.clock }

// world is the machine's time: at is the monotonic one, and off is what its clock has jumped.
type world struct {
	first   time.Time
	at, off time.Duration
	clock   *clock.Clock
	// spans are the jumps forward that this process has confirmed.
	spans []span
}

// span is a time in which the clock was behind by what turned out to be the truth, in Unix milliseconds.
type span struct{ from, to, by int64 }

func (w *world) read() clock.Reading {
	return clock.Reading{At: w.at, Time: w.first.Add(w.at + w.off)}
}

func (w *world) start() {
	w.spans = nil
	w.clock = clock.New(w.read(), clock.Options{
		Read: w.read, Monotonic: func() time.Duration { return w.at }, Slept: func() time.Duration { return 0 },
		Logger: slog.New(slog.DiscardHandler),
	})
}

// reference returns how long the ninety days have lasted by the machine's clock.
func (w *world) reference() time.Duration { return w.at + w.off }

// shown returns what the machine's clock shows, in Unix milliseconds.
func (w *world) shown() int64 { return w.read().Time.UnixMilli() }

// any returns an engine, for what is the same with each and uses no tenant.
func (l *life) any() *engine.Engine {
	return l.engines[engineKey{l.rand.IntN(len(policies)), l.rand.IntN(len(l.tenants))}]
}

// now returns the time by which engines decide, in Unix milliseconds.
func (l *life) now() int64 { return l.any().Now().UnixMilli() }

// pass lets time go on.
func (l *life) pass(d time.Duration) {
	l.at += d.Truncate(time.Millisecond)
	l.follow() // the clock is looked at
}

func (l *life) ok(what string, err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatalf("day %.3f: %s: %v", l.reference().Hours()/24, what, err)
	}
}

// hold fails the test if wrong is not empty.
func (l *life) hold(what, wrong string) {
	l.t.Helper()
	if wrong != "" {
		l.t.Fatalf("day %.6f: %s: %s", l.reference().Hours()/24, what, wrong)
	}
}

func (l *life) same(what string, got, want any) {
	l.t.Helper()
	if got != want {
		l.hold(what, fmt.Sprintf("got %v, want %v", got, want))
	}
}
