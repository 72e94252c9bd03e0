package pebblestore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/backup"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/disk"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

var _ store.BackedUp = (*Store)(nil)

// backupRest is how many times as long as it works a backup of a store in use rests.
const backupRest = 3

// Backup makes a backup of the store in the folder dir, which must not exist, while the store is used. The backup has
// everything that was acknowledged before the call, recalls included, and of what is changed during the call all up to some
// commit, and nothing after it.
//
// It takes no space for tables if dir is on the store's disk, until the store has replaced them. On another disk, it copies
// those that no other backup of the store in the same parent folder has. Backup reads each file back and opens the copy before
// the folder gets its name: whatever happens before leaves no backup, and the next call removes it. Its files are durable when
// Backup returns.
//
// Commits wait for nothing of it. A Close ends it with [sigil.ErrClosed]. One backup is made at a time, and none while memories are
// erased; another call waits.
func (s *Store) Backup(ctx context.Context, dir string) (made sigil.Backup, err error) {
	if err := s.beginBackup(ctx); err != nil {
		return made, err
	}
	defer s.backups.Done()
	release, err := s.holdFiles(ctx)
	if err != nil {
		return made, err
	}
	defer release()

	at := time.Now().UTC().Truncate(time.Millisecond)
	held := s.folder.Checkpoint()
	if err := s.checkpoint(ctx, held); err != nil {
		return made, errors.Join(err, s.folder.FS.RemoveAll(held))
	}
	made, err = backup.Make(ctx, &backup.Source{
		FS: s.folder.Plain(), Info: s.info, Data: held, Own: true, At: at,
		Pace: backup.Pace{Rest: backupRest, Ended: s.ended},
		Open: func(dir string) (uint64, error) { return probe(s.folder.Plain(), dir) },
	}, dir)
	return made, errors.Join(err, s.folder.FS.RemoveAll(held))
}

// holdFiles waits until no other call holds the store's files as they are, and holds them until release is called. A backup copies the files
// that an erasure rewrites. The caller must not hold the gate: Close, which takes it, ends the wait.
func (s *Store) holdFiles(ctx context.Context) (release func(), err error) {
	select {
	case s.filesHeld <- struct{}{}:
		return func() { <-s.filesHeld }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-s.closing:
		return nil, errClosed()
	case <-s.failed:
		return nil, s.failure()
	}
}

// beginBackup makes Close wait for a backup.
func (s *Store) beginBackup(ctx context.Context) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	s.backups.Add(1)
	return nil
}

// ended returns the reason why a backup must end.
func (s *Store) ended() error {
	select {
	case <-s.closing:
		return errClosed()
	case <-s.failed:
		return s.failure()
	default:
		return nil
	}
}

// checkpoint makes a copy of the database's files in the folder held, on the same disk. Tables are linked.
func (s *Store) checkpoint(ctx context.Context, held string) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.enter(ctx); err != nil {
		return err
	}
	if err := s.folder.FS.RemoveAll(held); err != nil {
		return err
	}
	if err := s.folder.Space.Spare(s.folder.Data); err != nil {
		return err
	}
	if err := s.commits.refresh(ctx); err != nil {
		return err
	}
	return s.apart(func() error { return s.db.Checkpoint(held) })
}

// Backup makes a backup of the store in the folder data, which no process may have open, in the folder dir; see
// [Store.Backup]. It changes nothing in data, not even the store's format.
func Backup(ctx context.Context, data, dir string, o *Options) (_ sigil.Backup, err error) {
	fsys, _ := o.environment()
	folder, info, err := disk.Borrow(fsys, data)
	if err != nil {
		return sigil.Backup{}, err
	}
	defer func() { err = errors.Join(err, folder.Release()) }()
	if err := folder.CheckManifest(); err != nil {
		return sigil.Backup{}, disk.OpeningToRead(data, err)
	}
	return backup.Make(ctx, &backup.Source{
		FS: fsys, Info: info, Data: folder.Data, At: time.Now().UTC().Truncate(time.Millisecond),
		Open: func(dir string) (uint64, error) { return probe(fsys, dir) },
	}, dir)
}

// probe opens the database in a backup's folder for reading, without an index, and returns the newest position of its journal. It
// finds missing tables and logs, but no damage within a table.
func probe(fsys vfs.FS, dir string) (position uint64, err error) {
	s := newStore(1<<20, false)
	if s.folder, s.info, err = disk.Borrow(fsys, dir); err != nil {
		return 0, err
	}
	err = s.apart(func() (err error) {
		if err := s.folder.CheckManifest(); err != nil {
			return err
		}
		options := s.folder.Options(1<<20, &databaseLogger{s: s, log: slog.New(slog.DiscardHandler)})
		options.ReadOnly = true
		if s.db, err = pebble.Open(s.folder.Data, options); err != nil {
			return err
		}
		err = s.scan([]byte{layout.TrimmedFamily}, func(_, value []byte) error {
			trimmed, ok := layout.ReadPosition(value)
			if !ok {
				return record.ErrDamaged
			}
			s.trimmed.Store(trimmed)
			return nil
		})
		if err == nil {
			position, err = s.newestPosition()
		}
		if err == nil {
			err = s.checkLogs()
		}
		return errors.Join(err, s.db.Close())
	})
	return position, errors.Join(disk.OpeningToRead(dir, err), s.folder.Release())
}

// Backups returns the backups in the folder parent, newest first, then those whose manifests cannot be read. It reads only
// manifests. If there is no such folder, there are none.
func Backups(parent string, o *Options) ([]sigil.Backup, error) {
	fsys, _ := o.environment()
	return backup.List(fsys, parent)
}

// PruneBackups removes the oldest backups of the store with an id in the folder parent, and keeps so many of the newest. It
// returns the names of those that it removed.
func PruneBackups(parent string, id sigil.ID, keep int, o *Options) ([]string, error) {
	fsys, _ := o.environment()
	return backup.Prune(fsys, parent, id, keep)
}

// VerifyBackup reads all files of the backup in dir and compares them with its manifest, and opens the database. If full, it also
// checks every record, as [Check] does; that takes as much memory as the store's index. Problems of the result describe
// what is wrong. An error means that this could not be found out, or that the manifest itself is damaged. Nothing is changed.
func VerifyBackup(ctx context.Context, dir string, full bool, o *Options) (sigil.Backup, Checked, error) {
	fsys, _ := o.environment()
	var c Checked
	b, problems, err := backup.Verify(ctx, fsys, dir, backup.Pace{})
	for _, problem := range problems {
		c.Add(store.CheckFiles, "%s", problem)
	}
	if err != nil || c.Wrong > 0 {
		return b, c, err
	}
	c.Position, err = probe(fsys, dir)
	if err == nil && full {
		c, err = Check(dir, o)
	}
	switch {
	case disk.IsDamage(err):
		c.Add(store.CheckFiles, "the database cannot be read: %v", err)
		err = nil
	case err == nil && c.Position != b.Position:
		c.Add(store.CheckFiles, "the newest journal entry is %d, and should be %d", c.Position, b.Position)
	}
	return b, c, err
}

// Restored is the result of [Restore].
type Restored struct {
	sigil.Backup
	// Replaced is the folder in which the store that was there is kept, or "" if there was none.
	Replaced string
	// Finished is true if the call finished an earlier one that was interrupted.
	Finished bool
}

// Restore puts a copy of the backup in dir in the place of the folder data, which no process may have open; if there is no such
// folder, it is made. The folder that was there is kept beside it under another name. Nothing of it is touched before the copy
// was made and verified. If Restore is interrupted, the same call finishes it; until then, the store cannot be opened.
//
// The store has the same id as the one that was copied, and a new epoch. Its journal ends where the copy ends.
func Restore(ctx context.Context, dir, data string, o *Options) (done Restored, err error) {
	fsys, _ := o.environment()
	unlock, err := disk.Hold(fsys, data)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	r := backup.NewRestore(fsys, dir, data, time.Now())
	if done.Finished, err = r.Resume(); done.Finished || err != nil {
		done.Backup, done.Replaced = r.Backup, r.Replaced
		return done, err
	}
	b, c, err := VerifyBackup(ctx, dir, false, o)
	if err == nil && c.Wrong > 0 {
		err = &sigil.Error{
			Kind: sigil.ErrInternal, Code: "backup_damaged", Err: record.ErrDamaged,
			Detail: fmt.Sprintf("the backup %s is damaged, and nothing was restored: %s", dir, strings.Join(c.Sentences(), "; ")),
		}
	}
	if err != nil {
		return done, err
	}
	if err := r.Copy(ctx, &b); err != nil {
		return done, err
	}
	// The copy is whole, and nothing has it open.
	info, err := disk.ReadInfo(fsys, r.Made())
	if err != nil {
		return done, err
	}
	info.Epoch = sigil.NewID(time.Now())
	if err := disk.WriteInfo(fsys, r.Made(), info); err != nil {
		return done, err
	}
	if _, err := probe(fsys, r.Made()); err != nil {
		return done, err
	}
	err = r.Swap()
	return Restored{Backup: b, Replaced: r.Replaced}, err
}
