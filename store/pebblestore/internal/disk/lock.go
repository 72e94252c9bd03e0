package disk

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/datadir"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// lockDir locks dir for this process. If another process holds the lock, the error is [sigil.ErrLocked] and
// names the holder.
func lockDir(fsys vfs.FS, dir string) (unlock func() error, err error) {
	lock, err := fsys.Lock(fsys.PathJoin(dir, layout.LockFile))
	if err != nil {
		return nil, locking(fsys, dir, err)
	}
	return func() error {
		err := fsys.Remove(fsys.PathJoin(dir, layout.HolderFile))
		if errors.Is(err, fs.ErrNotExist) {
			err = nil // it was not written yet
		}
		return errors.Join(err, lock.Close())
	}, nil
}

// locking returns the error for dir, which could not be locked because of err.
func locking(fsys vfs.FS, dir string, err error) error {
	if !busy(err) {
		return err
	}
	return &sigil.Error{Kind: sigil.ErrLocked, Code: "store_locked", Detail: "the store at " + dir + " is open in " + holderOf(fsys, dir, err), Err: err}
}

const heldHere = "held by current process" // part of Pebble's error

// busy reports whether locking a file failed with err because another process holds the lock. Systems use the
// same errors for a file that may not be opened, which is not busy.
func busy(err error) bool {
	var file *fs.PathError
	if errors.As(err, &file) {
		return false
	}
	return errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) || strings.Contains(err.Error(), heldHere)
}

// readingFS is a file system that is never changed. It uses locks that need no permission to write.
type readingFS struct{ vfs.FS }

func (f readingFS) Lock(path string) (io.Closer, error) {
	if _, err := f.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return io.NopCloser(nil), nil // a copy of a store that was never opened
	}
	lock, err := f.FS.Lock(path)
	var file *fs.PathError
	if errors.As(err, &file) && (errors.Is(err, syscall.EROFS) || errors.Is(err, fs.ErrPermission)) {
		return lockShared(path)
	}
	return lock, err
}

// lockToRead locks the store in dir against writers.
func lockToRead(fsys vfs.FS, dir string) (unlock func() error, err error) {
	lock, err := fsys.Lock(fsys.PathJoin(dir, layout.LockFile))
	switch {
	case err == nil:
		return lock.Close, nil
	case errors.Is(err, fs.ErrPermission) && !busy(err):
		return nil, denied(dir, "not_readable", "read", err)
	}
	return nil, Opening(dir, locking(fsys, dir, err))
}

// writeHolder records in dir, which this process has locked, that this process holds the lock.
func writeHolder(fsys vfs.FS, dir string) error {
	host, _ := os.Hostname() // only for people
	b, err := json.Marshal(datadir.Holder{PID: os.Getpid(), Host: host, Command: strings.Join(os.Args[:min(2, len(os.Args))], " "), Since: time.Now().UTC().Truncate(time.Second)})
	if err != nil {
		return err
	}
	return WriteFile(fsys, dir, layout.HolderFile, append(b, '\n'))
}

// holderOf describes the process that has locked dir. busy is the error of locking. A process that opens the
// store for writing writes the holder's file, so it may be out of date if the process with the lock only
// reads.
func holderOf(fsys vfs.FS, dir string, busy error) string {
	pid := 0
	if !strings.Contains(busy.Error(), heldHere) {
		pid = lockedBy(fsys.PathJoin(dir, layout.LockFile))
	}
	var h datadir.Holder
	b, err := ReadFile(fsys, fsys.PathJoin(dir, layout.HolderFile))
	switch {
	case err != nil || json.Unmarshal(b, &h) != nil || pid != 0 && pid != h.PID:
		if pid != 0 {
			return fmt.Sprintf("process %d", pid)
		}
		return "another process, which is unknown"
	}
	return fmt.Sprintf("process %d (%s) on %s since %s", h.PID, h.Command, h.Host, h.Since.Format(time.RFC3339))
}
