package cli

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/codesign"
)

func (a *app) codeRegister() *cobra.Command {
	var flags verifyFlags
	c := &cobra.Command{
		Use:   "register FILE|FOLDER...",
		Short: "Register the signatures of files that are signed",
		Long: `Register verifies files as sigil verify does, and registers the signatures of those that are
authentic with the daemon. It needs no secret key. It is for files that were signed without
--register, and for a daemon whose store was lost. A signature that is registered is left as it is.

What is not authentic is reported as by sigil verify, and not registered. What minisign signed
cannot be registered: its signatures do not say of which file they are.

Exit codes: those of sigil verify; 1 also if a signature could not be registered.`,
		Example: `  sigil code register main.go
  sigil code register --strict --addr registry.example.org:7433 --tenant releases .`,
		Args: func(cmd *cobra.Command, args []string) error {
			if slices.Contains(args, "-") {
				return usageError("only files are registered, not standard input")
			}
			return atLeastOneFile(cmd, args)
		},
		ValidArgsFunction: completePaths,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withRegistry(cmd.Context(), func(r *registry) error {
				return a.runVerify(cmd.Context(), &verifying{verifyFlags: flags, registry: r, registers: true}, args)
			})
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&flags.trust.path, "trust", "", "the trust `file` (default $XDG_CONFIG_HOME/sigil/"+trustFile+")")
	f.BoolVar(&flags.strict, "strict", false, "fail on unsigned files in folders too")
	f.StringVar(&flags.root, "root", "", "the `folder` that names begin in")
	f.BoolVarP(&flags.verbose, "verbose", "v", false, "print authentic files too, with who signed them")
	return c
}

// register registers the signature of a verified file if it is authentic.
func (v *verifying) register(ctx context.Context, r *verified, name string, file io.ReadSeeker) {
	if r.err != nil || r.Verdict != codesign.Authentic {
		return
	}
	s := r.Signature
	if s.ID == (sigil.ID{}) {
		r.err = errors.New("not registered: minisign signed it")
		return
	}
	kept, _, err := v.registry.find(ctx, &r.Result, r.text, v.keysOf(s.Signer))
	if err == nil && kept == nil {
		kept, err = v.enter(ctx, s, r.text, name, file)
	}
	switch {
	case exitCode(err) == exitUnreachable:
		r.unanswered = err
	case err != nil:
		r.err = about("not registered", err)
	default:
		r.registered(kept)
	}
}

// enter registers the signature of an authentic file. detached is the content of the detached signature file, if it is one.
func (v *verifying) enter(ctx context.Context, s *codesign.Signature, detached, name string, file io.ReadSeeker) (*client.CodeSignature, error) {
	key, err := v.maker(s, detached)
	if err != nil {
		return nil, err
	}
	if detached == "" { // a header does not have the blocks
		if s.Blocks, err = blocksOf(name, file, s.Size); err != nil {
			return nil, err
		}
	}
	kept, err := v.registry.register(ctx, key, s, detached)
	return &kept, err
}

// maker returns the trusted key that made a signature: several may have its id.
func (v *verifying) maker(s *codesign.Signature, detached string) (key codesign.PublicKey, err error) {
	err = codesign.ErrStatement
	for _, k := range v.trust.Keys() {
		if k.ID() != s.Signer || err == nil {
			continue
		}
		key = k.PublicKey
		if detached != "" {
			_, err = codesign.ReadDetached(key, detached)
		} else {
			_, err = codesign.ReadHeader(key, s.Header(), s.Size, s.Blocks)
		}
	}
	return key, err
}

// blocksOf returns the blocks of the body of a file.
func blocksOf(name string, file io.ReadSeeker, size int64) (codesign.Blocks, error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return codesign.Blocks{}, withoutPath(err)
	}
	body, _, err := codesign.Body(name, file)
	if err != nil {
		return codesign.Blocks{}, withoutPath(err)
	}
	blocks, err := codesign.ReadBlocks(body, size)
	return blocks, withoutPath(err)
}
