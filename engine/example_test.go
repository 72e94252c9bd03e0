package engine_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store/storetest"
)

// A memory is encoded, kept by being recalled, and fades when it no longer is.
func ExampleEngine() {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	policy, err := sigil.NewHalfLife(time.Hour, sigil.DefaultThreshold) // half of a memory's strength is left after an hour
	if err != nil {
		fmt.Println(err)
		return
	}
	// The model keeps nothing when the process ends; pebblestore.Open opens a durable store.
	s := storetest.NewModel()
	defer s.Close()
	e := engine.New(s, &engine.Options{Settings: engine.Settings{Policy: policy}, Clock: func() time.Time { return now }})
	ctx := context.Background()

	m, err := e.Encode(ctx, sigil.DefaultTenant, sigil.Draft{Data: []byte(`{"text":"the quick brown fox"}`)})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("lives for", m.FadesAt.Sub(now))

	now = now.Add(time.Hour)
	m, err = e.Recall(ctx, m.Key)
	fmt.Println("recalled", m.AccessCount, "time; lives for", m.FadesAt.Sub(now), err)

	// From its deadline on no read returns it, swept or not. The sweep frees its space and writes its journal entry.
	now = now.Add(5 * time.Hour)
	_, err = e.Peek(ctx, m.Key)
	fmt.Println("not found:", errors.Is(err, sigil.ErrNotFound))
	sweep, err := e.Sweep(ctx)
	fmt.Println("released", sweep.Released, err)

	m, _ = e.Encode(ctx, sigil.DefaultTenant, sigil.Draft{Data: []byte(`[1, 2, 3]`), Pinned: true})
	fmt.Printf("%s is pinned: %v\n", m.Data, m.Pinned)
	fmt.Println("forgotten", e.Forget(ctx, m.Key))

	events, _ := e.Events(ctx, sigil.DefaultTenant, 0, 10)
	for _, event := range events {
		fmt.Printf("%d %s (%s), decay %.3f\n", event.Position, event.Kind, event.Reason, event.Decay())
	}
	// Output:
	// lives for 4h19m18.942s
	// recalled 1 time; lives for 4h19m18.942s <nil>
	// not found: true
	// released map[decay:1] <nil>
	// [1,2,3] is pinned: true
	// forgotten <nil>
	// 1 encoded (request), decay 0.000
	// 2 faded (decay), decay 0.969
	// 3 encoded (request), decay 0.000
	// 4 forgotten (request), decay 0.000
}

func ExampleEngine_Related() {
	s := storetest.NewModel()
	defer s.Close()
	e := engine.New(s, nil)
	ctx := context.Background()
	fox, _ := e.Encode(ctx, sigil.DefaultTenant, sigil.Draft{Data: []byte(`{"foo":0}`)})
	_, _ = e.Encode(ctx, sigil.DefaultTenant, sigil.Draft{Data: []byte(`{"foo":49}`)})

	neighbors, err := e.Related(ctx, fox.Key, engine.RelatedQuery{Content: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, n := range neighbors {
		fmt.Printf("%s resonates with %s: %.3f\n", n.Memory.Data, fox.Data, n.Resonance)
	}
	// Output: {"foo":49} resonates with {"foo":0}: 0.943
}
