package receipt_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/receipt"
)

func keyOf(b byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{b}, ed25519.SeedSize))
}

func publicOf(b byte) ed25519.PublicKey { return keyOf(b).Public().(ed25519.PublicKey) }

func example(t *testing.T) (receipt.Receipt, []byte) {
	t.Helper()
	id, err := sigil.ParseID("01890a5d-ac96-774b-bcce-b302099a8057")
	if err != nil {
		t.Fatal(err)
	}
	r := receipt.Receipt{
		Store: id, Tenant: "public", At: time.Date(2026, 11, 30, 8, 0, 0, 123456789, time.UTC), By: "operator", Request: "ids",
		RequestHash: strings.Repeat("ab", 32), Counts: receipt.Counts{Memories: 2, Removed: 1, Bytes: 300, Entries: 5, Answers: 1},
		IDs: receipt.HashIDs([]sigil.ID{id}), Position: 1 << 60, Link: strings.Repeat("cd", 32), Remains: []string{"backups made before"},
	}
	document, err := receipt.Sign(r, keyOf(1))
	if err != nil {
		t.Fatal(err)
	}
	return r, document
}

func TestAReceiptIsVerified(t *testing.T) {
	r, document := example(t)
	got, err := receipt.Verify(document, publicOf(1))
	if err != nil {
		t.Fatal(err)
	}
	r.Kind, r.Key, r.At = got.Kind, receipt.EncodeKey(publicOf(1)), r.At.Truncate(time.Millisecond)
	want, _ := json.Marshal(r)
	if have, _ := json.Marshal(got); !bytes.Equal(have, want) {
		t.Errorf("got %s, want %s", have, want)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, document, "", "  "); err != nil {
		t.Fatal(err)
	}
	if _, err := receipt.Verify(indented.Bytes(), publicOf(1)); err != nil {
		t.Errorf("with other white space: %v", err)
	}
}

func TestAReceiptOfAnotherKeyIsNoProof(t *testing.T) {
	_, document := example(t)
	if _, err := receipt.Verify(document, publicOf(2)); !errors.Is(err, receipt.ErrOtherKey) {
		t.Errorf("got %v", err)
	}
	// Whoever writes another key into it has not signed it with that one.
	forged := bytes.ReplaceAll(document, []byte(receipt.EncodeKey(publicOf(1))), []byte(receipt.EncodeKey(publicOf(2))))
	if _, err := receipt.Verify(forged, publicOf(2)); !errors.Is(err, receipt.ErrTampered) {
		t.Errorf("got %v", err)
	}
}

// Every byte counts: what is changed is no receipt, or is found to be changed.
func TestEveryChangeIsFound(t *testing.T) {
	_, document := example(t)
	for i := range document {
		for _, with := range []byte{document[i] ^ 1, document[i] + 1, '0', ' '} {
			if with == document[i] {
				continue
			}
			changed := bytes.Clone(document)
			changed[i] = with
			if _, err := receipt.Verify(changed, publicOf(1)); err == nil {
				t.Errorf("byte %d of %q as %q: verified", i, document[max(0, i-20):min(len(document), i+20)], with)
			}
		}
	}
	for _, change := range [][2]string{
		{`"memories":2`, `"memories":3`},
		{`"tenant":"public"`, `"tenant":"other"`},
		{`"remains":["backups made before"]`, `"remains":[]`},
		{`"store":`, `"more":1,"store":`},
		{`"entries":5`, `"entries":5,"added":true`},
	} {
		changed := strings.Replace(string(document), change[0], change[1], 1)
		if changed == string(document) {
			t.Fatalf("%s is not in %s", change[0], document)
		}
		if _, err := receipt.Verify([]byte(changed), publicOf(1)); !errors.Is(err, receipt.ErrTampered) {
			t.Errorf("%s as %s: got %v", change[0], change[1], err)
		}
	}
}

func TestWhatIsNoReceipt(t *testing.T) {
	_, document := example(t)
	for name, text := range map[string]string{
		"nothing": "", "not JSON": "{", "another object": `{"a":1}`, "an array": "[]", "twice": string(document) + string(document),
		"a member twice": strings.Replace(string(document), `"by":`, `"by":"x","by":`, 1),
		"another kind":   strings.Replace(string(document), "sigil erasure 1", "sigil erasure 2", 1),
		"too long":       string(document) + strings.Repeat(" ", 1<<17),
	} {
		if _, err := receipt.Verify([]byte(text), publicOf(1)); !errors.Is(err, receipt.ErrNotReceipt) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestParseKey(t *testing.T) {
	key, err := receipt.ParseKey(receipt.EncodeKey(publicOf(3)))
	if err != nil || !key.Equal(publicOf(3)) {
		t.Errorf("got %v, %v", key, err)
	}
	for _, s := range []string{"", "abc", strings.Repeat("A", 44), "RW" + strings.Repeat("A", 54)} {
		if _, err := receipt.ParseKey(s); (err == nil) != (s == strings.Repeat("A", 43)+"=") {
			t.Errorf("%q: got %v", s, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add([]byte(`{"receipt":"sigil erasure 1","key":"","signature":""}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		if _, err := receipt.Verify(document, publicOf(1)); err == nil {
			t.Errorf("verified %q", document)
		}
	})
}

func TestReadDoesNotVerify(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	signed, err := receipt.Sign(receipt.Receipt{Tenant: "t", By: "me"}, key)
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(signed, []byte(`"me"`), []byte(`"you"`), 1)
	if r, err := receipt.Read(changed); err != nil || r.By != "you" {
		t.Errorf("read %+v, %v", r, err)
	}
	answer := []byte(`{"dryRun":false,"receipt": ` + string(signed) + `}`)
	for document, want := range map[string]string{string(answer): string(signed), string(signed): string(signed), `nonsense`: `nonsense`, `{"receipt":7}`: `{"receipt":7}`} {
		if got := string(receipt.Within([]byte(document))); got != want {
			t.Errorf("within %s: %s", document, got)
		}
	}
	for _, wrong := range []string{``, `{}`, `[]`, `{"receipt":"other"}`, string(answer), string(signed) + strings.Repeat(" ", 64<<10)} {
		if _, err := receipt.Read([]byte(wrong)); !errors.Is(err, receipt.ErrNotReceipt) {
			t.Errorf("read %.40q: %v", wrong, err)
		}
	}
}
