package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/pflag"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

const backupHelp = `Make a backup of a data folder on which no daemon is running. Nothing in it is changed. The backup is a folder of its own within
the one of --to; it is read back before it gets its name.

Usage:
  sigil backup --to DIR [flags]

Examples:
  sigil backup --to /var/backups/sigil
  sigil backup --to /var/backups/sigil --name before-upgrade --data /var/lib/sigil

Exit codes: 0 if it was made, 1 if the command failed, 2 for wrong usage.

Flags:
`

const backupVerifyHelp = `Compare every file of a backup with the checksums of its manifest, and open its database. With --verify full, check every record as
well, as sigil check does. Nothing is changed. Problems are printed on standard error, one per line.

Usage:
  sigil backup verify DIR [flags]

Examples:
  sigil backup verify /var/backups/sigil/20261130T041500.000Z
  sigil backup verify --verify full /var/backups/sigil/20261130T041500.000Z

Exit codes: 0 if all is well, 1 if something is damaged or the command failed, 2 for wrong usage.

Flags:
`

const backupRestoreHelp = `Put a copy of a backup in the place of a data folder on which no daemon is running. The backup and the copy are verified first. The folder
that was there is kept beside it, as NAME.replaced-TIME. If the command is interrupted, run it again: it finishes what it began, and until
then no daemon starts on the folder.

A folder on which a file system is mounted cannot be replaced: restore to a folder within it.

Usage:
  sigil backup restore DIR [flags]

Examples:
  sigil backup restore /var/backups/sigil/20261130T041500.000Z
  sigil backup restore /var/backups/sigil/20261130T041500.000Z --data /var/lib/sigil

Exit codes: 0 if it was restored, 1 if the command failed, 2 for wrong usage.

Flags:
`

// backupFlags are the arguments of the commands on backups.
type backupFlags struct {
	wanted   bool   // a folder is an argument
	dir      string // that folder
	to, name string
	verify   string
}

func (b *backupFlags) add(f *pflag.FlagSet, command string) {
	switch command {
	case "backup":
		f.StringVar(&b.to, "to", "", "the `folder` of backups, which is made if it does not exist")
		f.StringVar(&b.name, "name", "", "the `name` of the backup; the default is the time")
	case "backup verify":
		f.StringVar(&b.verify, "verify", "sums", "what is verified: `sums|full`")
	}
}

// Backup is `sigil backup --to`. It makes a backup of a data folder, and returns the process's exit code.
func Backup(ctx context.Context, args []string, stdout, stderr io.Writer, environ []string) int {
	o := &offline{name: "backup", stdout: stdout, stderr: stderr}
	return o.run(args, environ, backupHelp, func() error { return o.makeBackup(ctx) })
}

// BackupVerify is `sigil backup verify`. It reads all of a backup, and returns the process's exit code.
func BackupVerify(ctx context.Context, args []string, stdout, stderr io.Writer, environ []string) int {
	o := &offline{name: "backup verify", stdout: stdout, stderr: stderr, backup: backupFlags{wanted: true}}
	return o.run(args, environ, backupVerifyHelp, func() error { return o.verifyBackup(ctx) })
}

// BackupRestore is `sigil backup restore`. It replaces a data folder, and returns the process's exit code.
func BackupRestore(ctx context.Context, args []string, stdout, stderr io.Writer, environ []string) int {
	o := &offline{name: "backup restore", stdout: stdout, stderr: stderr, backup: backupFlags{wanted: true}}
	return o.run(args, environ, backupRestoreHelp, func() error { return o.restoreBackup(ctx) })
}

// BackupFlags returns the flags of [Backup], for showing them.
func BackupFlags() *pflag.FlagSet { return (&offline{name: "backup"}).flags("") }

// BackupVerifyFlags returns the flags of [BackupVerify].
func BackupVerifyFlags() *pflag.FlagSet { return (&offline{name: "backup verify"}).flags("") }

// BackupRestoreFlags returns the flags of [BackupRestore].
func BackupRestoreFlags() *pflag.FlagSet { return (&offline{name: "backup restore"}).flags("") }

// backupNow returns the name of a backup that is made at a time.
func backupNow(now time.Time) string { return now.UTC().Format("20060102T150405.000Z") }

// saidBackup is the object that the commands print with --json.
type saidBackup struct {
	Path      string    `json:"path"`
	Store     sigil.ID  `json:"store"`
	CreatedAt time.Time `json:"createdAt"`
	Position  uint64    `json:"position"`
	Bytes     int64     `json:"bytes"`
	Files     int       `json:"files"`
	Problems  *int      `json:"problems,omitempty"` // of verify
	Memories  *int      `json:"memories,omitempty"` // of verify --verify full
}

func (o *offline) printBackup(v saidBackup, b *sigil.Backup, format string, args ...any) error {
	v.Store, v.CreatedAt, v.Position, v.Bytes, v.Files = b.Store, b.CreatedAt, b.Position, b.Bytes(), len(b.Files)
	if o.json {
		return json.NewEncoder(o.stdout).Encode(v)
	}
	_, err := fmt.Fprintf(o.stdout, format+"\n", args...)
	return err
}

func (o *offline) makeBackup(ctx context.Context) error {
	if o.backup.to == "" {
		return sigil.NewInvalid("no_folder", "--to", "names the folder of backups")
	}
	name := o.backup.name
	if name == "" {
		name = backupNow(time.Now())
	}
	if err := sigil.CheckBackupName(name); err != nil {
		return err
	}
	data, to, err := absolute(o.data, filepath.Join(o.backup.to, name))
	if err != nil {
		return err
	}
	b, err := pebblestore.Backup(ctx, data, to, o.options())
	if err != nil {
		return err
	}
	return o.printBackup(saidBackup{Path: to}, &b, "%s has the store up to journal position %d: %d files, %d bytes, read back", to, b.Position, len(b.Files), b.Bytes())
}

func (o *offline) verifyBackup(ctx context.Context) error {
	if o.backup.verify != "sums" && o.backup.verify != "full" {
		return sigil.NewInvalid("invalid_verify", "--verify", "can be sums or full")
	}
	full := o.backup.verify == "full"
	dir := filepath.Clean(o.backup.dir)
	b, c, err := pebblestore.VerifyBackup(ctx, dir, full, o.options())
	err = o.nameBackup(dir, err)
	wrong := o.tell(c.Sentences(), c.Wrong)
	if err != nil {
		return err
	}
	v := saidBackup{Path: o.backup.dir, Problems: &wrong}
	if full {
		v.Memories = &c.Memories
	}
	if err := o.printBackup(v, &b, "%d files, %d bytes, made at %s, journal position %d: %d problems", len(b.Files), b.Bytes(), b.CreatedAt.Format(time.RFC3339), b.Position, wrong); err != nil {
		return err
	}
	if wrong > 0 {
		return errSaid
	}
	return nil
}

// restored is the object that a restore with --json prints.
type restored struct {
	Data      string    `json:"data"`
	Backup    string    `json:"backup"`
	Replaced  string    `json:"replaced,omitempty"`
	CreatedAt time.Time `json:"createdAt"`
	Position  uint64    `json:"position"`
	Finished  bool      `json:"finished"`
}

// nameBackup adds to an error that dir is no backup the newest of those in it, if it has some.
func (o *offline) nameBackup(dir string, err error) error {
	if sigil.CodeOf(err) != "no_backup" {
		return err
	}
	all, listed := pebblestore.Backups(dir, o.options())
	if listed != nil || len(all) == 0 {
		return err
	}
	return fmt.Errorf("%w; it has backups: name one of them, such as %s", err, filepath.Join(dir, all[0].Name))
}

func (o *offline) restoreBackup(ctx context.Context) error {
	data, dir, err := absolute(o.data, o.backup.dir)
	if err != nil {
		return err
	}
	r, err := pebblestore.Restore(ctx, dir, data, o.options())
	err = o.nameBackup(dir, err)
	if err != nil {
		return err
	}
	if o.json {
		return json.NewEncoder(o.stdout).Encode(restored{data, dir, r.Replaced, r.CreatedAt, r.Position, r.Finished})
	}
	what := ""
	if r.Finished {
		what = "; this finished a restore that was interrupted"
	}
	if r.Replaced != "" {
		what = fmt.Sprintf("; what was there is in %s", r.Replaced) + what
	}
	_, err = fmt.Fprintf(o.stdout, "%s is the store of %s, up to journal position %d%s\n", data, r.CreatedAt.Format(time.RFC3339), r.Position, what)
	return err
}

func absolute(data, dir string) (string, string, error) {
	data, err := filepath.Abs(data)
	if err != nil {
		return "", "", err
	}
	dir, err = filepath.Abs(dir)
	return data, dir, err
}
