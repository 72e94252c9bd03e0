package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/internal/metrics"
	"github.com/sigil-dna/sigil/scheduler"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// backups makes backups of the daemon's store in one folder, on a schedule and when asked, and removes old ones.
type backups struct {
	store   store.BackedUp
	id      sigil.ID
	dir     string // absolute
	keep    int    // 0 keeps all
	log     *slog.Logger
	metrics *metrics.Metrics

	// mu guards the fields below.
	mu sync.Mutex
	// +checklocks:mu
	leaving chan struct{} // closed when the daemon stops or hands over: the backups that requests have asked for end
	// +checklocks:mu
	left bool // leaving is closed
}

var _ httpapi.Backups = (*backups)(nil)

// newBackups returns what makes backups of s, or nil if there is no folder for them.
func (d *Daemon) newBackups(s store.Store, m *metrics.Metrics) (*backups, error) {
	able, ok := s.(store.BackedUp)
	if d.config.BackupDir == "" || !ok {
		return nil, nil //nolint:nilnil // there are none
	}
	dir, err := filepath.Abs(d.config.BackupDir)
	if err != nil {
		return nil, err
	}
	b := &backups{store: able, id: s.Info().ID, dir: dir, keep: d.config.BackupKeep, log: d.log, metrics: m, leaving: make(chan struct{})}
	all, err := pebblestore.Backups(dir, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	for i := range all {
		if all[i].Store == b.id && all[i].Problem == "" {
			m.LastBackup(all[i].CreatedAt)
			break
		}
	}
	return b, nil
}

// schedule adds the job that makes backups.
func (b *backups) schedule(jobs *scheduler.Scheduler, spec string) error {
	if b == nil || never(spec) {
		return nil
	}
	b.metrics.Missed("backup", func() uint64 { return missed(jobs, "backup") })
	return jobs.AddStepwise("backup", spec, func(ctx context.Context) error {
		_, err := b.make(ctx, "")
		return err
	})
}

// end ends the backups that requests have asked for, and refuses more, since the store will be closed.
func (b *backups) end() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.left {
		b.left = true
		close(b.leaving)
	}
}

// stay reverts end, if the daemon goes on after all.
func (b *backups) stay() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left {
		b.left, b.leaving = false, make(chan struct{})
	}
}

// ends returns a channel that is closed by end.
func (b *backups) ends() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.leaving
}

// Make makes a backup that a request has asked for.
func (b *backups) Make(ctx context.Context, name string) (sigil.Backup, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ends, done := b.ends(), make(chan struct{})
	defer close(done)
	// This goroutine ends with the call.
	go func() {
		select {
		case <-ends:
			cancel()
		case <-done:
		}
	}()
	made, err := b.make(ctx, name)
	if errors.Is(err, context.Canceled) {
		select {
		case <-ends:
			err = &sigil.Error{Kind: sigil.ErrUnavailable, Code: "stopping", Detail: "the service is stopping; the backup was not made"}
		default: // the client has left
		}
	}
	return made, err
}

func (b *backups) make(ctx context.Context, name string) (sigil.Backup, error) {
	begun := time.Now()
	if name == "" {
		name = backupNow(begun)
	}
	made, err := b.store.Backup(ctx, filepath.Join(b.dir, name))
	if err != nil {
		if !errors.Is(err, context.Canceled) && sigil.CodeOf(err) != "backup_exists" {
			b.metrics.BackupFailed()
			b.log.Error("no backup was made", "dir", b.dir, "err", err)
		}
		return made, err
	}
	took := time.Since(begun)
	b.metrics.BackedUp(made.CreatedAt, took)
	b.log.Info("backup made", "dir", filepath.Join(b.dir, name), "position", made.Position, "bytes", made.Bytes(), "took", took)
	if b.keep > 0 {
		removed, err := pebblestore.PruneBackups(b.dir, b.id, b.keep, nil)
		if err != nil { // the backup was made all the same
			b.log.Error("old backups could not be removed", "dir", b.dir, "err", err)
		}
		for _, old := range removed {
			b.log.Info("old backup removed", "dir", filepath.Join(b.dir, old))
		}
	}
	return made, nil
}

// List returns the backups in the folder, of other stores, too.
func (b *backups) List(context.Context) ([]sigil.Backup, error) {
	return pebblestore.Backups(b.dir, nil)
}

// copies returns what may have a copy of the store's memories, as receipts of erasures name it: backups, newest first, and folders that
// a restore has replaced or left.
func (d *Daemon) copies() (all []string, err error) {
	if d.config.postgres() {
		return nil, nil // the store itself says what its database may have
	}
	if b := d.backups; b != nil {
		made, err := b.List(context.Background())
		if err != nil {
			return nil, err
		}
		for i := range made {
			if made[i].Store == b.id || made[i].Problem != "" { // then whose it is is not known
				all = append(all, "the backup "+made[i].Name)
			}
		}
	}
	data, err := filepath.Abs(d.config.Data)
	if err != nil {
		return all, err
	}
	beside, err := os.ReadDir(filepath.Dir(data))
	for _, entry := range beside {
		rest, ok := strings.CutPrefix(entry.Name(), filepath.Base(data))
		if ok && entry.IsDir() && (strings.HasPrefix(rest, ".replaced-") || rest == ".restoring") {
			all = append(all, "the folder "+entry.Name()+", of a restore,")
		}
	}
	return all, err
}

// elsewhere refuses backups, since those of a database are made by other means.
type elsewhere struct{}

func (elsewhere) Make(context.Context, string) (sigil.Backup, error) {
	return sigil.Backup{}, errElsewhere()
}

func (elsewhere) List(context.Context) ([]sigil.Backup, error) { return nil, errElsewhere() }

func errElsewhere() error {
	return &sigil.Error{
		Kind: sigil.ErrConflict, Code: "use_pg_basebackup",
		Detail: "memories are kept in PostgreSQL: back the database up, with pg_basebackup and its archive of the log",
	}
}

// checkBackups calls say for every invalid setting of backups.
func (c *Config) checkBackups(say func(setting, why string)) {
	if c.BackupKeep < 0 {
		say("backup-keep", "must be at least 0")
	}
	if !never(c.BackupEvery) {
		if err := scheduler.Validate(c.BackupEvery); err != nil {
			say("backup-every", err.Error())
		}
		if c.BackupDir == "" {
			say("backup-every", "needs --backup-dir, the folder for the backups")
		}
	}
	if c.BackupDir == "" {
		return
	}
	if c.postgres() {
		say("backup-dir", "is for the embedded store: back the database up by its own means (pg_basebackup)")
		return
	}
	data, err1 := filepath.Abs(c.Data)
	dir, err2 := filepath.Abs(c.BackupDir)
	if in, err := filepath.Rel(data, dir); errors.Join(err1, err2, err) == nil && (in == "." || filepath.IsLocal(in)) {
		say("backup-dir", "must not be within the data folder, which a restore replaces")
	}
}
