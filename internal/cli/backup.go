package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil/client"
)

func (a *app) backup() *cobra.Command {
	var to, name, data string
	c := &cobra.Command{
		Use:   "backup",
		Short: "Copy a store while it is used, and restore copies",
		Long: `Backup has the daemon make a backup of its store in its folder of backups (sigil serve --backup-dir), while it serves. With --to it
makes one of the data folder of a daemon that is not running, in another folder.

A backup has everything that was acknowledged before the command began. It is read back before it counts.`,
		Example: "  sigil backup\n  sigil backup --name before-upgrade\n  sigil backup --to /var/backups/sigil --data /var/lib/sigil",
		Args:    nothingMore,
	}
	f := c.Flags()
	f.StringVar(&name, "name", "", "the `name` of the backup; the default is the time")
	f.StringVar(&to, "to", "", "without a daemon: the `folder` of backups, which is made if it does not exist")
	f.StringVar(&data, "data", "", "with --to: the data `folder` (SIGIL_DATA; default as for sigil serve)")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		if to != "" {
			return a.backupTo(cmd, to, name, data)
		}
		if data != "" {
			return usageError("--data is for --to: a running daemon knows its folder")
		}
		a.patiently(cmd)
		return a.with(func(c *client.Client) error {
			b, err := c.Backup(cmd.Context(), name)
			switch {
			case errors.Is(err, client.ErrUnreachable):
				return fmt.Errorf("%w; if no daemon is running, --to names the folder for the backup", err)
			case err != nil:
				return err
			case a.flags.json:
				return a.json(b)
			}
			var f fields
			f.add("backup", "%s", escape(b.Name))
			f.add("position", "%d, of the newest journal entry", b.Position)
			f.add("size", "%s in %d files, read back", size(b.Bytes), len(b.Files))
			return f.print(a)
		})
	}
	c.AddCommand(a.backupList())
	return c
}

// patiently removes the time limit of requests, unless one was set: a backup may take long.
func (a *app) patiently(cmd *cobra.Command) {
	if !cmd.Flags().Changed("timeout") {
		a.flags.timeout = 0
	}
}

// backupTo makes a backup without a daemon.
func (a *app) backupTo(cmd *cobra.Command, to, name, data string) error {
	args := []string{"--to", to}
	if name != "" {
		args = append(args, "--name", name)
	}
	if data != "" {
		args = append(args, "--data", data)
	}
	if a.flags.json {
		args = append(args, "--json")
	}
	if code := a.backupFolder(cmd.Context(), args, a.out, a.stderr); code != 0 {
		return exitError(code)
	}
	return nil
}

func (a *app) backupList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the daemon's backups, newest first",
		Long: `List shows the backups in the daemon's folder, the newest first. POSITION is that of the newest journal entry in it, and
VERIFIED whether it was read back when it was made; "sigil backup verify" reads it again.`,
		Example: "  sigil backup list",
		Args:    nothingMore,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(func(c *client.Client) error {
				list, err := c.Backups(cmd.Context())
				if err != nil {
					return err
				}
				a.none(len(list.Backups), "backups")
				t := &table{a: a, head: []string{"NAME", "AGE", "SIZE", "POSITION", "VERIFIED"}, widths: []int{24, 8, 10, 10}}
				for i := range list.Backups {
					b := &list.Backups[i]
					if a.flags.json {
						err = a.json(b)
					} else {
						err = t.row(a.backupCells(b)...)
					}
					if err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}

func (a *app) backupCells(b *client.Backup) []string {
	if b.Problem != "" {
		return []string{escape(b.Name), "-", "-", "-", escape(b.Problem)}
	}
	verified := "no"
	if b.Verified {
		verified = "yes"
	}
	age := a.now().Sub(b.CreatedAt.Time).Round(time.Second)
	return []string{escape(b.Name), span(age), size(b.Bytes), fmt.Sprint(b.Position), verified}
}
