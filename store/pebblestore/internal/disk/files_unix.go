//go:build unix

package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// allocated returns the bytes that a file occupies on disk, or its length if that is unknown.
func allocated(info fs.FileInfo) int64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int64(stat.Blocks) * 512
	}
	return info.Size()
}

// ownership describes the owner of a file and the user of this process. It returns "" if they are unknown.
func ownership(info fs.FileInfo) string {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return fmt.Sprintf("it belongs to user %d and group %d, and this process runs as user %d and group %d",
		stat.Uid, stat.Gid, os.Geteuid(), os.Getegid())
}

// lockShared locks a file against writers but not against other readers, and needs no permission to write. If
// there is no file, it locks nothing. This process must not hold a lock on the file already: the system drops
// a process's lock as soon as the process closes any descriptor of the file.
func lockShared(path string) (io.Closer, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return io.NopCloser(nil), nil
	}
	if err != nil {
		return nil, err
	}
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &syscall.Flock_t{Type: syscall.F_RDLCK, Whence: io.SeekStart}); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// lockedBy returns the id of another process that holds a lock on a file, or 0 if that is unknown. Like for
// lockShared, this process must not hold one.
func lockedBy(path string) int {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close() //nolint:errcheck // it was not written
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &lock); err != nil || lock.Type == syscall.F_UNLCK {
		return 0
	}
	return int(lock.Pid)
}
