package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

func (a *app) recall() *cobra.Command {
	return a.quietFlag(&cobra.Command{
		Use:   "recall ID...",
		Short: "Read memories and refresh them",
		Long:  "Recall reads memories and refreshes them: their decay starts again at 0.",
		Example: `  sigil recall 01890a5d-ac96-774b-bcce-b302099a8057
  sigil recall --json 01890a5d-ac96-774b-bcce-b302099a8057 | jq .data`,
		Args:              atLeastOneID,
		ValidArgsFunction: a.completeIDs(0, client.ListQuery{}),
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := ids(args)
			if err != nil {
				return err
			}
			if len(all) == 1 {
				return a.each(cmd.Context(), all, (*client.Client).Recall)
			}
			return a.with(func(c *client.Client) error { return a.recallMany(cmd.Context(), c, all) })
		},
	})
}

// recallMany makes as few requests as possible, so that memories near their deadlines do not fade while others are
// recalled.
func (a *app) recallMany(ctx context.Context, c *client.Client, all []sigil.ID) error {
	items, err := c.RecallMany(ctx, all)
	if err != nil {
		return err
	}
	failed := failures{a: a}
	shown := 0
	for i, item := range items {
		if item.Memory == nil {
			failed.add(about(all[i].String(), client.ItemError(item)))
			continue
		}
		if err := a.memory(shown, item.Memory); err != nil {
			return err
		}
		shown++
	}
	return failed.exit()
}

func (a *app) peek() *cobra.Command {
	return a.quietFlag(&cobra.Command{
		Use:               "peek ID...",
		Short:             "Read memories without refreshing them",
		Example:           "  sigil peek 01890a5d-ac96-774b-bcce-b302099a8057",
		Args:              atLeastOneID,
		ValidArgsFunction: a.completeIDs(0, client.ListQuery{}),
		RunE:              a.eachArg((*client.Client).Peek),
	})
}

func (a *app) pin() *cobra.Command {
	return a.quietFlag(&cobra.Command{
		Use:               "pin ID...",
		Short:             "Keep memories from fading",
		Long:              "Pin keeps memories from fading until they are unpinned. Forget and a ttl still end them.",
		Example:           "  sigil pin 01890a5d-ac96-774b-bcce-b302099a8057",
		Args:              atLeastOneID,
		ValidArgsFunction: a.completeIDs(0, client.ListQuery{Pinned: new(false)}),
		RunE:              a.eachArg((*client.Client).Pin),
	})
}

func (a *app) unpin() *cobra.Command {
	return a.quietFlag(&cobra.Command{
		Use:               "unpin ID...",
		Short:             "Let pinned memories fade again",
		Long:              "Unpin lets pinned memories fade again, unless they are crystallized. Their idleness starts now.",
		Example:           "  sigil unpin 01890a5d-ac96-774b-bcce-b302099a8057",
		Args:              atLeastOneID,
		ValidArgsFunction: a.completeIDs(0, client.ListQuery{Pinned: new(true)}),
		RunE:              a.eachArg((*client.Client).Unpin),
	})
}

type memoryVerb func(*client.Client, context.Context, sigil.ID) (client.Memory, error)

func (a *app) eachArg(do memoryVerb) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		all, err := ids(args)
		if err != nil {
			return err
		}
		return a.each(cmd.Context(), all, do)
	}
}

// each calls do for each of all and shows the results. A memory that is gone does not stop it; a daemon that is gone
// does.
func (a *app) each(ctx context.Context, all []sigil.ID, do memoryVerb) error {
	return a.with(func(c *client.Client) error {
		failed := failures{a: a}
		shown := 0
		for _, id := range all {
			v, err := do(c, ctx, id)
			if err != nil {
				switch exitCode(err) {
				case exitNotFound:
				case exitRefused:
					return about(id.String(), err)
				default:
					return err
				}
				failed.add(about(id.String(), err))
				continue
			}
			if err := a.memory(shown, &v); err != nil {
				return err
			}
			shown++
		}
		return failed.exit()
	})
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
