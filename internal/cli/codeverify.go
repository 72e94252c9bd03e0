package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil/internal/codesign"
	"github.com/sigil-dna/sigil/internal/codesign/tree"
)

// maxSignatureFile is more than a detached signature file may have.
const maxSignatureFile = 64 << 10

// verifyFlags are verify's flags.
type verifyFlags struct {
	trust                  trustFlag
	root, name, signature  string
	strict, sarif, verbose bool
	registry               bool
}

func (a *app) verify() *cobra.Command {
	var flags verifyFlags
	c := &cobra.Command{
		Use:   "verify FILE|FOLDER... | -",
		Short: "Find out whether signed files are as their signers left them",
		Long: `Verify reads files that sigil sign or minisign signed, and reports each that is not authentic:

  tampered     the body, the header or the name is not what was signed
  revoked      it is, but the key is revoked, or with --registry the signature
  expired      it is, but trust in the key has ended
  unknown key  the trust file does not have the signer's key; nothing else is known then
  unsigned     there is no signature (a legacy header, "Consciousness Sigil", is none)

A detached signature, FILE.sigil or FILE.minisig, is found beside its file and decides;
--signature names another. Standard input is read with -, and --name is its name then.

Names count. A file's name is its path from the root, as for sigil sign: --root, or the nearest
folder upwards that has a .git. If there is neither, the last elements of its path must be
the name that was signed.

Folders are walked as sigil sign walks them. Files in them that are unsigned are reported, but
fail only with --strict; a file that you name must be signed. Without --strict, a changed file
passes as unsigned if its header was taken out with the change. So use --strict wherever every
file is meant to be signed, and list what is not in .sigilignore, which is signed itself.

With --registry, the daemon (--addr, --tenant) is asked whether it has the signature, and whether
it was revoked there; and where a file with a header was changed, which the header does not say.
The files are not sent, and whose keys count is still for the trust file to say. If the daemon
does not answer, verify ends: nothing is called authentic without its answer.

Exit codes: 0 all authentic, 6 a file was tampered with, or its key or signature is revoked, 7 a
file is unsigned, by an unknown key or expired, or nothing at all is signed, 1 a file could not be
read. The first of 6, 1, 7 that applies; but 4 if the daemon does not answer.`,
		Example: `  sigil verify main.go
  sigil verify --strict --trust trusted-keys .
  sigil verify --registry --addr registry.example.org:7433 --tenant releases .
  sigil verify --sarif --strict . > sigil.sarif
  git show HEAD:main.go | sigil verify --name main.go -`,
		Args:              atLeastOneFile,
		ValidArgsFunction: completePaths,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !flags.registry {
				return a.runVerify(cmd.Context(), &verifying{verifyFlags: flags}, args)
			}
			return a.withRegistry(cmd.Context(), func(r *registry) error {
				return a.runVerify(cmd.Context(), &verifying{verifyFlags: flags, registry: r}, args)
			})
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&flags.trust.path, "trust", "", "the trust `file` (default $XDG_CONFIG_HOME/sigil/"+trustFile+")")
	f.BoolVar(&flags.strict, "strict", false, "fail on unsigned files in folders too")
	f.BoolVar(&flags.registry, "registry", false, "ask the daemon too whether a signature was revoked")
	f.StringVar(&flags.signature, "signature", "", "the detached signature `file` of the one file to verify")
	f.StringVar(&flags.name, "name", "", "the `name` of standard input")
	f.StringVar(&flags.root, "root", "", "the `folder` that names begin in")
	f.BoolVar(&flags.sarif, "sarif", false, "print SARIF 2.1.0, for code scanning in CI")
	f.BoolVarP(&flags.verbose, "verbose", "v", false, "print authentic files too, with who signed them")
	return c
}

// verifying is one run of verify.
type verifying struct {
	verifyFlags
	trust    *codesign.Trust
	now      time.Time
	registry *registry // nil if it is not asked

	registers bool // signatures are registered there
}

// verified is what is known of a file.
type verified struct {
	codesign.Result
	path     string // to be shown
	detached string // the path of the detached signature that decided, or ""
	text     string // its content
	uri      string // relative to the root, if that is known
	named    bool   // on the command line
	lines    *lineRange
	err      error

	registry   *registryShown // nil if the registry was not asked
	unanswered error          // the registry was asked in vain
}

// lineRange is the lines of a tampered file in which it differs, from 1.
type lineRange struct{ first, last int }

func (a *app) runVerify(ctx context.Context, v *verifying, args []string) error {
	begin, flags := time.Now(), &v.verifyFlags
	stdin := len(args) == 1 && args[0] == "-"
	switch {
	case flags.sarif && a.flags.json:
		return usageError("--sarif and --json cannot be combined")
	case !stdin && flags.name != "":
		return usageError("--name is for standard input: sigil verify --name NAME -")
	case !stdin && strings.Contains("\x00"+strings.Join(args, "\x00")+"\x00", "\x00-\x00"):
		return usageError("- stands alone")
	case flags.signature != "" && len(args) > 1:
		return usageError("--signature is of one file")
	case stdin && a.inTerm:
		return usageError("give a FILE, or one on standard input")
	}
	trust, path, err := flags.trust.read(a)
	if err != nil {
		return err
	}
	if len(trust.Keys()) == 0 {
		a.say("sigil: warning: there are no keys in %s; sigil keys trust puts them in", path)
	}
	v.trust, v.now = trust, a.now()
	show, finish := a.verifyOutput(v)
	t := &tally{verdicts: map[codesign.Verdict]int{}}
	judge := func(r *verified) error {
		if r.unanswered != nil {
			return about(r.path, r.unanswered)
		}
		t.files++
		if v.registers && r.registry != nil {
			t.registered++
		}
		if r.err != nil {
			t.unreadable++
			a.complain(message(about(r.path, r.err)))
			return nil
		}
		t.verdicts[r.Verdict]++
		if r.Verdict == codesign.Unsigned && (r.named || v.strict) {
			t.lacking = true
		}
		return show(r)
	}
	if stdin {
		r := v.stdin(ctx, a.stdin)
		r.path, r.named = flags.name, true
		if r.path == "" {
			r.path = "-"
		}
		err = judge(&r)
	} else {
		err = v.files(ctx, a, args, judge)
	}
	if err == nil {
		err = finish()
	}
	if err != nil {
		return err
	}
	text := fmt.Sprintf("%s in %s", t, took(time.Since(begin)))
	if v.registers {
		text += fmt.Sprintf("; %d registered", t.registered)
	}
	a.say("%s", text)
	return t.exit()
}

func (v *verifying) files(ctx context.Context, a *app, args []string, judge func(*verified) error) error {
	bar := a.newFileProgress("verified", args, v.root)
	defer bar.end()
	return tree.Each(ctx, tree.Files(args, v.root), func(f tree.File) verified { return v.file(ctx, f) }, func(f tree.File, r verified, err error) error {
		bar.next()
		r.path, r.named = f.Path, !f.Listed
		if f.Rooted {
			r.uri = f.Name
		}
		if err != nil {
			r.err = withoutPath(err)
		}
		if r.err != nil || r.Verdict != codesign.Authentic {
			bar.clear()
		}
		return judge(&r)
	})
}

// file verifies a file.
func (v *verifying) file(ctx context.Context, f tree.File) (r verified) {
	if f.Orphan {
		r.Result = codesign.Result{Verdict: codesign.Tampered, What: "body", Detail: "this is a signature, and the file that it is of is missing"}
		return r
	}
	if tree.IsSignature(f.Path) {
		r.err = errors.New("this is a signature; name the file that it is of")
		return r
	}
	signature := f.Signature
	if v.signature != "" {
		if signature = v.signature; f.Listed {
			r.err = errors.New("--signature is of one file, not of a folder")
			return r
		}
	}
	name := f.Name
	if !f.Rooted {
		name = f.Absolute()
	}
	file, err := os.Open(f.Path)
	if err != nil {
		r.err = withoutPath(err)
		return r
	}
	defer file.Close() //nolint:errcheck // it was only read from
	r = v.reader(file, name, signature)
	if v.registers {
		v.register(ctx, &r, name, file)
	}
	r.locate(v.consult(ctx, &r), name, file)
	return r
}

// stdin verifies standard input.
func (v *verifying) stdin(ctx context.Context, in io.Reader) verified {
	if v.registry == nil {
		return v.reader(in, v.name, v.signature)
	}
	// Beside a registry it is kept, up to the size of a file that can have a header: it cannot be read twice.
	start, err := io.ReadAll(io.LimitReader(in, maxInPlace+1))
	if err != nil {
		return verified{err: err}
	}
	r := v.reader(io.MultiReader(bytes.NewReader(start), in), v.name, v.signature)
	said := v.consult(ctx, &r)
	if len(start) <= maxInPlace {
		r.locate(said, v.name, bytes.NewReader(start))
	}
	return r
}

// locate finds out where a file whose body was changed first differs, and in which lines. said, if not nil, is its signature
// with the blocks of what was signed. A file that cannot be read again has no place, and no lines.
func (r *verified) locate(said *codesign.Signature, name string, file io.ReadSeeker) {
	if r.err != nil || r.What != "body" || r.Differs == nil && said == nil {
		return
	}
	if r.Differs == nil {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return
		}
		differs, header, err := said.LocateIn(name, file)
		if err != nil || differs == nil {
			return
		}
		in := differs.InFile(header)
		r.Differs = &in
	}
	if _, err := file.Seek(0, io.SeekStart); err == nil {
		r.lines, _ = linesOf(file, *r.Differs)
	}
}

// reader verifies what is read from in. Its errors have no path.
func (v *verifying) reader(in io.Reader, name, signature string) (r verified) {
	if r.detached = signature; signature != "" {
		if r.text, r.err = readSignature(signature); r.err == nil {
			r.Result, r.err = codesign.VerifyDetached(in, name, []byte(r.text), v.trust, v.now)
		}
	} else {
		r.Result, r.err = codesign.Verify(in, name, v.trust, v.now)
	}
	r.err = withoutPath(r.err)
	return r
}

// readSignature reads a detached signature file.
func readSignature(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // it was only read from
	text, err := io.ReadAll(io.LimitReader(f, maxSignatureFile))
	return string(text), err
}

// linesOf returns the lines that the bytes of a range are in.
func linesOf(file io.Reader, r codesign.Range) (*lineRange, error) {
	in := bufio.NewReaderSize(file, 64<<10)
	lines := &lineRange{first: 1, last: 1}
	for at := int64(0); at < r.To-1; at++ {
		c, err := in.ReadByte()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if c == '\n' {
			lines.last++
			if at < r.From {
				lines.first++
			}
		}
	}
	return lines, nil
}
