package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/codesign"
	"github.com/sigil-dna/sigil/internal/codesign/tree"
)

func (a *app) keys() *cobra.Command {
	c := &cobra.Command{
		Use:   "keys",
		Short: "Say whose signatures are accepted",
		Long: `Keys manages the trust file, which names the keys whose signatures sigil verify accepts:
trust puts a key in, untrust takes it out, revoke marks it so that whatever it signed, whenever,
is answered as revoked, and list shows them.

The file is text, a key a line; it may be kept in a repository, or copied. By default it is
$XDG_CONFIG_HOME/sigil/` + trustFile + `; --trust names another.`,
		Example: `  sigil keys trust ada.pub --name 'Ada Lovelace'
  sigil keys trust ci.pub --name 'our CI' --until 90d
  sigil keys list
  sigil keys revoke E7620F1842B4E81F`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError("name one of trust, untrust, revoke and list")
			}
			return usageError("there is no command " + quote("keys "+args[0]))
		},
		RunE: func(*cobra.Command, []string) error { return nil },
	}
	var t trustFlag
	c.PersistentFlags().StringVar(&t.path, "trust", "", "the trust `file`")
	c.AddCommand(a.keysTrust(&t), a.keysUntrust(&t), a.keysRevoke(&t), a.keysList(&t))
	return c
}

// trustFlag is --trust.
type trustFlag struct{ path string }

// read returns the trust file and its path. If it is the default one and does not exist, it names no keys.
func (t *trustFlag) read(a *app) (*codesign.Trust, string, error) {
	path, err := a.orSettingsFile(t.path, trustFile)
	if err != nil {
		return nil, "", err
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && t.path == "" {
		return &codesign.Trust{}, path, nil
	}
	if err != nil {
		return nil, "", err
	}
	trust, err := codesign.ParseTrust(text)
	return trust, path, about(path, err)
}

// change reads the trust file, has do change it, and writes it.
func (t *trustFlag) change(a *app, do func(*codesign.Trust) error) error {
	path, err := a.orSettingsFile(t.path, trustFile)
	if err != nil {
		return err
	}
	trust := &codesign.Trust{}
	text, err := os.ReadFile(path)
	if err == nil {
		trust, err = codesign.ParseTrust(text)
	} else if errors.Is(err, fs.ErrNotExist) {
		err = os.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err != nil {
		return about(path, err)
	}
	if err := do(trust); err != nil {
		return err
	}
	was, err := os.Stat(path)
	if err == nil {
		path, err = filepath.EvalSymlinks(path) // the file is replaced, not a link to it
	} else if errors.Is(err, fs.ErrNotExist) {
		was, err = nil, nil
	}
	if err != nil {
		return err
	}
	return tree.Replace(path, trust.File(), was, 0o644)
}

func (a *app) keysTrust(t *trustFlag) *cobra.Command {
	var name, until string
	c := &cobra.Command{
		Use:   "trust KEY|FILE",
		Short: "Accept what a key signs",
		Long: `Trust puts a public key into the trust file: 56 characters, or a file that holds them, such as
keygen's FILE.pub or minisign's. A key that is there gets the new name and end.

--until is a time, or how long from now; from then on its signatures are answered as expired.`,
		Example: `  sigil keys trust ada.pub --name 'Ada Lovelace'
  sigil keys trust RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3 --until 2027-12-31`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("give one public key, or the file that it is in")
			}
			return nil
		},
		ValidArgsFunction: oneFile,
		RunE: func(_ *cobra.Command, args []string) error {
			text := args[0]
			if file, err := os.ReadFile(text); err == nil {
				text = string(file)
			} else if len(text) != len(codesign.PublicKey{}.String()) {
				return err
			}
			public, err := codesign.ParsePublicKey(text)
			if err != nil {
				return about(args[0], sigil.NewInvalid("invalid_key", "", err.Error()))
			}
			k := codesign.TrustedKey{PublicKey: public, Name: name}
			if k.Until, err = a.untilWhen(until); err != nil {
				return err
			}
			if err := k.Check(); err != nil {
				return usageError(err.Error())
			}
			return t.change(a, func(trust *codesign.Trust) error {
				for _, known := range trust.Keys() {
					if known.PublicKey == public && known.Revoked {
						return fmt.Errorf("the key is revoked: sigil keys untrust %s first, if that was a mistake", known.ID())
					}
				}
				trust.Add(k)
				a.say("trusted: %s", describe(k))
				return nil
			})
		},
	}
	c.Flags().SortFlags = false
	c.Flags().StringVar(&name, "name", "", "whose key it is, in `words`")
	c.Flags().StringVar(&until, "until", "", "when trust ends: a `time` such as 2027-12-31, or a duration such as 90d")
	return c
}

// untilWhen reads --until.
func (a *app) untilWhen(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, form := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(form, s); err == nil {
			return t, nil
		}
	}
	d, err := sigil.ParseDuration(s)
	if err != nil || d <= 0 {
		return time.Time{}, usageError(`--until must be a time such as 2027-12-31 or 2027-12-31T12:00:00Z, or a duration such as "90d"`)
	}
	return a.now().Add(d).UTC().Truncate(time.Second), nil
}

func describe(k codesign.TrustedKey) string {
	s := k.ID().String()
	if k.Name != "" {
		s += " " + k.Name
	}
	if !k.Until.IsZero() {
		s += ", until " + k.Until.UTC().Format(time.RFC3339)
	}
	return s
}

// changeByID is a command that changes the keys with the ids that it is given. The argument of do has one key at least.
func (a *app) changeByID(t *trustFlag, c *cobra.Command, do func(*codesign.Trust, codesign.KeyID, []codesign.TrustedKey)) *cobra.Command {
	c.Args = func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usageError("give the id of a key; sigil keys list shows them")
		}
		return nil
	}
	c.ValidArgsFunction = func(_ *cobra.Command, given []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return a.completeKeys(t, given, begun)
	}
	c.RunE = func(_ *cobra.Command, args []string) error {
		var ids []codesign.KeyID
		for _, arg := range args {
			id, err := keyID(arg)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return t.change(a, func(trust *codesign.Trust) error {
			for _, id := range ids {
				with := slices.DeleteFunc(trust.Keys(), func(k codesign.TrustedKey) bool { return k.ID() != id })
				if len(with) == 0 {
					return about(id.String(), fmt.Errorf("no such key in the trust file: %w", sigil.ErrNotFound))
				}
				do(trust, id, with)
			}
			return nil
		})
	}
	return c
}

// keyID reads the id of a key from the command line.
func keyID(text string) (codesign.KeyID, error) {
	id, err := codesign.ParseKeyID(text)
	if err != nil {
		return 0, usageError(fmt.Sprintf("%q is not the id of a key: it has 16 hexadecimal digits", cut(text, 40)))
	}
	return id, nil
}

// completeKeys completes the ids of keys in the trust file, without those already on the line.
func (a *app) completeKeys(t *trustFlag, given []string, begun string) (ids []cobra.Completion, _ cobra.ShellCompDirective) {
	trust, _, err := t.read(a)
	if err != nil {
		return nil, noFiles
	}
	for _, k := range trust.Keys() {
		if id := k.ID().String(); strings.HasPrefix(id, strings.ToUpper(begun)) && !slices.Contains(given, id) {
			ids = append(ids, cobra.CompletionWithDesc(id, escape(k.Name)))
		}
	}
	return ids, noFiles
}

func (a *app) keysUntrust(t *trustFlag) *cobra.Command {
	return a.changeByID(t, &cobra.Command{
		Use:     "untrust ID...",
		Short:   "Take keys out of the trust file",
		Long:    "Untrust takes keys out of the trust file: what they signed is answered as by an unknown key.",
		Example: "  sigil keys untrust E7620F1842B4E81F",
	}, func(trust *codesign.Trust, id codesign.KeyID, _ []codesign.TrustedKey) {
		trust.Remove(id)
		a.say("no longer trusted: %s", id)
	})
}

func (a *app) keysRevoke(t *trustFlag) *cobra.Command {
	return a.changeByID(t, &cobra.Command{
		Use:   "revoke ID...",
		Short: "Mark keys as revoked",
		Long: `Revoke marks keys in the trust file: whatever they signed, whenever, is answered as revoked. It
is for a key that got into wrong hands: the time in a signature is the signer's word, and a thief
can write any.`,
		Example: "  sigil keys revoke E7620F1842B4E81F",
	}, func(trust *codesign.Trust, id codesign.KeyID, with []codesign.TrustedKey) {
		for _, k := range with {
			k.Revoked = true
			trust.Add(k)
		}
		a.say("revoked: %s", id)
	})
}

func (a *app) keysList(t *trustFlag) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "Show the keys of the trust file",
		Long:    "List shows the keys of the trust file: their ids, until when they are trusted, and names. --json has the keys too.",
		Example: "  sigil keys list\n  sigil keys list --json",
		Args:    nothingMore,
		RunE: func(*cobra.Command, []string) error {
			trust, _, err := t.read(a)
			if err != nil {
				return err
			}
			keys := trust.Keys()
			a.none(len(keys), "trusted keys")
			rows := &table{a: a, head: []string{"ID", "TRUSTED", "NAME"}, widths: []int{16, 26}}
			for _, k := range keys {
				if a.flags.json {
					err = a.json(keyEntry(k))
				} else {
					err = rows.row(k.ID().String(), a.trusted(k), k.Name)
				}
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func (a *app) trusted(k codesign.TrustedKey) string {
	switch {
	case k.Revoked:
		return "revoked"
	case k.Until.IsZero():
		return "yes"
	case a.now().Before(k.Until):
		return "until " + k.Until.UTC().Format(time.RFC3339)
	}
	return "no, until " + k.Until.UTC().Format(time.DateOnly)
}

type keyShown struct {
	ID        string     `json:"id"`
	PublicKey string     `json:"publicKey"`
	Name      string     `json:"name,omitempty"`
	Until     *time.Time `json:"until,omitempty"`
	Revoked   bool       `json:"revoked"`
}

func keyEntry(k codesign.TrustedKey) keyShown {
	s := keyShown{ID: k.ID().String(), PublicKey: k.String(), Name: k.Name, Revoked: k.Revoked}
	if !k.Until.IsZero() {
		until := k.Until.UTC()
		s.Until = &until
	}
	return s
}

// completePaths completes files and folders.
func completePaths(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

// oneFile completes one argument that is a file.
func oneFile(_ *cobra.Command, given []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(given) > 0 {
		return nil, noFiles
	}
	return nil, cobra.ShellCompDirectiveDefault
}
