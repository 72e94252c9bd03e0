package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

func (a *app) correct() *cobra.Command {
	var d draftFlags
	c := a.quietFlag(&cobra.Command{
		Use:   "correct ID JSON | ID @FILE | ID -",
		Short: "Replace what a memory says, and keep what it said",
		Long: `Correct encodes a JSON value as a memory of its own, which takes the place of another one. From then
on, reads, searches and lists have only the new one. What the old one said is kept as long as the
new one lives: "sigil history" shows it.

@FILE names a file that has the value, and - is standard input. What the flags do not say is as it was
with the old memory: tags (--no-tags gives it none), state, pin, the end of its ttl, life and policy.
Recalls, age and idleness begin anew.

With --on-duplicate reject, a value that is there already, in the old memory or in another one, is
refused.`,
		Example: `  sigil correct 01890a5d-ac96-774b-bcce-b302099a8057 '{"note":"tea at six"}'
  sigil correct 01890a5d-ac96-774b-bcce-b302099a8057 --tag tea @note.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usageError("give the id of a memory, and one value: JSON with spaces needs quotes around it")
			}
			return nil
		},
		ValidArgsFunction: a.completeIDs(1, client.ListQuery{}),
	})
	none := false
	c.Flags().BoolVar(&none, "no-tags", false, "have no tags, instead of those of the old memory")
	d.add(c)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		all, err := ids(args[:1])
		if err != nil {
			return err
		}
		draft, err := d.draft(cmd)
		if err != nil {
			return err
		}
		if none {
			if draft.Tags != nil {
				return usageError("--no-tags and --tag cannot be combined")
			}
			draft.Tags = []string{}
		}
		if draft.Data, err = a.value(args[1]); err != nil {
			return err
		}
		err = a.with(func(c *client.Client) error {
			v, err := c.Correct(cmd.Context(), all[0], draft)
			if err != nil {
				return err
			}
			return a.kept(&v)
		})
		if local := (*sigil.Error)(nil); errors.As(err, &local) && local.Code == "invalid_json" {
			return sigil.NewInvalid(local.Code, local.Field, local.Detail+` (text needs quotes of its own: '"hello"')`)
		}
		return about(args[0], err)
	}
	return c
}

// value returns the value of an argument: itself, what is in the file of @FILE, or with - what is on standard input.
func (a *app) value(arg string) (json.RawMessage, error) {
	from := a.stdin
	path, isFile := strings.CutPrefix(arg, "@")
	switch {
	case isFile:
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close() //nolint:errcheck // it was only read from
		from = file
	case arg != "-":
		return json.RawMessage(arg), nil
	}
	data, err := io.ReadAll(io.LimitReader(from, maxValue+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxValue {
		return nil, sigil.NewTooLarge("data_too_large", path, "has more than "+size(maxValue))
	}
	return data, nil
}

func (a *app) history() *cobra.Command {
	var p paging
	c := a.quietFlag(&cobra.Command{
		Use:   "history ID",
		Short: "List what a memory said before it was corrected",
		Long: `History shows the versions of a memory, the newest first: the memory that is live, what it
corrected, and so on. The id of any of them will do.

SUPERSEDED is how long ago the next version took its place. Versions are kept as long as the newest
one lives or can be restored; "sigil forget" and fading end them together. The daemon keeps the
newest 1,000 (--max-versions of "sigil serve").`,
		Example: `  sigil history 01890a5d-ac96-774b-bcce-b302099a8057
  sigil history 01890a5d-ac96-774b-bcce-b302099a8057 --json | jq -c .memory.data`,
		Args:              oneIDOnly,
		ValidArgsFunction: a.completeIDs(1, client.ListQuery{}),
	})
	p.flags(c, "versions")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if err := p.check(cmd); err != nil {
			return err
		}
		all, err := ids(args)
		if err != nil {
			return err
		}
		return about(args[0], a.with(func(c *client.Client) error {
			return pages(a, p, func(cursor string, limit int) ([]client.Version, *string, error) {
				page, err := c.History(cmd.Context(), all[0], client.HistoryQuery{Cursor: cursor, Limit: limit, NoContent: a.flags.quiet})
				return page.Versions, page.Next, err
			}, a.versionRows())
		}))
	}
	return c
}

func (a *app) versionRows() func(*client.Version) error {
	t := &table{a: a, head: []string{"ID", "SUPERSEDED", "DATA"}, widths: []int{36, 10}}
	return func(v *client.Version) error {
		switch {
		case a.flags.quiet:
			_, err := fmt.Fprintln(a.out, v.Memory.ID)
			return err
		case a.flags.json:
			return a.json(v)
		}
		when := "-"
		if v.SupersededAt != nil {
			when = span(max(0, a.now().Sub(v.SupersededAt.Time)))
		}
		return t.row(v.Memory.ID.String(), when, string(v.Memory.Data))
	}
}
