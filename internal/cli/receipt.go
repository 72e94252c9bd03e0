package cli

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/receipt"
)

func (a *app) receipt() *cobra.Command {
	c := &cobra.Command{
		Use:   "receipt",
		Short: "Check the receipts of erasures",
		Long: `Receipt checks what sigil erase has written: a receipt says what was erased, when, for whom and up to
which link of the journal, without content, and is signed with a key of the store.`,
		Example: `  sigil receipt key > store.key
  sigil receipt verify ada.json --key store.key`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError("name one of verify and key")
			}
			return usageError("there is no command " + quote("receipt "+args[0]))
		},
		RunE: func(*cobra.Command, []string) error { return nil },
	}
	c.AddCommand(a.receiptVerify(), a.receiptKey())
	return c
}

func (a *app) receiptKey() *cobra.Command {
	return &cobra.Command{
		Use:   "key",
		Short: "Print the key that receipts are verified with",
		Long: `Key prints the public key with which the daemon's store signs receipts. Keep it elsewhere: a receipt
names its key, but only one that you had before shows that it is your store's.`,
		Example: "  sigil receipt key > store.key",
		Args:    nothingMore,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(func(c *client.Client) error {
				k, err := c.ReceiptKey(cmd.Context())
				switch {
				case err != nil:
					return err
				case a.flags.json:
					return a.json(k)
				}
				_, err = fmt.Fprintln(a.out, k.Key)
				return err
			})
		},
	}
}

// shownReceipt is what --json prints of a receipt.
type shownReceipt struct {
	// Verdict is "authentic", "tampered", "other key" or "unknown key". Receipt is nil if it was tampered with.
	Verdict string           `json:"verdict"`
	Receipt *receipt.Receipt `json:"receipt,omitempty"`
}

func (a *app) receiptVerify() *cobra.Command {
	var key string
	c := &cobra.Command{
		Use:   "verify FILE|-",
		Short: "Find out whether a receipt is as the store signed it",
		Long: `Verify reads a receipt, or an answer that has one, and needs no daemon. --key is the store's key, or a file
with it; without one, the receipt is checked against the key that it names itself, which anybody
could have made.

Exit codes: 0 the receipt is as the store signed it, 6 it was changed, or another key has signed it,
7 it is intact, but there is no --key to tell whose it is, 1 it is no receipt, or cannot be read.`,
		Example: `  sigil receipt verify ada.json --key store.key
  sigil receipt verify --key 11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo= - < ada.json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("name one file with a receipt, or - for standard input")
			}
			return nil
		},
		ValidArgsFunction: completePaths,
	}
	c.Flags().StringVar(&key, "key", "", "the store's `key` as sigil receipt key prints it, or a file with it")
	c.RunE = func(_ *cobra.Command, args []string) error {
		document, err := a.readReceipt(args[0])
		if err != nil {
			return err
		}
		var trusted ed25519.PublicKey
		if key != "" {
			if trusted, err = readKey(key); err != nil {
				return err
			}
		}
		return a.judgeReceipt(document, trusted)
	}
	return c
}

// judgeReceipt verifies a receipt and shows it. Trusted is nil if there is no key to trust.
func (a *app) judgeReceipt(document []byte, trusted ed25519.PublicKey) error {
	named, err := receipt.Read(document)
	if err != nil {
		return err
	}
	key := trusted
	if key == nil {
		if key, err = receipt.ParseKey(named.Key); err != nil {
			return receipt.ErrNotReceipt
		}
	}
	verdict, code := "authentic", 0
	switch _, err = receipt.Verify(document, key); {
	case errors.Is(err, receipt.ErrTampered):
		verdict, code = "tampered", exitTampered
	case errors.Is(err, receipt.ErrOtherKey):
		verdict, code = "other key", exitTampered
	case err != nil:
		return err
	case trusted == nil:
		verdict, code = "unknown key", exitUnproven
	}
	if err := a.showReceipt(verdict, &named); err != nil {
		return err
	}
	switch verdict {
	case "tampered":
		a.complain("the receipt is not as it was signed: do not rely on it")
	case "other key":
		a.complain("the receipt is signed with the key " + named.Key + ", which is not the key of --key")
	case "unknown key":
		a.complain(`the receipt is intact, but only --key shows that your store has signed it; "sigil receipt key" prints that key`)
	}
	if code != 0 {
		return exitError(code)
	}
	return nil
}

func (a *app) showReceipt(verdict string, r *receipt.Receipt) error {
	if a.flags.json {
		shown := shownReceipt{Verdict: verdict}
		if verdict != "tampered" {
			shown.Receipt = r
		}
		return a.json(shown)
	}
	var f fields
	f.add("verdict", "%s", verdict)
	if verdict == "tampered" {
		return f.print(a)
	}
	f.add("store", "%s", r.Store)
	f.add("tenant", "%s", escape(r.Tenant))
	f.add("erased at", "%s", client.Timestamp{Time: r.At})
	if r.By != "" {
		f.add("by", "%s", escape(r.By))
	}
	f.add("chosen by", "%s, whose request has the hash %s", escape(r.Request), escape(r.RequestHash))
	f.add("erased", "%s", erasedWords(&client.EraseCounts{Memories: r.Counts.Memories, Removed: r.Counts.Removed}))
	f.add("bytes", "%s", size(r.Counts.Bytes))
	f.add("journal", "%s replaced by hashes", count(r.Counts.Entries, "entry", "entries"))
	f.add("answers", "%d dropped", r.Counts.Answers)
	f.add("ids", "with the hash %s", escape(r.IDs))
	if r.Position > 0 {
		f.add("position", "%d, with the link %s", r.Position, escape(r.Link))
	}
	for _, one := range r.Remains {
		f.add("remains", "%s", escape(one))
	}
	f.add("key", "%s", escape(r.Key))
	return f.print(a)
}

// maxReceipt is more than an answer with a receipt has.
const maxReceipt = 128 << 10

// readReceipt reads a receipt from a file, or from standard input if its name is -.
func (a *app) readReceipt(name string) ([]byte, error) {
	in := a.stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer file.Close() //nolint:errcheck // it was read
		in = file
	}
	b, err := io.ReadAll(io.LimitReader(in, maxReceipt))
	if err != nil {
		return nil, err
	}
	return receipt.Within(b), nil
}

// readKey reads a key, or a file that has one.
func readKey(text string) (ed25519.PublicKey, error) {
	if key, err := receipt.ParseKey(text); err == nil {
		return key, nil
	}
	b, err := os.ReadFile(text)
	if err != nil {
		return nil, usageError("--key is neither a key of 44 characters nor a file that can be read: " + quote(cut(text, 80)))
	}
	key, err := receipt.ParseKey(strings.TrimSpace(string(b)))
	if err != nil {
		return nil, usageError(quote(text) + " has no key of a store; sigil receipt key prints it")
	}
	return key, nil
}
