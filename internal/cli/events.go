package cli

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

func (a *app) events() *cobra.Command {
	var after string
	var limit, last int
	var follow, reverse bool
	c := &cobra.Command{
		Use:   "events",
		Short: "Read the journal: what happened to memories, and why",
		Long: `Events shows the journal, oldest first: one entry for every change, with the decay that
decided it. A reader that continues with --after gets every entry exactly once. --after takes a
position or, better, a token, which --json prints with each entry: with it, the command also
notices a store that was restored from an older copy and has written other entries since.

With --last it shows the newest entries, and with --reverse the newest first.

With --follow it shows new entries as they come, from now on, after --after, or after those of
--last, until it is interrupted. It replaces a broken connection, and misses nothing.

If the store was restored from an older copy, it ends with position_ahead: what was read since that
copy may not be in the store. Load the memories again, and continue after the position in the
error, or read all again with --after 0.`,
		Example: `  sigil events --last 20
  sigil events --reverse
  sigil events --after 1234-0f3c5a7e9b1d2468 --json
  sigil events --follow`,
		Args: nothingMore,
	}
	c.Flags().StringVar(&after, "after", "", "only entries after this `position`, or after the entry with this token")
	c.Flags().IntVar(&limit, "limit", defaultPage, "maximum `number` of entries")
	c.Flags().IntVar(&last, "last", 0, "only the newest entries, this `many`")
	c.Flags().BoolVar(&reverse, "reverse", false, "show the newest first")
	c.Flags().BoolVar(&follow, "follow", false, "print new entries as they come")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		f := cmd.Flags()
		if err := positive(limit); err != nil {
			return err
		}
		from, err := startOf(f.Changed("after"), after)
		if err != nil {
			return err
		}
		switch {
		case f.Changed("last") && last < 1:
			return usageError("--last must be at least 1")
		case f.Changed("last") && (f.Changed("after") || f.Changed("limit")):
			return usageError("--last cannot be combined with --after or --limit")
		case reverse && (follow || f.Changed("after")):
			return usageError("--reverse cannot be combined with --follow or --after")
		}
		if reverse && last == 0 {
			last = limit
		}
		if !follow {
			return a.with(func(c *client.Client) error {
				if last > 0 {
					_, err := a.lastEvents(cmd.Context(), c, last, reverse)
					return err
				}
				return a.eventPage(cmd.Context(), c, from, limit)
			})
		}
		o := &client.FollowOptions{OnDisconnect: func(err error, wait time.Duration) {
			a.say("%v; trying again in %s", err, sigil.FormatDuration(wait.Round(100*time.Millisecond)))
		}}
		o.Token = from
		most := 0 // no limit
		if cmd.Flags().Changed("limit") {
			most = limit
		}
		return a.with(func(c *client.Client) error {
			if last > 0 {
				next, err := a.lastEvents(cmd.Context(), c, last, false)
				if err != nil {
					return err
				}
				if err := a.out.Flush(); err != nil {
					return err
				}
				o.Token = next
			}
			return a.followEvents(cmd.Context(), c, o, most)
		})
	}
	return c
}

// startOf returns the token that a reader starts after, or "" if none was given.
func startOf(given bool, after string) (string, error) {
	if !given {
		return "", nil
	}
	t, err := sigil.ParseToken("--after", after)
	if err != nil {
		return "", usageError("--after must be a position, which is a whole number from 0, or the token of an entry, such as 42-0f3c5a7e9b1d2468")
	}
	return t.String(), nil
}

func (a *app) eventPage(ctx context.Context, c *client.Client, after string, limit int) error {
	page, err := c.EventsAfter(ctx, after, limit)
	if err != nil {
		return err
	}
	if after == "" || after == "0" {
		a.none(len(page.Events), "entries")
	} else {
		a.none(len(page.Events), "entries after position "+after)
	}
	if err := a.eventTable()(page.Events); err != nil {
		return err
	}
	if len(page.Events) >= limit {
		a.say("there may be more: --after %s", nextOf(&page))
	}
	return nil
}

// nextOf returns the token to continue after. Daemons of earlier versions send the position only.
func nextOf(page *client.EventPage) string {
	if page.Token != "" {
		return page.Token
	}
	return strconv.FormatUint(page.Next, 10)
}

// lastEvents prints the n newest entries and returns the token to continue after.
func (a *app) lastEvents(ctx context.Context, c *client.Client, n int, reverse bool) (next string, err error) {
	page, err := c.LatestEvents(ctx, n)
	if err != nil {
		return "", err
	}
	if reverse {
		slices.Reverse(page.Events)
	}
	a.none(len(page.Events), "entries")
	return nextOf(&page), a.eventTable()(page.Events)
}

// followEvents prints entries as they come, at most that many; 0 means no limit.
func (a *app) followEvents(ctx context.Context, c *client.Client, o *client.FollowOptions, most int) error {
	show, n := a.eventTable(), 0
	for e, err := range c.Follow(ctx, o) {
		if err == nil {
			err = show([]client.Event{e})
		}
		if err == nil {
			err = a.out.Flush()
		}
		if err != nil {
			return err
		}
		if n++; n == most {
			return nil
		}
	}
	return nil
}

// eventTable returns a function that prints journal entries, one a line.
func (a *app) eventTable() func([]client.Event) error {
	t := &table{a: a, head: []string{"POSITION", "TIME", "EVENT", "REASON", "DECAY", "ABOUT"}, widths: []int{8, 24, 12, 9, 5}}
	return func(events []client.Event) error {
		for i := range events {
			if err := a.showEvent(t, &events[i]); err != nil {
				return err
			}
		}
		return nil
	}
}

func (a *app) showEvent(t *table, e *client.Event) error {
	if a.flags.json {
		return a.json(e)
	}
	what, decay := "", ""
	if e.Arithmetic != nil {
		decay = percent(e.Arithmetic.Decay)
	}
	if e.ID != nil {
		what = e.ID.String()
	} else if e.Crystal != nil {
		what = e.Crystal.ID
	} else if e.Policies != nil {
		what = "the daemon's policy"
		if e.Policies.To != nil {
			what = escape(*e.Policies.To)
		}
	}
	if e.Changed != nil {
		what += ": " + escape(strings.Join(e.Changed, ", "))
	}
	if e.Kind == sigil.Fading && e.Arithmetic != nil && e.Arithmetic.FadesAt != nil {
		what += " will fade at " + e.Arithmetic.FadesAt.String()
	}
	return t.row(strconv.FormatUint(e.Position, 10), e.Time.String(), string(e.Kind), e.Reason, decay, what)
}
