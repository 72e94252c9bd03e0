package disk

import (
	"errors"
	"io/fs"
	"log/slog"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// Folder is a store's folder that this process has locked: to write ([Take]), or to read ([Borrow], [BorrowDamaged]).
type Folder struct {
	// FS is the file system for everything done in the folder.
	FS  vfs.FS
	Dir string
	// Data is the database's folder within it.
	Data string
	// Space watches the free space; it is nil of a folder that is only read.
	Space *Space

	memtable int64 // bytes
	tuning   Tuning
	pace     *pace
	unlock   func() error
}

// Take makes dir if it is not there, and locks it for a store that writes. If another has it locked the error is
// [sigil.ErrLocked], naming the holder. The caller releases it.
func Take(fsys vfs.FS, dir string, t Tuning, log *slog.Logger) (_ *Folder, err error) {
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

// Borrow locks the folder of a store that this package reads for a caller that only reads it, and returns which store it
// is. Nothing in the folder is changed.
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

// BorrowDamaged is like Borrow, but accepts a folder whose description of the store is damaged.
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
	return &Folder{FS: fsys, Dir: dir, Data: fsys.PathJoin(dir, layout.DataFolder), memtable: t.unit(), tuning: t, pace: newPace(t)}
}

func noStore(dir string, err error) error {
	return &sigil.Error{Kind: sigil.ErrInvalid, Code: "no_store", Detail: dir + " is not a sigil store's folder", Err: err}
}

// Release lets others lock the folder.
func (f *Folder) Release() error { return f.unlock() }

// Info reads which store the folder holds, or makes up a new one if it is empty: created.
func (f *Folder) Info() (info store.Info, created bool, err error) { return openInfo(f.FS, f.Dir) }

// ReadInfo reads which store the folder holds.
func (f *Folder) ReadInfo() (store.Info, error) { return readInfo(f.FS, f.Dir) }

// WriteInfo makes the folder a store. It is called last, when everything else is in place.
func (f *Folder) WriteInfo(info store.Info) error { return writeInfo(f.FS, f.Dir, info) }

// CheckManifest looks for damage in the database's list of its files.
func (f *Folder) CheckManifest() error { return checkManifest(f.FS, f.Data) }

// Options returns those for the database of the folder, which reports to logger. cache is the bytes of blocks that are
// kept in memory.
func (f *Folder) Options(cache int64, logger pebble.Logger) *pebble.Options {
	return databaseOptions(f.FS, cache, f.memtable, logger, f.pace, &f.tuning)
}

// Compactions returns the scheduler for the options of the database, which grants no compaction before Begin.
func (f *Folder) Compactions() *Compactions { return &Compactions{pace: f.pace} }

// Hurry stops flushes and compactions from resting, because a caller waits for them to end.
func (f *Folder) Hurry() { f.pace.hurry() }

// Usage returns the bytes that the folder takes on the disk, as du counts them.
func (f *Folder) Usage() int64 {
	fsys := f.FS
	if f.Space != nil {
		fsys = f.Space.fsys
	}
	return usage(fsys, f.Dir)
}
