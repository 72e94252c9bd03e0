package tree

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrChanged is returned for a file that was changed by somebody else in the meantime, and was left as it is.
var ErrChanged = errors.New("the file changed while it was worked on; it was left as it is")

// Replace writes content to a file by way of a new one beside it: after a crash, or at any time for a reader, the file
// is the old one or the new one. If was is not nil, the file must still be the one that was describes, and keeps its
// permissions; Replace fails with [ErrChanged] otherwise. A new file gets the permissions perm.
func Replace(path string, content []byte, was fs.FileInfo, perm fs.FileMode) (err error) {
	if was != nil {
		perm = was.Mode().Perm()
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".sigil-*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = temporary.Close()
			_ = os.Remove(temporary.Name())
		}
	}()
	if _, err = temporary.Write(content); err != nil {
		return err
	}
	if err = temporary.Chmod(perm); err != nil {
		return err
	}
	if err = temporary.Sync(); err != nil {
		return err
	}
	if err = temporary.Close(); err != nil {
		return err
	}
	if was != nil {
		now, err := os.Lstat(path)
		if err != nil {
			return err
		}
		if !Same(was, now) {
			return ErrChanged
		}
	}
	return os.Rename(temporary.Name(), path)
}

// Same reports whether two looks at a file saw the same one, unchanged.
func Same(a, b fs.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && a.Mode() == b.Mode()
}
