package codesign_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/internal/codesign"
)

func signerOf(t *testing.T) *codesign.Signer {
	t.Helper()
	key, err := codesign.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return &codesign.Signer{Key: key}
}

// TestAStatementProvesWhatItSays signs a file of each form and changes every byte of the statement in turn. Every change
// must be refused.
func TestAStatementProvesWhatItSays(t *testing.T) {
	body := strings.Repeat("a line of text\n", 100)
	for name, content := range map[string]string{
		"a.go": "package a\n\n" + body, "a.sh": "#!/bin/sh\n" + body, "a.css": body, "a.html": body, "crlf.py": strings.ReplaceAll(body, "\n", "\r\n"),
		"a.sql": body, "a.ini": body, "a.json": "{}", "a.bin": "\x00\x01",
	} {
		t.Run(name, func(t *testing.T) {
			s := signerOf(t)
			made, signed, err := s.SignContent(name, []byte(content), false)
			if err != nil {
				t.Fatal(err)
			}
			if detached := strings.HasSuffix(name, ".json") || strings.HasSuffix(name, ".bin"); detached != (made.Detached != "") || detached != (signed == nil) || detached == (made.Header != "") {
				t.Fatalf("%+v", made)
			}
			if signed != nil && !strings.Contains(string(signed), made.Header) {
				t.Errorf("the file does not have the header %q", made.Header)
			}
			state := func(key codesign.PublicKey, text string, size int64) (*codesign.Statement, error) {
				if made.Detached != "" {
					return codesign.ReadDetached(key, text)
				}
				return codesign.ReadHeader(key, text, size, made.Signature.Blocks)
			}
			text, key, size := made.Header+made.Detached, s.Key.Public(), made.Signature.Size
			for _, end := range []string{"", "\n", "\n\n"} {
				if made.Detached != "" && end != "" {
					continue
				}
				read, err := state(key, text+end, size)
				if err != nil || !bytes.Equal(read.Bytes(), made.Bytes()) || !read.Verified() {
					t.Errorf("%+v, %v; made %+v", read, err, made)
				}
			}
			kept, err := codesign.ReadStatement(made.Bytes())
			if err != nil || !bytes.Equal(kept.Bytes(), made.Bytes()) || !kept.Verified() || !kept.Signature.Same(made.Signature) {
				t.Errorf("kept as %+v, %v", kept, err)
			}
			for i := range text {
				changed := []byte(text)
				changed[i] ^= 1
				if _, err := state(key, string(changed), size); !errors.Is(err, codesign.ErrStatement) {
					t.Errorf("byte %d changed to %q: %v", i, changed[i], err)
				}
			}
			if _, err := state(signerOf(t).Key.Public(), text, size); !errors.Is(err, codesign.ErrStatement) {
				t.Errorf("another key: %v", err)
			}
			if _, err := state(key, text, size+1); made.Detached == "" && !errors.Is(err, codesign.ErrStatement) {
				t.Errorf("another size: %v", err)
			}
			again, _, err := s.SignContent(name, []byte(content), false)
			if err != nil || again.Signature.Same(made.Signature) {
				t.Errorf("signed again, it is the same: %v", err)
			}
		})
	}
}

// TestAHashIsJudgedAsItsFileIs compares the verdicts over a file with those over its hash.
func TestAHashIsJudgedAsItsFileIs(t *testing.T) {
	s := signerOf(t)
	trust := &codesign.Trust{}
	trust.Add(codesign.TrustedKey{PublicKey: s.Key.Public()})
	now := time.Now()
	content := []byte("package a\n")
	header, signed, err := s.SignContent("a.go", content, false)
	if err != nil {
		t.Fatal(err)
	}
	detached, _, err := s.SignContent("a.go", content, true)
	if err != nil {
		t.Fatal(err)
	}
	file, err := codesign.Verify(bytes.NewReader(signed), "a.go", trust, now)
	if err != nil || file.Verdict != codesign.Authentic {
		t.Fatalf("%+v, %v", file, err)
	}
	sum, other := sha256.Sum256(content), sha256.Sum256([]byte("other"))
	size := int64(len(content))
	for name, tt := range map[string]struct {
		name  string
		sum   [32]byte
		size  int64
		trust *codesign.Trust
		want  codesign.Verdict
		what  string
	}{
		"it is":        {"a.go", sum, size, trust, codesign.Authentic, ""},
		"no name":      {"", sum, size, trust, codesign.Authentic, ""},
		"another body": {"a.go", other, size, trust, codesign.Tampered, "body"},
		"another name": {"b.go", sum, size, trust, codesign.Tampered, "name"},
		"no key":       {"a.go", sum, size, nil, codesign.UnknownKey, ""},
	} {
		for form, r := range map[string]codesign.Result{
			"header":   codesign.VerifyHeader(header.Header, tt.name, tt.sum, tt.size, tt.trust, now),
			"detached": codesign.VerifyDetachedHash(detached.Detached, tt.name, tt.sum, tt.size, tt.trust, now),
		} {
			if r.Verdict != tt.want || r.What != tt.what {
				t.Errorf("%s, %s: %+v", name, form, r)
			}
		}
	}
	if r := codesign.VerifyHeader(header.Header, "a.go", sum, size+1, trust, now); r.Verdict != codesign.Tampered {
		t.Errorf("another size: %+v", r)
	}
	if r := codesign.VerifyDetachedHash(detached.Detached, "a.go", sum, size+1, trust, now); r.Verdict != codesign.Tampered {
		t.Errorf("another size: %+v", r)
	}
	for _, text := range []string{"", "x", header.Header[:40], strings.Replace(header.Header, "name: a.go", "name: b.go", 1)} {
		if r := codesign.VerifyHeader(text, "a.go", sum, size, trust, now); r.Verdict != codesign.Tampered {
			t.Errorf("%q: %+v", text, r)
		}
		if r := codesign.VerifyDetachedHash(text, "a.go", sum, size, trust, now); r.Verdict != codesign.Tampered {
			t.Errorf("%q: %+v", text, r)
		}
	}
}

func TestAHashIsSigned(t *testing.T) {
	s := signerOf(t)
	content := []byte("print(1)\n")
	made, err := s.SignHash("a.py", sha256.Sum256(content), int64(len(content)))
	if err != nil || !made.Verified() {
		t.Fatalf("%+v, %v", made, err)
	}
	trust := &codesign.Trust{}
	trust.Add(codesign.TrustedKey{PublicKey: s.Key.Public()})
	r, err := codesign.Verify(strings.NewReader(made.Header+"\n\n"+string(content)), "a.py", trust, time.Now())
	if err != nil || r.Verdict != codesign.Authentic {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := s.SignHash("a.json", sha256.Sum256(content), 9); !errors.Is(err, codesign.ErrDetachedOnly) {
		t.Errorf("JSON: %v", err)
	}
	if _, err := s.SignHash("../a.py", sha256.Sum256(content), 9); err == nil {
		t.Error("a name that leads out was signed")
	}
}

// TestAChangeIsLocated finds a change in the body and in the file, whose header is after the shebang line, with the
// file's name and without.
func TestAChangeIsLocated(t *testing.T) {
	s := signerOf(t)
	content := []byte("#!/bin/sh\n" + strings.Repeat("echo 1\n", 1000))
	made, signed, err := s.SignContent("a.sh", content, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.sh", "/tree/a.sh", ""} {
		if r, _, err := made.Signature.LocateIn(name, bytes.NewReader(signed)); r != nil || err != nil {
			t.Errorf("%q: untouched, it differs in %+v, %v", name, r, err)
		}
		for _, at := range []int{3, len(signed) - 700} {
			changed := bytes.Clone(signed)
			changed[at] ^= 1
			if at == 3 { // still a shebang line
				changed[at] = 'B'
			}
			r, header, err := made.Signature.LocateIn(name, bytes.NewReader(changed))
			if r == nil || err != nil || string(changed[header.From:header.To]) != made.Header+"\n\n" {
				t.Fatalf("%q, byte %d: %+v, header %+v, %v", name, at, r, header, err)
			}
			length := header.To - header.From
			in := r.InFile(header)
			if r.To-r.From != 64 || in.From > int64(at) || in.To <= int64(at) || at > 3 && in.To-in.From != 64 || at == 3 && in != (codesign.Range{From: 0, To: 64 + length}) {
				t.Errorf("%q, byte %d: %+v of the body, %+v of the file", name, at, r, in)
			}
		}
	}
}

// TestBlocksOfABody reads them from a signed file: they are those that signing computed.
func TestBlocksOfABody(t *testing.T) {
	s := signerOf(t)
	for _, size := range []int{0, 1, 64, 8192, 8193, 100_000} {
		content := []byte(strings.Repeat("#", size))
		made, signed, err := s.SignContent("a.py", content, false)
		if err != nil {
			t.Fatal(err)
		}
		body, _, err := codesign.Body("a.py", bytes.NewReader(signed))
		if err != nil {
			t.Fatal(err)
		}
		blocks, err := codesign.ReadBlocks(body, int64(size))
		if err != nil || blocks.String() != made.Signature.Blocks.String() {
			t.Errorf("%d bytes: %s, %v; signed %s", size, blocks, err, made.Signature.Blocks)
		}
	}
	for _, text := range []string{"63 ", "72057594037927937 ", "64 AA==", "64 !", "x AAAA"} {
		if b, err := codesign.ParseBlocks(text); err == nil {
			t.Errorf("%q is %+v", text, b)
		}
	}
}
