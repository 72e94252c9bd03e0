package pebblestore

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/clock"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/keylock"
	"github.com/sigil-dna/sigil/store/internal/wake"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/disk"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/index"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// Store is the embedded store. Make it with [Open]; it is safe for concurrent use, by one process at
// a time.
type Store struct {
	folder   *disk.Folder
	info     store.Info
	db       *pebble.DB
	keys     *keylock.Locks
	index    *index.Index
	contents contents
	policies *layout.Policies
	commits  *committer
	onCommit func(changes int, took time.Duration)
	onFatal  func(error)
	enough   int // as in Options

	// trimmed is the position up to which the journal is dropped.
	trimmed atomic.Uint64
	// trimming is held by Trim.
	// +checklocks:gate
	trimming *sync.Mutex
	// claiming is held by Claim and Advance.
	// +checklocks:gate
	claiming *sync.Mutex
	// journaled fires when the index's position or trimmed moved, or the store was closed or failed.
	journaled wake.Signal

	// gate is held for reading by every call; Close takes it for writing, and so waits for them.
	gate sync.RWMutex
	// +checklocks:gate
	closed bool

	// failed is closed when the disk failed and nothing more can be promised; failErr is set before.
	failed   chan struct{}
	failOnce sync.Once
	failErr  error
	// unclosed is set if a goroutine waits within the database forever: see apart. Close sets it.
	unclosed bool

	// insertKeys are the idempotency keys of inserts in progress.
	// +checklocks:gate
	insertKeys *keylock.Set
}

var _ store.Store = (*Store)(nil)

// Options configure a Store; the zero value is the defaults.
type Options struct {
	// FS is the file system of the folder; nil is the operating system's.
	FS vfs.FS
	// CacheSize is the bytes of content kept in memory; 0 is 64 MiB. One half is for blocks of the database, the other
	// for memories that are read often. Recent writes take memory in addition: 64 MiB, or more if the disk cannot keep
	// up.
	CacheSize int64
	// OpenFiles is the maximum number of tables kept open; 0 is 512. If more are in use at once, up to a quarter more
	// are open.
	OpenFiles int
	// Logger gets the database's errors; nil is slog.Default.
	Logger *slog.Logger
	// OnCommit is called after each commit, with the number of callers whose changes it held, and the time from
	// forming the batch until it was durable and visible. It must be fast.
	OnCommit func(changes int, took time.Duration)
	// OnFatal is called once, when the disk has failed in a way that makes all writing impossible. Every call returns
	// ErrUnavailable from then on. The process should exit; the next start recovers.
	OnFatal func(error)

	// tune changes the database's options, for tests: small tables make a small store do all that a
	// large one does.
	tune func(*pebble.Options)
	// enough takes the place of the const, for tests; 0 is it.
	enough int
	// tuning takes the place of [disk.Tuned], for tests; nil is it.
	tuning *disk.Tuning
}

// Open opens the store in dir, making the folder and the store if there is none, and rebuilds its
// indexes from what is on disk. The caller closes it.
//
// A store that another process, or another Store of this one, has open is [sigil.ErrLocked], naming
// the holder; one of another format is [sigil.ErrFormat]; a folder that is not empty and no store is
// refused.
func Open(dir string, o *Options) (_ *Store, err error) {
	if o == nil {
		o = &Options{}
	}
	tuning := disk.Tuned()
	if o.tuning != nil {
		tuning = *o.tuning
	}
	s := newStore(o.cacheShare(), tuning.HugePages)
	s.onCommit, s.onFatal, s.enough = o.OnCommit, o.OnFatal, cmp.Or(o.enough, enough)
	fsys, logger := o.environment()
	if s.folder, err = disk.Take(fsys, dir, tuning, logger); err != nil {
		return nil, err
	}
	if err := s.apart(func() error { return s.open(o, logger) }); err != nil {
		return nil, errors.Join(disk.Opening(dir, err), s.folder.Release())
	}
	s.commits.start()
	return s, nil
}

// newStore returns a store without a database. cache is the bytes of memories that are read often; hugePages is as of
// [index.New].
func newStore(cache int64, hugePages bool) *Store {
	s := &Store{
		keys: &keylock.Locks{}, contents: newContents(cache), policies: &layout.Policies{}, failed: make(chan struct{}),
		insertKeys: &keylock.Set{}, trimming: &sync.Mutex{}, claiming: &sync.Mutex{},
	}
	s.index, s.commits = index.New(s.policies, hugePages), newCommitter(s)
	return s
}

// open opens the database and reads it.
func (s *Store) open(o *Options, logger *slog.Logger) error {
	info, created, err := s.folder.Info()
	if err != nil {
		return err
	}
	if err := s.folder.CheckManifest(); err != nil {
		return err
	}
	if err := s.folder.Space.Enough(s.folder.Data); err != nil {
		return err
	}
	options := s.folder.Options(o.cacheShare(), &databaseLogger{s: s, log: logger})
	options.ErrorIfNotExists = !created
	options.MaxOpenFiles = cmp.Or(o.OpenFiles, options.MaxOpenFiles)
	if o.tune != nil {
		o.tune(options)
	}
	if !created {
		// Read first without the right to write: opening clears away old logs and tables, which if
		// something is damaged may be the last to hold what can be salvaged.
		reading := *options
		reading.ReadOnly = true
		if s.db, err = pebble.Open(s.folder.Data, &reading); err != nil {
			return err
		}
		err := s.rebuild()
		if err == nil {
			err = s.checkLogs()
		}
		if err := errors.Join(err, s.db.Close()); err != nil {
			return err
		}
	}
	compactions := s.folder.Compactions()
	options.Experimental.CompactionScheduler = compactions
	if s.db, err = pebble.Open(s.folder.Data, options); err != nil {
		return err
	}
	if created || info.Format < layout.Format {
		// Last: once it is there, there is a database, which older programs, that would use positions again, refuse from here on.
		info.Format = layout.Format
		if err := s.folder.WriteInfo(info); err != nil {
			return errors.Join(err, s.db.Close())
		}
	}
	s.info = info
	compactions.Begin()
	return nil
}

// cacheShare is the size of each half of the cache.
func (o *Options) cacheShare() int64 {
	if o.CacheSize == 0 {
		return 32 << 20
	}
	return o.CacheSize / 2
}

// Info returns which store this is.
func (s *Store) Info() store.Info { return s.info }

// Clock implements [store.Store]: nil, as one process alone has the store.
func (*Store) Clock() *clock.Clock { return nil }

// Counts returns how many memories and crystals the store holds, of all tenants, due or not. It costs
// nothing: for metrics.
func (s *Store) Counts() (memories, crystals int) {
	return s.index.Counts()
}

// DiskUsage returns the bytes that the store's folder takes on the disk, as du counts them: all that is allocated,
// with the reserve and the preallocated logs. It is 0 once the store is closed. It looks at every file, and is meant
// for metrics.
func (s *Store) DiskUsage() int64 {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if s.closed {
		return 0
	}
	return s.folder.Usage()
}

// enter lets a call in, or returns why not.
//
// +checklocksread:s.gate
func (s *Store) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.closed {
		return errClosed()
	}
	select {
	case <-s.failed:
		return s.failure()
	default:
		return nil
	}
}

func errClosed() error {
	return &sigil.Error{Kind: sigil.ErrClosed, Code: "closed", Detail: "the store was closed"}
}

// Close writes the pending refreshes, waits for calls in progress, and unlocks the folder. After a disk failure it
// cannot guarantee anything: it releases what it can, and returns that failure.
func (s *Store) Close() error {
	s.gate.Lock()
	defer s.gate.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.folder.Hurry()
	s.journaled.Fire()
	err := s.apart(func() error { s.commits.stop(); return nil })
	s.index.Wait()
	if !s.unclosed {
		err = s.closeDatabase()
	}
	err = errors.Join(err, s.folder.Release())
	var known *sigil.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return &sigil.Error{Kind: sigil.ErrUnavailable, Code: "store_failed", Detail: "the store could not be closed cleanly", Err: err}
}

// DatabaseOptions returns the options under which a Store runs its database, so that the database alone can be
// measured. The Store's preallocation of logs and pacing of flushes are not included.
func DatabaseOptions() *pebble.Options { return disk.DatabaseOptions(new(Options).cacheShare()) }
