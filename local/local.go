// Package local runs Sigil inside a program: a durable store in a folder, all verbs, and the sweeps that release
// what has faded.
//
//	db, err := local.Open("notes.sigil", nil)
//	if err != nil {
//		return err
//	}
//	defer db.Close()
//	m, err := db.Encode(ctx, sigil.DefaultTenant, sigil.Draft{Data: []byte(`{"note":"tea at five"}`)})
//	…
//	m, err = db.Recall(ctx, m.Key)
//
// It owns which parts a DB has, and when they start and stop. The verbs are those of package engine, which documents
// them. For a daemon that several programs share, see package client.
package local

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/scheduler"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// The schedules of the sweeps, the same as the daemon's.
const (
	decaySchedule       = "*/5 * * * * *"
	crystallizeSchedule = "*/10 * * * * *"
	trimSchedule        = "30 */10 * * * *"
	restampSchedule     = "*/5 * * * * *"
)

// drainTime is how long Close waits for a sweep's step in progress.
const drainTime = 10 * time.Second

// DB is an open store with all verbs. Those of the Engine are:
//
//   - [engine.Engine.Encode], [engine.Engine.EncodeBatch]: store memories.
//   - [engine.Engine.Recall], [engine.Engine.RecallMany]: read and refresh, so that idleness starts again.
//   - [engine.Engine.Peek], [engine.Engine.List]: read without refreshing.
//   - [engine.Engine.Search]: find by words.
//   - [engine.Engine.Forget], [engine.Engine.Pin], [engine.Engine.Unpin].
//   - [engine.Engine.Removed], [engine.Engine.Restore], [engine.Engine.RestoreMany], [engine.Engine.RestoreSpan]: bring back what faded,
//     was evicted or was forgotten.
//   - [engine.Engine.Related], [engine.Engine.Patterns], [engine.Engine.Crystals]: what resonates, and what crystallized.
//   - [engine.Engine.Explain], [engine.Engine.Forecast], [engine.Engine.Stats]: why a memory is alive or gone, what fades next.
//   - [engine.Engine.EventsAfter], [DB.FollowAfter]: the journal.
//   - [engine.Engine.Configure]: change the policy and the limits while it runs.
//
// Its methods may be called from any goroutine. After Close they fail with [sigil.ErrClosed].
type DB struct {
	*engine.Engine

	store *pebblestore.Store
	jobs  *scheduler.Scheduler // nil with NoSweeps
}

// Options configure a DB. The zero value and nil mean the defaults.
type Options struct {
	// Settings are the policy that memories fade under, the limits of each tenant, and how much of the journal is kept.
	// They can be changed later with [engine.Engine.Configure]. Removed memories are kept, so that they can be restored, if
	// Settings.Undo.Window is over 0 at the open; the zero value keeps none.
	Settings engine.Settings
	// Limits bound the input; a field that is 0 has its default.
	Limits engine.Limits
	// Clock returns the time; nil means the machine's clock, guarded against jumps. A test sets its own and calls
	// [engine.Engine.Sweep] itself.
	Clock func() time.Time
	// NoSweeps leaves sweeps to the caller. Reads hide faded memories in either case; a sweep frees their disk space
	// and writes their journal entries.
	NoSweeps bool
	// CacheSize is the number of bytes of content to cache in memory; 0 means 64 MiB.
	CacheSize int64
	// Search is what of a memory is searched; the zero value is everything, in English, by words and by meaning. The indexes are in
	// memory: about 250 bytes for a memory of 60 words, and 150 for its vector.
	Search store.SearchSettings
	// Logger gets failed sweeps, jumps of the clock and disk failures; nil means [slog.Default].
	Logger *slog.Logger
}

// Open opens the store in the folder dir, which it creates if necessary, and starts the sweeps. Only one process can
// have a folder open; for others Open fails with [sigil.ErrLocked]. Opening reads the figures of every memory, which
// takes about a second per million.
func Open(dir string, o *Options) (*DB, error) {
	if o == nil {
		o = &Options{}
	}
	logger := o.Logger
	if logger == nil {
		logger = slog.Default()
	}
	s, err := pebblestore.Open(dir, &pebblestore.Options{CacheSize: o.CacheSize, Search: o.Search, Undo: o.Settings.Undo.Window > 0, Logger: logger})
	if err != nil {
		return nil, err
	}
	db := &DB{
		store:  s,
		Engine: engine.New(s, &engine.Options{Settings: o.Settings, Limits: o.Limits, Clock: o.Clock, Logger: logger}),
	}
	if o.NoSweeps {
		return db, nil
	}
	if err := db.sweep(logger); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return db, nil
}

// sweep schedules the sweeps.
func (db *DB) sweep(logger *slog.Logger) error {
	db.jobs = scheduler.New(&scheduler.Options{Logger: logger})
	add := func(name, schedule string, sweep func(context.Context) error) error {
		return db.jobs.AddStepwise(name, schedule, func(ctx context.Context) error {
			err := sweep(ctx)
			if sigil.CodeOf(err) == "clock_held" {
				return nil // the next sweep releases what is due
			}
			return err
		})
	}
	return errors.Join(
		add(string(sigil.DecayJob), decaySchedule, func(ctx context.Context) error { _, err := db.Sweep(ctx); return err }),
		add(string(sigil.CrystallizeJob), crystallizeSchedule, func(ctx context.Context) error { _, err := db.Crystallize(ctx); return err }),
		add("restamp", restampSchedule, func(ctx context.Context) error { _, err := db.Restamp(ctx); return err }),
		add("trim", trimSchedule, func(ctx context.Context) error { _, err := db.Trim(ctx); return err }),
		db.jobs.Start(context.Background()),
	)
}

// Close stops the sweeps and closes the store; everything acknowledged is then on disk. A concurrent verb either
// completes or fails with [sigil.ErrClosed]. Closing again returns nil.
func (db *DB) Close() error {
	var err error
	if db.jobs != nil {
		ctx, cancel := context.WithTimeout(context.Background(), drainTime)
		defer cancel()
		err = db.jobs.Stop(ctx)
	}
	return errors.Join(err, db.store.Close())
}
