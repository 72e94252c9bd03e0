package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// codeCommand is the command without a daemon, with its settings in a folder of the test's, which it also returns.
func codeCommand(t *testing.T) (c *command, dir string) {
	t.Helper()
	dir = t.TempDir()
	return &command{t: t, env: map[string]string{"XDG_CONFIG_HOME": filepath.Join(dir, "settings")}}, dir
}

// must runs a command that must succeed, and returns its output.
func (c *command) must(args ...string) string {
	c.t.Helper()
	code, out, words := c.in("", args...)
	if code != 0 {
		c.t.Fatalf("%s: exit %d, %q, %q", strings.Join(args, " "), code, out, words)
	}
	return out
}

// withKey makes a key and trusts it.
func (c *command) withKey() {
	c.t.Helper()
	c.must("keygen", "--no-password")
	c.must("keys", "trust", filepath.Join(c.env["XDG_CONFIG_HOME"], "sigil", "code.key.pub"), "--name", "Ada")
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestPasswordFile(t *testing.T) {
	if raceEnabled {
		t.Skip("a password takes minutes under the race detector; make proof runs this")
	}
	c, dir := codeCommand(t)
	file, key := filepath.Join(dir, "a.py"), filepath.Join(dir, "p.key")
	writeFile(t, file, "print(1)\n")
	writeFile(t, filepath.Join(dir, "right"), "correct horse\n")
	writeFile(t, filepath.Join(dir, "wrong"), "battery staple\n")
	c.must("keygen", "--key", key, "--password-file", filepath.Join(dir, "right"))
	c.must("sign", "--key", key, "--password-file", filepath.Join(dir, "right"), file)
	if code, _, words := c.in("", "sign", "--key", key, file); code != 2 || !strings.Contains(words, "SIGIL_KEY_PASSWORD_FILE") {
		t.Errorf("without a password: exit %d, %q", code, words)
	}
	c.env["SIGIL_KEY_PASSWORD_FILE"] = filepath.Join(dir, "wrong")
	if code, _, words := c.in("", "sign", "--key", key, file); code != 1 || !strings.Contains(words, "the password is wrong") {
		t.Errorf("with a wrong password: exit %d, %q", code, words)
	}
}

// TestSigningKeepsModes signs a script, by way of a link to it, which stays a link.
func TestSigningKeepsModes(t *testing.T) {
	c, dir := codeCommand(t)
	c.withKey()
	script, link := filepath.Join(dir, "src", "run.sh"), filepath.Join(dir, "link.sh")
	writeFile(t, script, "#!/bin/sh\nexit 3\n")
	if err := os.Chmod(script, 0o751); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(script, link); err != nil {
		t.Fatal(err)
	}
	c.must("sign", link)
	info, err := os.Lstat(script)
	if err != nil || info.Mode() != 0o751 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if to, err := os.Readlink(link); err != nil || to != script {
		t.Errorf("%q, %v", to, err)
	}
	c.must("verify", "--strict", link, filepath.Join(dir, "src"))
	if entries, err := os.ReadDir(filepath.Dir(script)); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
}

// TestTrustFileIsKept: a trust file that cannot be read is not overwritten.
func TestTrustFileIsKept(t *testing.T) {
	c, dir := codeCommand(t)
	c.withKey()
	trust := filepath.Join(dir, "settings", "sigil", "trusted-keys")
	writeFile(t, trust, "nonsense\n")
	if code, _, words := c.in("", "keys", "trust", filepath.Join(dir, "settings", "sigil", "code.key.pub")); code != 1 || !strings.Contains(words, "line 1 of the trust file") {
		t.Errorf("exit %d, %q", code, words)
	}
	if text, err := os.ReadFile(trust); err != nil || string(text) != "nonsense\n" {
		t.Errorf("%q, %v", text, err)
	}
}
