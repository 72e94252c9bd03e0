package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/disk"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// Restore puts a backup in the place of a store, in steps: a copy beside the store ([Restore.Copy]), a file that says what is
// going to be done, the renaming of the store and that of the copy, and the removal of the file ([Restore.Swap]). While the
// file is there, the store cannot be opened.
type Restore struct {
	// Backup is what is restored; set by Copy and Resume.
	Backup sigil.Backup
	// Replaced is the folder in which the store that was there is kept, or "" if there was none.
	Replaced string

	fsys      vfs.FS
	from, to  string
	made      string // the copy
	decidedAt string // the path of the file that says what is done
	replacing string // the name for the store that is there
}

// plan is the content of that file. The names are those of folders beside it.
type plan struct {
	Backup   string    `json:"backup"` // its path
	Store    sigil.ID  `json:"store"`
	At       time.Time `json:"createdAt"` // of the backup
	Position uint64    `json:"position"`
	Replaced string    `json:"replaced"`
}

// NewRestore returns a restore of the backup in from to the store's folder to, which the caller has locked, if it is there.
func NewRestore(fsys vfs.FS, from, to string, now time.Time) *Restore {
	parent, name := fsys.PathDir(to), fsys.PathBase(to)
	return &Restore{
		fsys: fsys, from: from, to: to,
		made:      fsys.PathJoin(parent, name+".restoring"),
		decidedAt: disk.RestorePath(fsys, to),
		replacing: fsys.PathJoin(parent, name+".replaced-"+now.UTC().Format("20060102T150405.000Z")),
	}
}

// Made returns the folder of the copy.
func (r *Restore) Made() string { return r.made }

// Copy copies the backup b beside the store, durably, and compares the copy with the manifest.
func (r *Restore) Copy(ctx context.Context, b *sigil.Backup) (err error) {
	r.Backup = *b
	if err := r.fsys.RemoveAll(r.made); err != nil { // an earlier call was interrupted before it had decided
		return err
	}
	if err := disk.MakeDir(r.fsys, r.fsys.PathDir(r.to)); err != nil {
		return err
	}
	if err := r.fsys.MkdirAll(r.fsys.PathJoin(r.made, layout.DataFolder), 0o700); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			if disk.IsFull(err) && sigil.CodeOf(err) != "disk_full" {
				err = noSpace(r.fsys.PathDir(r.to), err)
			}
			err = errors.Join(err, r.fsys.RemoveAll(r.made))
		}
	}()
	var p Pace
	for i := range b.Files {
		f := &b.Files[i]
		from, to := r.fsys.PathJoin(r.from, f.Name), r.fsys.PathJoin(r.made, f.Name)
		if !isTable(f.Name) || r.fsys.Link(from, to) != nil {
			if err := room(r.fsys, r.fsys.PathDir(r.to), f.Size); err != nil {
				return err
			}
			if _, _, err := p.copy(ctx, r.fsys, from, to); err != nil {
				return fmt.Errorf("%s: %w", f.Name, err)
			}
		}
		if size, sum, err := p.read(ctx, r.fsys, to, nil); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		} else if size != f.Size || sum != f.SHA256 {
			return broken(r.from, f.Name+" has other bytes than were written")
		}
	}
	return errors.Join(disk.SyncDir(r.fsys, r.fsys.PathJoin(r.made, layout.DataFolder)), disk.SyncDir(r.fsys, r.made))
}

// Swap puts the copy in the store's place.
func (r *Restore) Swap() error {
	p := plan{Backup: r.from, Store: r.Backup.Store, At: r.Backup.CreatedAt, Position: r.Backup.Position}
	there, err := exists(r.fsys, r.to)
	if err != nil {
		return err
	}
	if there {
		p.Replaced = r.fsys.PathBase(r.replacing)
	}
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	parent := r.fsys.PathDir(r.to)
	if err := disk.WriteFile(r.fsys, parent, r.fsys.PathBase(r.decidedAt), append(text, '\n')); err != nil {
		return err
	}
	return r.swap(&p)
}

// swap does what is not done yet of p.
func (r *Restore) swap(p *plan) error {
	parent := r.fsys.PathDir(r.to)
	ready, err := exists(r.fsys, r.made)
	if err != nil {
		return err
	}
	if p.Replaced != "" {
		r.Replaced = r.fsys.PathJoin(parent, p.Replaced)
		moved, err := exists(r.fsys, r.Replaced)
		if err != nil {
			return err
		}
		if ready && !moved {
			if err := r.fsys.Rename(r.to, r.Replaced); err != nil {
				// Nothing has changed yet. A folder on which a file system is mounted cannot be renamed.
				return errors.Join(fmt.Errorf("the store's folder cannot be renamed, and is left as it was: %w", err), r.fsys.Remove(r.decidedAt), r.fsys.RemoveAll(r.made))
			}
			if err := disk.SyncDir(r.fsys, parent); err != nil {
				return err
			}
		}
	}
	if ready {
		if err := r.fsys.Rename(r.made, r.to); err != nil {
			return err
		}
		if err := disk.SyncDir(r.fsys, parent); err != nil {
			return err
		}
	}
	if err := r.fsys.Remove(r.decidedAt); err != nil {
		return err
	}
	return disk.SyncDir(r.fsys, parent)
}

// Resume finishes a restore that was interrupted after it had decided to replace the store, and reports whether there was one. If
// it was one of another backup, the error says so.
func (r *Restore) Resume() (bool, error) {
	text, err := disk.ReadFile(r.fsys, r.decidedAt)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var p plan
	if err := json.Unmarshal(text, &p); err != nil {
		return false, fmt.Errorf("%s: %w", r.decidedAt, err)
	}
	if p.Backup != r.from {
		return false, &sigil.Error{
			Kind: sigil.ErrConflict, Code: "restore_unfinished",
			Detail: fmt.Sprintf("a restore of %s was interrupted: finish it first, with `sigil backup restore %s --data %s`", p.Backup, p.Backup, r.to),
		}
	}
	r.Backup = sigil.Backup{Name: r.fsys.PathBase(r.from), Store: p.Store, CreatedAt: p.At, Position: p.Position}
	return true, r.swap(&p)
}

func exists(fsys vfs.FS, path string) (bool, error) {
	_, err := fsys.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
