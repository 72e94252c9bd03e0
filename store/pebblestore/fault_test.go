package pebblestore_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"go.uber.org/goleak"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// faults fails operations of one kind on the disk: all that are counted from the nth on, or just the nth.
type faults struct {
	reads   bool
	lasting bool
	n       int64

	count atomic.Int64
	hit   atomic.Int64

	// mu guards first.
	mu sync.Mutex
	// +checklocks:mu
	first string
}

func (f *faults) before(op errorfs.Op) error {
	kind, writes := kindOf(op)
	if writes == f.reads {
		return nil
	}
	at := f.count.Add(1)
	if at < f.n || at > f.n && !f.lasting {
		return nil
	}
	if f.hit.Add(1) == 1 {
		f.mu.Lock()
		f.first = kind
		f.mu.Unlock()
	}
	return errorfs.ErrInjected
}

// kind returns the kind of the first operation that failed.
func (f *faults) kind() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.first
}

func (f *faults) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	what := "write"
	if f.reads {
		what = "read"
	}
	if f.lasting {
		return fmt.Sprintf("every %s from the %dth (%s)", what, f.n, f.first)
	}
	return fmt.Sprintf("the %dth %s (%s)", f.n, what, f.first)
}

// The disk refuses the nth write or read, once or from then on, for every n. Nothing panics or hangs, no caller gets
// success for a change that is lost, every error has a code, the error of Open names the folder, Close returns, and no
// goroutine is left.
func TestEveryDiskFault(t *testing.T) {
	for _, reads := range []bool{false, true} {
		for _, lasting := range []bool{false, true} {
			runs, failed, unclosed := 0, 0, 0
			kinds := map[string]int{}
			for n := int64(1); ; n++ {
				f := &faults{reads: reads, lasting: lasting, n: n}
				r := &faulty{t: t, faults: f, leaks: goleak.IgnoreCurrent()}
				if !r.run() {
					break // the script ends before that
				}
				runs++
				kinds[f.kind()]++
				if r.failed.Load() {
					failed++
				}
				if r.unclosed {
					unclosed++
				}
				if !exhaustive() && n > 20 {
					n += int64(faultStride) - 1
				}
			}
			t.Logf("reads %v, lasting %v: %d faults injected, the store failed %d times and could not be closed %d times; first hit: %v", reads, lasting, runs, failed, unclosed, kinds)
		}
	}
}

// faulty is one run of a short script over a disk with faults.
type faulty struct {
	t      *testing.T
	faults *faults
	leaks  goleak.Option

	failed   atomic.Bool // OnFatal was called, on a goroutine of the database
	unclosed bool        // the database could not be closed
}

// run reports whether the fault occurred.
func (r *faulty) run() bool {
	r.t.Helper()
	disk := vfs.NewCrashableMem()
	rec := newRecorder()
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.live(rec, errorfs.Wrap(disk, errorfs.InjectorFunc(r.faults.before)))
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		pprof.Lookup("goroutine").WriteTo(os.Stderr, 1)
		r.t.Fatalf("%s: it hangs", r.faults)
	}
	if r.faults.hit.Load() == 0 {
		return false
	}
	if err := goleak.Find(r.leaks); err != nil {
		// A database whose disk has failed may wait forever for a goroutine that ended. The goroutine that
		// waits for the database is abandoned.
		ours := strings.Contains(err.Error(), "pebblestore.(*committer)") && !r.unclosed
		if !r.failed.Load() || ours {
			r.t.Errorf("%s: %v", r.faults, err)
		}
	}
	abandoned = []goleak.Option{goleak.IgnoreCurrent()}
	for _, percent := range []int{0, 100} {
		err := rec.survives(cut{
			acked: rec.acknowledged(),
			disk:  disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rand.New(rand.NewPCG(1, 1))}),
		})
		if err != nil {
			r.t.Errorf("%s: opened again, with %d%% of the unsynced: %v", r.faults, percent, err)
		}
	}
	return true
}

// live runs a script, opening the store twice.
func (r *faulty) live(rec *recorder, fsys vfs.FS) {
	sc := newScript(2, func(err error) { r.coded("an operation", err) })
	sc.spares = true // an erasure flushes, and if the database cannot begin a log then, it ends the process
	for range 2 {
		o := pebblestore.TuneWithoutStats(*keeping(fsys))
		o.OnFatal = func(err error) { r.failed.Store(true); r.coded("OnFatal", err) }
		s, err := pebblestore.Open("home/data", o)
		if err != nil {
			r.coded("Open", err)
			if !strings.Contains(err.Error(), "home/data") {
				r.t.Errorf("%s: Open does not name the folder: %v", r.faults, err)
			}
			continue
		}
		rec.Store = s
		sc.continueOn(rec)
		sc.run(context.Background(), 40)
		if err := s.Close(); err != nil {
			r.coded("Close", err)
		}
		r.unclosed = r.unclosed || s.Unclosed()
		if err := s.Close(); err != nil {
			r.t.Errorf("%s: the second Close: %v", r.faults, err)
		}
	}
}

// coded checks that err has a code.
func (r *faulty) coded(what string, err error) {
	var known *sigil.Error
	if !errors.As(err, &known) || known.Code == "" || known.Kind == nil {
		r.t.Errorf("%s: %s gives an error without a code: %v", r.faults, what, err)
	}
}

// TestFallsOverAFailedDisk makes the database panic after a disk failure. The store reports a disk failure, and the
// process lives on.
func TestFallsOverAFailedDisk(t *testing.T) {
	s, err := pebblestore.Open(t.TempDir(), &pebblestore.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() // it returns the failure
	if err := s.FallOver(); !errors.Is(err, sigil.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}
