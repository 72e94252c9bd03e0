package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Offline is a command that needs no daemon: the daemon itself, and those that work on its data folder while it is not
// running. It has its own flags and help.
type Offline struct {
	Use, Short, Example string
	// Under is the command that this one is a subcommand of; "" means none.
	Under string
	// Run gets the arguments after the command's name, --help included, and returns the exit code.
	Run func(ctx context.Context, args []string, stdout, stderr io.Writer) int
	// Flags returns the flags that Run takes, so that shells can complete them. If nil, there are none.
	Flags func() *pflag.FlagSet
}

// command returns a command that passes all arguments after its name to Run.
func (o Offline) command(stdout, stderr io.Writer) *cobra.Command {
	c := &cobra.Command{
		Use:                o.Use + " [flags]",
		Short:              o.Short,
		Example:            o.Example,
		GroupID:            groupDaemon,
		DisableFlagParsing: true,
		PersistentPreRunE:  func(*cobra.Command, []string) error { return nil }, // the global flags do not apply
		RunE: func(cmd *cobra.Command, args []string) error {
			if code := o.Run(cmd.Context(), args, stdout, stderr); code != 0 {
				return exitError(code)
			}
			return nil
		},
	}
	if o.Under != "" {
		c.GroupID = ""
	}
	c.SetHelpFunc(func(cmd *cobra.Command, _ []string) { o.Run(cmd.Context(), []string{"--help"}, stdout, stderr) })
	return c
}

// completed returns the command in a form for shell completion: cobra knows its flags, and that it takes no others.
func (o Offline) completed(stdout, stderr io.Writer, others *pflag.FlagSet) *cobra.Command {
	c := o.command(stdout, stderr)
	c.DisableFlagParsing = false
	if o.Flags != nil {
		c.Flags().AddFlagSet(o.Flags())
	}
	others.VisitAll(func(f *pflag.Flag) {
		if c.Flags().Lookup(f.Name) == nil {
			refused := *f
			refused.Hidden = true
			c.Flags().AddFlag(&refused)
		}
	})
	return c
}
