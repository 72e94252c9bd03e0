package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/disk"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// Source is a store whose files do not change.
type Source struct {
	FS   vfs.FS
	Info store.Info
	Data string // the folder of the database's files
	// Own says that the files in Data are copies for this backup alone. Otherwise only tables may be linked: the database
	// writes to all other files, or uses them again.
	Own  bool
	Pace Pace
	// At is when the source was held still.
	At time.Time
	// Open opens the database in a backup's folder without changing it, and returns the newest position of its journal.
	Open func(dir string) (position uint64, err error)
}

// reserveMost is the space that a backup leaves on a large disk, so that a store on the same one goes on.
const reserveMost = 128 << 20

// builder makes one backup.
type builder struct {
	*Source
	dir     string // unfinished
	earlier map[string]earlier
	made    sigil.Backup
}

// earlier is a table of an earlier backup.
type earlier struct {
	path string
	file sigil.BackupFile
}

// Make makes a backup of src in dir, which must not exist. It first removes what was left behind by interrupted backups of
// the same store beside it. It links files if the file system can; a table that an earlier backup beside it has, with the same
// checksum, is linked from there; all others are copied. Each file is read back. If Make fails, it leaves nothing.
//
// No two calls for one store may be in progress at once.
func Make(ctx context.Context, src *Source, dir string) (_ sigil.Backup, err error) {
	fsys, parent := src.FS, src.FS.PathDir(dir)
	defer func() {
		if err != nil && disk.IsFull(err) && sigil.CodeOf(err) != "disk_full" {
			err = noSpace(parent, err)
		}
	}()
	if _, err := fsys.Stat(dir); err == nil {
		return sigil.Backup{}, &sigil.Error{Kind: sigil.ErrConflict, Code: "backup_exists", Field: "name", Detail: "there is a backup, or something else, at " + dir}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return sigil.Backup{}, err
	}
	if err := disk.MakeDir(fsys, parent); err != nil {
		return sigil.Backup{}, err
	}
	if err := Clean(fsys, parent, src.Info.ID); err != nil {
		return sigil.Backup{}, err
	}
	b := &builder{
		Source: src, dir: dir + unfinished, earlier: map[string]earlier{},
		made: sigil.Backup{Name: fsys.PathBase(dir), Store: src.Info.ID, Format: src.Info.Format, CreatedAt: src.At},
	}
	b.findEarlier(parent)
	defer func() {
		if err != nil {
			err = errors.Join(err, remove(fsys, b.dir))
		}
	}()
	if err := fsys.MkdirAll(fsys.PathJoin(b.dir, layout.DataFolder), 0o700); err != nil {
		return sigil.Backup{}, err
	}
	if err := b.fill(ctx); err != nil {
		return sigil.Backup{}, err
	}
	if b.made.Position, err = src.Open(b.dir); err != nil {
		return sigil.Backup{}, fmt.Errorf("opening the backup: %w", err)
	}
	if err := writeManifest(fsys, b.dir, &b.made); err != nil {
		return sigil.Backup{}, err
	}
	if err := src.Pace.pass(ctx, time.Now()); err != nil {
		return sigil.Backup{}, err
	}
	if err := fsys.Rename(b.dir, dir); err != nil {
		return sigil.Backup{}, err
	}
	return b.made, disk.SyncDir(fsys, parent)
}

// findEarlier finds the tables of earlier backups of the same store in parent, the newest of each name.
func (b *builder) findEarlier(parent string) {
	all, err := List(b.FS, parent)
	if err != nil {
		return // then everything is copied
	}
	for _, was := range all { // newest first
		if was.Problem != "" || was.Store != b.Info.ID {
			continue
		}
		for _, f := range was.Files {
			if _, newer := b.earlier[f.Name]; !newer && isTable(f.Name) {
				b.earlier[f.Name] = earlier{b.FS.PathJoin(parent, was.Name, f.Name), f}
			}
		}
	}
}

// fill copies all files, durably.
func (b *builder) fill(ctx context.Context) error {
	// First: it says whose folder this is.
	if err := disk.WriteInfo(b.FS, b.dir, b.Info); err != nil {
		return err
	}
	names, err := b.FS.List(b.Data)
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, name := range names {
		if name == lockFile {
			continue
		}
		if err := b.place(ctx, b.FS.PathJoin(b.Data, name), layout.DataFolder+"/"+name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	size, sum, err := b.Pace.read(ctx, b.FS, b.FS.PathJoin(b.dir, layout.InfoFile), nil)
	if err != nil {
		return err
	}
	b.made.Files = append(b.made.Files, sigil.BackupFile{Name: layout.InfoFile, Size: size, SHA256: sum})
	return errors.Join(disk.SyncDir(b.FS, b.FS.PathJoin(b.dir, layout.DataFolder)), disk.SyncDir(b.FS, b.dir))
}

// place puts the file at from into the backup under name, and reads it back.
func (b *builder) place(ctx context.Context, from, name string) error {
	to := b.FS.PathJoin(b.dir, name)
	var want *[32]byte // unknown if the file was linked
	if !b.Own && !isTable(name) || b.FS.Link(from, to) != nil {
		sum, err := b.copy(ctx, from, to, name)
		if err != nil {
			return err
		}
		want = &sum
	}
	size, sum, err := b.Pace.read(ctx, b.FS, to, nil)
	if err != nil {
		return err
	}
	if want != nil && sum != *want {
		return broken(b.dir, name+" has other bytes than were written")
	}
	b.made.Files = append(b.made.Files, sigil.BackupFile{Name: name, Size: size, SHA256: sum})
	return nil
}

// copy copies a file, or links it if an earlier backup has it. It returns the checksum of the file at from.
func (b *builder) copy(ctx context.Context, from, to, name string) (sum [32]byte, err error) {
	info, err := b.FS.Stat(from)
	if err != nil {
		return sum, err
	}
	// A store that was restored gives numbers out again, so a table of the same name and size may be another one.
	if was, ok := b.earlier[name]; ok && was.file.Size == info.Size() {
		if _, sum, err = b.Pace.read(ctx, b.FS, from, nil); err != nil {
			return sum, err
		}
		if sum == was.file.SHA256 && b.FS.Link(was.path, to) == nil {
			return sum, nil
		}
	}
	if err := room(b.FS, b.FS.PathDir(b.dir), info.Size()); err != nil {
		return sum, err
	}
	_, sum, err = b.Pace.copy(ctx, b.FS, from, to)
	return sum, err
}

// room returns an error if the disk of dir has no space for so many more bytes.
func room(fsys vfs.FS, dir string, bytes int64) error {
	usage, err := fsys.GetDiskUsage(dir)
	if err != nil || usage.TotalBytes == 0 {
		return nil //nolint:nilerr // unknown: the write will tell
	}
	if reserve := min(usage.TotalBytes/8, reserveMost); usage.AvailBytes < uint64(bytes)+reserve {
		return noSpace(dir, nil)
	}
	return nil
}

func noSpace(dir string, err error) error {
	return &sigil.Error{Kind: sigil.ErrFull, Code: "disk_full", Detail: "the disk of " + dir + " has no space for a backup", Err: err}
}

const lockFile = "LOCK" // the database's own

// isTable reports whether a file of the database is never changed once it is written, nor its name used again while it is there.
func isTable(name string) bool {
	return strings.HasSuffix(name, ".sst") || strings.HasSuffix(name, ".blob")
}
