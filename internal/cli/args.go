package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil"
)

// atLeastOneID refuses a command line without an id.
func atLeastOneID(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usageError("give the id of a memory; sigil list shows them")
	}
	return nil
}

func nothingMore(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError(fmt.Sprintf("unexpected argument %q", args[0]))
	}
	return nil
}

// oneOf returns a check that the only argument is one of words.
func oneOf(what string, words []string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 1 {
			for _, w := range words {
				if args[0] == w {
					return nil
				}
			}
		}
		return usageError(fmt.Sprintf("name one %s: %s", what, list(words)))
	}
}

// list returns words as a list for people: "a, b or c".
func list(words []string) string {
	s := words[0]
	for i, w := range words[1:] {
		if i == len(words)-2 {
			s += " or " + w
		} else {
			s += ", " + w
		}
	}
	return s
}

// ids parses all arguments, before the command does anything with the first.
func ids(args []string) ([]sigil.ID, error) {
	all := make([]sigil.ID, len(args))
	for i, arg := range args {
		id, err := sigil.ParseID(arg)
		if err != nil {
			return nil, usageError(fmt.Sprintf("%q is not an id: an id is a UUID of 36 characters", cut(arg, 40)))
		}
		all[i] = id
	}
	return all, nil
}

// positive returns an error unless --limit is at least 1.
func positive(limit int) error {
	if limit < 1 {
		return usageError("--limit must be at least 1")
	}
	return nil
}

// quietFlag adds -q to c.
func (a *app) quietFlag(c *cobra.Command) *cobra.Command {
	c.Flags().BoolVarP(&a.flags.quiet, "quiet", "q", false, "print ids only")
	return c
}
