package disk

import (
	"errors"
	"io/fs"
	"log/slog"
	"sync"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// Folder is a store's folder that this process has locked, either to write ([Take]) or to read ([Borrow],
// [BorrowDamaged]).
type Folder struct {
	// FS is the file system for all access to the folder.
	FS  vfs.FS
	Dir string
	// Data is the database's folder within Dir.
	Data string
	// Space watches the free space. It is nil if the folder is only read.
	Space *Space

	memtable int64 // bytes
	tuning   Tuning
	pace     *pace
	reuse    *sync.Mutex // see [orderedFS]
	unlock   func() error
}

// Take makes dir if it does not exist, and locks it for a store that writes. If another process has locked
// it, the error is [sigil.ErrLocked] and names the holder. The caller releases the folder.
func Take(fsys vfs.FS, dir string, t Tuning, log *slog.Logger) (_ *Folder, err error) {
	if err := mayOpen(fsys, dir); err != nil {
		return nil, err
	}
	if err := makeDir(fsys, dir); err != nil {
		return nil, Opening(dir, err)
	}
	f := newFolder(fsys, dir, t)
	if f.unlock, err = lockDir(fsys, dir); err != nil {
		return nil, Opening(dir, err)
	}
	f.Space = newSpace(fsys, dir, t.unit(), log)
	f.FS, f.memtable = f.Space.wrap(), f.Space.unit
	if err := writeHolder(f.FS, dir); err != nil {
		return nil, errors.Join(Opening(dir, err), f.unlock())
	}
	return f, nil
}

// Borrow locks the folder of a store for a caller that only reads it, and returns the store's identity. It
// changes nothing in the folder. The store must have a format that this package reads.
func Borrow(plain vfs.FS, dir string) (_ *Folder, info store.Info, err error) {
	f := newFolder(readingFS{plain}, dir, Tuned())
	if _, err := f.FS.Stat(f.Data); err != nil {
		if errors.Is(err, fs.ErrPermission) {
			return nil, info, denied(dir, "not_readable", "read", err)
		}
		return nil, info, noStore(dir, err)
	}
	if info, err = readInfo(f.FS, dir); err != nil {
		if errors.Is(err, fs.ErrPermission) {
			return nil, info, denied(dir, "not_readable", "read", err)
		}
		return nil, info, Opening(dir, err)
	}
	if f.unlock, err = lockToRead(f.FS, dir); err != nil {
		return nil, info, err
	}
	return f, info, nil
}

// BorrowDamaged is like Borrow, but accepts a folder in which the store's identity is damaged.
func BorrowDamaged(plain vfs.FS, dir string) (_ *Folder, err error) {
	f := newFolder(readingFS{plain}, dir, Tuned())
	if _, err := f.FS.Stat(f.Data); err != nil {
		return nil, noStore(dir, err)
	}
	if f.unlock, err = lockToRead(f.FS, dir); err != nil {
		return nil, err
	}
	return f, nil
}

func newFolder(fsys vfs.FS, dir string, t Tuning) *Folder {
	return &Folder{FS: fsys, Dir: dir, Data: fsys.PathJoin(dir, layout.DataFolder), memtable: t.unit(), tuning: t, pace: newPace(t), reuse: new(sync.Mutex)}
}

func noStore(dir string, err error) error {
	return &sigil.Error{Kind: sigil.ErrInvalid, Code: "no_store", Detail: dir + " is not a sigil store's folder", Err: err}
}

// Checkpoint returns the folder for the database's files of a backup that is being made.
func (f *Folder) Checkpoint() string { return f.FS.PathJoin(f.Dir, layout.CheckpointFolder) }

// Release unlocks the folder.
func (f *Folder) Release() error { return f.unlock() }

// Info returns the identity of the folder's store. If the folder is empty, Info makes a new one, and created
// is true.
func (f *Folder) Info() (info store.Info, created bool, err error) { return openInfo(f.FS, f.Dir) }

// ReadInfo returns the identity of the folder's store.
func (f *Folder) ReadInfo() (store.Info, error) { return readInfo(f.FS, f.Dir) }

// WriteInfo makes the folder a store. It is called last, when everything else exists.
func (f *Folder) WriteInfo(info store.Info) error { return writeInfo(f.FS, f.Dir, info) }

// CheckManifest looks for damage in the database's list of its files.
func (f *Folder) CheckManifest() error { return checkManifest(f.FS, f.Data) }

// Options returns the options of the folder's database, which logs to logger. cache is the number of bytes of
// blocks that are kept in memory.
func (f *Folder) Options(cache int64, logger pebble.Logger) *pebble.Options {
	return databaseOptions(f.FS, cache, f.memtable, logger, f.pace, &f.tuning, f.reuse)
}

// Compactions returns the scheduler for the options of the database. It grants no compaction before Begin.
func (f *Folder) Compactions() *Compactions { return &Compactions{pace: f.pace} }

// Hurry stops flushes and compactions from resting until done is called, since a caller waits for them to end.
func (f *Folder) Hurry() (done func()) { return f.pace.hurry() }

// Plain returns the file system without the treatment of a full disk, for files outside of the folder.
func (f *Folder) Plain() vfs.FS {
	if f.Space != nil {
		return f.Space.fsys
	}
	return f.FS
}

// Usage returns the bytes that the folder occupies on disk, as du counts them.
func (f *Folder) Usage() int64 {
	fsys := f.FS
	if f.Space != nil {
		fsys = f.Space.fsys
	}
	return usage(fsys, f.Dir)
}
