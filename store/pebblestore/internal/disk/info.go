package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/datadir"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// openInfo returns the identity of the store in dir. If dir is empty, it makes a new one, and created is
// true. dir is locked.
func openInfo(fsys vfs.FS, dir string) (info store.Info, created bool, err error) {
	info, err = readInfo(fsys, dir)
	if errors.Is(err, fs.ErrNotExist) {
		if err = checkEmpty(fsys, dir); err == nil {
			return layout.NewInfo(uuid.New(), time.Now().UTC().Truncate(time.Millisecond)), true, nil
		}
	}
	return info, false, err
}

func readInfo(fsys vfs.FS, dir string) (store.Info, error) {
	path := fsys.PathJoin(dir, layout.InfoFile)
	b, err := ReadFile(fsys, path)
	if err != nil {
		return store.Info{}, err
	}
	info, ok := layout.ReadInfo(b)
	if !ok {
		return store.Info{}, Damaged(dir, fmt.Errorf("%s no longer identifies the store: %w", path, record.ErrDamaged))
	}
	if info.Format > layout.Format {
		return store.Info{}, &sigil.Error{
			Kind: sigil.ErrFormat, Code: "store_format",
			Detail: fmt.Sprintf("the store at %s has format %d, written by a newer sigil; this one reads formats up to %d: run the newer one", dir, info.Format, layout.Format),
		}
	}
	if info.Format < layout.Oldest {
		return store.Info{}, &sigil.Error{
			Kind: sigil.ErrFormat, Code: "store_format",
			Detail: fmt.Sprintf("the store at %s has format %d, which is older than the first release; this sigil reads formats %d to %d: use a new folder", dir, info.Format, layout.Oldest, layout.Format),
		}
	}
	return info, nil
}

// leftBehind are the files that an earlier start may have left in a folder without a store: the store's own,
// and those in which a daemon describes itself.
var leftBehind = [...]string{layout.LockFile, layout.HolderFile, layout.DataFolder, layout.BallastFile, datadir.AddrFile, datadir.HandOverFile}

// checkEmpty checks that a store may be made in dir: it must contain nothing except files of an earlier start
// that was interrupted before it had made a store. These may include a database that was never written to.
func checkEmpty(fsys vfs.FS, dir string) error {
	names, err := fsys.List(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !slices.Contains(leftBehind[:], name) && !strings.HasSuffix(name, ".tmp") {
			return &sigil.Error{
				Kind: sigil.ErrFormat, Code: "no_store",
				Detail: fmt.Sprintf("%s is not a sigil store, and not empty (it has %s): use another folder", dir, name),
			}
		}
	}
	data := fsys.PathJoin(dir, layout.DataFolder)
	if names, err = fsys.List(data); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		used := strings.HasSuffix(name, ".sst")
		if strings.HasSuffix(name, ".log") {
			if used, err = hasRecords(fsys, fsys.PathJoin(data, name)); err != nil {
				return err
			}
		}
		if used {
			return Damaged(dir, fmt.Errorf("%s is not there: %w", fsys.PathJoin(dir, layout.InfoFile), record.ErrDamaged))
		}
	}
	return nil
}

// hasRecords reports whether a log of the database contains a record.
func hasRecords(fsys vfs.FS, path string) (bool, error) {
	b, err := ReadFile(fsys, path)
	return layout.HasRecords(b), err
}

// ReadInfo returns the identity of the store in dir.
func ReadInfo(fsys vfs.FS, dir string) (store.Info, error) { return readInfo(fsys, dir) }

// WriteInfo writes the identity of a store into dir; see [Folder.WriteInfo].
func WriteInfo(fsys vfs.FS, dir string, info store.Info) error { return writeInfo(fsys, dir, info) }

// writeInfo makes the folder a store. It is called last, when everything else exists.
func writeInfo(fsys vfs.FS, dir string, info store.Info) error {
	b, err := layout.Info(info)
	if err != nil {
		return err
	}
	return WriteFile(fsys, dir, layout.InfoFile, b)
}
