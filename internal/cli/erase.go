package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/receipt"
)

func (a *app) erase() *cobra.Command {
	var q client.EraseQuery
	var file string
	c := &cobra.Command{
		Use:   "erase ID... | --tag TAG | --search QUERY | --all",
		Short: "Erase memories for good, with a receipt",
		Long: `Erase leaves nothing of memories, live or removed: it cannot be undone. They are chosen by their
ids, by a tag, by a query for live ones, or all of the tenant. --dry-run only counts them.

On a terminal it counts them first and asks, unless --yes is given; otherwise it needs --yes.

When it ends, the bytes have left the files that the store reaches: the memory, what is kept to
restore it, the search index, the journal, answers for idempotency keys. What it cannot reach,
such as backups that were made before, it names. The receipt has no content, and is signed
by the store: "sigil receipt verify" checks it. It goes to standard output, or to --receipt.

If it ends early, some may be erased: the same command again erases the rest.`,
		Example: `  sigil erase 01890a5d-ac96-774b-bcce-b302099a8057 --yes > receipt.json
  sigil erase --tag person:ada --dry-run
  sigil erase --tag person:ada --by "ticket 1234" --receipt ada.json
  sigil erase --tenant trial --all --yes --receipt trial.json`,
		Args: func(_ *cobra.Command, args []string) error {
			chosen := 0
			for _, set := range []bool{len(args) > 0, len(q.Tags) > 0, q.Text != "", q.All} {
				if set {
					chosen++
				}
			}
			switch {
			case chosen != 1:
				return usageError("give ids, --tag, --search or --all, and only one of them")
			case q.DryRun && file != "":
				return usageError("--dry-run has no receipt")
			}
			return nil
		},
		ValidArgsFunction: a.completeIDs(0, client.ListQuery{}),
	}
	f := c.Flags()
	f.StringArrayVar(&q.Tags, "tag", nil, "all memories with this `tag`; if it is repeated, with all of them")
	f.StringVar(&q.Text, "search", "", "all live memories that match this `query` by their words")
	f.BoolVar(&q.All, "all", false, "all memories of the tenant")
	f.BoolVar(&q.DryRun, "dry-run", false, "only count the memories")
	f.StringVar(&q.By, "by", "", "the caller or the reason, for the receipt: a `text` of at most 256 bytes (default your login name)")
	f.StringVar(&file, "receipt", "", "write the receipt to this new `file`")
	c.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if q.IDs, err = ids(args); err != nil {
			return err
		}
		if !cmd.Flags().Changed("by") {
			q.By = login()
		}
		a.patiently(cmd)
		return a.with(func(c *client.Client) error {
			if q.DryRun {
				return a.countErased(cmd.Context(), c, q)
			}
			if err := a.confirmErase(cmd.Context(), c, q); err != nil {
				return err
			}
			return a.eraseInto(cmd.Context(), c, q, file)
		})
	}
	return c
}

// login returns the login name of the person, or "".
func login() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

func (a *app) countErased(ctx context.Context, c *client.Client, q client.EraseQuery) error {
	e, err := c.Erase(ctx, q)
	switch {
	case err != nil:
		return err
	case a.flags.json:
		return a.json(e)
	}
	a.say("would erase %s", erasedWords(&e.Counts))
	return nil
}

// confirmErase asks whether to erase, with the number of memories. If it cannot ask, it needs --yes.
func (a *app) confirmErase(ctx context.Context, c *client.Client, q client.EraseQuery) error {
	if a.flags.yes {
		return nil
	}
	q.DryRun = true
	e, err := c.Erase(ctx, q)
	if err != nil {
		return err
	}
	words := erasedWords(&e.Counts)
	if !a.asks() {
		return usageError("this would erase " + words + " for good: give --yes, or --dry-run to count them")
	}
	return a.confirm("Erase "+words+"? This cannot be undone.", "nothing was erased")
}

// eraseInto erases, and writes the receipt to a new file, or to standard output if its name is empty.
func (a *app) eraseInto(ctx context.Context, c *client.Client, q client.EraseQuery, name string) (err error) {
	out := a.receiptOut(nil)
	if name != "" { // before anything is erased
		file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, fs.ErrExist) {
			return usageError("there is a file " + quote(name) + " already: name another one for the receipt; nothing was erased")
		}
		if err != nil {
			return fmt.Errorf("nothing was erased: %w", err)
		}
		out = a.receiptOut(file)
	}
	e, err := c.Erase(ctx, q)
	if err != nil {
		if name != "" {
			_ = errors.Join(out(nil), os.Remove(name)) // it is empty
		}
		return err
	}
	a.say("erased %s", erasedWords(&e.Counts))
	if err := out(&e); err != nil { // the receipt must not be lost
		a.say("%s", e.Receipt)
		return fmt.Errorf("cannot write the receipt: %w", err)
	}
	a.remains(e.Receipt)
	if name != "" {
		a.say("the receipt is in %s; with the key that %q prints, this checks it: sigil receipt verify %s --key KEY", name, a.command("receipt key"), name)
	}
	return nil
}

// receiptOut returns what writes a receipt to file, durably, and closes it; or to standard output if file is nil, all of the answer
// with --json. Without an answer it only closes.
func (a *app) receiptOut(file *os.File) func(*client.Erased) error {
	if file == nil {
		return func(e *client.Erased) error {
			switch {
			case e == nil:
				return nil
			case a.flags.json:
				return a.json(e)
			}
			_, err := fmt.Fprintf(a.out, "%s\n", e.Receipt)
			return err
		}
	}
	return func(e *client.Erased) error {
		if e == nil {
			return file.Close()
		}
		_, err := fmt.Fprintf(file, "%s\n", e.Receipt)
		if err == nil {
			err = file.Sync()
		}
		if err = errors.Join(err, file.Close()); err == nil && a.flags.json {
			err = a.json(e)
		}
		return err
	}
}

// remains prints the places that may still have the bytes.
func (a *app) remains(document []byte) {
	r, err := receipt.Read(document)
	if err != nil {
		return // of a newer daemon
	}
	for i, one := range r.Remains {
		if i == 0 {
			a.say("the bytes may still be elsewhere:")
		}
		a.say("  %s", one)
	}
}

// erasedWords returns what was erased: "2 memories, and 1 that could have been restored".
func erasedWords(c *client.EraseCounts) string {
	words := count(c.Memories, "memory", "memories")
	if c.Removed > 0 {
		words += fmt.Sprintf(" and %d that could have been restored", c.Removed)
	}
	return words
}
