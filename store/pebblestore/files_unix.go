//go:build unix

package pebblestore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// allocated returns the bytes that a file takes on the disk. Where that is not known it is the file's length.
func allocated(info fs.FileInfo) int64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int64(stat.Blocks) * 512
	}
	return info.Size()
}

// ownership says whose a file is, and who this process is; "" if that is not known.
func ownership(info fs.FileInfo) string {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return fmt.Sprintf("it belongs to user %d and group %d, and this process runs as user %d and group %d",
		stat.Uid, stat.Gid, os.Geteuid(), os.Getegid())
}

// lockShared locks a file against those that write, not against other readers, without the right to write.
// A file that is not there is nobody's. The file must not be locked by this process: the system forgets a
// process's lock on a file as soon as the process closes any descriptor of it.
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

// lockedBy returns the number of another process that has a file locked; 0 is not known. The same must hold of
// the file as for lockShared.
func lockedBy(path string) int {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close() //nolint:errcheck // it is only asked about
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, &lock); err != nil || lock.Type == syscall.F_UNLCK {
		return 0
	}
	return int(lock.Pid)
}
