package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// Verify reads every file of the backup in dir, and describes in one sentence each what is not as it was written. An error means
// that this could not be found out, or that the manifest itself is damaged.
func Verify(ctx context.Context, fsys vfs.FS, dir string, p Pace) (b sigil.Backup, problems []string, err error) {
	if b, err = Read(fsys, dir); err != nil {
		return b, nil, err
	}
	known := []string{lockFile} // a reader may have made it
	for i := range b.Files {
		f := &b.Files[i]
		known = append(known, fsys.PathBase(f.Name))
		size, sum, err := p.read(ctx, fsys, fsys.PathJoin(dir, f.Name), nil)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			problems = append(problems, f.Name+" is missing")
		case err != nil:
			return b, problems, fmt.Errorf("%s: %w", f.Name, err)
		case size != f.Size:
			problems = append(problems, fmt.Sprintf("%s has %d bytes, and should have %d", f.Name, size, f.Size))
		case sum != f.SHA256:
			problems = append(problems, f.Name+" has other bytes than were written")
		}
	}
	names, err := fsys.List(fsys.PathJoin(dir, layout.DataFolder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return b, problems, err
	}
	for _, name := range names { // the database would read them
		if !slices.Contains(known, name) {
			problems = append(problems, layout.DataFolder+"/"+name+" does not belong to it")
		}
	}
	return b, problems, nil
}
