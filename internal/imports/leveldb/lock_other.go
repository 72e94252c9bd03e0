//go:build !unix

package leveldb

import (
	"errors"
	"io/fs"
	"os"
)

// lock opens the file that a LevelDB locks. On Windows this fails while its library has the folder open.
func lock(path string) (unlock func(), err error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return func() {}, nil
	}
	if err != nil {
		return nil, errors.Join(ErrInUse, err)
	}
	return func() { _ = file.Close() }, nil
}
