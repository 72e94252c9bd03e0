package codesign_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/sigil-dna/sigil/internal/codesign"
)

func signDetached(t testing.TB, s *codesign.Signer, name string, content []byte) []byte {
	t.Helper()
	file, _, err := s.SignDetached(name, bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func verifyDetached(t testing.TB, name string, content, file []byte, trust *codesign.Trust) codesign.Result {
	t.Helper()
	r, err := codesign.VerifyDetached(iotest.OneByteReader(bytes.NewReader(content)), name, file, trust, noon)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestDetached(t *testing.T) {
	s, trust := signer(t)
	for _, size := range []int{0, 1, 63, 64, 65, 64 * 128, 64*128 + 1, 300_000} {
		content := random(size)
		file := signDetached(t, s, "data/x.bin", content)
		if r := verifyDetached(t, "/src/data/x.bin", content, file, trust); r.Verdict != codesign.Authentic {
			t.Errorf("%d bytes: %+v", size, r)
		}
		if r := verifyDetached(t, "/src/data/y.bin", content, file, trust); r.What != "name" {
			t.Errorf("%d bytes under another name: %+v", size, r)
		}
	}
}

func random(size int) []byte {
	b := make([]byte, size)
	r := rand.New(rand.NewPCG(1, uint64(size)))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestDetachedFindsEveryChange(t *testing.T) {
	s, trust := signer(t)
	content := random(700)
	file := signDetached(t, s, "x.bin", content)
	changed := 0
	for i := range content {
		b := bytes.Clone(content)
		b[i] ^= 1 << (i % 8)
		changed++
		r := verifyDetached(t, "x.bin", b, file, trust)
		if r.Verdict != codesign.Tampered || r.What != "body" || r.Differs == nil || r.Differs.From > int64(i) || r.Differs.To <= int64(i) || r.Differs.To-r.Differs.From > 64 {
			t.Fatalf("byte %d: %+v, %+v", i, r, r.Differs)
		}
	}
	for i := range file {
		for _, b := range [][]byte{
			append(append(bytes.Clone(file[:i]), file[i]^1), file[i+1:]...), append(bytes.Clone(file[:i]), file[i+1:]...),
			append(append(bytes.Clone(file[:i]), '0'), file[i:]...), file[:i],
		} {
			changed++
			if r := verifyDetached(t, "x.bin", content, b, trust); r.Verdict == codesign.Authentic {
				t.Errorf("byte %d of the signature file changed: %+v\n%s", i, r, b)
			}
		}
	}
	for _, b := range [][]byte{content[:699], append(bytes.Clone(content), 0), append([]byte{0}, content...)} {
		changed++
		if r := verifyDetached(t, "x.bin", b, file, trust); r.What != "body" || r.Differs == nil {
			t.Errorf("%d bytes: %+v", len(b), r)
		}
	}
	t.Logf("%d changed files or signatures, 0 of them to be called authentic", changed)
}

// minisign runs Debian's program.
func minisign(t *testing.T, stdin string, args ...string) {
	t.Helper()
	c := exec.Command("minisign", args...)
	c.Stdin = strings.NewReader(stdin)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("minisign %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestMinisignVerifiesOurs has Debian's minisign read our public key and our signature.
func TestMinisignVerifiesOurs(t *testing.T) {
	s, _ := signer(t)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, size := range []int{0, 10, 1 << 20} {
		content := random(size)
		write(t, at("x.bin"), content)
		write(t, at("x.bin.sigil"), signDetached(t, s, "x.bin", content))
		write(t, at("key.pub"), s.Key.Public().File())
		minisign(t, "", "-V", "-m", at("x.bin"), "-x", at("x.bin.sigil"), "-p", at("key.pub"))
		minisign(t, "", "-V", "-m", at("x.bin"), "-x", at("x.bin.sigil"), "-P", s.Key.Public().String())
	}
}

// TestOurKeysSignWithMinisign has minisign sign with a key file of ours.
func TestOurKeysSignWithMinisign(t *testing.T) {
	s, trust := signer(t)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	file, err := s.Key.File("")
	if err != nil {
		t.Fatal(err)
	}
	write(t, at("key"), file)
	write(t, at("x"), []byte("hello"))
	minisign(t, "", "-S", "-s", at("key"), "-m", at("x"))
	if r := verifyDetached(t, "x", []byte("hello"), read(t, at("x.minisig")), trust); r.Verdict != codesign.Authentic {
		t.Errorf("%+v", r)
	}
}

// TestMinisignsAreVerified verifies what minisign signed, by both of its algorithms.
func TestMinisignsAreVerified(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	minisign(t, "", "-G", "-W", "-p", at("a.pub"), "-s", at("a.key"))
	content := random(100_000)
	write(t, at("x"), content)
	for _, algorithm := range []string{"-H", "-l"} {
		minisign(t, "", "-S", algorithm, "-s", at("a.key"), "-m", at("x"), "-x", at("sig"))
		public, err := codesign.ParsePublicKey(string(read(t, at("a.pub"))))
		if err != nil {
			t.Fatal(err)
		}
		trust := &codesign.Trust{}
		trust.Add(codesign.TrustedKey{PublicKey: public})
		file := read(t, at("sig"))
		if r := verifyDetached(t, "x", content, file, trust); r.Verdict != codesign.Authentic || r.Signature.Time.IsZero() {
			t.Errorf("%s: %+v", algorithm, r)
		}
		for _, i := range []int{0, 50_000, len(content) - 1} {
			b := bytes.Clone(content)
			b[i] ^= 1
			if r := verifyDetached(t, "x", b, file, trust); r.Verdict != codesign.Tampered {
				t.Errorf("%s, byte %d changed: %+v", algorithm, i, r)
			}
		}
	}
}

// withPasswords skips a test under the race detector, where one password takes minutes; make proof runs it.
func withPasswords(t *testing.T) {
	t.Helper()
	if raceEnabled {
		t.Skip("a password takes minutes under the race detector; make proof runs this")
	}
}

// TestPasswordOfMinisign signs with a key of minisign's that has a password, here and there.
func TestPasswordOfMinisign(t *testing.T) {
	withPasswords(t)
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	minisign(t, "secret\nsecret\n", "-G", "-p", at("b.pub"), "-s", at("b.key"))
	public, err := codesign.ParsePublicKey(string(read(t, at("b.pub"))))
	if err != nil {
		t.Fatal(err)
	}
	trust := &codesign.Trust{}
	trust.Add(codesign.TrustedKey{PublicKey: public})
	write(t, at("x"), []byte("hello"))
	minisign(t, "secret\n", "-S", "-s", at("b.key"), "-m", at("x"), "-x", at("sig"))
	if r := verifyDetached(t, "x", []byte("hello"), read(t, at("sig")), trust); r.Verdict != codesign.Authentic {
		t.Errorf("%+v", r)
	}
	key, err := codesign.ParsePrivateKey(read(t, at("b.key")), "secret")
	if err != nil || key.Public() != public {
		t.Errorf("another key was read: %v", err)
	}
	if _, err := codesign.ParsePrivateKey(read(t, at("b.key")), "wrong"); !errors.Is(err, codesign.ErrPassword) {
		t.Error(err)
	}
}

func TestPasswordOfAKey(t *testing.T) {
	withPasswords(t)
	s, _ := signer(t)
	file, err := s.Key.File("secret")
	if err != nil || !codesign.Encrypted(file) {
		t.Fatal(err)
	}
	if _, err := codesign.ParsePrivateKey(file, ""); !errors.Is(err, codesign.ErrPassword) {
		t.Error(err)
	}
	key, err := codesign.ParsePrivateKey(file, "secret")
	if err != nil || key.Public() != s.Key.Public() {
		t.Error(err)
	}
}

func TestTrust(t *testing.T) {
	s, trust := signer(t)
	file := mustSign(t, s, "a.py", "print(1)\n")
	is := func(want codesign.Verdict, trust *codesign.Trust, when time.Time) {
		t.Helper()
		again, err := codesign.ParseTrust(trust.File())
		if err != nil {
			t.Fatal(err)
		}
		for _, tr := range []*codesign.Trust{trust, again} {
			if r, _ := codesign.Verify(bytes.NewReader(file), "a.py", tr, when); r.Verdict != want {
				t.Errorf("%+v, want %s", r, want)
			}
		}
	}
	is(codesign.Authentic, trust, noon)
	trust.Add(codesign.TrustedKey{PublicKey: s.Key.Public(), Until: noon, Name: "two words"})
	is(codesign.Authentic, trust, noon.Add(-time.Second))
	is(codesign.Expired, trust, noon)
	trust.Add(codesign.TrustedKey{PublicKey: s.Key.Public(), Revoked: true})
	is(codesign.Revoked, trust, noon)
	if trust.Remove(s.Key.Public().ID()) != 1 {
		t.Error("it was not there")
	}
	is(codesign.UnknownKey, trust, noon)
	for _, wrong := range []string{"x", "RWQ", s.Key.Public().String() + " until=tomorrow"} {
		if _, err := codesign.ParseTrust([]byte("\n# a comment\n" + wrong)); err == nil || !strings.Contains(err.Error(), "line 3") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

// TestTrustFilesSayOneThing: what two lines say of a key must not depend on their order.
func TestTrustFilesSayOneThing(t *testing.T) {
	s, _ := signer(t)
	key := s.Key.Public().String()
	if _, err := codesign.ParseTrust([]byte(key + " revoked\n" + key + "\n")); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Error(err)
	}
	for _, name := range []string{"revoked", "until=x y", " until=2027-01-01T00:00:00Z"} {
		k := codesign.TrustedKey{PublicKey: s.Key.Public(), Name: name}
		if k.Check() == nil {
			t.Errorf("%q can be the name of a key", name)
		}
	}
	k := codesign.TrustedKey{PublicKey: s.Key.Public(), Until: noon.AddDate(9000, 0, 0)}
	if k.Check() == nil {
		t.Errorf("trust until %s", k.Until)
	}
}

func TestLegacyHeadersAreUnsigned(t *testing.T) {
	_, trust := signer(t)
	r := verify(t, "a.js", []byte("/**\n * Consciousness Sigil: abc\n * Authentication Hash: def\n */\nf()\n"), trust)
	if r.Verdict != codesign.Unsigned || !strings.Contains(r.Detail, "legacy header") {
		t.Errorf("%+v", r)
	}
}

func TestWhatCannotCarryAHeader(t *testing.T) {
	s, _ := signer(t)
	long := "<html><head>" + strings.Repeat("<!-- text -->", 60) + "<meta charset=utf-8></head></html>"
	for name, content := range map[string]string{
		"a.json": "{}", "a.png": "\x89PNG", "a.py": "a\x00b", "b.py": "\xff\xfea\x00", "LICENSE": "text", "a.html": long,
	} {
		if _, _, err := s.Sign(name, []byte(content)); !errors.Is(err, codesign.ErrDetachedOnly) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"", "/a.py", "../a.py", "a//b.py", strings.Repeat("a", 1025)} {
		if _, _, err := s.Sign(name, nil); err == nil || errors.Is(err, codesign.ErrDetachedOnly) {
			t.Errorf("%.20s: %v", name, err)
		}
	}
	broken := bytes.Replace(mustSign(t, s, "a.py", "x = 1\n"), []byte("sha256: "), []byte("sha256:  "), 1)
	if _, _, err := s.Sign("a.py", broken); err == nil || !strings.Contains(err.Error(), "broken header") {
		t.Error(err)
	}
}

// FuzzVerify looks for a file that is not what was signed and is called authentic, and for one that, once signed, is
// not authentic or not what it was when the header is taken out again.
func FuzzVerify(f *testing.F) {
	s, trust := signer(f)
	for _, x := range samples {
		f.Add(x.name, []byte(x.content))
		f.Add(x.name, mustSign(f, s, x.name, x.content))
	}
	f.Fuzz(func(t *testing.T, name string, content []byte) {
		if r := verify(t, name, content, trust); r.Verdict == codesign.Authentic {
			again, _, err := s.Sign(name, content)
			if err != nil || len(again) == 0 {
				t.Fatalf("authentic, and not to be signed again: %v", err)
			}
		}
		signed, said, err := s.Sign(name, content)
		if err != nil {
			return
		}
		if r := verify(t, name, signed, trust); r.Verdict != codesign.Authentic || r.Size != said.Size {
			t.Fatalf("%+v\n%q", r, signed)
		}
	})
}
