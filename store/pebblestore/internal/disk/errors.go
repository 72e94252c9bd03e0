package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// Damaged returns the error for a damaged store in dir, with the damage that err describes and the remedy.
func Damaged(dir string, err error) error {
	return &sigil.Error{
		Kind: sigil.ErrInternal, Code: "store_damaged",
		Detail: fmt.Sprintf("the store at %s is damaged; `sigil export --salvage --data %s` writes the intact memories", dir, dir),
		Err:    err,
	}
}

// Opening adds to err what the user who opens the store in dir can do about it.
func Opening(dir string, err error) error {
	wrong := func(kind error, code, detail string) error {
		return &sigil.Error{Kind: kind, Code: code, Detail: detail, Err: err}
	}
	var known *sigil.Error
	switch {
	case errors.As(err, &known) && strings.Contains(known.Detail, dir):
		return err
	case errors.As(err, &known):
		return wrong(known.Kind, known.Code, "the store at "+dir)
	case IsFull(err):
		return wrong(sigil.ErrFull, "disk_full", "the disk of "+dir+" is full: free some space, and start again")
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return denied(dir, "not_writable", "written", err)
	case IsDamage(err), errors.Is(err, fs.ErrNotExist):
		return Damaged(dir, err)
	case errors.Is(err, syscall.EAGAIN), strings.Contains(err.Error(), heldHere):
		return wrong(sigil.ErrLocked, "store_locked", "the database of the store at "+dir+" is still open in a process whose disk failed: end that process")
	}
	return wrong(sigil.ErrUnavailable, "store_failed", "the store at "+dir+" cannot be opened")
}

// OpeningToRead adds to err, which may be nil, what a caller that only reads the store in dir can do about
// it.
func OpeningToRead(dir string, err error) error {
	switch {
	case IsDamage(err), errors.Is(err, fs.ErrNotExist):
		return Damaged(dir, err)
	case errors.Is(err, fs.ErrPermission):
		return denied(dir, "not_readable", "read", err)
	}
	return err
}

// denied returns an error for the store in dir. It names the file that this process may not use, the reason,
// and the remedy.
func denied(dir, code, verb string, err error) error {
	detail := "the store at " + dir + " cannot be " + verb
	var file *fs.PathError
	switch {
	case errors.Is(err, syscall.EROFS):
		detail += ": it is on a file system that is mounted read-only"
	case errors.As(err, &file):
		if path, info := nearest(file.Path); info != nil {
			detail += fmt.Sprintf(": %s has mode %#o", path, info.Mode().Perm())
			if owner := ownership(info); owner != "" {
				detail += ", " + owner + fmt.Sprintf("; give it to this user (chown -R %d %s), or run as its owner", os.Geteuid(), path)
			}
		}
	}
	return &sigil.Error{Kind: sigil.ErrUnavailable, Code: code, Detail: detail, Err: err}
}

// nearest returns path, or the closest folder above it that can be read.
func nearest(path string) (string, fs.FileInfo) {
	for {
		if info, err := os.Stat(path); err == nil {
			return path, info
		}
		above := filepath.Dir(path)
		if above == path {
			return path, nil
		}
		path = above
	}
}

// IsDamage reports whether err means that data on disk is damaged, and not that it could not be accessed.
func IsDamage(err error) bool {
	return err != nil && (errors.Is(err, record.ErrDamaged) || pebble.IsCorruptionError(err) ||
		errors.Is(err, pebble.ErrDBDoesNotExist) || errors.Is(err, pebble.ErrDBNotPristine) ||
		strings.Contains(err.Error(), "object size mismatch")) // a file's length differs from that in the list
}

// checkManifest looks for damage within the database's list of its files, in the folder data. The database
// takes the first damaged record for the end of the list, which is right after a crash. But if more records
// follow, it would forget the files in them, and delete those.
func checkManifest(fsys vfs.FS, data string) error {
	names, err := fsys.List(data)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	latest, name := "", "" // the marker with the greatest number names the file
	for _, n := range names {
		if rest, ok := strings.CutPrefix(n, "marker.manifest."); ok {
			if number, file, ok := strings.Cut(rest, "."); ok && number > latest {
				latest, name = number, file
			}
		}
	}
	if name == "" {
		return nil
	}
	path := fsys.PathJoin(data, name)
	b, err := ReadFile(fsys, path)
	if err != nil {
		return err
	}
	if before, damaged := layout.DamageWithin(b, 0); damaged {
		return fmt.Errorf("%s: bytes before byte %d are not those that were written: %w", path, before, record.ErrDamaged)
	}
	return nil
}
