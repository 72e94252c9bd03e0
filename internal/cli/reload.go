package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/datadir"
)

func (a *app) reload() *cobra.Command {
	var data string
	within := duration(2 * time.Minute)
	c := &cobra.Command{
		Use:   "reload",
		Short: "Replace the running daemon with the current binary and settings, without dropping requests",
		Long: `Reload makes the daemon of a data folder, on this machine, start the program currently on
disk and hand over to it: socket, connections and store. No request fails; requests that come
while the store changes hands wait. If the new process does not start, the old one continues to
serve, and reload reports why.

The folder identifies the daemon. With --addr or SIGIL_ADDR, reload first checks that the same
daemon answers there, and refuses if another does. A daemon that was started in a terminal runs in
the background after a reload: Ctrl-C no longer reaches it, and reload prints how to stop it.
A daemon that is the first process of a container cannot be reloaded: replace the container.`,
		Example: `  sigil reload
  sigil reload --data /var/lib/sigil --json`,
		Args: nothingMore,
	}
	c.Flags().StringVar(&data, "data", "", "the daemon's data `folder` (SIGIL_DATA; default as for sigil serve)")
	c.Flags().Var(&within, "wait", "stop waiting after this `time`")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		if data == "" {
			data = a.dataFolder()
		}
		if data == "" {
			return usageError("there is no home folder: set the daemon's data folder with --data")
		}
		ctx, cancel := context.WithTimeoutCause(cmd.Context(), time.Duration(within), fmt.Errorf("the hand-over took longer than %s", within.String()))
		defer cancel()
		done, err := a.handOver(ctx, data)
		switch {
		case err != nil:
			return err
		case a.flags.json:
			return a.json(map[string]any{"from": done.From, "to": done.To, "addr": done.Addr, "pauseSeconds": done.Pause, "detached": done.Detached})
		}
		var f fields
		f.add("served by", "process %d, at %s", done.To, escape(done.Addr))
		f.add("replaced", "process %d", done.From)
		f.add("pause", "%s, in which requests waited", took(seconds(done.Pause)))
		if done.Detached {
			f.add("to stop it", "kill %d (it runs in the background)", done.To)
		}
		return f.print(a)
	}
	return c
}

// dataFolder returns the default data folder of sigil serve, or "" if there is none.
func (a *app) dataFolder() string {
	if data := a.env("SIGIL_DATA"); data != "" {
		return data
	}
	return datadir.Default(a.env)
}

// handOver asks the daemon of a data folder to hand over, and waits until the next one serves.
func (a *app) handOver(ctx context.Context, data string) (done datadir.HandOver, err error) {
	old, err := running(data)
	if err != nil {
		return done, err
	}
	if err := a.sameDaemon(ctx, data); err != nil {
		return done, err
	}
	var last datadir.HandOver
	if err := datadir.Read(data, datadir.HandOverFile, &last); err != nil && !errors.Is(err, os.ErrNotExist) {
		return done, err
	}
	if err := askToHandOver(old.PID); err != nil {
		return done, fmt.Errorf("process %d, which serves from %s, cannot be asked: %w", old.PID, data, err)
	}
	err = until(ctx, func() (bool, error) {
		gone := !alive(old.PID) // checked first: it may write its result and then end
		var next datadir.HandOver
		if err := datadir.Read(data, datadir.HandOverFile, &next); err == nil && next != last && next.From == old.PID {
			done = next
			return true, nil
		}
		if gone {
			return false, fmt.Errorf("process %d ended without a successor; see its log", old.PID)
		}
		return false, nil
	})
	switch {
	case err != nil:
		return done, err
	case done.Error != "":
		return done, fmt.Errorf("process %d goes on serving: %s", done.From, done.Error)
	}
	c, err := client.New(done.Addr, nil)
	if err != nil {
		return done, err
	}
	defer c.CloseIdleConnections()
	return done, until(ctx, func() (bool, error) {
		var now datadir.Holder
		return datadir.Read(data, datadir.HolderFile, &now) == nil && now.PID == done.To && c.Ready(ctx) == nil, nil
	})
}

// sameDaemon returns an error if an address was given and a daemon other than the folder's answers there.
func (a *app) sameDaemon(ctx context.Context, data string) error {
	addr, from := a.setting(a.flags.addr, "--addr", "SIGIL_ADDR")
	if addr == "" {
		return nil
	}
	var there, here client.Identity
	err := a.with(func(c *client.Client) (err error) {
		there, err = c.Identity(ctx)
		return err
	})
	if err != nil {
		return about(from, err)
	}
	at := "another address"
	if text, err := os.ReadFile(filepath.Join(data, datadir.AddrFile)); err == nil {
		at = strings.TrimSpace(string(text))
		c, err := client.New(at, nil)
		if err != nil {
			return err
		}
		defer c.CloseIdleConnections()
		if here, err = c.Identity(ctx); err != nil {
			return err
		}
	} else { // a daemon of an older version
		var info struct{ ID sigil.ID }
		if err := datadir.Read(data, datadir.InfoFile, &info); err != nil {
			return err
		}
		here.Store, here.StartedAt = info.ID, there.StartedAt
	}
	if here.Store != there.Store || !here.StartedAt.Equal(there.StartedAt.Time) {
		return fmt.Errorf("%s: the daemon at %s does not serve %s; the daemon that does listens on %s. Name the other folder with --data, or the other address", from, addr, data, at)
	}
	return nil
}

// running returns the process that serves from a data folder.
func running(data string) (h datadir.Holder, err error) {
	err = datadir.Read(data, datadir.HolderFile, &h)
	if errors.Is(err, os.ErrNotExist) {
		return h, fmt.Errorf("no daemon serves from %s; --data or SIGIL_DATA names another folder", data)
	}
	if err != nil {
		return h, err
	}
	if host, err := os.Hostname(); err == nil && host != h.Host {
		return h, fmt.Errorf("the daemon of %s runs on %s: reload it there", data, h.Host)
	}
	if h.PID <= 0 || !holds(h.PID, data) { // the signal could end an unrelated process
		return h, fmt.Errorf("no daemon serves from %s: process %d, which %s names, does not hold the folder (any more)", data, h.PID, filepath.Join(data, datadir.HolderFile))
	}
	return h, nil
}

// holds reports whether a process has the lock file of a data folder open. It returns true if the system does not show
// this.
func holds(pid int, data string) bool {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		return alive(pid)
	}
	lock, err := os.Stat(filepath.Join(data, datadir.LockFile))
	if err != nil {
		return false
	}
	folder := fmt.Sprintf("/proc/%d/fd", pid)
	open, err := os.ReadDir(folder)
	if errors.Is(err, os.ErrPermission) {
		return true // another user's: the system will refuse the signal with an error
	}
	for _, f := range open {
		if file, err := os.Stat(filepath.Join(folder, f.Name())); err == nil && os.SameFile(file, lock) {
			return true
		}
	}
	return false
}

// until polls is until it returns true or an error, or ctx ends.
func until(ctx context.Context, is func() (bool, error)) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if done, err := is(); done || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
