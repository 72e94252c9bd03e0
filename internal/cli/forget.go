package cli

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// forgotten is what --json prints for a memory that was forgotten.
type forgotten struct {
	Forgotten sigil.ID `json:"forgotten"`
	// RestorableUntil is nil if it cannot be restored.
	RestorableUntil *client.Timestamp `json:"restorableUntil,omitempty"`
}

func (a *app) forget() *cobra.Command {
	var tags []string
	var dry bool
	c := a.quietFlag(&cobra.Command{
		Use:   "forget ID... | --tag TAG",
		Short: "Remove memories",
		Long: `Forget removes memories, by their ids or all that have a tag. On a terminal it asks first, unless
--yes is given. With --tag it refuses, if there is no terminal and no --yes. --dry-run only lists
what it would remove.

"sigil restore" undoes it, for as long as the daemon keeps removed memories: 24 hours, unless it is
set otherwise.`,
		Example: `  sigil forget 01890a5d-ac96-774b-bcce-b302099a8057
  sigil forget --tag draft --dry-run
  sigil list --quiet --pattern 64 | xargs sigil forget --yes`,
		Args: func(c *cobra.Command, args []string) error {
			switch {
			case len(tags) > 0 && len(args) > 0:
				return usageError("give ids or --tag, not both")
			case len(tags) > 0:
				return nil
			case dry:
				return usageError("--dry-run needs --tag")
			}
			return atLeastOneID(c, args)
		},
		ValidArgsFunction: a.completeIDs(0, client.ListQuery{}),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(tags) > 0 {
				return a.with(func(c *client.Client) error { return a.forgetTagged(cmd.Context(), c, tags, dry) })
			}
			all, err := ids(args)
			if err != nil {
				return err
			}
			return a.with(func(c *client.Client) error {
				if err := a.confirmForget(cmd.Context(), c, len(all)); err != nil {
					return err
				}
				failed := failures{a: a}
				if err := a.forgetAll(cmd.Context(), c, all, func(id sigil.ID, err error) { failed.add(about(id.String(), err)) }); err != nil {
					return err
				}
				return failed.exit()
			})
		},
	})
	c.Flags().StringArrayVar(&tags, "tag", nil, "all memories with this `tag`; if it is repeated, with all of them")
	c.Flags().BoolVar(&dry, "dry-run", false, "with --tag: only list the memories")
	return c
}

// confirmForget asks whether to forget n memories. The question says if that cannot be undone.
func (a *app) confirmForget(ctx context.Context, c *client.Client, n int) error {
	if a.flags.yes || !a.asks() {
		return nil
	}
	question := fmt.Sprintf("Forget %s?", count(n, "memory", "memories"))
	if _, err := c.Removed(ctx, client.RemovedQuery{Limit: 1, NoContent: true}); err != nil { // undo is off, or the daemon older
		question = strings.TrimSuffix(question, "?") + " for good?"
	}
	return a.confirm(question, "nothing was forgotten")
}

// forgetTagged forgets the memories that have all of tags when it is called.
func (a *app) forgetTagged(ctx context.Context, c *client.Client, tags []string, dry bool) error {
	q := client.ListQuery{Tags: tags, NoContent: !dry}
	if dry {
		show := a.memories(false)
		n := 0
		for m, err := range c.All(ctx, q) {
			if err == nil {
				err = show(&m)
			}
			if err != nil {
				return err
			}
			n++
		}
		a.say("would forget %s", count(n, "memory", "memories"))
		return nil
	}
	var all []sigil.ID
	for m, err := range c.All(ctx, q) {
		if err != nil {
			return err
		}
		all = append(all, m.ID)
	}
	if len(all) == 0 {
		a.none(0, "memories with that tag")
		return nil
	}
	if !a.flags.yes && !a.asks() {
		return usageError(fmt.Sprintf("this would forget %s: give --yes, or --dry-run to list them", count(len(all), "memory", "memories")))
	}
	if err := a.confirmForget(ctx, c, len(all)); err != nil {
		return err
	}
	// What has faded since then is gone, too.
	return a.forgetAll(ctx, c, all, func(sigil.ID, error) {})
}

// forgetAll forgets memories, and says how many, and how to undo that. It calls missing for those that do not exist.
func (a *app) forgetAll(ctx context.Context, c *client.Client, all []sigil.ID, missing func(sigil.ID, error)) error {
	n := 0
	var undo undone
	for _, id := range all {
		until, err := c.ForgetWithUndo(ctx, id)
		if err != nil && exitCode(err) != exitNotFound {
			a.say("forgot %s before that failed", count(n, "memory", "memories"))
			return about(id.String(), err)
		}
		if err != nil {
			missing(id, err)
			continue
		}
		n++
		undo.add(id, until)
		switch {
		case a.flags.quiet:
			fmt.Fprintln(a.out, id)
		case a.flags.json:
			line := forgotten{Forgotten: id}
			if !until.IsZero() {
				line.RestorableUntil = &client.Timestamp{Time: until}
			}
			if err := a.json(line); err != nil {
				return err
			}
		}
	}
	if !a.flags.quiet {
		a.say("forgot %s", count(n, "memory", "memories"))
		if words := undo.words(a); words != "" {
			a.say("%s", words)
		}
	}
	return nil
}

// undone is how what was forgotten can be restored.
type undone struct {
	ids   []string  // at most one more than are shown
	until time.Time // the first of them; zero if none can be restored
}

// shownIDs is how many ids a line to undo a forget has at most.
const shownIDs = 3

func (u *undone) add(id sigil.ID, until time.Time) {
	if until.IsZero() {
		return
	}
	if u.until.IsZero() {
		u.until = until
	}
	if len(u.ids) <= shownIDs {
		u.ids = append(u.ids, id.String())
	}
}

// words returns how to undo it, and until when, or "".
func (u *undone) words(a *app) string {
	until := client.Timestamp{Time: u.until}.String()
	switch {
	case len(u.ids) == 0:
		return ""
	case len(u.ids) > shownIDs:
		return fmt.Sprintf("until %s, %q undoes that; %q lists them", until, a.command("restore"), a.command("removed"))
	}
	return "until " + until + ", this undoes it: " + a.command("restore", u.ids...)
}

// asks reports whether confirm can ask.
func (a *app) asks() bool { return a.inTerm && a.errTerm }

// confirm asks the person at the terminal. If there is no terminal, the command line counts as the answer. After any
// answer but yes it prints refused.
func (a *app) confirm(question, refused string) error {
	if a.flags.yes || !a.asks() {
		return nil
	}
	fmt.Fprint(a.stderr, question+" [y/N] ")
	answer, err := bufio.NewReader(a.stdin).ReadString('\n')
	if err != nil && answer == "" {
		fmt.Fprintln(a.stderr) // Ctrl-C and Ctrl-D leave the cursor on the line of the question
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	a.complain(refused)
	return exitError(exitFailed)
}
