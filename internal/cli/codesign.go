package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/codesign"
	"github.com/sigil-dna/sigil/internal/codesign/tree"
)

// maxInPlace is the most bytes of a file that gets a header: it is held in memory.
const maxInPlace = 64 << 20

const detachedEnd = ".sigil"

// signFlags are sign's flags.
type signFlags struct {
	key, passwordFile, root, state string
	inPlace, detached, changed     bool
	register                       bool
}

func (a *app) sign() *cobra.Command {
	var flags signFlags
	c := &cobra.Command{
		Use:   "sign FILE|FOLDER...",
		Short: "Sign source files",
		Long: `Sign puts a header into each file: a comment in the file's own language that binds the file's
bytes, its name and the time to your key. A header that is there is replaced. With --detached the
file stays as it is, and FILE.sigil is written beside it, which minisign verifies too. A kind of
file that cannot carry a header, such as JSON or an image, needs --detached; with both --in-place
and --detached, each file that cannot carry a header gets a FILE.sigil.

A file's name in its signature is its path from the root: --root, or the nearest folder upwards
that has a .git, or else the folder that you give, or the one that the file is in.

In a folder, sign goes through all files but what .gitignore and .sigilignore leave out (of the
folder and those above it, up to the root), .git, .hg, .svn, .jj, node_modules, __pycache__,
.venv, symbolic links, *.sigil and *.minisig. Files there that cannot carry a header are left
out and counted.

A file is replaced whole, and only if nobody changed it meanwhile. Its mode stays; its owner is
who runs sign, and other hard links to it keep the old content.

With --register, each new signature is registered with the daemon (--addr, --tenant) after its file
is written. If the daemon does not answer, nothing is signed. A signature that could not be
registered is reported, and its file stays signed: sigil code register makes up for it.`,
		Example: `  sigil sign main.go
  sigil sign --detached data.json logo.png
  sigil sign --in-place --detached .
  sigil sign --changed --key ci.key --password-file password.txt src
  sigil sign --register --addr registry.example.org:7433 --tenant releases .`,
		Args:              atLeastOneFile,
		ValidArgsFunction: completePaths,
		RunE: func(cmd *cobra.Command, args []string) error {
			s := &signing{signFlags: flags, signer: &codesign.Signer{State: sigil.DefaultState(), Now: a.now}, trust: &codesign.Trust{}}
			if !flags.register {
				return a.runSign(cmd.Context(), s, args)
			}
			return a.withRegistry(cmd.Context(), func(r *registry) error {
				s.registry = r
				return a.runSign(cmd.Context(), s, args)
			})
		},
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&flags.key, "key", "", "sign with the secret key in this `file` (default $XDG_CONFIG_HOME/sigil/"+keyFile+")")
	passwordFlag(c, &flags.passwordFile)
	f.BoolVar(&flags.inPlace, "in-place", false, "write a header into each file (the default)")
	f.BoolVar(&flags.detached, "detached", false, "write FILE.sigil beside each file")
	f.BoolVar(&flags.changed, "changed", false, "leave alone what this key has signed as it is now")
	f.BoolVar(&flags.register, "register", false, "register each signature with the daemon")
	f.StringVar(&flags.root, "root", "", "the `folder` that names begin in")
	f.StringVar(&flags.state, "state", "", "a JSON `object` of phi, coherence, awareness, emotionalResonance, each from 0 to 1")
	return c
}

func atLeastOneFile(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usageError("give a file or a folder")
	}
	return nil
}

// signing is one run of sign.
type signing struct {
	signFlags
	signer   *codesign.Signer
	trust    *codesign.Trust // in the signer's key alone
	registry *registry       // where signatures are registered, or nil
}

// signed is what became of a file.
type signed struct {
	said     *codesign.Signature
	detached string // the path of the detached signature, if that was written
	text     string // its content
	leftOut  bool
	err      error
	// registered is when the signature was registered; nil if it was not. Unregistered is why not, if it was to be.
	registered   *client.Timestamp
	unregistered error
}

func (a *app) runSign(ctx context.Context, s *signing, args []string) error {
	begin := time.Now()
	path, err := a.orSettingsFile(s.key, keyFile)
	if err != nil {
		return err
	}
	if s.state != "" {
		state, err := readState(s.state)
		if err != nil {
			return err
		}
		s.signer.State = *state
	}
	if err := s.signer.State.Check(); err != nil {
		return err
	}
	if s.signer.Key, err = a.secretKey(ctx, path, s.passwordFile); err != nil {
		return err
	}
	s.trust.Add(codesign.TrustedKey{PublicKey: s.signer.Key.Public()})

	bar := a.newFileProgress("signed", args, s.root)
	failed := failures{a: a}
	var done, unchanged, leftOut, registered int
	err = tree.Each(ctx, tree.Files(args, s.root), func(f tree.File) signed { return s.registered(ctx, s.file(f)) }, func(f tree.File, r signed, err error) error {
		bar.next()
		if err == nil {
			err = r.err
		}
		switch {
		case err != nil:
			bar.clear()
			failed.add(about(f.Path, err))
		case r.leftOut:
			leftOut++
		case r.said == nil:
			unchanged++
		default:
			done++
			if r.registered != nil {
				registered++
			}
			if r.unregistered != nil {
				bar.clear()
				failed.add(about(f.Path, about("signed, but not registered", r.unregistered)))
			}
			if a.flags.json {
				err = a.json(signedEntry(f, r))
			}
			if exitCode(r.unregistered) == exitUnreachable {
				err = errUnanswered // every other file would wait for it, too
			}
			return err
		}
		return nil
	})
	bar.end()
	if err != nil && !errors.Is(err, errUnanswered) {
		return err
	}
	text := "signed " + count(done, "file", "files") + " with key " + s.signer.Key.Public().ID().String() + " in " + took(time.Since(begin))
	if s.registry != nil {
		text += fmt.Sprintf("; %d registered", registered)
	}
	if unchanged > 0 {
		text += fmt.Sprintf("; %d unchanged", unchanged)
	}
	if leftOut > 0 {
		text += fmt.Sprintf("; %s that cannot carry a header left out (add --in-place --detached to sign those too)", count(leftOut, "file", "files"))
	}
	a.say("%s", text)
	return failed.exit()
}

// file signs a file.
func (s *signing) file(f tree.File) (r signed) {
	if f.Orphan {
		return signed{leftOut: true}
	}
	if tree.IsSignature(f.Path) {
		return signed{err: errors.New("this is a signature; it is not signed itself")}
	}
	file, err := os.Open(f.Path)
	if err != nil {
		return signed{err: withoutPath(err)}
	}
	defer file.Close() //nolint:errcheck // it was only read from
	was, err := file.Stat()
	if err != nil {
		return signed{err: withoutPath(err)}
	}
	if s.changed && s.unchanged(f, file) {
		return signed{}
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return signed{err: withoutPath(err)}
	}
	if s.detached && !s.inPlace {
		return s.beside(f, file, was)
	}
	switch r = s.within(f, file, was); {
	case !errors.Is(r.err, codesign.ErrDetachedOnly):
		return r
	case s.detached:
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return signed{err: withoutPath(err)}
		}
		return s.beside(f, file, was)
	case f.Listed:
		return signed{leftOut: true}
	}
	r.err = sigil.NewInvalid("no_header", "", "this kind of file cannot carry a header: sign it with --detached")
	return r
}

// registered returns what became of a file, whose signature it registers if that is asked for.
func (s *signing) registered(ctx context.Context, r signed) signed {
	if s.registry == nil || r.err != nil || r.said == nil {
		return r
	}
	kept, err := s.registry.register(ctx, s.signer.Key.Public(), r.said, r.text)
	if r.unregistered = err; err == nil {
		r.registered = &kept.RegisteredAt
	}
	return r
}

// within signs by a header.
func (s *signing) within(f tree.File, file *os.File, was fs.FileInfo) signed {
	if was.Size() > maxInPlace {
		return signed{err: codesign.ErrDetachedOnly}
	}
	content := bytes.NewBuffer(make([]byte, 0, was.Size()+bytes.MinRead))
	if _, err := content.ReadFrom(io.LimitReader(file, maxInPlace+1)); err != nil {
		return signed{err: withoutPath(err)}
	}
	if int64(content.Len()) != was.Size() {
		return signed{err: tree.ErrChanged}
	}
	after, said, err := s.signer.Sign(f.Name, content.Bytes())
	if err != nil {
		return signed{err: err}
	}
	if f.Signature != "" { // it would no longer be of the file
		return signed{err: fmt.Errorf("it has a detached signature, %s: sign it with --detached, or remove that", f.Signature)}
	}
	return signed{said: said, err: withoutPath(tree.Replace(f.Path, after, was, 0))}
}

// beside signs by a detached signature.
func (s *signing) beside(f tree.File, file *os.File, was fs.FileInfo) signed {
	text, said, err := s.signer.SignDetached(f.Name, file, was.Size())
	if err != nil {
		return signed{err: err}
	}
	now, err := os.Lstat(f.Path)
	if err == nil && !tree.Same(was, now) {
		err = tree.ErrChanged
	}
	r := signed{said: said, detached: f.Path + detachedEnd, text: string(text)}
	if err == nil {
		err = tree.Replace(r.detached, text, nil, 0o644)
	}
	r.err = withoutPath(err)
	return r
}

// unchanged reports whether the key has signed the file as it is, the way it would be signed now.
func (s *signing) unchanged(f tree.File, file *os.File) bool {
	var r codesign.Result
	var err error
	if strings.HasSuffix(f.Signature, detachedEnd) {
		if !s.detached {
			return false
		}
		var text string
		if text, err = readSignature(f.Signature); err == nil {
			r, err = codesign.VerifyDetached(file, f.Name, []byte(text), s.trust, s.signer.Now())
		}
	} else {
		if s.detached && !s.inPlace || f.Signature != "" {
			return false
		}
		r, err = codesign.Verify(file, f.Name, s.trust, s.signer.Now())
	}
	return err == nil && r.Verdict == codesign.Authentic && sameState(r.Signature.State, s.signer.State)
}

func sameState(a, b sigil.State) bool {
	return a.Phi == b.Phi && a.Coherence == b.Coherence && a.Awareness == b.Awareness && a.EmotionalResonance == b.EmotionalResonance
}

// withoutPath takes the path off an error of the file system: the message about a file begins with it.
func withoutPath(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// signatureShown is a signature as JSON.
type signatureShown struct {
	ID        string         `json:"id,omitempty"`
	Name      string         `json:"name"`
	Signer    codesign.KeyID `json:"signer"`
	SignedBy  string         `json:"signedBy,omitempty"` // what the trust file calls the key
	Time      time.Time      `json:"time"`
	SHA256    string         `json:"sha256,omitempty"`
	Size      int64          `json:"size"`
	Frequency float64        `json:"frequency"`
	State     *sigil.State   `json:"state,omitempty"`
}

func showSignature(s *codesign.Signature) *signatureShown {
	if s == nil {
		return nil
	}
	shown := &signatureShown{Name: s.Name, Signer: s.Signer, Time: s.Time, Size: s.Size}
	if s.SHA256 != [32]byte{} {
		shown.SHA256, shown.Frequency = fmt.Sprintf("%x", s.SHA256), s.Frequency().Value()
	}
	if s.ID != (sigil.ID{}) { // minisign's has none
		shown.ID, shown.State = s.ID.String(), &s.State
	}
	return shown
}

func signedEntry(f tree.File, r signed) any {
	return struct {
		Path       string            `json:"path"`
		Detached   string            `json:"detached,omitempty"`
		Signature  *signatureShown   `json:"signature"`
		Registered *client.Timestamp `json:"registeredAt,omitempty"`
	}{f.Path, r.detached, showSignature(r.said), r.registered}
}
