package codesign_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/codesign"
)

var noon = time.Date(2026, 11, 29, 12, 0, 0, 123e6, time.UTC)

// signer returns a signer with a new key, and a trust in it.
func signer(t testing.TB) (*codesign.Signer, *codesign.Trust) {
	t.Helper()
	key, err := codesign.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	trust := &codesign.Trust{}
	trust.Add(codesign.TrustedKey{PublicKey: key.Public(), Name: "test"})
	return &codesign.Signer{Key: key, State: sigil.DefaultState(), Now: func() time.Time { return noon }}, trust
}

func mustSign(t testing.TB, s *codesign.Signer, name, content string) []byte {
	t.Helper()
	signed, _, err := s.Sign(name, []byte(content))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return signed
}

func verify(t testing.TB, name string, content []byte, trust *codesign.Trust) codesign.Result {
	t.Helper()
	r, err := codesign.Verify(bytes.NewReader(content), name, trust, noon)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return r
}

func TestSignedIsAuthentic(t *testing.T) {
	s, trust := signer(t)
	for _, x := range samples {
		signed := mustSign(t, s, x.name, x.content)
		if r := verify(t, "/src/"+x.name, signed, trust); r.Verdict != codesign.Authentic || r.Signature.Name != x.name {
			t.Errorf("%s: %+v\n%s", x.name, r, signed)
		}
		if r := verify(t, "", signed, trust); r.Verdict != codesign.Authentic {
			t.Errorf("%s, read without a name: %+v\n%s", x.name, r, signed)
		}
		if r := verify(t, x.name, []byte(x.content), trust); r.Verdict != codesign.Unsigned {
			t.Errorf("%s, before it was signed: %+v", x.name, r)
		}
		if bytes.Contains(signed, []byte("\r\n")) != strings.Contains(x.content, "\r\n") {
			t.Errorf("%s: line ends are mixed", x.name)
		}
	}
}

func TestSigningAgainReplaces(t *testing.T) {
	s, trust := signer(t)
	other, _ := signer(t)
	for _, x := range samples {
		once := mustSign(t, s, x.name, x.content)
		twice := mustSign(t, s, x.name, string(mustSign(t, other, x.name, string(once))))
		if len(twice) != len(once) || bytes.Count(twice, []byte("signature: ")) != bytes.Count(once, []byte("signature: ")) {
			t.Errorf("%s: the header was not replaced:\n%s", x.name, twice)
		}
		if r := verify(t, x.name, twice, trust); r.Verdict != codesign.Authentic {
			t.Errorf("%s: %+v", x.name, r)
		}
	}
}

// TestNoChangeIsAuthentic changes every signed sample in many small ways: at each byte of the header in every way, and
// at each byte of the body in one. SIGIL_CHANGES=all (make codesign) makes every change at every byte.
func TestNoChangeIsAuthentic(t *testing.T) {
	s, trust := signer(t)
	forger, _ := signer(t)
	all := os.Getenv("SIGIL_CHANGES") == "all"
	var changed, refused atomic.Int64
	signed := map[string][]byte{}
	for _, x := range samples {
		signed[x.name] = mustSign(t, s, x.name, x.content)
	}
	t.Run("samples", func(t *testing.T) {
		for _, x := range samples {
			t.Run(x.name, func(t *testing.T) {
				t.Parallel()
				never := func(name string, content []byte, how string) {
					changed.Add(1)
					if r := verify(t, name, content, trust); r.Verdict == codesign.Authentic {
						t.Errorf("%s %s is called authentic", name, how)
					}
				}
				file := signed[x.name]
				if r := verify(t, x.name, file, trust); r.Verdict != codesign.Authentic {
					refused.Add(1)
				}
				head, body := header(t, file)
				from := bytes.Index(file, head)
				for i := range file {
					for kind := range 11 {
						if inBody := i < from || i >= from+len(head); !all && (inBody && kind != i%11 || kind < 8 && kind != i%8) {
							continue
						}
						never(x.name, changeAt(file, i, kind), fmt.Sprintf("with byte %d changed in way %d", i, kind))
					}
				}
				never(x.name, append(bytes.Clone(file), '\n'), "with a line end added")
				never(x.name, bytes.ReplaceAll(file, []byte("\n"), []byte("\r\n")), "with other line ends")
				never("other-"+x.name, file, "under another name")
				never("other/"+x.name+".py", file, "under a longer name")
				never(x.name, append(append(bytes.Clone(head), head...), body...), "with its header twice")
				for _, y := range samples {
					if y.content != x.content {
						other, _ := header(t, signed[y.name])
						never(x.name, bytes.Replace(file, head, other, 1), "with the header of "+y.name)
					}
				}
				forged := mustSign(t, forger, x.name, x.content)
				never(x.name, forged, "signed by another key")
				forgedHead, _ := header(t, forged)
				id := bytes.Index(forgedHead, []byte("signer: ")) + len("signer: ")
				claimed := bytes.Clone(forgedHead)
				copy(claimed[id:id+16], s.Key.Public().ID().String())
				never(x.name, bytes.Replace(forged, forgedHead, claimed, 1), "forged with the id of a trusted key")
				never(x.name, body, "without its header")
			})
		}
	})
	t.Logf("%d changed files, 0 of them to be called authentic; %d of %d untouched ones refused", changed.Load(), refused.Load(), len(samples))
	if refused.Load() > 0 {
		t.Fail()
	}
}

// changeAt returns a copy of file that is changed at byte i: a bit is flipped (kinds 0 to 7), the byte is deleted (8),
// one is inserted before it (9), or the file ends there (10).
func changeAt(file []byte, i, kind int) []byte {
	switch kind {
	case 8:
		return append(bytes.Clone(file[:i]), file[i+1:]...)
	case 9:
		return append(append(bytes.Clone(file[:i]), " \n\r0=/#"[i%7]), file[i:]...)
	case 10:
		return file[:i]
	}
	flipped := bytes.Clone(file)
	flipped[i] ^= 1 << kind
	return flipped
}

// header parts a signed file into its header and the rest.
func header(t testing.TB, file []byte) (head, rest []byte) {
	t.Helper()
	from := bytes.Index(file, []byte("sigil-code: 1 "))
	for from > 0 && file[from-1] != '\n' && file[from-1] != '>' && file[from-1] != 0xbf {
		from--
	}
	end := bytes.Index(file[from:], []byte("signature: "))
	for _, blank := range []string{"\n\n", "\r\n\r\n"} {
		if i := bytes.Index(file[from+end:], []byte(blank)); i >= 0 {
			end += i + len(blank)
			return file[from : from+end], append(bytes.Clone(file[:from]), file[from+end:]...)
		}
	}
	t.Fatalf("no header:\n%s", file)
	return nil, nil
}

// TestSigningChangesNoMeaning runs what can be run of the samples, before and after.
func TestSigningChangesNoMeaning(t *testing.T) {
	s, _ := signer(t)
	var tried, not []string
	t.Run("samples", func(t *testing.T) {
		for _, x := range samples {
			if x.run == "" {
				not = append(not, x.name)
				continue
			}
			if x.needs != "" {
				if _, err := exec.LookPath(x.needs); err != nil {
					not = append(not, x.name+" (no "+x.needs+")")
					continue
				}
			}
			tried = append(tried, x.name)
			t.Run(x.name, func(t *testing.T) {
				t.Parallel()
				before, after := run(t, x, []byte(x.content)), run(t, x, mustSign(t, s, x.name, x.content))
				if before != after {
					t.Errorf("%s\nbefore: %s\nafter: %s", x.name, before, after)
				}
			})
		}
	})
	t.Logf("the same output before and after: %s", strings.Join(tried, ", "))
	t.Logf("nothing here runs: %s", strings.Join(not, ", "))
}

func run(t *testing.T, x sample, content []byte) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, x.name)
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
	line := strings.NewReplacer("FILE", "'"+file+"'", "DIR", dir).Replace(x.run)
	c := exec.Command("bash", "-c", line)
	c.Dir = dir
	out, err := c.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %s: %v\n%s", x.name, line, err, out)
	}
	return strings.ReplaceAll(string(out), dir, "DIR")
}

// TestMovedHeaderIsTampered moves each sample's header, which the signature covers unchanged, to every other place of
// the file: it would take effect from what must come first, such as a shebang line.
func TestMovedHeaderIsTampered(t *testing.T) {
	s, trust := signer(t)
	for _, x := range samples {
		file := mustSign(t, s, x.name, x.content)
		head, body := header(t, file)
		for i := range len(body) + 1 {
			moved := slices.Concat(body[:i], head, body[i:])
			if bytes.Equal(moved, file) {
				continue
			}
			r := verify(t, x.name, moved, trust)
			if r.Verdict != codesign.Tampered {
				t.Errorf("%s with its header moved to byte %d: %+v", x.name, i, r)
			}
			if r := verify(t, "", moved, trust); r.Verdict == codesign.Authentic {
				t.Errorf("%s, read without a name, with its header moved to byte %d: %+v", x.name, i, r)
			}
		}
	}
}

// TestNamesAreWhole copies a signed file to another folder under its own name.
func TestNamesAreWhole(t *testing.T) {
	s, trust := signer(t)
	file := mustSign(t, s, "key.go", "package sigil\n")
	detached := signDetached(t, s, "key.go", file)
	for name, want := range map[string]codesign.Verdict{
		"key.go": codesign.Authentic, "/src/key.go": codesign.Authentic, "internal/key.go": codesign.Tampered, "/src/monkey.go": codesign.Tampered,
	} {
		if r := verify(t, name, file, trust); r.Verdict != want {
			t.Errorf("%s: %+v", name, r)
		}
		if r := verifyDetached(t, name, file, detached, trust); r.Verdict != want {
			t.Errorf("%s, detached: %+v", name, r)
		}
	}
}

// TestWhatAHeaderCannotGuard puts bytes into a signed file that a header could not have been written for.
func TestWhatAHeaderCannotGuard(t *testing.T) {
	s, trust := signer(t)
	file := mustSign(t, s, "a.py", "print(1)\n")
	for what, changed := range map[string][]byte{
		"a zero byte at the end":   append(bytes.Clone(file), 0),
		"a line before the header": append([]byte("import os\n"), file...),
		"a blank line before it":   append([]byte("\n"), file...),
		"a byte order mark":        append([]byte("\xef\xbb\xbf"), file...),
		"a shebang line":           append([]byte("#!/bin/sh\n"), file...),
		"spaces before it":         append([]byte("  "), file...),
	} {
		if r := verify(t, "a.py", changed, trust); r.Verdict != codesign.Tampered {
			t.Errorf("%s: %+v", what, r)
		}
	}
}

// BenchmarkVerify verifies a file of the usual size from memory.
func BenchmarkVerify(b *testing.B) {
	s, trust := signer(b)
	file := mustSign(b, s, "a.go", "package a\n\n"+strings.Repeat("// text text text text\n", 500))
	in := bytes.NewReader(file)
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		in.Reset(file)
		if r, err := codesign.Verify(in, "a.go", trust, noon); err != nil || r.Verdict != codesign.Authentic {
			b.Fatalf("%+v, %v", r, err)
		}
	}
}
