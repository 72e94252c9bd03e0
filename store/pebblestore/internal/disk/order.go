package disk

import (
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// orderedFS keeps the order of the database's changes to its folder. To switch to a new list of its files,
// the database creates the list and a marker that names it, removes the old marker and syncs the folder, all
// at once. If the power failed when only part of that had reached the disk, the marker could name a missing
// list, or be missing itself. So each step is synced before the next.
//
// It also treats a folder that cannot be synced as fatal, like a log that cannot be synced. The database
// itself would panic.
type orderedFS struct {
	vfs.FS
	logger pebble.Logger
	pace   *pace
	tuning *Tuning
	reuse  *sync.Mutex // held while an old log becomes a new one
}

// Unwrap returns the wrapped file system, for the database.
func (o orderedFS) Unwrap() vfs.FS { return o.FS }

// Create syncs the file that a new marker names before it creates the marker.
func (o orderedFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if err := o.settle(name); err != nil {
		return nil, err
	}
	f, err := o.FS.Create(name, category)
	if err != nil {
		return nil, err
	}
	switch {
	case category == FlushCategory && o.tuning.Yields:
		f = &paced{f, o.pace.shift(), o.tuning.FlushTurn}
	case category == LogCategory:
		o.pace.log()
		if o.tuning.FillSyncs > 0 {
			f = newLogFile(f, 0, o.tuning)
		}
	}
	return f, nil
}

// ReuseForWrite begins a log in the file of an old one.
func (o orderedFS) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	o.reuse.Lock()
	f, err := o.FS.ReuseForWrite(oldname, newname, category)
	o.reuse.Unlock()
	if err != nil || category != LogCategory {
		return f, err
	}
	o.pace.log()
	if o.tuning.FillSyncs == 0 {
		return f, nil
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return newLogFile(f, info.Size(), o.tuning), nil
}

// Remove syncs the new marker before it removes the old one.
func (o orderedFS) Remove(name string) error {
	if err := o.settle(name); err != nil {
		return err
	}
	return o.FS.Remove(name)
}

// OpenDir returns a folder whose Sync, if it fails, ends the goroutine that called it.
func (o orderedFS) OpenDir(name string) (vfs.File, error) {
	f, err := o.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &folder{f, name, o.logger}, nil
}

type folder struct {
	vfs.File
	name   string
	logger pebble.Logger
}

func (f *folder) Sync() error {
	if err := f.File.Sync(); err != nil {
		f.logger.Fatalf("syncing the folder %s: %v", f.name, err)
	}
	return nil
}

func (o orderedFS) settle(name string) error {
	if !strings.HasPrefix(o.PathBase(name), "marker.") {
		return nil
	}
	return SyncDir(o.FS, o.PathDir(name))
}

// These are the database's categories for the tables that it flushes from memory, and for its logs.
const (
	FlushCategory = "pebble-memtable-flush"
	LogCategory   = "pebble-wal"
)

// paced is a table that a flush writes.
type paced struct {
	vfs.File
	shift shift
	turn  time.Duration // how long it keeps the processor
}

func (f *paced) Write(b []byte) (int, error) {
	if time.Since(f.shift.since) > f.turn {
		f.shift.step()
	}
	return f.File.Write(b)
}
