package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

func (a *app) restore() *cobra.Command {
	var from, to uint64
	c := a.quietFlag(&cobra.Command{
		Use:   "restore ID... | --from POSITION --to POSITION",
		Short: "Bring back removed memories",
		Long: `Restore brings back memories that faded, were evicted or were forgotten, with their tags, crystals
and recalls; their idleness starts anew. "sigil removed" lists those that can be restored.

With --from and --to it restores all that a part of the journal removed: the entries after the
position --from, and up to --to. "sigil events" shows positions.`,
		Example: `  sigil restore 01890a5d-ac96-774b-bcce-b302099a8057
  sigil restore --from 1234 --to 1300
  sigil removed --quiet --limit 3 | xargs sigil restore`,
		ValidArgsFunction: a.completeRemoved(),
	})
	f := c.Flags()
	f.Uint64Var(&from, "from", 0, "what the entries after this `position` of the journal removed")
	f.Uint64Var(&to, "to", 0, "the `position` of the last of these entries")
	c.Args = func(c *cobra.Command, args []string) error {
		switch span := f.Changed("from"); {
		case span != f.Changed("to"):
			return usageError("--from and --to go together")
		case span && len(args) > 0:
			return usageError("give ids, or --from and --to, not both")
		case span && from > to:
			return usageError("--from must not be over --to")
		case !span && len(args) == 0:
			return usageError("give the id of a memory; sigil removed shows those that can be restored")
		}
		return nil
	}
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if f.Changed("from") {
			return a.with(func(c *client.Client) error {
				items, err := c.RestoreSpan(cmd.Context(), from, to)
				if len(items) == 0 && err == nil {
					a.none(0, "memories were removed there")
					return nil
				}
				return a.restored(items, err)
			})
		}
		all, err := ids(args)
		if err != nil {
			return err
		}
		if len(all) == 1 {
			return a.each(cmd.Context(), all, (*client.Client).Restore)
		}
		return a.with(func(c *client.Client) error { return a.restored(restoreMany(cmd.Context(), c, all)) })
	}
	return c
}

// restoreMany restores memories in requests that every daemon takes. On an error it returns the results so far.
func restoreMany(ctx context.Context, c *client.Client, all []sigil.ID) (items []client.RestoredItem, err error) {
	for len(items) < len(all) {
		some, err := c.RestoreMany(ctx, all[len(items):min(len(items)+batchLines, len(all))])
		if err != nil {
			return items, err
		}
		items = append(items, some...)
	}
	return items, nil
}

// restored shows what was restored, and then the error that ended it, if any.
func (a *app) restored(items []client.RestoredItem, err error) error {
	failed := failures{a: a}
	n := 0
	for i := range items {
		item := &items[i]
		if item.Memory == nil {
			id := ""
			if item.ID != nil {
				id = item.ID.String()
			}
			failed.add(about(id, client.RestoreError(*item)))
			continue
		}
		n++
		if a.flags.quiet || a.flags.json {
			if err := a.memory(0, item.Memory); err != nil {
				return err
			}
		}
	}
	if !a.flags.quiet {
		a.say("restored %s", count(n, "memory", "memories"))
	}
	if err != nil {
		return err
	}
	return failed.exit()
}

func (a *app) removed() *cobra.Command {
	var p paging
	c := a.quietFlag(&cobra.Command{
		Use:   "removed",
		Short: "List the removed memories that can be restored",
		Long: `Removed shows the memories that faded, were evicted or were forgotten, and can be restored: the one
removed last first.

REMOVED is how long ago that was, WHY how, and LEFT the time in which "sigil restore" brings it
back. A tenant that has too many of them loses those that were removed first earlier.`,
		Example: `  sigil removed
  sigil removed --all --json | jq -c 'select(.kind == "faded") | .memory.data'
  sigil removed --quiet --limit 3 | xargs sigil restore`,
		Args: nothingMore,
	})
	p.flags(c, "removed memories")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := p.check(cmd); err != nil {
			return err
		}
		return a.with(func(c *client.Client) error {
			return pages(a, p, func(cursor string, limit int) ([]client.Removed, *string, error) {
				page, err := c.Removed(cmd.Context(), client.RemovedQuery{Cursor: cursor, Limit: limit, NoContent: a.flags.quiet})
				return page.Removed, page.Next, err
			}, a.removedRows())
		})
	}
	return c
}

func (a *app) removedRows() func(*client.Removed) error {
	t := &table{a: a, head: []string{"ID", "REMOVED", "WHY", "LEFT", "DATA"}, widths: []int{36, 8, 9, 6}}
	return func(r *client.Removed) error {
		switch {
		case a.flags.quiet:
			_, err := fmt.Fprintln(a.out, r.Memory.ID)
			return err
		case a.flags.json:
			return a.json(r)
		}
		return t.row(r.Memory.ID.String(), span(max(0, a.now().Sub(r.RemovedAt.Time))), string(r.Kind), left(&r.Until, a.now()), string(r.Memory.Data))
	}
}
