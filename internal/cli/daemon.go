package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

func (a *app) stats() *cobra.Command {
	return a.report("stats", "Count the memories", func(ctx context.Context, c *client.Client) (any, *fields, error) {
		s, err := c.Stats(ctx)
		if err != nil {
			return nil, nil, err
		}
		var f fields
		f.add("tenant", "%s", escape(s.Tenant))
		f.add("memories", "%d (%d pinned, %d crystallized)", s.Memories, s.Pinned, s.Crystallized)
		f.add("data", "%s", size(s.Bytes))
		f.add("patterns", "%d", s.Patterns)
		f.add("crystals", "%d", s.Crystals)
		f.add("average decay", "%s %s", percent(s.AverageDecay), a.paint(decayColor(s.AverageDecay), bar(s.AverageDecay)))
		if s.NextFade == nil {
			f.add("next fades in", "never")
		} else {
			f.add("next fades in", "%s (%s)", left(s.NextFade, a.now()), s.NextFade)
		}
		f.add("policy", "%s", escape(s.Policy))
		f.add("lifetime", "%s untouched", lifetime(s.LifetimeSeconds))
		f.add("uptime", "%s", span(seconds(s.UptimeSeconds)))
		f.add("journal", "at position %d", s.Position)
		return s, &f, nil
	})
}

func (a *app) identity() *cobra.Command {
	return a.report("identity", "Show the sigil of the daemon itself", func(ctx context.Context, c *client.Client) (any, *fields, error) {
		id, err := c.Identity(ctx)
		if err != nil {
			return nil, nil, err
		}
		var f fields
		f.add("store", "%s (%s)", id.Store, escape(id.Driver))
		f.add("epoch", "%s", id.Epoch)
		f.add("tenant", "%s", escape(id.Tenant))
		f.add("hash", "%s", escape(id.Hash))
		f.add("frequency", "%.4f, in pattern %d", id.Frequency, id.Pattern)
		f.add("created", "%s", id.CreatedAt)
		f.add("started", "%s (%s ago)", id.StartedAt, span(seconds(id.UptimeSeconds)))
		f.add("memories", "%d", id.Memories)
		f.add("crystals", "%d", id.Crystals)
		return id, &f, nil
	})
}

// report returns a command without arguments that shows one thing.
func (a *app) report(use, short string, get func(context.Context, *client.Client) (any, *fields, error)) *cobra.Command {
	return &cobra.Command{
		Use:     use,
		Short:   short,
		Example: fmt.Sprintf("  sigil %s\n  sigil %s --json", use, use),
		Args:    nothingMore,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(func(c *client.Client) error {
				thing, f, err := get(cmd.Context(), c)
				switch {
				case err != nil:
					return err
				case a.flags.json:
					return a.json(thing)
				}
				return f.print(a)
			})
		},
	}
}

func (a *app) sweep() *cobra.Command {
	jobs := []string{string(sigil.DecayJob), string(sigil.CrystallizeJob)}
	return &cobra.Command{
		Use:   "sweep decay|crystallize",
		Short: "Run a sweep now",
		Long: `Sweep runs a sweep that the daemon also runs by itself every few seconds: decay releases
memories that have faded, crystallize gives strong patterns a crystal.`,
		Example:   "  sigil sweep decay\n  sigil sweep crystallize",
		ValidArgs: jobs,
		Args:      oneOf("job", jobs),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.with(func(c *client.Client) error {
				s, err := c.Sweep(cmd.Context(), sigil.Job(args[0]))
				switch {
				case err != nil:
					return err
				case a.flags.json:
					return a.json(s)
				}
				_, err = fmt.Fprintf(a.out, "%s in %s\n", escape(did(&s)), took(seconds(s.DurationSeconds)))
				return err
			})
		},
	}
}

func did(s *client.Sweep) string {
	if s.Job == sigil.CrystallizeJob {
		return fmt.Sprintf("looked at %s: %d crystallized, %d updated", count(s.Patterns, "pattern", "patterns"), s.Created, s.Updated)
	}
	var reasons []string
	for _, reason := range slices.Sorted(maps.Keys(s.Released)) {
		reasons = append(reasons, fmt.Sprintf("%d by %s", s.Released[reason], reason))
	}
	text := "released " + count(s.Total(), "memory", "memories")
	if len(reasons) > 0 {
		text += " (" + strings.Join(reasons, ", ") + ")"
	}
	return text
}

// size formats a number of bytes for people.
func size(n int64) string {
	const k = 1024
	if n < k {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/k, 0
	for value >= k && unit < 4 {
		value, unit = value/k, unit+1
	}
	return fmt.Sprintf("%.1f %ciB", value, "KMGTP"[unit])
}
