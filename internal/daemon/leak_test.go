package daemon_test

import (
	"context"
	"net/http"
	"os"
	"strconv"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/internal/prove/lifecycle"
	"github.com/sigil-dna/sigil/scheduler"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// A thousand times, a store is opened in memory, a scheduler starts, a memory is kept and forgotten, a sweep
// runs, and everything stops.
func TestThousandLivesLeakNothing(t *testing.T) {
	lifecycle.Cycles(t, 1000, func(t *testing.T) {
		s, err := pebblestore.Open("sigil", &pebblestore.Options{FS: vfs.NewMem()})
		if err != nil {
			t.Fatal(err)
		}
		e := engine.New(s, nil)
		jobs := scheduler.New(nil)
		if err := jobs.Add("decay", "* * * * * *", func(ctx context.Context) error {
			_, err := e.Sweep(ctx)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := jobs.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		m, err := e.Encode(t.Context(), sigil.DefaultTenant, sigil.Draft{Data: []byte(`1`)})
		if err != nil {
			t.Error(err)
		}
		if err := e.Forget(t.Context(), m.Key); err != nil {
			t.Error(err)
		}
		if err := jobs.Run(t.Context(), "decay"); err != nil {
			t.Error(err)
		}
		if err := jobs.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// The same on disk, with whole daemons, including the HTTP server: each finds what the previous ones have
// left. $SIGIL_LIVES is their number; the default fits into a run of all tests.
func TestLivesOfDaemonsLeakNothing(t *testing.T) {
	lives, err := strconv.Atoi(os.Getenv("SIGIL_LIVES"))
	if err != nil {
		lives = 100
	}
	l := config(t, "--decay-schedule=* * * * * *", "--crystallize-schedule=* * * * * *")
	lifecycle.Cycles(t, lives, func(t *testing.T) {
		d := daemon.New(l.Config, nil)
		if err := d.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if status, body := ask(t, d, "POST", "/v1/sigils", `{"data":1,"ttl":"1ms"}`); status != http.StatusCreated {
			t.Errorf("encode: %d %s", status, body)
		}
		if status, body := ask(t, d, "POST", "/v1/sweeps/decay", ""); status != http.StatusOK {
			t.Errorf("sweep: %d %s", status, body)
		}
		stop(t, d)
	})
}
