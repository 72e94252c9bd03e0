package pebblestore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/clock"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/disk"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/index"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/salvage"
)

// Check reads the whole store in dir and changes nothing. It looks at all that [store.Checks] names: whether every record can be
// decoded, whether records that belong together exist together, whether figures follow from contents and policies, and whether
// the memories follow from the journal. No process may have the store open. An error means that the check could not be completed.
func Check(dir string, o *Options) (Checked, error) {
	var found Checked
	err := readOnly(dir, o, func(s *Store) (err error) {
		c := s.newChecker()
		c.values = true
		found, err = c.run()
		return err
	})
	return found, err
}

// Export calls visit with every memory of the store in dir, past its deadline or not, by tenant and id, and with the vector that
// was given with it, if there is one. It changes nothing. No process may have the store open. Export stops at the first damaged record; see
// [Salvage].
func Export(dir string, o *Options, visit func(sigil.Memory, store.Vector) error) error {
	return readOnly(dir, o, func(s *Store) error {
		return s.scan([]byte{layout.MetaFamily}, func(key, value []byte) error {
			k, _ := layout.SplitMemoryKey(key) // rebuild has read it
			r := record.NewReader(value)
			found := index.Found{Meta: r.Meta(k, s.policies)}
			if labels, there := r.Labels(); there {
				found.Tags = labels.Tags
			} else if labels, err := s.formerLabels(key); err == nil {
				found.Tags = labels.Tags
			}
			m, ok, err := s.read(found)
			if err == nil && !ok {
				err = fmt.Errorf("%s has no content: %w", m.Key, record.ErrDamaged)
			}
			if err != nil {
				return err
			}
			v, err := s.ownVector(k)
			if err != nil {
				return err
			}
			return visit(m, v)
		})
	})
}

// Salvaged is the result of a salvage.
type Salvaged struct {
	Memories int // those passed to visit
	// Versions are former versions of memories, and Restorable removed memories that can be restored, as far as is known. Neither are
	// passed to visit.
	Versions, Restorable int
	// Problems describe what could not be read, in one sentence each. There are at most [MaxProblems]; Wrong
	// counts all problems.
	Problems []string
	Wrong    int
}

// Salvage calls visit with every memory of the store in dir that can still be read, past its deadline or not, and its vector,
// in any order, and returns what cannot be read. No process may have the store open. Nothing is changed.
//
// It reads the tables and logs directly, and needs neither the database's list of them nor the file with the
// store's identity. It leaves out memories that are gone according to the journal, as far back as the journal
// goes, even if an obsolete table still contains them. The figures of a memory may lack its last refreshes.
func Salvage(dir string, o *Options, visit func(sigil.Memory, store.Vector) error) (_ Salvaged, err error) {
	fsys, _ := o.environment()
	folder, err := disk.BorrowDamaged(fsys, dir)
	if err != nil {
		return Salvaged{}, err
	}
	defer func() { err = errors.Join(err, folder.Release()) }()
	found, err := salvage.Read(folder, visit)
	return Salvaged(found), err
}

// Reader reads a store whose folder does not change. [OpenReadOnly] creates one; it is safe for concurrent
// use.
type Reader struct{ s *Store }

// OpenReadOnly opens the store in dir for reading, while no process has it open for writing. It changes
// nothing, not even the format, so it also works on a file system that is mounted read-only, or that this
// process may only read. The caller closes the Reader.
func OpenReadOnly(dir string, o *Options) (_ *Reader, err error) {
	plain, logger := o.environment()
	s := newStore(new(Options).cacheShare(), true)
	if s.folder, s.info, err = disk.Borrow(plain, dir); err != nil {
		return nil, err
	}
	err = s.apart(func() (err error) {
		if err := s.folder.CheckManifest(); err != nil {
			return err
		}
		options := s.folder.Options(new(Options).cacheShare(), &databaseLogger{s: s, log: logger})
		options.ReadOnly = true
		if s.db, err = pebble.Open(s.folder.Data, options); err != nil {
			return err
		}
		if err := s.rebuild(); err != nil {
			return errors.Join(err, s.db.Close())
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(disk.OpeningToRead(dir, err), s.folder.Release())
	}
	return &Reader{s}, nil
}

// Info returns the store's identity.
func (r *Reader) Info() store.Info { return r.s.info }

// Position returns the position of the newest journal entry.
func (r *Reader) Position() uint64 { return r.s.index.Position() }

// Clock returns nil, like [Store.Clock].
func (*Reader) Clock() *clock.Clock { return nil }

// Tenants returns the names of the tenants that have a memory; see [store.Store].
func (r *Reader) Tenants(ctx context.Context) ([]string, error) { return r.s.Tenants(ctx) }

// List returns memories, newest first; see [store.Store].
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

// Signatures returns signatures, the newest first; see [store.Store].
func (r *Reader) Signatures(ctx context.Context, q store.SignatureQuery) ([]sigil.Signature, bool, error) {
	return r.s.Signatures(ctx, q)
}

// Vectors returns the vectors of a model that memories have; see [store.Searcher]. It has only those that callers gave.
func (r *Reader) Vectors(ctx context.Context, tenant, model string, ids []sigil.ID) ([]store.Vector, error) {
	return r.s.Vectors(ctx, tenant, model, ids)
}

// TenantPolicies returns the policies that tenants have of their own; see [store.Store].
func (r *Reader) TenantPolicies(ctx context.Context) ([]store.TenantPolicy, error) {
	return r.s.TenantPolicies(ctx)
}

// AllSuperseded returns superseded memories; see [store.Corrections].
func (r *Reader) AllSuperseded(ctx context.Context, tenant string, after sigil.ID, limit int) ([]store.Removed, error) {
	return r.s.AllSuperseded(ctx, tenant, after, limit)
}

// Superseded returns a superseded memory; see [store.Corrections].
func (r *Reader) Superseded(ctx context.Context, key sigil.Key, noData bool) (store.Removed, error) {
	return r.s.Superseded(ctx, key, noData)
}

// Versions returns memories that were removed and are kept; see [store.Attacher].
func (r *Reader) Versions(ctx context.Context, tenant string, ids []sigil.ID) ([]store.Version, error) {
	return r.s.Versions(ctx, tenant, ids)
}

// Meta returns a memory without its content; see [store.Store].
func (r *Reader) Meta(ctx context.Context, key sigil.Key, now time.Time) (sigil.Meta, error) {
	return r.s.Meta(ctx, key, now)
}

// Removed returns memories that can be restored; see [store.Undo].
func (r *Reader) Removed(ctx context.Context, q store.RemovedQuery) ([]store.Removed, bool, error) {
	return r.s.Removed(ctx, q)
}

// TenantClocks returns the clocks of tenants; see [store.TenantClocks].
func (r *Reader) TenantClocks(ctx context.Context) ([]store.TenantClock, error) {
	return r.s.TenantClocks(ctx)
}

// Close closes the store and unlocks the folder.
func (r *Reader) Close() error {
	r.s.gate.Lock()
	defer r.s.gate.Unlock()
	if r.s.closed {
		return nil
	}
	r.s.closed = true
	r.s.index.Wait()
	var err error
	if !r.s.unclosed {
		err = r.s.closeDatabase()
	}
	return errors.Join(err, r.s.folder.Release())
}

// readOnly opens the store in dir without changing it, and calls do with it.
func readOnly(dir string, o *Options, do func(*Store) error) error {
	r, err := OpenReadOnly(dir, o)
	if err != nil {
		return err
	}
	err = r.s.apart(func() error { return do(r.s) })
	return errors.Join(disk.OpeningToRead(dir, err), r.Close())
}

// environment returns the file system and the logger of o, which may be nil.
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
