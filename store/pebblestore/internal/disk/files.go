package disk

import (
	"errors"
	"io"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// ReadFile returns the content of a file.
func ReadFile(fsys vfs.FS, path string) ([]byte, error) {
	f, err := fsys.Open(path)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(f)
	return b, errors.Join(err, f.Close())
}

// WriteFile writes a file durably, as a whole or not at all.
func WriteFile(fsys vfs.FS, dir, name string, b []byte) error {
	path := fsys.PathJoin(dir, name)
	f, err := fsys.Create(path+".tmp", vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := fsys.Rename(path+".tmp", path); err != nil {
		return err
	}
	return SyncDir(fsys, dir)
}

// MakeDir makes dir and the folders above it, durably.
func MakeDir(fsys vfs.FS, dir string) error { return makeDir(fsys, dir) }

// makeDir makes dir and the folders above it, durably: if a power cut loses the entry of a folder, everything
// synced in the folder is lost, too. If dir is not a store yet, all folders above it are synced, since an
// earlier start may have made them and gone no further.
func makeDir(fsys vfs.FS, dir string) error {
	if _, err := fsys.Stat(fsys.PathJoin(dir, layout.InfoFile)); err == nil {
		return nil
	}
	if err := fsys.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for d := dir; d != fsys.PathDir(d); {
		d = fsys.PathDir(d)
		// This process has not made folders that it may not read.
		if err := SyncDir(fsys, d); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	return nil
}

// SyncDir makes durable which files a folder has.
func SyncDir(fsys vfs.FS, dir string) error {
	d, err := fsys.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// usage returns the bytes allocated for path and everything in it.
func usage(fsys vfs.FS, path string) int64 {
	info, err := fsys.Stat(path)
	if err != nil { // removed in the meantime
		return 0
	}
	total := allocated(info)
	if !info.IsDir() {
		return total
	}
	names, _ := fsys.List(path) // if it was removed in the meantime, it takes no space
	for _, name := range names {
		total += usage(fsys, fsys.PathJoin(path, name))
	}
	return total
}
