package daemon

import (
	"errors"
	"fmt"
	"os"

	"github.com/sigil-dna/sigil/internal/codesign"
	"github.com/sigil-dna/sigil/internal/httpapi"
)

// readCode reads the files of --code-key and --code-trust, and returns the key to sign with and the trusted keys. say is
// called with what is wrong with them; then the result must not be used.
func (c *Config) readCode(say func(setting, why string)) httpapi.Code {
	var code httpapi.Code
	if c.CodeKeyFile != "" {
		key, err := readCodeKey(c.CodeKeyFile)
		if err != nil {
			say("code-key", err.Error())
		}
		code.Key = &key
	}
	if c.CodeTrustFile != "" {
		text, err := os.ReadFile(c.CodeTrustFile)
		if err == nil {
			if code.Trust, err = codesign.ParseTrust(text); err != nil {
				err = fmt.Errorf("%s: %w", c.CodeTrustFile, err)
			}
		}
		if err != nil {
			say("code-trust", err.Error())
		}
	}
	return code
}

// readCodeKey reads the secret key that the daemon signs with. Its errors do not reveal it.
func readCodeKey(file string) (codesign.PrivateKey, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return codesign.PrivateKey{}, err
	}
	key, err := codesign.ParsePrivateKey(text, "")
	switch {
	case errors.Is(err, codesign.ErrPassword):
		err = fmt.Errorf("%s: is encrypted, and a daemon has nobody to ask for the password; use a key without a password, made for the daemon alone", file)
	case err != nil:
		err = fmt.Errorf("%s: %w", file, err)
	}
	return key, err
}

// startCode reads the keys for signatures of code, unless they were read before: a hand-over that was broken off must
// not fail for a file that is gone.
func (d *Daemon) startCode() (err error) {
	if d.code != nil {
		return nil
	}
	code := d.config.readCode(func(setting, why string) { err = errors.Join(err, fmt.Errorf("%s: %s", setting, why)) })
	if err == nil {
		d.code = &code
	}
	return err
}
