package cli

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// Run executes args, without the program's name, and returns the exit code: 0 done, 1 failed, 2 wrong usage, 3 no such
// memory or key, 4 the daemon cannot be reached, 5 the daemon (or the command on its behalf) refused the input; of verify
// also 6 a file was tampered with, or its key or signature is revoked, 7 a file is not signed by a key that is trusted.
//
// It returns soon after ctx ends, although a read of stdin may remain blocked. env returns an environment variable, or
// "" if it is not set. version is what `sigil version` prints; offline are further commands, which need no daemon.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, env func(string) string, version string, offline ...Offline) int {
	a := newApp(ctx, stdin, stdout, stderr, env, version)
	root := a.root()
	asked := isCompletion(args)
	for _, o := range offline {
		parent := root
		if o.Under != "" {
			parent, _, _ = root.Find([]string{o.Under}) // it is one of ours
		}
		switch {
		case o.Use == "backup": // a part of the command that asks the daemon
			a.backupFolder = o.Run
		case asked:
			parent.AddCommand(o.completed(stdout, stderr, root.PersistentFlags()))
		default:
			parent.AddCommand(o.command(stdout, stderr))
		}
	}
	if asked {
		completeValues(root)
	}
	root.SetArgs(append([]string{}, args...)) // nil would mean the arguments of the process
	root.SetOut(a.out)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	return a.finish(cmd, err)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "sigil",
		Short: "Memories that fade unless recalled",
		Long: `Sigil keeps JSON memories that fade unless they are recalled.

"sigil serve" runs the daemon that keeps them; the other commands connect to it, at
127.0.0.1:7433 unless --addr or SIGIL_ADDR is set.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no such memory or key, 4 the daemon cannot be
reached, 5 the input was refused; of sigil verify also 6 a file was tampered with, or its key or
signature is revoked, 7 a file is not signed by a key that is trusted; likewise of sigil receipt verify.`,
		Example: `  sigil serve &
  sigil encode '{"note":"tea at five"}'
  sigil list`,
		Version:           a.version,
		SilenceErrors:     true, // finish prints the error, on one line
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true}, // our own command has examples
		PersistentPreRunE: func(*cobra.Command, []string) error { return a.begin() },
	}
	root.CompletionOptions.SetDefaultShellCompDirective(noFiles)
	root.SetVersionTemplate("sigil {{.Version}}\n")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError(err.Error()) })
	root.AddGroup(
		&cobra.Group{ID: groupMemories, Title: "Memories:"},
		&cobra.Group{ID: groupNetwork, Title: "What they form:"},
		&cobra.Group{ID: groupCode, Title: "Signed source code:"},
		&cobra.Group{ID: groupDaemon, Title: "Daemon:"},
	)

	f := root.PersistentFlags()
	f.SortFlags = false
	f.StringVar(&a.flags.addr, "addr", "", "the daemon's `address`: host:port or URL (SIGIL_ADDR; default "+defaultAddr+")")
	f.StringVar(&a.flags.tenant, "tenant", "", "the `tenant` of the memories (SIGIL_TENANT; default the daemon's choice)")
	f.BoolVar(&a.flags.json, "json", false, "print JSON; lists as one entry per line")
	f.BoolVar(&a.flags.noColor, "no-color", false, "print without colors (NO_COLOR)")
	f.BoolVar(&a.flags.yes, "yes", false, "do not ask for confirmation")
	f.Var(&a.flags.timeout, "timeout", "abort a request after this `time`; 0 means never")

	for _, commands := range [][]*cobra.Command{
		inGroup(groupMemories, a.encode(), a.importLines(), a.recall(), a.peek(), a.list(), a.search(), a.correct(), a.history(), a.forget(), a.removed(), a.restore(), a.erase(), a.receipt(), a.pin(), a.unpin(), a.change(), a.explain()),
		inGroup(groupNetwork, a.related(), a.crystals(), a.patterns()),
		inGroup(groupCode, a.keygen(), a.sign(), a.verify(), a.keys(), a.code()),
		inGroup(groupDaemon, a.stats(), a.identity(), a.events(), a.forecast(), a.sweep(), a.policy(), a.clock(), a.reembed(), a.backup(), a.reload(), a.doctor(), a.mcp()),
		{a.completion(), a.versionCommand()},
	} {
		root.AddCommand(commands...)
	}
	root.SetHelpCommand(helpCommand())
	return root
}

const (
	groupMemories = "memories"
	groupNetwork  = "network"
	groupCode     = "code"
	groupDaemon   = "daemon"
)

func inGroup(id string, commands ...*cobra.Command) []*cobra.Command {
	for _, c := range commands {
		c.GroupID = id
	}
	return commands
}

// helpCommand replaces cobra's, to add an example and an exit code for an unknown command.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "help [command]",
		Short:             "Explain a command",
		Example:           "  sigil help encode",
		ValidArgsFunction: completeCommands,
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return usageError("there is no command " + quote(strings.Join(args, " ")))
			}
			about.SetContext(cmd.Context())
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}
