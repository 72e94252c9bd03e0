package cli

import (
	"io"

	"github.com/spf13/cobra"
)

// Offline is a command that speaks to no daemon: the daemon itself, and those that work on its data
// folder when it does not run. It has its own flags and help.
type Offline struct {
	Use, Short, Example string
	Run                 ServeFunc
}

// command hands everything after its name on.
func (o Offline) command(stdout, stderr io.Writer) *cobra.Command {
	c := &cobra.Command{
		Use:                o.Use + " [flags]",
		Short:              o.Short,
		Example:            o.Example,
		GroupID:            groupDaemon,
		DisableFlagParsing: true,
		PersistentPreRunE:  func(*cobra.Command, []string) error { return nil }, // our flags are none of its business
		RunE: func(cmd *cobra.Command, args []string) error {
			if code := o.Run(cmd.Context(), args, stdout, stderr); code != 0 {
				return exitError(code)
			}
			return nil
		},
	}
	c.SetHelpFunc(func(cmd *cobra.Command, _ []string) { o.Run(cmd.Context(), []string{"--help"}, stdout, stderr) })
	return c
}
