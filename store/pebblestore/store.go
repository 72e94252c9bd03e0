package pebblestore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// Store is the embedded store. Make it with [Open]; it is safe for concurrent use, by one process at
// a time.
type Store struct {
	info     store.Info
	db       *pebble.DB
	unlock   func() error
	keys     *keyLocks
	index    *index
	policies *policies
	commits  *committer
	space    *space
	onCommit func(changes int, took time.Duration)
	onFatal  func(error)

	// published is the newest journal position that readers may see.
	published atomic.Uint64

	// gate is held for reading by every call; Close takes it for writing, and so waits for them.
	gate sync.RWMutex
	// +checklocks:gate
	closed bool

	// failed is closed when the disk failed and nothing more can be promised; failErr is set before.
	failed   chan struct{}
	failOnce sync.Once
	failErr  error

	// insertKeys are the idempotency keys of inserts under way.
	// +checklocks:gate
	insertKeys *keySet
}

var _ store.Store = (*Store)(nil)

// Options configure a Store; the zero value is the defaults.
type Options struct {
	// FS is where the folder is; nil is the disk.
	FS vfs.FS
	// CacheSize is the bytes of content kept in memory; 0 is 64 MiB.
	CacheSize int64
	// Logger hears of the database's errors; nil is slog.Default.
	Logger *slog.Logger
	// OnCommit hears of each commit: how many callers' changes it held, and the time from forming the
	// batch to its being durable and visible. It must be fast.
	OnCommit func(changes int, took time.Duration)
	// OnFatal hears once that the disk failed in a way after which nothing can be written: every call
	// is ErrUnavailable from then on, and the process should end, and recover by starting again.
	OnFatal func(error)
}

// Open opens the store in dir, making the folder and the store where there is none, and rebuilds its
// indexes from what is on disk. The caller closes it.
//
// A store that another process, or another Store of this one, has open is [sigil.ErrLocked], naming
// the holder; one of another format is [sigil.ErrFormat]; a folder that is not empty and no store is
// refused.
func Open(dir string, o *Options) (_ *Store, err error) {
	if o == nil {
		o = &Options{}
	}
	s := &Store{
		keys: newKeyLocks(), index: newIndex(), policies: &policies{}, onCommit: o.OnCommit, onFatal: o.OnFatal,
		failed: make(chan struct{}), insertKeys: &keySet{},
	}
	s.commits = newCommitter(s)
	fsys, logger := o.FS, o.Logger
	if fsys == nil {
		fsys = vfs.Default
	}
	if logger == nil {
		logger = slog.Default()
	}
	if err := makeDir(fsys, dir); err != nil {
		return nil, openError(dir, err)
	}
	if s.unlock, err = lockDir(fsys, dir); err != nil {
		return nil, openError(dir, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.unlock())
		}
	}()
	s.space = newSpace(fsys, dir, logger)
	fsys = s.space.wrap()
	if err := writeHolder(fsys, dir); err != nil {
		return nil, openError(dir, err)
	}
	if s.info, err = openInfo(fsys, dir); err != nil {
		return nil, openError(dir, err)
	}
	options := databaseOptions(fsys, o.CacheSize, &databaseLogger{s: s, log: logger})
	options.MemTableSize = uint64(s.space.unit)
	data := fsys.PathJoin(dir, dataFolder)
	if err := s.space.enough(data); err != nil {
		return nil, openError(dir, err)
	}
	if s.db, err = pebble.Open(data, options); err != nil {
		return nil, openError(dir, err)
	}
	if err := s.rebuild(); err != nil {
		return nil, errors.Join(fmt.Errorf("reading the store at %s: %w", dir, err), s.db.Close())
	}
	s.commits.start()
	return s, nil
}

func databaseOptions(fsys vfs.FS, cache int64, logger pebble.Logger) *pebble.Options {
	if cache == 0 {
		cache = 64 << 20
	}
	return &pebble.Options{
		FS: fsys, Logger: logger, CacheSize: cache, EventListener: &pebble.EventListener{BackgroundError: seldom(logger)},
		FormatMajorVersion:          pebble.FormatNewest,
		MemTableSize:                maxUnit,
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       24,
		MaxOpenFiles:                512,
	}
}

// seldom passes on errors of the database's own work, such as a flush that finds no room: it tries
// again at once, and each try fails.
func seldom(logger pebble.Logger) func(error) {
	var last atomic.Int64
	return func(err error) {
		now, then := time.Now().Unix(), last.Load()
		if now-then >= 10 && last.CompareAndSwap(then, now) {
			logger.Errorf("%s", err.Error()) // its words alone: it carries a stack trace
		}
	}
}

// Info tells which store this is.
func (s *Store) Info() store.Info { return s.info }

// Counts gives how many memories and crystals the store holds, of all tenants, due or not. It costs
// nothing: for metrics.
func (s *Store) Counts() (memories, crystals int) {
	s.index.mu.RLock()
	defer s.index.mu.RUnlock()
	return s.index.memories, s.index.crystals
}

// enter lets a call in, or says why not.
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

// Close writes what is refreshed, waits for the calls under way, and lets go of the folder. After a
// disk failure it cannot make sure of anything and returns that failure.
func (s *Store) Close() error {
	s.gate.Lock()
	defer s.gate.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.commits.stop()
	select {
	case <-s.failed:
		// The database may hold its own locks for ever. The process is about to end, and the kernel
		// lets go of the folder then.
		return s.failure()
	default:
	}
	return errors.Join(s.db.Close(), s.unlock())
}

// fail puts the store out of service.
func (s *Store) fail(err error) {
	s.failOnce.Do(func() {
		detail := "the disk failed; the process must be started again"
		if isDiskFull(err) {
			detail = "the disk is full; make room, and start the process again"
		}
		// Only the words of err: it carries a stack trace that a log would print whole.
		s.failErr = &sigil.Error{Kind: sigil.ErrUnavailable, Code: "store_failed", Detail: detail, Err: errors.New(err.Error())}
		close(s.failed)
		s.commits.pending.fail(s.failErr)
		if s.onFatal != nil {
			s.onFatal(s.failErr)
		}
	})
}

func (s *Store) failure() error { return s.failErr }

// databaseLogger passes on what the database says. It has no wish to be heard about its daily work.
type databaseLogger struct {
	s   *Store
	log *slog.Logger
}

func (*databaseLogger) Infof(string, ...any) {}

func (l *databaseLogger) Errorf(format string, args ...any) {
	l.log.Error("pebble: " + fmt.Sprintf(format, args...))
}

// Fatalf must not return. It ends the goroutine that called it, not the process: callers of the store
// are to get their answer first.
func (l *databaseLogger) Fatalf(format string, args ...any) {
	err := fmt.Errorf("pebble: "+format, args...)
	l.log.Error(err.Error())
	l.s.fail(err)
	runtime.Goexit()
}

// keySet holds the idempotency keys of inserts under way. The zero value is empty.
type keySet struct {
	mu sync.Mutex
	// +checklocks:mu
	keys map[string]struct{}
}

// add adds all keys, or none of them where one is there already or comes twice.
func (k *keySet) add(keys []string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys == nil {
		k.keys = map[string]struct{}{}
	}
	for i, key := range keys {
		if _, ok := k.keys[key]; ok {
			for _, added := range keys[:i] {
				delete(k.keys, added)
			}
			return false
		}
		k.keys[key] = struct{}{}
	}
	return true
}

func (k *keySet) remove(keys []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, key := range keys {
		delete(k.keys, key)
	}
}

// DatabaseOptions gives the options under which a Store runs its database, for a measurement of the
// database alone.
func DatabaseOptions() *pebble.Options {
	return databaseOptions(vfs.Default, 0, pebble.DefaultLogger)
}
