package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
)

// Archiving has settings with which a cluster archives its log, so that a copy of its files can be recovered to a point in time.
var Archiving = map[string]string{"archive_mode": "on", "archive_command": "mkdir -p ../archive && cp %p ../archive/%f"}

// BaseBackup copies the files of a running cluster with pg_basebackup. The copy is not started; the caller removes it.
func (c *Cluster) BaseBackup() (_ *Cluster, err error) {
	r, err := prepare(c.conf)
	if err != nil {
		return nil, err
	}
	if err := r.run("pg_basebackup", "-h", c.dir, "-U", "sigil", "-D", r.data(), "-c", "fast", "--no-sync"); err != nil {
		r.Remove()
		return nil, err
	}
	return r, nil
}

// Recover starts a copy that BaseBackup made of another cluster, which archived its log, as that was at a time. The other has been
// stopped, by which all of its log is in the archive. Recover returns when the copy takes writes.
func (c *Cluster) Recover(from *Cluster, at time.Time) error {
	c.conf["restore_command"] = "cp " + filepath.Join(from.dir, "archive") + "/%f %p"
	c.conf["recovery_target_time"] = at.UTC().Format("2006-01-02 15:04:05.999999+00")
	c.conf["recovery_target_action"] = "promote"
	signal := filepath.Join(c.data(), "recovery.signal")
	if err := os.WriteFile(signal, nil, 0o600); err != nil {
		return err
	}
	if c.as != nil {
		if err := os.Chown(signal, int(c.as.Uid), int(c.as.Gid)); err != nil {
			return err
		}
	}
	return errors.Join(c.Start(), c.awaitRecovery())
}

// awaitRecovery waits until the recovery has ended.
func (c *Cluster) awaitRecovery() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		recovering, err := c.recovering(ctx)
		if err == nil && !recovering {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("pgtest: the recovery has not ended: %w\n%s", err, c.Log())
		}
	}
}

func (c *Cluster) recovering(ctx context.Context) (is bool, err error) {
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		return false, err
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing is lost
	return is, conn.QueryRow(ctx, "select pg_is_in_recovery()").Scan(&is)
}
