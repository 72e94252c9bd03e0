//go:build unix

package leveldb

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// lock takes the lock of a LevelDB for reading, which its library takes for writing. A folder without the file is a copy that
// nobody has opened.
func lock(path string) (unlock func(), err error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return func() {}, nil
	}
	if err != nil {
		return nil, err
	}
	held := syscall.Flock_t{Type: syscall.F_RDLCK, Whence: io.SeekStart}
	err = syscall.FcntlFlock(file.Fd(), syscall.F_SETLK, &held)
	if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) {
		err = ErrInUse
		by := syscall.Flock_t{Type: syscall.F_RDLCK, Whence: io.SeekStart}
		if syscall.FcntlFlock(file.Fd(), syscall.F_GETLK, &by) == nil && by.Type == syscall.F_WRLCK && by.Pid > 0 {
			err = fmt.Errorf("%w: process %d", ErrInUse, by.Pid)
		}
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return func() { _ = file.Close() }, nil
}
