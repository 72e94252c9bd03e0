package daemon_test

import (
	"errors"
	"math"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/store"
)

// TestCollectorWaitsForTheStore opens a store within the opening of another: there is no collection until both are
// open or not, and then the setting is what it was.
func TestCollectorWaitsForTheStore(t *testing.T) {
	const percent = 123
	defer debug.SetGCPercent(debug.SetGCPercent(percent))
	setting := func() uint64 {
		sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	refuse := func(within func()) {
		d := daemon.New(config(t).Config, &daemon.Options{Open: func(daemon.Config, daemon.Hooks) (store.Store, error) {
			within()
			return nil, errors.New("no")
		}})
		if err := d.Start(t.Context()); err == nil {
			t.Error("it has started")
		}
	}
	wait := func(when string) {
		if got := setting(); got != math.MaxUint64 { // it is off
			t.Errorf("%s the setting is %d: it collects", when, got)
		}
	}
	refuse(func() {
		wait("while one is opened")
		refuse(func() { wait("while two are opened") })
		wait("after one of two was refused")
	})
	for deadline := time.Now().Add(time.Minute); setting() != percent; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("afterwards the setting is %d, and was %d", setting(), percent)
		}
	}
}
