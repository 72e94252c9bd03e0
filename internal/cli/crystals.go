package cli

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

func (a *app) crystals() *cobra.Command {
	var p paging
	var q client.CrystalQuery
	var kind string
	c := a.quietFlag(&cobra.Command{
		Use:   "crystals",
		Short: "List what has crystallized",
		Long: `Crystals shows what has crystallized: patterns first, then memories, newest first.

STAB. is the stability: the potential, or for a pattern the mean potential. With --lattice
LATTICE has the numbers of nodes and connections; --json has the nodes and connections.`,
		Example: `  sigil crystals
  sigil crystals --kind memory --lattice --json`,
		Args: nothingMore,
	})
	p.flags(c, "crystals")
	c.Flags().StringVar(&kind, "kind", "", "only this kind: `memory|pattern`")
	c.Flags().BoolVar(&q.Lattice, "lattice", false, "show the lattices of memories' crystals")

	c.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := p.check(cmd); err != nil {
			return err
		}
		q.Kind = sigil.CrystalKind(kind)
		return a.with(func(c *client.Client) error {
			return pages(a, p, func(cursor string, limit int) ([]client.Crystal, *string, error) {
				q.Cursor, q.Limit = cursor, limit
				page, err := c.Crystals(cmd.Context(), q)
				return page.Crystals, page.Next, err
			}, a.crystalRows(q.Lattice))
		})
	}
	return c
}

func (a *app) crystalRows(lattice bool) func(*client.Crystal) error {
	t := &table{a: a, head: []string{"ID", "PATTERN", "MEMBERS", "STAB.", "FREQ.", "UPDATED"}, widths: []int{43, 7, 7, 5, 6, 24}}
	if lattice {
		t.head = append(t.head, "LATTICE")
	}
	return func(c *client.Crystal) error {
		switch {
		case a.flags.quiet:
			_, err := fmt.Fprintln(a.out, escape(c.ID))
			return err
		case a.flags.json:
			return a.json(c)
		}
		cells := []string{
			c.ID, strconv.Itoa(c.Pattern), strconv.Itoa(c.Members), fmt.Sprintf("%.3f", c.Stability),
			fmt.Sprintf("%.4f", c.Frequency), c.UpdatedAt.String(),
		}
		if lattice {
			shape := "-"
			if c.Lattice != nil {
				shape = fmt.Sprintf("%d/%d", len(c.Lattice.Nodes), len(c.Lattice.Connections))
			}
			cells = append(cells, shape)
		}
		return t.row(cells...)
	}
}

func (a *app) patterns() *cobra.Command {
	return &cobra.Command{
		Use:   "patterns",
		Short: "List the patterns that memories form",
		Long: `Patterns shows the groups of memories whose resonance frequencies fall in the same
hundredth. Patterns of at least 3 memories whose mean potential (POT.) is over 0.9 crystallize
at the next sweep.`,
		Example: "  sigil patterns",
		Args:    nothingMore,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(func(c *client.Client) error {
				page, err := c.Patterns(cmd.Context())
				if err != nil {
					return err
				}
				a.none(len(page.Patterns), "patterns")
				t := &table{a: a, head: []string{"PATTERN", "MEMBERS", "POT.", "FREQ.", "CRYSTALLIZES"}, widths: []int{7, 7, 5, 6}}
				for i := range page.Patterns {
					p := &page.Patterns[i]
					if a.flags.json {
						err = a.json(p)
					} else {
						will := "no"
						if p.Crystallizes {
							will = "yes"
						}
						err = t.row(strconv.Itoa(p.Pattern), strconv.Itoa(p.Members), fmt.Sprintf("%.3f", p.Potential), fmt.Sprintf("%.4f", p.Frequency), will)
					}
					if err != nil {
						return err
					}
				}
				return nil
			})
		},
	}
}
