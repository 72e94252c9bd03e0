package backup

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/disk"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// unfinished is the suffix of the folder of a backup that is being made or removed.
const unfinished = ".tmp"

// List returns the backups in the folder parent, newest first, and then those whose manifests cannot be read. It ignores
// everything else in it, unfinished backups included. If there is no such folder, there are none.
func List(fsys vfs.FS, parent string) ([]sigil.Backup, error) {
	names, err := fsys.List(parent)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []sigil.Backup
	for _, name := range names {
		if strings.HasSuffix(name, unfinished) {
			continue
		}
		b, err := Read(fsys, fsys.PathJoin(parent, name))
		switch {
		case err == nil:
			all = append(all, b)
		case sigil.CodeOf(err) == "backup_damaged" || sigil.CodeOf(err) == "backup_format":
			all = append(all, sigil.Backup{Name: name, Problem: err.Error()})
		}
	}
	slices.SortFunc(all, func(a, b sigil.Backup) int {
		if c := b.CreatedAt.Compare(a.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(b.Name, a.Name)
	})
	return all, nil
}

// Clean removes what interrupted backups of a store have left in parent. None of that store may be in progress.
func Clean(fsys vfs.FS, parent string, id sigil.ID) error {
	names, err := fsys.List(parent)
	if err != nil {
		return err
	}
	for _, name := range names {
		dir := fsys.PathJoin(parent, name)
		if !strings.HasSuffix(name, unfinished) || !leftBy(fsys, dir, id) {
			continue
		}
		if err := remove(fsys, dir); err != nil {
			return err
		}
	}
	return nil
}

// leftBy reports whether an unfinished folder is of a backup of a store. One that never had more than the folder of the
// database may be of any store.
func leftBy(fsys vfs.FS, dir string, id sigil.ID) bool {
	names, err := fsys.List(dir)
	if err != nil || slices.Contains(names, layout.LockFile) { // the latter is a store that was opened
		return false
	}
	if info, err := disk.ReadInfo(fsys, dir); err == nil {
		return info.ID == id
	}
	for _, name := range names {
		if files, _ := fsys.List(fsys.PathJoin(dir, name)); name != layout.DataFolder && name != layout.InfoFile+unfinished || len(files) > 0 {
			return false
		}
	}
	return true
}

// Prune removes the oldest backups of a store in parent and keeps so many of the newest. It returns the names of those that it
// removed. It never removes one whose manifest cannot be read.
func Prune(fsys vfs.FS, parent string, id sigil.ID, keep int) (removed []string, err error) {
	all, err := List(fsys, parent)
	if err != nil {
		return nil, err
	}
	for _, b := range all {
		if b.Problem != "" || b.Store != id {
			continue
		}
		if keep--; keep >= 0 {
			continue
		}
		dir := fsys.PathJoin(parent, b.Name)
		// From here on it is no backup any more, whatever happens.
		err := fsys.Rename(dir, dir+unfinished)
		if err == nil {
			err = disk.SyncDir(fsys, parent)
		}
		if err == nil {
			err = remove(fsys, dir+unfinished)
		}
		if err != nil {
			return removed, err
		}
		removed = append(removed, b.Name)
	}
	return removed, nil
}

// remove removes an unfinished folder. What says whose it is goes last.
func remove(fsys vfs.FS, dir string) error {
	if err := fsys.RemoveAll(fsys.PathJoin(dir, layout.DataFolder)); err != nil {
		return err
	}
	return fsys.RemoveAll(dir)
}
