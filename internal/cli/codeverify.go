package cli

import (
	"bufio"
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
}

func (a *app) verify() *cobra.Command {
	var flags verifyFlags
	c := &cobra.Command{
		Use:   "verify FILE|FOLDER... | -",
		Short: "Find out whether signed files are as their signers left them",
		Long: `Verify reads files that sigil sign or minisign signed, and reports each that is not authentic:

  tampered     the body, the header or the name is not what was signed
  revoked      it is, but the key is revoked
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

Exit codes: 0 all authentic, 6 a file was tampered with or its key is revoked, 7 a file is
unsigned, by an unknown key or expired, or nothing at all is signed, 1 a file could not be
read. The first of 6, 1, 7 that applies.`,
		Example: `  sigil verify main.go
  sigil verify --strict --trust trusted-keys .
  sigil verify --sarif --strict . > sigil.sarif
  git show HEAD:main.go | sigil verify --name main.go -`,
		Args: atLeastOneFile,
		RunE: func(cmd *cobra.Command, args []string) error { return a.runVerify(cmd, flags, args) },
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&flags.trust.path, "trust", "", "the trust `file` (default $XDG_CONFIG_HOME/sigil/"+trustFile+")")
	f.BoolVar(&flags.strict, "strict", false, "fail on unsigned files in folders too")
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
	trust *codesign.Trust
	now   time.Time
}

// verified is what is known of a file.
type verified struct {
	codesign.Result
	path     string // to be shown
	detached string // the path of the detached signature that decided, or ""
	uri      string // relative to the root, if that is known
	named    bool   // on the command line
	lines    *lineRange
	err      error
}

// lineRange is the lines of a tampered file in which it differs, from 1.
type lineRange struct{ first, last int }

// tally counts files by verdict.
type tally struct {
	files, unreadable int
	verdicts          map[codesign.Verdict]int
	lacking           bool // an unsigned file was named, or must be signed
}

func (a *app) runVerify(cmd *cobra.Command, flags verifyFlags, args []string) error {
	begin := time.Now()
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
	v := &verifying{verifyFlags: flags, trust: trust, now: a.now()}
	show, finish := a.verifyOutput(v)
	t := &tally{verdicts: map[codesign.Verdict]int{}}
	judge := func(r *verified) error {
		t.files++
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
		r := v.reader(a.stdin, flags.name, flags.signature)
		r.path, r.named = flags.name, true
		if r.path == "" {
			r.path = "-"
		}
		err = judge(&r)
	} else {
		err = v.files(cmd.Context(), a, args, judge)
	}
	if err == nil {
		err = finish()
	}
	if err != nil {
		return err
	}
	a.say("%s in %s", t, took(time.Since(begin)))
	return t.exit()
}

func (v *verifying) files(ctx context.Context, a *app, args []string, judge func(*verified) error) error {
	bar := a.newFileProgress("verified", args, v.root)
	defer bar.end()
	return tree.Each(ctx, tree.Files(args, v.root), v.file, func(f tree.File, r verified, err error) error {
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
func (v *verifying) file(f tree.File) (r verified) {
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
	if r = v.reader(file, name, signature); r.Differs != nil && r.err == nil {
		if _, err := file.Seek(0, io.SeekStart); err == nil {
			r.lines, _ = linesOf(file, *r.Differs)
		}
	}
	return r
}

// reader verifies what is read from in. Its errors have no path.
func (v *verifying) reader(in io.Reader, name, signature string) (r verified) {
	if r.detached = signature; signature != "" {
		r.Result, r.err = verifyDetached(in, name, signature, v.trust, v.now)
	} else {
		r.Result, r.err = codesign.Verify(in, name, v.trust, v.now)
	}
	r.err = withoutPath(r.err)
	return r
}

func verifyDetached(in io.Reader, name, signature string, trust *codesign.Trust, now time.Time) (codesign.Result, error) {
	f, err := os.Open(signature)
	if err != nil {
		return codesign.Result{}, err
	}
	defer f.Close() //nolint:errcheck // it was only read from
	text, err := io.ReadAll(io.LimitReader(f, maxSignatureFile))
	if err != nil {
		return codesign.Result{}, err
	}
	return codesign.VerifyDetached(in, name, text, trust, now)
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

// order is the one in which verdicts are counted up.
var order = []codesign.Verdict{
	codesign.Authentic, codesign.Tampered, codesign.Revoked, codesign.Expired, codesign.UnknownKey, codesign.Unsigned,
}

func (t *tally) String() string {
	parts := []string{}
	for _, v := range order {
		if n := t.verdicts[v]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	if t.unreadable > 0 {
		parts = append(parts, fmt.Sprintf("%d not readable", t.unreadable))
	}
	if len(parts) == 0 {
		return "no files"
	}
	return count(t.files, "file", "files") + ": " + strings.Join(parts, ", ")
}

// exit returns the error that the exit code is made of.
func (t *tally) exit() error {
	n := t.verdicts
	switch {
	case n[codesign.Tampered]+n[codesign.Revoked] > 0:
		return exitError(exitTampered)
	case t.unreadable > 0:
		return exitError(exitFailed)
	case n[codesign.UnknownKey]+n[codesign.Expired] > 0, t.lacking, n[codesign.Authentic] == 0:
		return exitError(exitUnproven)
	}
	return nil
}

// verifyOutput returns how a result is shown, and what comes after the last.
func (a *app) verifyOutput(v *verifying) (show func(*verified) error, finish func() error) {
	switch {
	case v.sarif:
		s := &sarif{a: a}
		return s.add, s.end
	case a.flags.json:
		return func(r *verified) error { return a.json(v.entry(r)) }, func() error { return nil }
	}
	return func(r *verified) error {
		if r.Verdict == codesign.Authentic && !v.verbose {
			return nil
		}
		_, err := fmt.Fprintf(a.out, "%s %s: %s\n", a.paint(colorOf(r.Verdict), fmt.Sprintf("%-11s", r.Verdict)), escape(r.path), escape(v.sentence(r)))
		return err
	}, func() error { return nil }
}

func colorOf(v codesign.Verdict) string {
	switch v {
	case codesign.Authentic:
		return green
	case codesign.Tampered, codesign.Revoked:
		return red
	}
	return yellow
}

// sentence returns what is known of a file as text, without its verdict and path.
func (v *verifying) sentence(r *verified) string {
	s := r.Detail
	if r.What != "" {
		s = r.What + ": " + s
	}
	if r.Verdict == codesign.Authentic {
		s = "signed by " + v.signer(r.Signature.Signer) + " at " + r.Signature.Time.UTC().Format(time.RFC3339)
	}
	if s == "" {
		s = "no signature"
	}
	if r.Differs != nil {
		s += "; it first differs " + r.where()
	}
	if r.detached != "" {
		s += ", by " + r.detached
	}
	return s
}

// where returns in which bytes and lines a file first differs.
func (r *verified) where() string {
	from, last := r.Differs.From, r.Differs.To-1
	s := fmt.Sprintf("in bytes %d to %d", from, last)
	if last <= from {
		s = fmt.Sprintf("at byte %d", from)
	}
	switch {
	case r.lines == nil:
		return s
	case r.lines.first == r.lines.last:
		return fmt.Sprintf("%s, line %d", s, r.lines.first)
	}
	return fmt.Sprintf("%s, lines %d to %d", s, r.lines.first, r.lines.last)
}

// signer returns the id of a key with the name that the trust file has for it.
func (v *verifying) signer(id codesign.KeyID) string {
	if name := v.nameOf(id); name != "" {
		return name + " (" + id.String() + ")"
	}
	return id.String()
}

func (v *verifying) nameOf(id codesign.KeyID) string {
	for _, k := range v.trust.Keys() {
		if k.ID() == id {
			return k.Name
		}
	}
	return ""
}

// verifiedShown is what is known of a file as JSON.
type verifiedShown struct {
	Path      string           `json:"path"`
	Verdict   codesign.Verdict `json:"verdict"`
	What      string           `json:"what,omitempty"`
	Detail    string           `json:"detail,omitempty"`
	Detached  string           `json:"detached,omitempty"`
	Differs   *rangeShown      `json:"differs,omitempty"`
	SHA256    string           `json:"sha256,omitempty"`
	Signature *signatureShown  `json:"signature,omitempty"`
}

// rangeShown is where a file differs first: bytes from From up to, but without, To, and their lines from 1.
type rangeShown struct {
	From      int64 `json:"from"`
	To        int64 `json:"to"`
	FirstLine int   `json:"firstLine,omitempty"`
	LastLine  int   `json:"lastLine,omitempty"`
}

func (v *verifying) entry(r *verified) verifiedShown {
	shown := verifiedShown{Path: r.path, Verdict: r.Verdict, What: r.What, Detail: r.Detail, Detached: r.detached, Signature: showSignature(r.Signature)}
	if r.SHA256 != [32]byte{} {
		shown.SHA256 = fmt.Sprintf("%x", r.SHA256)
	}
	if shown.Signature != nil {
		shown.Signature.SignedBy = v.nameOf(r.Signature.Signer)
	}
	if d := r.Differs; d != nil {
		shown.Differs = &rangeShown{From: d.From, To: d.To}
		if r.lines != nil {
			shown.Differs.FirstLine, shown.Differs.LastLine = r.lines.first, r.lines.last
		}
	}
	return shown
}
