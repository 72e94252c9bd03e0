package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil/client"
)

func (a *app) clock() *cobra.Command {
	c := &cobra.Command{
		Use:   "clock",
		Short: "Confirm the clock after a jump",
		Long: `Clock confirm tells the daemon that the clock of its machine, or of its database, is right.

After a jump of the clock, and after a start with an old journal, the daemon releases nothing until the
clock has gone on for --clock-confirm of sigil serve. Look at the clock first: what is due by it fades
for good.`,
		Example: "  sigil clock confirm",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError("name what to do: confirm")
			}
			return usageError("there is no command " + quote("clock "+args[0]))
		},
		RunE: func(*cobra.Command, []string) error { return nil },
	}
	c.AddCommand(&cobra.Command{
		Use:     "confirm",
		Short:   "Say that the clock is right",
		Long:    "Confirm says that the clock of the daemon's machine, or of its database, is right.",
		Example: "  sigil clock confirm",
		Args:    nothingMore,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(func(c *client.Client) error {
				k, err := c.ConfirmClock(cmd.Context())
				switch {
				case err != nil:
					return err
				case a.flags.json:
					return a.json(k)
				case !k.Confirmed:
					fmt.Fprintln(a.out, "nothing to confirm")
				default:
					fmt.Fprintln(a.out, "confirmed")
				}
				return nil
			})
		},
	})
	return c
}
