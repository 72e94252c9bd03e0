package pebblestore

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
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

// readOnly opens the store in dir without changing it, and lets do use it.
func readOnly(dir string, o *Options, do func(*Store) error) (err error) {
	fsys, logger := o.environment()
	unlock, err := lockOffline(fsys, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	s := &Store{
		dir: dir, keys: &keylock.Locks{}, index: newIndex(), contents: newContents(new(Options).cacheShare()), policies: &policies{},
		failed: make(chan struct{}),
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
		defer func() { err = errors.Join(err, s.db.Close()) }()
		if err = s.rebuild(); err == nil {
			err = do(s)
		}
		return err
	})
	if isDamage(err) || errors.Is(err, fs.ErrNotExist) {
		return damaged(dir, err)
	}
	return err
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

// lockOffline locks the store in dir, which must be one of this format, for one who only reads.
func lockOffline(fsys vfs.FS, dir string) (unlock func() error, err error) {
	if _, err := fsys.Stat(fsys.PathJoin(dir, dataFolder)); err != nil {
		return nil, &sigil.Error{Kind: sigil.ErrInvalid, Code: "no_store", Detail: dir + " holds no sigil store", Err: err}
	}
	if _, err := readInfo(fsys, dir); err != nil {
		return nil, opening(dir, err)
	}
	if unlock, err = lockDir(fsys, dir); err != nil {
		return nil, opening(dir, err)
	}
	if err := writeHolder(fsys, dir); err != nil {
		return nil, errors.Join(opening(dir, err), unlock())
	}
	return unlock, nil
}
