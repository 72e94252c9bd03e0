package model_test

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/internal/prove/model"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
	"github.com/sigil-dna/sigil/store/storetest"
)

func TestHistoriesOverTheModel(t *testing.T) {
	leavesNothing(t)
	models := map[string]lasting{}
	model.Histories(t, model.OverEngines(func(_ *testing.T, place string) store.Store {
		if _, ok := models[place]; !ok {
			models[place] = lasting{storetest.NewModel()}
		}
		return models[place]
	}))
}

func TestHistoriesOverPebble(t *testing.T) {
	leavesNothing(t)
	model.Histories(t, model.OverEngines(func(t *testing.T, place string) store.Store {
		s, err := pebblestore.Open(place, nil)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}))
}

func TestHistoriesOverHTTP(t *testing.T) {
	leavesNothing(t)
	model.Histories(t, overHTTP)
}

// overHTTP serves the embedded store, without scheduled sweeps: the history has its own.
func overHTTP(t *testing.T, place string, quota store.Quota) ([]model.Target, func()) {
	t.Helper()
	l, err := daemon.Load([]string{
		"--addr=127.0.0.1:0", "--decay-schedule=off", "--crystallize-schedule=off", "--data=" + place,
		"--policy=halflife", "--half-life=" + model.HalfLife.String(),
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	l.MaxMemories = quota.Memories
	d := daemon.New(l.Config, nil)
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	var targets []model.Target
	var clients []*client.Client
	for range 8 {
		c, err := client.New(d.Addr(), nil)
		if err != nil {
			t.Fatal(err)
		}
		targets, clients = append(targets, c), append(clients, c)
	}
	letGo := func() {
		for _, c := range clients {
			c.CloseIdleConnections()
		}
	}
	return targets, func() {
		letGo() // of those that were opened and not used: a server waits seconds for their first request
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := d.Stop(ctx); err != nil {
			t.Errorf("Stop: %v", err)
		}
		letGo()
	}
}

// lasting is a store that outlives its Close.
type lasting struct{ *storetest.Model }

func (lasting) Close() error { return nil }

// leavesNothing checks at the end of the test that it has left no goroutine.
func leavesNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}
