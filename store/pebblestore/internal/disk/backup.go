package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// RestorePath returns the path of the file that is beside the store's folder dir while another store is put in its place.
func RestorePath(fsys vfs.FS, dir string) string {
	return fsys.PathJoin(fsys.PathDir(dir), fsys.PathBase(dir)+".restore.json")
}

// mayOpen returns an error if dir is a backup, which would no longer be one once it was opened, or if a restore to dir was
// interrupted.
func mayOpen(fsys vfs.FS, dir string) error {
	if _, err := fsys.Stat(fsys.PathJoin(dir, layout.BackupFile)); err == nil {
		return &sigil.Error{
			Kind: sigil.ErrFormat, Code: "is_backup",
			Detail: fmt.Sprintf("%s is a backup: `sigil backup restore %s` makes a store of it", dir, dir),
		}
	}
	if _, err := fsys.Stat(RestorePath(fsys, dir)); err == nil {
		return &sigil.Error{
			Kind: sigil.ErrUnavailable, Code: "restore_unfinished",
			Detail: fmt.Sprintf("a restore to %s was interrupted, or is in progress: run the same `sigil backup restore` again (%s names the backup)", dir, RestorePath(fsys, dir)),
		}
	}
	return nil
}

// Hold locks dir against all other processes for a caller that will replace it. If there is no such folder, it does nothing.
func Hold(fsys vfs.FS, dir string) (unlock func() error, err error) {
	names, err := fsys.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return func() error { return nil }, nil
	}
	if err != nil {
		return nil, err
	}
	if len(names) > 0 {
		if _, err := fsys.Stat(fsys.PathJoin(dir, layout.InfoFile)); errors.Is(err, fs.ErrNotExist) {
			if err := checkEmpty(fsys, dir); err != nil {
				return nil, err
			}
		}
	}
	lock, err := fsys.Lock(fsys.PathJoin(dir, layout.LockFile))
	if err != nil {
		return nil, Opening(dir, locking(fsys, dir, err))
	}
	return lock.Close, nil
}

// Spare returns an error if the disk has no space for a copy of the logs in data beside what the store needs.
func (s *Space) Spare(data string) error {
	if !s.known {
		return nil
	}
	usage, err := s.fsys.GetDiskUsage(s.dir)
	if err != nil {
		return err
	}
	names, err := s.fsys.List(data)
	if err != nil {
		return err
	}
	need := 3 * s.unit // with less, changes would be refused
	for _, name := range names {
		if info, err := s.fsys.Stat(s.fsys.PathJoin(data, name)); err == nil && strings.HasSuffix(name, ".log") {
			need += info.Size()
		}
	}
	if usage.AvailBytes >= uint64(need) {
		return nil
	}
	return &sigil.Error{
		Kind: sigil.ErrFull, Code: "disk_full",
		Detail: fmt.Sprintf("the disk of %s has no space for a backup: it has %d MiB free, and needs %d", s.dir, usage.AvailBytes>>20, need>>20+1),
	}
}
