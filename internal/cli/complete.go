package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sigil-dna/sigil/client"
)

const (
	// completionTimeout is the maximum time that a shell waits for ids.
	completionTimeout = time.Second
	// completedIDs is the maximum number of ids that a shell is offered.
	completedIDs = 20
	// completedData is the number of columns of a memory's data shown next to its id.
	completedData = 60

	noFiles = cobra.ShellCompDirectiveNoFileComp
)

// isCompletion reports whether a shell has called the command for completions.
func isCompletion(args []string) bool {
	return len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
}

// completeValues adds completions for the values of all flags of root and its commands.
func completeValues(root *cobra.Command) {
	completeFlags(root, root.PersistentFlags())
	for _, c := range root.Commands() {
		completeFlags(c, c.Flags())
		if c.HasSubCommands() {
			completeValues(c)
		}
	}
}

// completeFlags chooses completions by the name that a flag's usage has for its value: `a|b` is one of these words,
// `file` and `folder` are paths. A `store` may be a folder.
func completeFlags(c *cobra.Command, flags *pflag.FlagSet) {
	flags.VisitAll(func(f *pflag.Flag) {
		name, usage := pflag.UnquoteUsage(f)
		f.Usage = usage // shown next to the flag, without the quotes
		offer := cobra.NoFileCompletions
		switch {
		case f.Value.Type() == "bool":
			offer = oneOfThese("true", "false")
		case strings.Contains(name, "|"):
			offer = oneOfThese(strings.Split(name, "|")...)
		case name == "file":
			offer = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault)
		case name == "folder", name == "store":
			offer = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
		}
		_ = c.RegisterFlagCompletionFunc(f.Name, offer) // fails if the command has registered its own, which is better
	})
}

// oneOfThese completes a value that is one of words.
func oneOfThese(words ...string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return beginning(words, begun), noFiles
	}
}

func beginning(words []string, begun string) (all []string) {
	for _, w := range words {
		if strings.HasPrefix(w, begun) {
			all = append(all, w)
		}
	}
	return all
}

// completeIDs completes the ids of memories: the newest ones that match q, without those already on the line. most is
// the maximum number of ids that the command takes; 0 means any number. If the daemon does not answer soon, completeIDs
// offers none and prints nothing.
func (a *app) completeIDs(most int, q client.ListQuery) cobra.CompletionFunc {
	q.Limit = completedIDs
	return a.completeMemories(most, func(ctx context.Context, c *client.Client) ([]client.Memory, error) {
		page, err := c.List(ctx, q)
		return page.Memories, err
	})
}

// completeRemoved completes the ids of memories that can be restored, those removed last.
func (a *app) completeRemoved() cobra.CompletionFunc {
	return a.completeMemories(0, func(ctx context.Context, c *client.Client) (all []client.Memory, err error) {
		page, err := c.Removed(ctx, client.RemovedQuery{Limit: completedIDs})
		for i := range page.Removed {
			all = append(all, page.Removed[i].Memory)
		}
		return all, err
	})
}

// completeMemories completes ids as completeIDs does, of the memories that list returns.
func (a *app) completeMemories(most int, list func(context.Context, *client.Client) ([]client.Memory, error)) cobra.CompletionFunc {
	return func(cmd *cobra.Command, given []string, begun string) (ids []cobra.Completion, _ cobra.ShellCompDirective) {
		if most > 0 && len(given) >= most {
			return nil, noFiles
		}
		a.answerSoon()
		_ = a.with(func(c *client.Client) error {
			memories, err := list(cmd.Context(), c)
			for i := range memories {
				v := &memories[i]
				if id := v.ID.String(); strings.HasPrefix(id, begun) && !slices.Contains(given, id) {
					ids = append(ids, cobra.CompletionWithDesc(id, cut(escape(string(v.Data)), completedData)))
				}
			}
			return err
		})
		return ids, noFiles | cobra.ShellCompDirectiveKeepOrder
	}
}

// answerSoon bounds the time that a shell waits for the daemon.
func (a *app) answerSoon() {
	if a.flags.timeout <= 0 || a.flags.timeout > duration(completionTimeout) {
		a.flags.timeout = duration(completionTimeout)
	}
}

// completeCommands completes the name of a command.
func completeCommands(cmd *cobra.Command, given []string, begun string) (names []cobra.Completion, _ cobra.ShellCompDirective) {
	if len(given) > 0 {
		return nil, noFiles
	}
	for _, c := range cmd.Root().Commands() {
		if c.IsAvailableCommand() && strings.HasPrefix(c.Name(), begun) {
			names = append(names, cobra.CompletionWithDesc(c.Name(), c.Short))
		}
	}
	return names, noFiles
}
