package campaign

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// ballast is a file that occupies all free space of a disk.
type ballast struct {
	name string
	file *os.File
}

// fill occupies the free space, down to the last block.
func (b *ballast) fill() (err error) {
	if b.file == nil {
		if b.file, err = os.Create(b.name); err != nil {
			return err
		}
	}
	for size := 1 << 20; size > 0; {
		n, err := b.file.Write(make([]byte, size))
		switch {
		case errors.Is(err, syscall.ENOSPC):
			if n == 0 {
				size /= 16
			}
		case err != nil:
			return err
		}
	}
	return nil
}

// release frees the space.
func (b *ballast) release() error {
	if b.file == nil {
		return nil
	}
	err := errors.Join(b.file.Close(), os.Remove(b.name))
	b.file = nil
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
