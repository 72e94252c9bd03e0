package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// spanOrNone is a flag for a time over 0, or "none", which is 0.
type spanOrNone time.Duration

func (d *spanOrNone) Set(s string) error {
	*d = 0
	if s == "none" {
		return nil
	}
	var of duration
	if err := of.Set(s); err != nil {
		return err
	}
	if of <= 0 {
		return usageError(`must be over 0, or none`)
	}
	*d = spanOrNone(of)
	return nil
}

func (d *spanOrNone) String() string { return "" }

func (d *spanOrNone) Type() string { return "time" }

func (a *app) change() *cobra.Command {
	var tags []string
	var noTags, pinned bool
	var ttl, life spanOrNone
	c := a.quietFlag(&cobra.Command{
		Use:   "change ID...",
		Short: "Change tags, ttl, life or pin of memories",
		Long: `Change sets what its flags name, all of a memory at once, and leaves the rest as it is. Each --tag is
one of the tags that a memory has then: those that it had are replaced.

A --ttl is a hard end and counts from the encode. A --life is how long the memory lives untouched; it begins
with the change and anew with each recall. "none" removes them: without a life of its own, a memory lives as
long as the policy of its tenant says.

What a memory says is not changed but corrected: "sigil correct" replaces it, and keeps what it said.`,
		Example: `  sigil change 01890a5d-ac96-774b-bcce-b302099a8057 --life 365d
  sigil change 01890a5d-ac96-774b-bcce-b302099a8057 --tag work --tag tea --ttl none
  sigil list --quiet --tag draft | xargs sigil change --no-tags --pinned=false`,
		Args:              atLeastOneID,
		ValidArgsFunction: a.completeIDs(0, client.ListQuery{}),
	})
	f := c.Flags()
	f.StringArrayVar(&tags, "tag", nil, "the `label` that it is to have; repeat it for several")
	f.BoolVar(&noTags, "no-tags", false, "remove all tags")
	f.Var(&ttl, "ttl", "end the memory this `time` after its encode, such as 36h or 7d; none removes the end")
	f.Var(&life, "life", "let it live for this `time` untouched, such as 365d; none: as long as its policy says")
	f.BoolVar(&pinned, "pinned", false, "keep it from fading; --pinned=false lets it fade again")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		all, err := ids(args)
		if err != nil {
			return err
		}
		var change sigil.Change
		switch {
		case f.Changed("tag") && noTags:
			return usageError("give --tag or --no-tags, not both")
		case f.Changed("tag"):
			change.Tags = &tags
		case noTags:
			change.Tags = new([]string{})
		}
		if f.Changed("ttl") {
			change.TTL = (*time.Duration)(&ttl)
		}
		if f.Changed("life") {
			change.Life = (*time.Duration)(&life)
		}
		if f.Changed("pinned") {
			change.Pinned = &pinned
		}
		if change == (sigil.Change{}) {
			return usageError("say what to change: --tag, --no-tags, --ttl, --life or --pinned")
		}
		return a.each(cmd.Context(), all, func(c *client.Client, ctx context.Context, id sigil.ID) (client.Memory, error) {
			v, err := c.Change(ctx, id, change)
			for _, w := range v.Warnings {
				a.complain("warning: " + join(w.Field, w.Detail))
			}
			return v, err
		})
	}
	return c
}
