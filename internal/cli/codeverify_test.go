package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pb33f/jsonschema/v6"
)

// sarifSchema returns the schema that OASIS published for SARIF 2.1.0, as the npm package @microsoft/jest-sarif has it.
func sarifSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile("testdata/sarif-2.1.0.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("sarif.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// TestSarif validates what verify prints for CI with no results, and with one of each kind.
func TestSarif(t *testing.T) {
	schema := sarifSchema(t)
	c, dir := codeCommand(t)
	c.withKey()
	in := func(name string) string { return filepath.Join(dir, "src", name) }
	check := func(wantCode, wantResults int) (out string) {
		t.Helper()
		code, out, words := c.in("", "verify", "--sarif", "--root", in(""), in(""))
		document, err := jsonschema.UnmarshalJSON(strings.NewReader(out))
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if err := schema.Validate(document); err != nil {
			t.Error(err)
		}
		var log struct {
			Runs []struct{ Results []json.RawMessage }
		}
		if err := json.Unmarshal([]byte(out), &log); err != nil || code != wantCode || len(log.Runs) != 1 || len(log.Runs[0].Results) != wantResults {
			t.Errorf("exit %d, %v\n%s\n%s", code, err, out, words)
		}
		return out
	}
	writeFile(t, in("a.py"), "print(1)\n")
	writeFile(t, in("b c%.json"), "{}\n")
	c.must("sign", "--in-place", "--detached", in(""))
	check(0, 0)
	writeFile(t, in("b c%.json"), "{}\n\n[]\n")
	writeFile(t, in("d\x1b[31m.py"), "print(1)\n")
	c.must("keygen", "--key", filepath.Join(dir, "other.key"), "--no-password")
	writeFile(t, in("e.py"), "print(1)\n")
	c.must("sign", "--key", filepath.Join(dir, "other.key"), in("e.py"))
	out := check(6, 3)
	for _, want := range []string{
		`"uri":"b%20c%25.json","uriBaseId":"%SRCROOT%"},"region":{"startLine":1,"endLine":3}`, `"ruleId":"sigil/unsigned"`, `"ruleId":"sigil/unknown-key"`, `d%1B%5B31m.py`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
	c.must("keys", "revoke", strings.TrimSpace(keyID(t, c)))
	check(6, 4)
}

// keyID returns the id of the first trusted key.
func keyID(t *testing.T, c *command) string {
	t.Helper()
	var key struct{ ID string }
	if err := json.NewDecoder(strings.NewReader(c.must("keys", "list", "--json"))).Decode(&key); err != nil {
		t.Fatal(err)
	}
	return key.ID
}

// TestNamesOnATerminal: a file's name must not drive the terminal.
func TestNamesOnATerminal(t *testing.T) {
	c, dir := codeCommand(t)
	c.withKey()
	writeFile(t, filepath.Join(dir, "src", "a\x1b[2J\n.py"), "print(1)\n")
	_, out, words := c.in("", "verify", filepath.Join(dir, "src"))
	if strings.Contains(out+words, "\x1b") || strings.Count(out, "\n") != 1 || !strings.Contains(out, `a\u001b[2J\u000a.py`) {
		t.Errorf("%q, %q", out, words)
	}
}

// TestSignedTreeOfManyFiles signs and verifies in order, and finds the one that was changed.
func TestSignedTreeOfManyFiles(t *testing.T) {
	c, dir := codeCommand(t)
	c.withKey()
	const files = 500
	for i := range files {
		writeFile(t, filepath.Join(dir, "src", fmt.Sprintf("d%d", i%7), fmt.Sprintf("f%03d.py", i)), fmt.Sprintf("print(%d)\n", i))
	}
	if n := strings.Count(c.must("sign", "--json", filepath.Join(dir, "src")), "\n"); n != files {
		t.Errorf("%d signed", n)
	}
	changed := filepath.Join(dir, "src", "d3", "f003.py")
	text, err := os.ReadFile(changed)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, changed, strings.Replace(string(text), "print(3)", "print(4)", 1))
	code, out, words := c.in("", "verify", filepath.Join(dir, "src"))
	if code != 6 || out != "tampered    "+changed+": body: the SHA-256 is not the one in the signature\n" || !strings.Contains(words, "500 files: 499 authentic, 1 tampered") {
		t.Errorf("exit %d, %q, %q", code, out, words)
	}
	_, out, _ = c.in("", "verify", "--json", filepath.Join(dir, "src"))
	last := ""
	for line := range strings.Lines(out) {
		var r struct{ Path string }
		if err := json.Unmarshal([]byte(line), &r); err != nil || r.Path <= last {
			t.Fatalf("%q after %q, %v", r.Path, last, err)
		}
		last = r.Path
	}
}

// TestVerifyLongInput verifies more than fits in a buffer, from a pipe.
func TestVerifyLongInput(t *testing.T) {
	c, dir := codeCommand(t)
	c.withKey()
	file := filepath.Join(dir, "big.bin")
	writeFile(t, file, strings.Repeat("0123456789abcde\n", 1<<17)) // 2 MiB
	c.must("sign", "--detached", file)
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	code, out, words := c.run(t.Context(), io.MultiReader(f, strings.NewReader("x")), "verify", "--name", "big.bin", "--signature", file+".sigil", "-")
	if code != 6 || !strings.Contains(out, "it first differs at byte 2097152") {
		t.Errorf("exit %d, %q, %q", code, out, words)
	}
}
