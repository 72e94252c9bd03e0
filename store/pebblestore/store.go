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

// Store is the embedded store. [Open] makes one. It is safe for concurrent use, by one process at a time.
type Store struct {
	folder     *disk.Folder
	info       store.Info
	db         *pebble.DB
	keys       *keylock.Locks // +checklocksignore: never changes
	index      *index.Index
	contents   contents
	finder     *finder
	policies   *layout.Policies
	signatures signatureCounts

	tenantPolicies tenantPolicies
	clocks         tenantClocks
	commits        *committer
	onCommit       func(changes int, took time.Duration)
	onFatal        func(error)
	enough         int // see Options
	undo           bool
	trash          trash
	chains         chains

	embeddings embeddings
	// hasVectors reports that there may be vectors on disk, so that what leaves takes them with it.
	hasVectors atomic.Bool
	// trimmed is the position up to which the journal is trimmed.
	trimmed atomic.Uint64
	// trimming is held by Trim.
	// +checklocks:gate
	trimming *sync.Mutex
	// keying is held by Key.
	// +checklocks:gate
	keying *sync.Mutex
	// claiming is held by Claim and Advance.
	// +checklocks:gate
	claiming *sync.Mutex
	// journaled fires when the index's position or trimmed has changed, or the store was closed or has failed.
	journaled wake.Signal

	// gate is held for reading by every call. Close takes it for writing, and so waits for them.
	gate sync.RWMutex
	// +checklocks:gate
	closed bool

	// closing is closed when Close begins. finding is the goroutine that indexes what was there at the open.
	closing chan struct{}
	finding sync.WaitGroup
	// filesHeld has room for the one backup that is being made or the one erasure: see holdFiles. backups counts the backups that are being made or
	// wait.
	filesHeld chan struct{}
	backups   sync.WaitGroup

	// snapshots is held, shared, as long as there is a snapshot of the database: what it shows is not dropped from the files.
	snapshots *sync.RWMutex

	// failed is closed when the disk has failed, so that no change can be made durable. failErr is set before
	// that.
	failed   chan struct{}
	failOnce sync.Once
	failErr  error
	// unclosed is set by Close if a goroutine waits within the database forever; see apart.
	unclosed bool

	// insertKeys are the idempotency keys of inserts in progress.
	// +checklocks:gate
	insertKeys *keylock.Set
	// importing is held by an Insert whose items have a time of their own, by an Attach and by a Restore, since two such calls may have an id
	// in common.
	// +checklocks:gate
	importing *sync.Mutex
}

var _ store.Store = (*Store)(nil)

// Options configure a Store. The zero value has the defaults.
type Options struct {
	// FS is the file system of the folder; nil means the operating system's.
	FS vfs.FS
	// CacheSize is the number of bytes of content kept in memory; 0 means 64 MiB. One half is for blocks of the
	// database, the other for memories that are read often. Recent writes take additional memory: 64 MiB, or more if
	// the disk cannot keep up.
	CacheSize int64
	// OpenFiles is the maximum number of tables kept open; 0 means 512. If more are in use at once, up to a quarter more
	// are open.
	OpenFiles int
	// Search is what of a memory is searched. The indexes are in memory: about 250 bytes for a memory of 60 words. An open builds
	// them beside everything else; until then Search finds less, and says so.
	Search store.SearchSettings
	// Undo keeps memories that fade, are evicted or are forgotten, so that they can be restored: see [store.Undo]. They stay until
	// [Store.Purge] drops them.
	Undo bool
	// Logger receives the database's errors; nil means [slog.Default].
	Logger *slog.Logger
	// OnCommit is called after each commit, with the number of callers whose changes it had, and the time from
	// forming the batch until it was durable and visible. It must be fast.
	OnCommit func(changes int, took time.Duration)
	// OnFatal is called once, when the disk has failed in a way that makes all writing impossible. Every call returns
	// ErrUnavailable from then on. The process should exit; the next start recovers.
	OnFatal func(error)

	// tune changes the database's options in tests: with small tables, a small store does everything that a
	// large one does.
	tune func(*pebble.Options)
	// enough replaces the constant in tests; 0 means the constant.
	enough int
	// tuning replaces [disk.Tuned] in tests; nil means [disk.Tuned].
	tuning *disk.Tuning
}

// Open opens the store in dir, and rebuilds its indexes from the data on disk. If they do not exist, it makes
// the folder and the store. The caller closes the Store.
//
// If another process, or another Store of this process, has the store open, the error is [sigil.ErrLocked]
// and names the holder. If the store has another format, it is [sigil.ErrFormat]. Open also refuses a folder
// that is neither empty nor a store.
func Open(dir string, o *Options) (_ *Store, err error) {
	if o == nil {
		o = &Options{}
	}
	analyzer, err := o.Search.Analyzer()
	if err != nil {
		return nil, err
	}
	tuning := disk.Tuned()
	if o.tuning != nil {
		tuning = *o.tuning
	}
	s := newStore(o.cacheShare(), tuning.HugePages)
	s.finder = newFinder(analyzer, o.Search)
	s.onCommit, s.onFatal, s.enough, s.undo = o.OnCommit, o.OnFatal, cmp.Or(o.enough, enough), o.Undo
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

// newStore returns a store without a database. cache is the number of bytes of memories that are read often.
// For hugePages, see [index.New].
func newStore(cache int64, hugePages bool) *Store {
	s := &Store{
		keys: &keylock.Locks{}, contents: newContents(cache), policies: &layout.Policies{}, failed: make(chan struct{}),
		insertKeys: &keylock.Set{}, trimming: &sync.Mutex{}, keying: &sync.Mutex{}, claiming: &sync.Mutex{}, importing: &sync.Mutex{}, snapshots: &sync.RWMutex{}, finder: newFinder(nil, store.SearchSettings{Off: true}), closing: make(chan struct{}), filesHeld: make(chan struct{}, 1),
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
	if err := s.folder.FS.RemoveAll(s.folder.Checkpoint()); err != nil { // of a backup that was interrupted
		return err
	}
	options := s.folder.Options(o.cacheShare(), &databaseLogger{s: s, log: logger})
	options.ErrorIfNotExists = !created
	options.MaxOpenFiles = cmp.Or(o.OpenFiles, options.MaxOpenFiles)
	if o.tune != nil {
		o.tune(options)
	}
	if !created {
		// First read without permission to write: opening removes old logs and tables, which in a damaged store
		// may be the last ones that contain what can be salvaged.
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
	if !created {
		if err := s.openChain(info); err != nil {
			return errors.Join(err, s.db.Close())
		}
	}
	if created || info.Format < layout.Format {
		// Last: this file makes the folder a store, which older programs, since they would reuse positions,
		// refuse from now on.
		info.Format = layout.Format
		if err := s.folder.WriteInfo(info); err != nil {
			return errors.Join(err, s.db.Close())
		}
	}
	if created {
		if err := s.beginChain(); err != nil {
			return errors.Join(err, s.db.Close())
		}
	}
	if err := s.startFinding(logger); err != nil {
		return errors.Join(err, s.db.Close())
	}
	s.info = info
	compactions.Begin()
	if err := errors.Join(s.upgrade(), s.finishErasures(context.Background())); err != nil {
		return errors.Join(err, s.db.Close())
	}
	return nil
}

// cacheShare returns the size of each half of the cache.
func (o *Options) cacheShare() int64 {
	if o.CacheSize == 0 {
		return 32 << 20
	}
	return o.CacheSize / 2
}

// Info returns the store's identity.
func (s *Store) Info() store.Info { return s.info }

// Clock implements [store.Store]. It returns nil, since only one process uses the store.
func (*Store) Clock() *clock.Clock { return nil }

// Counts returns the numbers of memories and crystals in the store, of all tenants, due or not. It is cheap,
// and meant for metrics.
func (s *Store) Counts() (memories, crystals int) {
	return s.index.Counts()
}

// DiskUsage returns the bytes that the store's folder occupies on disk, as du counts them: all allocated
// space, including the reserve and the preallocated logs. It returns 0 once the store is closed. It looks at
// every file, and is meant for metrics.
func (s *Store) DiskUsage() int64 {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if s.closed {
		return 0
	}
	return s.folder.Usage()
}

// enter begins a call, or returns the reason why it cannot.
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

// Close writes the pending refreshes, waits for calls in progress, and unlocks the folder. After a disk
// failure it cannot guarantee anything: it releases what it can, and returns the failure.
func (s *Store) Close() error {
	s.gate.Lock()
	defer s.gate.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	close(s.closing)
	s.folder.Hurry()
	s.journaled.Fire()
	err := s.apart(func() error { s.commits.stop(); s.finding.Wait(); return nil })
	s.index.Wait()
	s.backups.Wait() // closing ends them
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

// DatabaseOptions returns the options with which a Store runs its database, so that the database alone can be
// measured. The Store's preallocation of logs and pacing of flushes are not included.
func DatabaseOptions() *pebble.Options { return disk.DatabaseOptions(new(Options).cacheShare()) }
