package pebblestore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/keylock"
	"github.com/sigil-dna/sigil/store/internal/record"
)

// Check looks at all of the store in dir, which nobody may have open, and changes nothing: whether
// every record can be read, whether what belongs together is there together, and whether the memories
// are those that the journal tells of. An error tells that it could not look to the end.
func Check(dir string, o *Options) (Checked, error) {
	var c Checked
	err := readOnly(dir, o, func(s *Store) (err error) {
		c, err = s.check()
		return err
	})
	return c, err
}

// Export shows visit every memory of the store in dir, which nobody may have open, whether past its
// deadline or not, by tenant and id, and changes nothing. It stops at the first thing that is damaged:
// see [Salvage].
func Export(dir string, o *Options, visit func(sigil.Memory) error) error {
	return readOnly(dir, o, func(s *Store) error {
		return s.scan([]byte{metaFamily}, func(key, value []byte) error {
			tenant, id, _ := splitTenant(key) // rebuild has read it
			r := record.NewReader(value)
			m, ok, err := s.read(r.Meta(sigil.Key{Tenant: tenant, ID: sigil.ID(id)}, s.policies))
			if err == nil && !ok {
				err = fmt.Errorf("%s has no content: %w", m.Key, record.ErrDamaged)
			}
			if err != nil {
				return err
			}
			return visit(m)
		})
	})
}

// Reader reads a store whose folder does not change meanwhile. Make it with [OpenReadOnly]; it is safe for concurrent
// use.
type Reader struct {
	s      *Store
	unlock func() error
}

// OpenReadOnly opens the store in dir for reading, while no process has it open for writing. It changes nothing, not
// even the format, so it also works on a file system that is mounted read-only, or that this process may only read.
// The caller closes it.
func OpenReadOnly(dir string, o *Options) (_ *Reader, err error) {
	plain, logger := o.environment()
	fsys := readingFS{plain}
	s := &Store{
		dir: dir, keys: &keylock.Locks{}, index: newIndex(), contents: newContents(new(Options).cacheShare()), policies: &policies{},
		failed: make(chan struct{}),
	}
	unlock, err := lockOffline(fsys, dir, &s.info)
	if err != nil {
		return nil, err
	}
	s.commits = newCommitter(s)
	err = s.apart(func() (err error) {
		data := fsys.PathJoin(dir, dataFolder)
		if err := checkManifest(fsys, data); err != nil {
			return err
		}
		options := databaseOptions(fsys, new(Options).cacheShare(), maxUnit, &databaseLogger{s: s, log: logger}, newPace())
		options.ReadOnly = true
		if s.db, err = pebble.Open(data, options); err != nil {
			return err
		}
		if err := s.rebuild(); err != nil {
			return errors.Join(err, s.db.Close())
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(openReading(dir, err), unlock())
	}
	return &Reader{s, unlock}, nil
}

// openReading returns err, which may be nil, with what a caller that only reads the store in dir can do about it.
func openReading(dir string, err error) error {
	switch {
	case isDamage(err), errors.Is(err, fs.ErrNotExist):
		return damaged(dir, err)
	case errors.Is(err, fs.ErrPermission):
		return denied(dir, "not_readable", "read", err)
	}
	return err
}

// Info returns which store this is.
func (r *Reader) Info() store.Info { return r.s.info }

// Tenants returns the names of the tenants that have a memory; see [store.Store].
func (r *Reader) Tenants(ctx context.Context) ([]string, error) { return r.s.Tenants(ctx) }

// List returns memories, the newest first; see [store.Store].
func (r *Reader) List(ctx context.Context, q store.Query) ([]sigil.Memory, bool, error) {
	return r.s.List(ctx, q)
}

// Events returns journal entries; see [store.Store].
func (r *Reader) Events(ctx context.Context, tenant string, after uint64, limit int) ([]sigil.Event, error) {
	return r.s.Events(ctx, tenant, after, limit)
}

// Crystals returns the crystals of patterns; see [store.Store].
func (r *Reader) Crystals(ctx context.Context, tenant string) ([]sigil.Crystal, error) {
	return r.s.Crystals(ctx, tenant)
}

// Close closes the store and unlocks the folder.
func (r *Reader) Close() error {
	r.s.gate.Lock()
	defer r.s.gate.Unlock()
	if r.s.closed {
		return nil
	}
	r.s.closed = true
	r.s.index.end()
	var err error
	if !r.s.unclosed {
		err = r.s.closeDatabase()
	}
	return errors.Join(err, r.unlock())
}

// readOnly opens the store in dir without changing it, and calls do with it.
func readOnly(dir string, o *Options, do func(*Store) error) error {
	r, err := OpenReadOnly(dir, o)
	if err != nil {
		return err
	}
	err = r.s.apart(func() error { return do(r.s) })
	return errors.Join(openReading(dir, err), r.Close())
}

// environment gives what o, which may be nil, says of where the store is and who hears of it.
func (o *Options) environment() (vfs.FS, *slog.Logger) {
	fsys, logger := vfs.FS(vfs.Default), slog.Default()
	if o != nil && o.FS != nil {
		fsys = o.FS
	}
	if o != nil && o.Logger != nil {
		logger = o.Logger
	}
	return fsys, logger
}

// lockOffline locks the store in dir, whose format must be one that this package reads, for reading only, and sets
// info to which store it is.
func lockOffline(fsys readingFS, dir string, info *store.Info) (unlock func() error, err error) {
	if _, err := fsys.Stat(fsys.PathJoin(dir, dataFolder)); err != nil {
		if errors.Is(err, fs.ErrPermission) {
			return nil, denied(dir, "not_readable", "read", err)
		}
		return nil, &sigil.Error{Kind: sigil.ErrInvalid, Code: "no_store", Detail: dir + " holds no sigil store", Err: err}
	}
	if *info, err = readInfo(fsys, dir); err != nil {
		if errors.Is(err, fs.ErrPermission) {
			return nil, denied(dir, "not_readable", "read", err)
		}
		return nil, opening(dir, err)
	}
	return fsys.lockStore(dir)
}

// lockStore locks the store in dir against writers.
func (f readingFS) lockStore(dir string) (unlock func() error, err error) {
	lock, err := f.Lock(f.PathJoin(dir, lockFile))
	switch {
	case err == nil:
		return lock.Close, nil
	case errors.Is(err, fs.ErrPermission) && !busy(err):
		return nil, denied(dir, "not_readable", "read", err)
	}
	return nil, opening(dir, locking(f, dir, err))
}
