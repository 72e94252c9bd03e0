package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

func (a *app) explain() *cobra.Command {
	return &cobra.Command{
		Use:   "explain ID",
		Short: "Show why a memory is alive or gone, with the arithmetic",
		Long: `Explain shows why a memory is alive or gone and when it fades, the formula with its figures,
and its entries in the journal. It refreshes nothing. Recalls are not in the journal.`,
		Example:           "  sigil explain 01890a5d-ac96-774b-bcce-b302099a8057",
		Args:              oneIDOnly,
		ValidArgsFunction: a.completeIDs(1, client.ListQuery{}),
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := ids(args)
			if err != nil {
				return err
			}
			return a.with(func(c *client.Client) error {
				x, err := c.Explain(cmd.Context(), all[0])
				switch {
				case err != nil:
					return about(args[0], err)
				case a.flags.json:
					return a.json(x)
				}
				if err := a.explained(&x); err != nil {
					return err
				}
				a.hintRestore(cmd.Context(), c, &x)
				return nil
			})
		},
	}
}

func oneIDOnly(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageError("give the id of one memory; sigil list shows them")
	}
	return nil
}

func (a *app) explained(x *client.Explanation) error {
	var f fields
	state := a.paint(green, "live")
	if !x.Live {
		state = a.paint(red, "gone")
	}
	f.add("id", "%s, %s", a.paint(bold, x.ID.String()), state)
	f.add("why", "%s", escape(x.Reason))
	f.add("policy", "%s", escape(x.Policy))
	f.add("formula", "%s, and fades at %v", escape(x.Formula), x.Threshold)
	f.add("worked", "%s", escape(x.Worked))
	f.add("idle", "%s", span(seconds(x.IdleSeconds)))
	f.add("decay", "%s %s", percent(x.Decay), a.paint(decayColor(x.Decay), bar(x.Decay)))
	if x.LifetimeSeconds != nil {
		f.add("lifetime", "%s untouched", span(seconds(*x.LifetimeSeconds)))
	}
	if x.SecondsLeft != nil {
		f.add("fades in", "%s (%s)", span(seconds(*x.SecondsLeft)), x.FadesAt)
	}
	if err := f.print(a); err != nil || len(x.History) == 0 {
		return err
	}
	fmt.Fprintln(a.out)
	if err := a.eventTable()(x.History); err != nil {
		return err
	}
	if !x.HistoryComplete {
		a.say("the journal does not have all of its history")
	}
	return a.out.Flush()
}

// hintRestore prints how a memory that is gone comes back, and until when, unless that is over or not known.
func (a *app) hintRestore(ctx context.Context, c *client.Client, x *client.Explanation) {
	if x.Live || x.LastEvent == nil {
		return
	}
	if k := x.LastEvent.Kind; k != sigil.Forgotten && k != sigil.Faded && k != sigil.Evicted {
		return
	}
	page, err := c.Removed(ctx, client.RemovedQuery{Limit: 1, NoContent: true})
	if err != nil || len(page.Removed) == 0 {
		return
	}
	newest := &page.Removed[0]
	window := newest.Until.Sub(newest.RemovedAt.Time) // the same for all
	if until := x.LastEvent.Time.Add(window); until.After(a.now()) {
		a.say("until %s, this brings it back: %s", client.Timestamp{Time: until}, a.command("restore", x.ID.String()))
	}
}

func (a *app) forecast() *cobra.Command {
	within := duration(day)
	q := client.ForecastQuery{}
	c := &cobra.Command{
		Use:   "forecast",
		Short: "Show what fades next if nothing is recalled",
		Long: `Forecast counts and lists what fades within a time if nothing is recalled. With --policy it is a
dry run: it shows what would fade if every memory had had that policy since it was last touched.
It also shows what fades if a daemon is started with that policy, which reaches a memory at its
next recall. Nothing is changed.`,
		Example: `  sigil forecast --within 1h
  sigil forecast --within 7d --policy "halflife h=10d"
  sigil forecast --within 30d --tag work`,
		Args: nothingMore,
	}
	c.Flags().Var(&within, "within", "look ahead by this `time`")
	c.Flags().StringVar(&q.Policy, "policy", "", "try this `policy`, in the form that sigil stats shows: \"halflife h=240h\"")
	_ = c.RegisterFlagCompletionFunc("policy", oneOfThese("halflife", "classic", "power", "fsrs")) // fails only if there is no such flag
	tagFlag(c, &q.Tags)
	c.Flags().IntVar(&q.Limit, "limit", 10, "maximum `number` of memories to list")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := positive(q.Limit); err != nil {
			return err
		}
		q.Within, q.Bins = time.Duration(within), timeline
		if q.Within <= 0 {
			return usageError("--within must be over 0")
		}
		return a.with(func(c *client.Client) error {
			f, err := c.Forecast(cmd.Context(), q)
			switch {
			case err != nil:
				return err
			case a.flags.json:
				return a.json(f)
			}
			return a.forecasted(&f, q.Within)
		})
	}
	return c
}

// lifetime formats a lifetime in seconds, nil for one without end.
func lifetime(s *float64) string {
	if s == nil {
		return "forever"
	}
	return span(seconds(*s))
}

// timeline is the number of bars that a forecast is drawn with.
const timeline = 12

func (a *app) forecasted(x *client.Forecast, within time.Duration) error {
	var f fields
	f.add("fading", "%s (%s) in the next %s", count(x.Fading, "memory", "memories"), size(x.Bytes), span(within))
	if x.Policy != nil {
		f.add("under", "%s, a lifetime of %s, if every memory had it since it was last touched", escape(*x.Policy), lifetime(x.LifetimeSeconds))
		f.add("if set now", "%s in the next %s, as without it: a memory takes a policy with its next recall", count(x.FadingByOwnPolicy, "memory", "memories"), span(within))
	}
	var tags []string
	for _, t := range x.Tags[:min(5, len(x.Tags))] {
		tags = append(tags, fmt.Sprintf("%s (%d)", t.Tag, t.Count))
	}
	if tags != nil {
		f.add("tags", "%s", escape(strings.Join(tags, ", ")))
	}
	most := 0
	for _, b := range x.Bins {
		most = max(most, b.Count)
	}
	if err := f.print(a); err != nil || most == 0 {
		return err
	}
	fmt.Fprintln(a.out)
	t := &table{a: a, head: []string{"UNTIL", "FADING", ""}, widths: []int{24, 7}}
	for _, b := range x.Bins {
		bars := (b.Count*40 + most - 1) / most
		if err := t.row(b.Until.String(), strconv.Itoa(b.Count), strings.Repeat("▇", bars)); err != nil {
			return err
		}
	}
	fmt.Fprintln(a.out)
	show := a.memoriesWithoutData()
	for i := range x.Memories {
		if err := show(&x.Memories[i]); err != nil {
			return err
		}
	}
	return a.out.Flush()
}
