package model_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/sigil-dna/sigil/internal/prove/model"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// TestMachine runs random histories on the embedded store, on a disk that can lose power, SIGIL_STEPS steps in all.
// The default is 10,000, and 300 under the race detector, which has little to find in a single goroutine and makes
// each step take 15 times as long. A history has about 100 steps.
//
// If it fails it prints a seed. To repeat only that history:
//
//	go test ./internal/prove/model -run TestMachine -rapid.seed=SEED
func TestMachine(t *testing.T) { histories(t, 10_000, model.Machine) }

// TestStandstills does that with histories of tenants that are not used for long; the default is 3,000.
func TestStandstills(t *testing.T) { histories(t, 3_000, model.Standstills) }

func histories(t *testing.T, want int, history func(*rapid.T, model.Driver, func())) {
	t.Helper()
	checks := 10
	if raceEnabled {
		want, checks = 300, 3
	}
	if s := os.Getenv("SIGIL_STEPS"); s != "" {
		var err error
		if want, err = strconv.Atoi(s); err != nil {
			t.Fatalf("SIGIL_STEPS: %v", err)
		}
	}
	set(t, "rapid.steps", "100")
	set(t, "rapid.checks", strconv.Itoa(checks))
	steps := 0
	for steps < want {
		rapid.Check(t, func(rt *rapid.T) {
			inBubble(t, rt, func() { history(rt, &disk{fs: vfs.NewCrashableMem()}, func() { steps++ }) })
		})
	}
	t.Logf("%d steps", steps)
}

// inBubble runs f in a bubble, in which time passes only while everything waits: a second, in which refreshes
// are written, when the machine asks for it. A panic of f, by which rapid ends a history, is passed on.
func inBubble(t *testing.T, rt *rapid.T, f func()) {
	rt.Context().Done() // made out here, as it is closed out here
	var ended any
	synctest.Test(t, func(*testing.T) {
		defer func() {
			if ended = recover(); ended != nil && !rt.Failed() {
				rt.Logf("%v\n%s", ended, debug.Stack())
			}
		}()
		f()
	})
	// Rapid distinguishes failures by the line that they come from.
	switch _, bug := ended.(error); {
	case ended == nil:
	case rt.Failed():
		panic(ended)
	case bug:
		panic(ended)
	default: // rapid ran out of draws, while it looked for a shorter life
		panic(ended)
	}
}

// set sets a flag of rapid's until the test ends.
func set(t *testing.T, name, value string) {
	t.Helper()
	before := flag.Lookup(name).Value.String()
	if err := flag.Set(name, value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := flag.Set(name, before); err != nil {
			t.Error(err)
		}
	})
}

// disk is a disk in memory with a pebblestore on it.
type disk struct {
	fs     *vfs.MemFS
	checks int
}

func (d *disk) Open() (store.Store, error) {
	s, err := pebblestore.Open("data", &pebblestore.Options{FS: d.fs, CacheSize: 1 << 20, Undo: true})
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (*disk) Settle() {
	time.Sleep(time.Second) // of the bubble's time
	synctest.Wait()         // for what began in the last moment of it
}

func (d *disk) Crash(s store.Store, kept int, seed uint64) error {
	d.fs = d.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: kept, RNG: rand.New(rand.NewPCG(seed, 0))})
	return s.Close() // on the old disk, which is not used any more
}

// Check verifies the open store, and at times checks what a copy of the disk has, as the command does.
func (d *disk) Check(ctx context.Context, s store.Store) error {
	p, ok := s.(*pebblestore.Store)
	if !ok {
		return fmt.Errorf("a %T", s)
	}
	if err := p.Verify(ctx); err != nil {
		return err
	}
	if d.checks++; d.checks%8 != 0 {
		return nil
	}
	found, err := pebblestore.Check("data", &pebblestore.Options{FS: d.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(0, 0))})})
	if err == nil && found.Wrong > 0 {
		err = errors.New(strings.Join(found.Sentences(), "\n"))
	}
	return err
}
