package local_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/local"
	"github.com/sigil-dna/sigil/store"
)

// folder returns a new folder. A program would use a fixed one.
func folder() string {
	dir, err := os.MkdirTemp("", "sigil")
	if err != nil {
		log.Fatal(err)
	}
	return dir
}

// A memory is encoded, survives the program, and is gone once it is forgotten.
func ExampleOpen() {
	dir, ctx := folder(), context.Background()
	defer os.RemoveAll(dir)

	db, err := local.Open(dir, nil)
	if err != nil {
		log.Fatal(err)
	}
	kept, err := db.Encode(ctx, sigil.DefaultTenant, sigil.Draft{Data: []byte(`{"note":"tea at five"}`)})
	if err != nil {
		log.Fatal(err)
	}
	if err := db.Close(); err != nil {
		log.Fatal(err)
	}

	db, err = local.Open(dir, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	m, err := db.Recall(ctx, kept.Key)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s, recalled %d time(s)\n", m.Data, m.AccessCount)

	if err := db.Forget(ctx, kept.Key); err != nil {
		log.Fatal(err)
	}
	_, err = db.Peek(ctx, kept.Key)
	fmt.Println("gone:", errors.Is(err, sigil.ErrNotFound))
	// Output:
	// {"note":"tea at five"}, recalled 1 time(s)
	// gone: true
}

// An assistant's notes: those it recalls stay, the others fade, and one that must not be lost is pinned.
func ExampleDB_notes() {
	dir, ctx := folder(), context.Background()
	defer os.RemoveAll(dir)
	db, err := local.Open(dir, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()

	const user = "alice"
	keep := func(d sigil.Draft) sigil.Key {
		m, err := db.Encode(ctx, user, d)
		if err != nil {
			log.Fatal(err)
		}
		return m.Key
	}
	keep(sigil.Draft{Data: []byte(`{"fact":"prefers metric units"}`), Pinned: true})
	plan := keep(sigil.Draft{Data: []byte(`{"said":"looking for a flat in Bern"}`), Tags: []string{"plan"}})
	keep(sigil.Draft{Data: []byte(`{"code":"4711"}`), TTL: time.Minute}) // a hard end, recalled or not

	if _, err := db.Recall(ctx, plan); err != nil { // it was useful: it stays longer
		log.Fatal(err)
	}
	notes, err := db.List(ctx, user, engine.ListQuery{}) // newest first
	if err != nil {
		log.Fatal(err)
	}
	for _, m := range notes.Memories {
		fmt.Printf("%s pinned: %v, recalls: %d\n", m.Data, m.Pinned, m.AccessCount)
	}
	// Output:
	// {"code":"4711"} pinned: false, recalls: 0
	// {"said":"looking for a flat in Bern"} pinned: false, recalls: 1
	// {"fact":"prefers metric units"} pinned: true, recalls: 0
}

// A policy other than the default: half of a memory's strength is gone after an hour.
func ExampleOptions_policy() {
	dir, ctx := folder(), context.Background()
	defer os.RemoveAll(dir)
	policy, err := sigil.NewHalfLife(time.Hour, sigil.DefaultThreshold)
	if err != nil {
		log.Fatal(err)
	}
	db, err := local.Open(dir, &local.Options{Settings: engine.Settings{Policy: policy}})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	m, err := db.Encode(ctx, sigil.DefaultTenant, sigil.Draft{Data: []byte(`"short-lived"`)})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("fades untouched after", m.FadesAt.Sub(m.CreatedAt).Round(time.Minute))
	// Output: fades untouched after 4h19m0s
}

// The journal has every change, in order, with the figures that decided.
func ExampleDB_Follow() {
	dir, ctx := folder(), context.Background()
	defer os.RemoveAll(dir)
	db, err := local.Open(dir, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	m, err := db.Encode(ctx, sigil.DefaultTenant, sigil.Draft{Data: []byte(`"tea"`)})
	if err != nil {
		log.Fatal(err)
	}
	if err := db.Forget(ctx, m.Key); err != nil {
		log.Fatal(err)
	}
	for event, err := range db.Follow(ctx, sigil.DefaultTenant, 0) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.Position, event.Kind, event.Reason)
		if event.Kind == sigil.Forgotten {
			break // a program would continue
		}
	}
	// Output:
	// 1 encoded request
	// 2 forgotten request
}

// Tenants do not see each other's memories, and each has its own limit.
func ExampleDB_tenants() {
	dir, ctx := folder(), context.Background()
	defer os.RemoveAll(dir)
	db, err := local.Open(dir, &local.Options{Settings: engine.Settings{Quota: store.Quota{Memories: 2}}})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	for _, tenant := range []string{"acme", "acme", "acme", "globex"} {
		if _, err := db.Encode(ctx, tenant, sigil.Draft{Data: []byte(`"a note"`)}); err != nil {
			log.Fatal(err)
		}
	}
	for _, tenant := range []string{"acme", "globex"} {
		stats, err := db.Stats(ctx, tenant)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(tenant, stats.Memories)
	}
	// Output:
	// acme 2
	// globex 1
}

// A test sets the time and sweeps itself, without waiting.
func ExampleOptions_clock() {
	dir, ctx := folder(), context.Background()
	defer os.RemoveAll(dir)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	db, err := local.Open(dir, &local.Options{Clock: func() time.Time { return now }, NoSweeps: true})
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	m, err := db.Encode(ctx, sigil.DefaultTenant, sigil.Draft{Data: []byte(`"a note"`), TTL: time.Minute})
	if err != nil {
		log.Fatal(err)
	}
	now = now.Add(time.Minute)
	_, err = db.Peek(ctx, m.Key)
	fmt.Println("gone:", errors.Is(err, sigil.ErrNotFound))
	sweep, err := db.Sweep(ctx)
	fmt.Println("released:", sweep.Released, err)
	// Output:
	// gone: true
	// released: map[ttl:1] <nil>
}
