package daemon_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/internal/prove/pgtest"
	"github.com/sigil-dna/sigil/wire"
)

// watch follows d's journal from its beginning, with recalls, until the test ends. It sends the access counts
// of recalled memories, after a first 0 once it follows.
func watch(t *testing.T, d *daemon.Daemon) (*client.Client, <-chan uint64) {
	t.Helper()
	c, err := client.New("http://"+d.Addr(), nil)
	if err != nil {
		t.Fatal(err)
	}
	heard, ended := make(chan uint64, 100), make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	o := &client.FollowOptions{After: new(uint64), OnRecall: func(r wire.Recalls) {
		if r.More {
			t.Error("it heard of more")
		}
		for _, m := range r.Memories {
			heard <- m.AccessCount
		}
	}}
	go func() { // waited for at the end of the test
		defer close(ended)
		for e, err := range c.Follow(ctx, o) {
			switch {
			case err == nil && e.Kind == sigil.Encoded:
				heard <- 0
			case err != nil && !errors.Is(err, context.Canceled):
				t.Error(err)
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		c.CloseIdleConnections()
	})
	return c, heard
}

// TestRecallsThroughAnotherDaemon has two daemons on one database, and a watcher of recalls at each: both
// learn of each recall once, through whichever daemon it was made.
func TestRecallsThroughAnotherDaemon(t *testing.T) {
	cluster := pgtest.Start(t, pgtest.Fast)
	args := []string{"--store=" + cluster.URL("postgres"), "--policy=halflife"}
	a, b := start(t, config(t, args...), nil), start(t, config(t, args...), nil)
	atA, byA := watch(t, a)
	atB, byB := watch(t, b)
	m, err := atA.Encode(t.Context(), sigil.Draft{Data: []byte(`"tea"`)})
	if err != nil {
		t.Fatal(err)
	}
	var heardByA, heardByB []uint64
	hear := func() {
		heardByA, heardByB = append(heardByA, wait(t, "what a is told", byA)), append(heardByB, wait(t, "what b is told", byB))
	}
	hear() // both follow
	for i := range 4 {
		c := atA
		if i%2 == 1 {
			c = atB
		}
		if _, err := c.Recall(t.Context(), m.ID); err != nil {
			t.Fatal(err)
		}
		hear()
	}
	if want := []uint64{0, 1, 2, 3, 4}; !slices.Equal(heardByA, want) || !slices.Equal(heardByB, want) {
		t.Errorf("heard of %v recalls at one and %v at the other, want %v", heardByA, heardByB, want)
	}
}
