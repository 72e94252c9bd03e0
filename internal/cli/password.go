package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sigil-dna/sigil/internal/codesign"
)

// passwordVariable is what names a password file where --password-file does not.
const passwordVariable = "SIGIL_KEY_PASSWORD_FILE" //nolint:gosec // the name of a variable

func passwordFlag(c *cobra.Command, path *string) {
	c.Flags().StringVar(path, "password-file", "", "read the key's password from the first line of this `file` ("+passwordVariable+")")
}

// passwordFrom returns the password in the file that the flag or the environment names. Found is false if neither does.
func (a *app) passwordFrom(path string) (password string, found bool, err error) {
	path, from := a.setting(path, "--password-file", passwordVariable)
	if path == "" {
		return "", false, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", false, about(from, err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimSuffix(line, "\r"); line == "" {
		return "", false, about(from, fmt.Errorf("the first line of %s is empty", path))
	}
	return line, true, nil
}

// newPassword returns the password for a new key: from a file, or typed twice.
func (a *app) newPassword(ctx context.Context, path string) (string, error) {
	password, found, err := a.passwordFrom(path)
	if err != nil || found {
		return password, err
	}
	if a.inFile == nil {
		return "", usageError("there is no terminal to ask for a password at: give --password-file, or --no-password")
	}
	password, err = a.ask(ctx, "password of the new key: ")
	if err != nil {
		return "", err
	}
	if password == "" {
		return "", usageError("the password is empty; --no-password makes a key without one")
	}
	again, err := a.ask(ctx, "the same again: ")
	if err == nil && again != password {
		err = usageError("the passwords differ")
	}
	return password, err
}

// secretKey reads a secret key, with its password from a file or the terminal if it needs one.
func (a *app) secretKey(ctx context.Context, path, passwordFile string) (codesign.PrivateKey, error) {
	file, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return codesign.PrivateKey{}, fmt.Errorf("%w; sigil keygen makes a key", err)
	}
	if err != nil {
		return codesign.PrivateKey{}, err
	}
	password := ""
	if codesign.Encrypted(file) {
		var found bool
		if password, found, err = a.passwordFrom(passwordFile); err != nil {
			return codesign.PrivateKey{}, err
		}
		if !found {
			if a.inFile == nil {
				return codesign.PrivateKey{}, usageError("there is no terminal to ask for the key's password at: give --password-file, or set " + passwordVariable)
			}
			if password, err = a.ask(ctx, "password of "+path+": "); err != nil {
				return codesign.PrivateKey{}, err
			}
		}
	}
	key, err := codesign.ParsePrivateKey(file, password)
	if errors.Is(err, codesign.ErrPassword) {
		err = errors.New("the password is wrong")
	}
	return key, about(path, err)
}

// ask prints a question and reads the answer from the terminal, which does not show it.
func (a *app) ask(ctx context.Context, question string) (string, error) {
	fd := int(a.inFile.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	fmt.Fprint(a.stderr, escape(question))
	type typed struct {
		line []byte
		err  error
	}
	answer := make(chan typed, 1)
	// Nobody waits for it when ctx ends first: it ends with the process.
	go func() {
		line, err := term.ReadPassword(fd)
		answer <- typed{line, err}
	}()
	select {
	case t := <-answer:
		fmt.Fprintln(a.stderr)
		return string(t.line), t.err
	case <-ctx.Done():
		_ = term.Restore(fd, before)
		fmt.Fprintln(a.stderr)
		return "", context.Canceled
	}
}
