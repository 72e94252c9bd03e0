package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sigil-dna/sigil/internal/codesign"
)

// Names of files in the folder of settings.
const (
	keyFile   = "code.key"
	trustFile = "trusted-keys"
)

// settingsFile returns the path of a file in the folder of settings.
func (a *app) settingsFile(name string) (string, error) {
	switch {
	case filepath.IsAbs(a.env("XDG_CONFIG_HOME")): // a relative one is to be ignored, says the XDG specification
		return filepath.Join(a.env("XDG_CONFIG_HOME"), "sigil", name), nil
	case a.env("HOME") != "":
		return filepath.Join(a.env("HOME"), ".config", "sigil", name), nil
	}
	return "", usageError("there is neither XDG_CONFIG_HOME nor HOME, so name a file")
}

// orSettingsFile returns path, or if it is empty the file of that name in the folder of settings.
func (a *app) orSettingsFile(path, name string) (string, error) {
	if path != "" {
		return path, nil
	}
	return a.settingsFile(name)
}

func (a *app) keygen() *cobra.Command {
	var path, passwordFile string
	var none bool
	c := &cobra.Command{
		Use:   "keygen",
		Short: "Make a key to sign files with",
		Long: `Keygen makes a key pair for sigil sign: the secret key, and beside it, in FILE.pub, the public
key for those who verify. It prints the public key, and never overwrites a file.

The keys are in the formats of minisign, which can use them as they are. The secret key is
encrypted with a password unless --no-password is given; that takes a second and 1 GiB of memory,
whenever the key is used.`,
		Example: `  sigil keygen
  sigil keygen --key release.key --password-file password.txt
  sigil keygen --key ci.key --no-password`,
		Args: nothingMore,
		RunE: func(cmd *cobra.Command, _ []string) error {
			path, err := a.orSettingsFile(path, keyFile)
			if err != nil {
				return err
			}
			if none && cmd.Flags().Changed("password-file") {
				return usageError("--no-password and --password-file cannot be combined")
			}
			for _, p := range []string{path, path + ".pub"} { // before a password is asked for
				if _, err := os.Lstat(p); err == nil {
					return fmt.Errorf("%s exists, and is not overwritten", p)
				}
			}
			password := ""
			if !none {
				if password, err = a.newPassword(cmd.Context(), passwordFile); err != nil {
					return err
				}
			}
			return a.writeKey(path, password)
		},
	}
	c.Flags().SortFlags = false
	c.Flags().StringVar(&path, "key", "", "write the secret key to this `file` (default $XDG_CONFIG_HOME/sigil/"+keyFile+")")
	c.Flags().BoolVar(&none, "no-password", false, "do not encrypt the secret key")
	passwordFlag(c, &passwordFile)
	return c
}

func (a *app) writeKey(path, password string) error {
	key, err := codesign.GenerateKey()
	if err != nil {
		return err
	}
	secret, err := key.File(password)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := writeNew(path, secret, 0o600); err != nil {
		return err
	}
	if err := writeNew(path+".pub", key.Public().File(), 0o644); err != nil {
		return err
	}
	a.say("wrote %s, which is secret, and %s.pub, for those who verify: sigil keys trust %s.pub", path, path, path)
	if a.flags.json {
		return a.json(map[string]string{"id": key.Public().ID().String(), "publicKey": key.Public().String(), "key": path, "public": path + ".pub"})
	}
	_, err = fmt.Fprintln(a.out, key.Public())
	return err
}

// writeNew writes a file that must not exist yet.
func writeNew(path string, content []byte, perm fs.FileMode) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists, and is not overwritten", path)
	}
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(path) // it is ours, and not whole
		}
	}()
	if _, err = f.Write(content); err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
