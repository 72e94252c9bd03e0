package daemon_test

import (
	"net/http"
	"os"
	"runtime"
	"testing"

	"go.uber.org/goleak"

	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/store/storetest"
)

// held counts what a daemon that was stopped must have let go of.
func held(t *testing.T) (goroutines, descriptors int) {
	t.Helper()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return runtime.NumGoroutine(), len(open)
}

func TestThousandLivesLeakNothing(t *testing.T) {
	lives := 1000
	if testing.Short() {
		lives = 100
	}
	cycle(t, lives, func() *daemon.Daemon {
		return daemon.New(config(t, "--decay-schedule=* * * * * *").Config, on(storetest.NewModel()))
	})
}

// The same on disk, where each life also opens and closes a store that has something in it.
func TestLivesOnDiskLeakNothing(t *testing.T) {
	l := config(t, "--decay-schedule=* * * * * *", "--policy=halflife")
	cycle(t, 30, func() *daemon.Daemon { return daemon.New(l.Config, nil) })
}

func cycle(t *testing.T, lives int, fresh func() *daemon.Daemon) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	var goroutines, descriptors int
	for life := range lives {
		d := fresh()
		if err := d.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if status, body := ask(t, d, "POST", "/v1/sigils", `{"data":1}`); status != http.StatusCreated {
			t.Fatalf("encode: %d %s", status, body)
		}
		stop(t, d)
		if life == lives/10 { // what is made once per process is made by now
			goleak.VerifyNone(t, before)
			goroutines, descriptors = held(t)
		}
	}
	goleak.VerifyNone(t, before) // waits for goroutines that are just ending
	if g, f := held(t); g > goroutines || f > descriptors {
		t.Errorf("after %d lives there are %d goroutines and %d descriptors; after %d there were %d and %d",
			lives, g, f, lives/10, goroutines, descriptors)
	}
}
