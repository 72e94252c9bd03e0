package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/codesign"
)

func (a *app) code() *cobra.Command {
	c := &cobra.Command{
		Use:   "code",
		Short: "Say which signatures a daemon has registered, and revoke them",
		Long: `Code manages the daemon's registry of signatures: list shows them, show has all of one file,
register puts in those of signed files, and revoke takes them back, for good.

sigil sign --register registers signatures as they are made, and sigil verify --registry asks the
daemon whether one was revoked. The daemon is the one at --addr; each of its tenants (--tenant)
has a registry of its own.`,
		Example: `  sigil code list
  sigil code show main.go
  sigil code revoke --reason 'signed by mistake' main.go
  sigil code register .`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError("name one of list, show, register and revoke")
			}
			return usageError("there is no command " + quote("code "+args[0]))
		},
		RunE: func(*cobra.Command, []string) error { return nil },
	}
	c.AddCommand(a.codeList(), a.codeShow(), a.codeRegister(), a.codeRevoke())
	return c
}

func (a *app) codeList() *cobra.Command {
	var p paging
	var q client.CodeQuery
	c := &cobra.Command{
		Use:   "list",
		Short: "List registered signatures, newest first",
		Long: `List shows the signatures that the daemon has registered, newest first by the signers' clocks.

It shows what the daemon says; sigil code show checks that the signer's key proves it. --json has
the signatures themselves, too.`,
		Example: `  sigil code list --limit 10
  sigil code list --signer E7620F1842B4E81F --all --json
  sigil code list --signer E7620F1842B4E81F --all --quiet | xargs sigil code revoke`,
		Args: nothingMore,
	}
	c.Flags().SortFlags = false
	p.flags(c, "signatures")
	c.Flags().StringVar(&q.Signer, "signer", "", "only signatures by the key with this `id`")
	c.Flags().BoolVarP(&a.flags.quiet, "quiet", "q", false, "print only the SHA-256 of each body")
	_ = c.RegisterFlagCompletionFunc("signer", func(_ *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return a.completeKeys(&trustFlag{}, nil, begun)
	})
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := p.check(cmd); err != nil {
			return err
		}
		if q.Signer != "" {
			id, err := keyID(q.Signer)
			if err != nil {
				return err
			}
			q.Signer = id.String()
		}
		return a.with(func(c *client.Client) error {
			return pages(a, p, func(cursor string, limit int) ([]client.CodeSignature, *string, error) {
				q.Cursor, q.Limit = cursor, limit
				page, err := c.Codes(cmd.Context(), q)
				return page.Signatures, page.Next, err
			}, a.codeRows())
		})
	}
	return c
}

// codeRows returns a function that prints the signatures of a list, one a line.
func (a *app) codeRows() func(*client.CodeSignature) error {
	t := &table{a: a, head: []string{"SHA-256", "SIGNER", "SIGNED", "REVOKED", "NAME"}, widths: []int{64, 16, 20, 10}}
	return func(v *client.CodeSignature) error {
		switch {
		case a.flags.quiet:
			_, err := fmt.Fprintln(a.out, escape(v.SHA256))
			return err
		case a.flags.json:
			return a.json(v)
		}
		revoked := "-"
		if v.RevokedAt != nil {
			revoked = v.RevokedAt.UTC().Format(time.DateOnly)
		}
		return t.row(v.SHA256, v.Signer, v.SignedAt.UTC().Format(time.RFC3339), revoked, v.Name)
	}
}

func (a *app) codeShow() *cobra.Command {
	var trust trustFlag
	c := &cobra.Command{
		Use:   "show HASH|FILE...",
		Short: "Show all registered signatures of a file",
		Long: `Show looks signatures up by the SHA-256 of what was signed: the file without its header. Given a
file, it takes that of the file as it is now. It shows all signatures of it, whoever made them,
revoked or not, and checks that each is proved by its key.

That a signature is registered is no reason to trust its key: anyone can register. sigil verify
says whether a file is authentic. Here the trust file is used only to show the names of keys.

Exit codes: 3 no signature of it is registered, 1 what the daemon says of one is not proved.`,
		Example: `  sigil code show main.go
  sigil code show --json 55a60bb97151b2b4b680462447ce60ec34511b14fa10d77440c97b9777101566`,
		Args:              atLeastOneBody,
		ValidArgsFunction: a.completeBodies,
		RunE: func(cmd *cobra.Command, args []string) error {
			known, _, err := trust.read(a)
			if err != nil {
				return err
			}
			names := &verifying{trust: known}
			shown := 0
			return a.eachBody(args, func(c *client.Client, hash sigil.Hash) error {
				for v, err := range c.AllCodes(cmd.Context(), client.CodeQuery{Hash: hash}) {
					if err != nil {
						return err
					}
					if _, err := statementOf(&v); err != nil {
						return about("signature "+v.ID.String(), err)
					}
					if err := a.codeSignature(shown, &v, names); err != nil {
						return err
					}
					shown++
				}
				return nil
			})
		},
	}
	c.Flags().StringVar(&trust.path, "trust", "", "the trust `file`, for the names of keys")
	return c
}

// codeSignature shows a signature as a few aligned lines. An empty line separates it from the previous one; nth counts
// from 0.
func (a *app) codeSignature(nth int, v *client.CodeSignature, names *verifying) error {
	if a.flags.json {
		return a.json(v)
	}
	if nth > 0 {
		fmt.Fprintln(a.out)
	}
	form := "header"
	if v.Detached != "" {
		form = "detached"
	}
	var f fields
	f.add("id", "%s", a.paint(bold, v.ID.String()))
	f.add("name", "%s", escape(v.Name))
	f.add("sha256", "%s, %s, %s", v.SHA256, count(int(v.Size), "byte", "bytes"), form)
	signer := v.Signer
	if id, err := codesign.ParseKeyID(v.Signer); err == nil {
		signer = names.signer(id)
	}
	f.add("signer", "%s", escape(signer))
	f.add("signed", "%s", v.SignedAt)
	if !isDefault(&v.State) {
		state, err := json.Marshal(&v.State)
		if err != nil {
			return err
		}
		f.add("state", "%s", escape(string(state)))
	}
	f.add("registered", "%s", v.RegisteredAt)
	if v.RevokedAt != nil {
		words := v.RevokedAt.String()
		if v.Reason != "" {
			words += ": " + v.Reason
		}
		f.add("revoked", "%s", a.paint(red, escape(words)))
	}
	return f.print(a)
}

func (a *app) codeRevoke() *cobra.Command {
	var id, reason string
	c := &cobra.Command{
		Use:   "revoke HASH|FILE...",
		Short: "Revoke registered signatures for good",
		Long: `Revoke marks signatures as revoked in the daemon's registry: sigil verify --registry answers
their files as revoked from then on. It revokes all signatures of a body, by whoever they are, that
are registered by now, or with --id one of them. What is given is as for sigil code show.

Nothing undoes it. A signature that was revoked before keeps its time and reason. A later signature
of the same file is another one. On a terminal revoke asks first, unless --yes is given. If a key
got into wrong hands, revoke the key instead: sigil keys revoke.

Exit code 3: no signature of it is registered.`,
		Example: `  sigil code revoke --reason 'signed by mistake' main.go
  sigil code revoke --id 01a22782-17f7-7000-a1b6-6b3afa1f6c77 main.go`,
		Args:              atLeastOneBody,
		ValidArgsFunction: a.completeBodies,
		RunE: func(cmd *cobra.Command, args []string) error {
			var only sigil.ID
			if id != "" {
				if len(args) > 1 {
					return usageError("--id is of one body")
				}
				all, err := ids([]string{id})
				if err != nil {
					return err
				}
				only = all[0]
			}
			question := fmt.Sprintf("Revoke all signatures of %s for good?", count(len(args), "file", "files"))
			if id != "" {
				question = "Revoke signature " + only.String() + " for good?"
			}
			if err := a.confirm(question, "nothing was revoked"); err != nil {
				return err
			}
			return a.eachBody(args, func(c *client.Client, hash sigil.Hash) error {
				revoked, err := c.CodeRevoke(cmd.Context(), hash, only, reason)
				if err != nil {
					return err
				}
				for i := range revoked {
					v := &revoked[i]
					a.say("%s, signed by %s: %s", v.Name, v.Signer, revokedAt(v))
					if a.flags.json {
						if err := a.json(v); err != nil {
							return err
						}
					}
				}
				return nil
			})
		},
	}
	c.Flags().SortFlags = false
	c.Flags().StringVar(&id, "id", "", "only the signature with this `id`")
	c.Flags().StringVar(&reason, "reason", "", "why, in `words` for people")
	_ = c.RegisterFlagCompletionFunc("id", func(cmd *cobra.Command, given []string, begun string) (ids []cobra.Completion, _ cobra.ShellCompDirective) {
		if len(given) == 0 {
			return nil, noFiles
		}
		hash, err := bodyHash(given[0])
		if err != nil {
			return nil, noFiles
		}
		for _, v := range a.offeredCodes(cmd.Context(), client.CodeQuery{Hash: hash}) {
			if strings.HasPrefix(v.ID.String(), begun) {
				ids = append(ids, cobra.CompletionWithDesc(v.ID.String(), escape(v.Name)))
			}
		}
		return ids, noFiles | cobra.ShellCompDirectiveKeepOrder
	})
	return c
}

func atLeastOneBody(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usageError("give a file, or the SHA-256 of a body; sigil code list shows them")
	}
	return nil
}

// eachBody calls do with the hash of each of args. A body of which nothing is registered, and a file that cannot be read,
// do not stop it; a daemon that is gone does.
func (a *app) eachBody(args []string, do func(*client.Client, sigil.Hash) error) error {
	return a.with(func(c *client.Client) error {
		failed := failures{a: a}
		for _, arg := range args {
			hash, err := bodyHash(arg)
			if err == nil {
				err = do(c, hash)
			}
			if code := exitCode(err); err != nil && (code == exitUnreachable || code == exitRefused) {
				return err
			}
			failed.add(about(arg, err))
		}
		return failed.exit()
	})
}

// bodyHash returns the SHA-256 that arg is, or that of the body of the file that it names.
func bodyHash(arg string) (h sigil.Hash, err error) {
	if b, err := hex.DecodeString(arg); err == nil && len(b) == len(h) {
		return sigil.Hash(b), nil
	}
	file, err := os.Open(arg)
	if err != nil {
		return h, withoutPath(err)
	}
	defer file.Close() //nolint:errcheck // it was only read from
	body, _, err := codesign.Body(filepath.ToSlash(arg), file)
	if err != nil {
		return h, withoutPath(err)
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, body); err != nil {
		return h, withoutPath(err)
	}
	sum.Sum(h[:0])
	return h, nil
}

// completeBodies completes files or, once digits are typed that registered bodies begin with, those.
func (a *app) completeBodies(cmd *cobra.Command, given []string, begun string) (hashes []cobra.Completion, _ cobra.ShellCompDirective) {
	if begun != "" {
		for _, v := range a.offeredCodes(cmd.Context(), client.CodeQuery{}) {
			offer := cobra.CompletionWithDesc(v.SHA256, escape(v.Name))
			if strings.HasPrefix(v.SHA256, begun) && !slices.Contains(given, v.SHA256) && !slices.Contains(hashes, offer) {
				hashes = append(hashes, offer)
			}
		}
	}
	if len(hashes) == 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return hashes, noFiles | cobra.ShellCompDirectiveKeepOrder
}

// offeredCodes returns the newest signatures that fit q, or none if the daemon does not answer soon.
func (a *app) offeredCodes(ctx context.Context, q client.CodeQuery) (offered []client.CodeSignature) {
	a.answerSoon()
	_ = a.with(func(c *client.Client) error {
		q.Limit = defaultPage
		page, err := c.Codes(ctx, q)
		offered = page.Signatures
		return err
	})
	return offered
}
