package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// defaultPage is the default number of entries in a list, and the maximum of a page.
const defaultPage = 100

// paging is the flags --limit and --all.
type paging struct {
	limit int
	all   bool
	what  string // what the entries are, for messages
}

func (p *paging) flags(c *cobra.Command, what string) {
	p.what = what
	c.Flags().IntVar(&p.limit, "limit", defaultPage, "maximum `number` of "+what)
	c.Flags().BoolVar(&p.all, "all", false, "without a maximum")
}

func (p *paging) check(c *cobra.Command) error {
	if p.all && c.Flags().Changed("limit") {
		return usageError("--all and --limit cannot be combined")
	}
	return positive(p.limit)
}

// pages shows the entries of a list, as many as p allows, and prints to standard error if there are more.
func pages[T any](a *app, p paging, page func(cursor string, limit int) ([]T, *string, error), show func(*T) error) error {
	cursor, shown := "", 0
	for want := p.limit; ; {
		limit := min(want, defaultPage)
		if p.all {
			limit = 0 // the daemon's own page size, which it never refuses
		}
		entries, next, err := page(cursor, limit)
		if err != nil {
			return err
		}
		for i := range entries {
			if err := show(&entries[i]); err != nil {
				return err
			}
		}
		want -= len(entries)
		shown += len(entries)
		switch {
		case next == nil || *next == "" || *next == cursor:
			a.none(shown, p.what)
			return nil
		case !p.all && want <= 0:
			a.say("there is more: --all shows all, --limit more than %d", p.limit)
			return nil
		}
		cursor = *next
	}
}

func (a *app) list() *cobra.Command {
	var p paging
	var filter filterFlags
	var q client.ListQuery
	c := a.quietFlag(&cobra.Command{
		Use:   "list",
		Short: "List memories, newest first",
		Long: `List shows memories without refreshing them: newest first, or with --sort fades the soonest to
fade first, with recalled the last accessed first, with recalls the most often recalled first.

--text selects by words, in the language of "sigil search", but keeps this order and finds nothing
by meaning. With --all the list has every memory that matches.

FADES is the time left, DECAY how far it has come, POT. the crystallization potential.
MARK is P for pinned, C for crystallized, T for a memory with a ttl. The filters can also be
negated: --pinned=false lists the memories that are not pinned.`,
		Example: `  sigil list --limit 10
  sigil list --pinned
  sigil list --tag work --tag urgent
  sigil list --text '"green tea" -sugar' --sort fades
  sigil list --sort recalls --limit 3
  sigil list --fading-within 30s --quiet | xargs sigil recall
  sigil list --all --json | jq -c .data`,
		Args: nothingMore,
	})
	f := c.Flags()
	p.flags(c, "memories")
	filter.add(c)
	tagFlag(c, &q.Tags)
	f.StringVar(&q.Text, "text", "", "only memories whose words match this `query`")
	f.Var((*sortFlag)(&q.Sort), "sort", "the `order`: created, fades, recalled or recalls")
	f.Lookup("sort").DefValue = string(sigil.SortCreated)
	_ = c.RegisterFlagCompletionFunc("sort", oneOfThese("created", "fades", "recalled", "recalls")) // fails only if there is no such flag

	c.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := p.check(cmd); err != nil {
			return err
		}
		if f.Changed("text") && strings.TrimSpace(q.Text) == "" {
			return usageError("--text needs words")
		}
		q.Crystallized, q.Pinned, q.Pattern, q.FadingAfter, q.FadingBefore = filter.values(a.now())
		return a.with(func(c *client.Client) error {
			return pages(a, p, func(cursor string, limit int) ([]client.Memory, *string, error) {
				q.Cursor, q.Limit = cursor, limit
				page, err := c.List(cmd.Context(), q)
				return page.Memories, page.Next, err
			}, a.memories(false))
		})
	}
	return c
}

// tagFlag adds the flag --tag, which selects memories by their tags.
func tagFlag(c *cobra.Command, tags *[]string) {
	c.Flags().StringArrayVar(tags, "tag", nil, "only memories with this `tag`; if it is repeated, with all of them")
}

// sortFlag is the value of the flag --sort.
type sortFlag sigil.Sort

func (o *sortFlag) String() string { return string(*o) }

func (o *sortFlag) Type() string { return "order" }

func (o *sortFlag) Set(s string) error {
	if s == "" || sigil.Sort(s).Check() != nil {
		return errors.New("must be created, fades, recalled or recalls")
	}
	*o = sortFlag(s)
	return nil
}

func (a *app) related() *cobra.Command {
	var limit int
	var least float64
	c := a.quietFlag(&cobra.Command{
		Use:   "related ID",
		Short: "List the memories that resonate with one",
		Long: `Related shows the memories that resonate with the given one, strongest first, without
refreshing any. RES. is the resonance; the other columns are those of "sigil list".`,
		Example: `  sigil related 01890a5d-ac96-774b-bcce-b302099a8057
  sigil related --min 0.95 --limit 5 01890a5d-ac96-774b-bcce-b302099a8057`,
		Args:              oneIDOnly,
		ValidArgsFunction: a.completeIDs(1, client.ListQuery{}),
	})
	c.Flags().IntVar(&limit, "limit", defaultPage, "maximum `number` of memories")
	c.Flags().Float64Var(&least, "min", sigil.ResonanceThreshold, "minimum `resonance`, from 0 to 1")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := positive(limit); err != nil {
			return err
		}
		all, err := ids(args)
		if err != nil {
			return err
		}
		q := client.RelatedQuery{Limit: limit, Content: !a.flags.quiet}
		if cmd.Flags().Changed("min") {
			q.Min = &least
		}
		return a.with(func(c *client.Client) error { return a.showRelated(cmd.Context(), c, all[0], q) })
	}
	return c
}

func (a *app) showRelated(ctx context.Context, c *client.Client, id sigil.ID, q client.RelatedQuery) error {
	page, err := c.Related(ctx, id, q)
	if err != nil {
		if exitCode(err) == exitNotFound {
			return about(id.String(), err)
		}
		return err
	}
	a.none(len(page.Related), "memories that resonate with it")
	show := a.memories(true)
	for i := range page.Related {
		if err := show(&page.Related[i]); err != nil {
			return err
		}
	}
	return nil
}
