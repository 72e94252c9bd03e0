package apifuzz_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/codesign"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/store/storetest"
	"github.com/sigil-dna/sigil/wire"
)

// verdicts are those that the document has.
var verdicts = []string{"authentic", "tampered", "unsigned", "unknown key", "revoked", "expired"}

// FuzzCodeBody sends any body to each path that reads one about code, of a service with a key to sign with and of one
// without: it is served whole or refused whole, and never a failure of the service. A refusal names the field and repeats
// no text of the body. What is registered is listed with what proves it, and what was signed is authentic.
func FuzzCodeBody(f *testing.F) {
	key, err := codesign.GenerateKey()
	if err != nil {
		f.Fatal(err)
	}
	for _, body := range codeBodies(f, key) {
		f.Add(body)
	}
	now := time.UnixMilli(1_790_000_000_000)
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 1<<16 {
			t.Skip("what is signed is larger, and is sent back")
		}
		for _, path := range []string{"/v1/code", "/v1/code:verify", "/v1/code:sign"} {
			for _, code := range []httpapi.Code{{}, {Key: &key}} {
				e := engine.New(storetest.NewModel(), &engine.Options{Clock: func() time.Time { return now }})
				api := httpapi.New(e, &httpapi.Options{MaxBody: 1 << 18, Code: code})
				w := ask(t, api, http.MethodPost, path, body)
				events, err := e.Events(t.Context(), sigil.DefaultTenant, 0, 10)
				if err != nil {
					t.Fatal(err)
				}
				var answer any
				switch {
				case w.Code >= 500 || w.Code < 200:
					t.Errorf("%s: %d %s", path, w.Code, w.Body)
				case json.Unmarshal(w.Body.Bytes(), &answer) != nil:
					t.Errorf("%s: answered %s", path, w.Body)
				case w.Code == http.StatusForbidden && code.Key == nil && path == "/v1/code:sign":
				case w.Code >= 400:
					refusedWell(t, path, body, w)
				}
				if changes := w.Code == http.StatusCreated; changes != (len(events) == 1) || len(events) > 1 {
					t.Errorf("%s: answered %d, and the journal has %d entries", path, w.Code, len(events))
				}
				switch {
				case w.Code >= 300:
				case path == "/v1/code:verify":
					if v := read[wire.CodeVerdict](t, w); !slices.Contains(verdicts, v.Verdict) {
						t.Errorf("the verdict is %q", v.Verdict)
					}
				case path == "/v1/code":
					isProved(t, api, read[wire.CodeSignature](t, w))
				default:
					signed := read[wire.CodeSigned](t, w)
					isProved(t, api, signed.Signature)
					isAuthentic(t, api, body, signed)
				}
			}
		}
	})
}

// codeBodies returns bodies of all kinds about code.
func codeBodies(f *testing.F, key codesign.PrivateKey) (bodies [][]byte) {
	f.Helper()
	add := func(v any) {
		b, err := json.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		bodies = append(bodies, b)
	}
	signer := &codesign.Signer{Key: key}
	for name, content := range map[string]string{"a/b.py": "#!/usr/bin/env python3\nprint(1)\n", "x.go": "package x\n", "x.html": "<!doctype html>\r\n", "empty.sh": "", "data.json": "{}"} {
		add(wire.CodeSign{Name: name, Content: []byte(content)})
		for _, detached := range []bool{false, true} {
			add(wire.CodeSign{Name: name, Content: []byte(content), Detached: detached})
			s, file, err := signer.SignContent(name, []byte(content), detached)
			if err != nil {
				f.Fatal(err)
			}
			sent := wire.CodeRegister{PublicKey: s.Key.String(), Header: s.Header, Detached: s.Detached}
			verify := wire.CodeVerify{Name: name, Content: file, PublicKeys: []string{s.Key.String()}}
			hashed := wire.CodeVerify{Name: name, SHA256: sigil.Hash(s.Signature.SHA256).String(), Header: s.Header, Detached: s.Detached, PublicKeys: verify.PublicKeys}
			if s.Header != "" {
				sent.Size, sent.Blocks, hashed.Size = &s.Signature.Size, s.Signature.Blocks.String(), &s.Signature.Size
			} else {
				verify.Content, verify.Detached = []byte(content), s.Detached
			}
			add(sent)
			add(verify)
			add(hashed)
			verify.Content = append(bytes.Clone(verify.Content), 'x') // tampered
			add(verify)
		}
		size := int64(len(content))
		add(wire.CodeSign{Name: name, SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", Size: &size})
	}
	for _, text := range []string{
		``, `{`, `{}`, `[]`, `null`, `{"name":1}`, `{"name":"../a.py","content":""}`, `{"name":"a.py","content":"%"}`, `{"content":"YQ"}`, `{"content":null}`,
		`{"name":"a.py","content":"","size":-1}`, `{"name":"a.py","content":"","state":{"phi":2}}`, `{"name":"a.py","content":"","state":{"mood":"x"}}`,
		`{"publicKey":"RW"}`, `{"publicKey":"` + key.Public().String() + `","header":"# sigil","size":1e3}`, `{"sha256":"A","header":"x"}`,
		`{"publicKeys":["AAAAAAAAAAAAAAAA"]}`, `{"header":"x","detached":"y","sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}`,
		`{"name":"a.py","name":"b.py"}`, "{\"name\":\"\xff\"}", `{"name":"AAAAAAAAAAAAAA/../x"}`, `{"detached":"true"}`, `{"blocks":"AAAAAAAAAAAAAAA"}`,
	} {
		bodies = append(bodies, []byte(text))
	}
	return bodies
}

// registration returns a body that registers a signature, and what names the signature.
func registration(f *testing.F) ([]byte, *wire.SignatureRef) {
	f.Helper()
	key, err := codesign.GenerateKey()
	if err != nil {
		f.Fatal(err)
	}
	said, err := (&codesign.Signer{Key: key}).SignHash("a.py", sigil.Hash{1}, 1)
	if err != nil {
		f.Fatal(err)
	}
	body, err := json.Marshal(wire.CodeRegister{PublicKey: key.Public().String(), Header: said.Header, Size: &said.Signature.Size})
	if err != nil {
		f.Fatal(err)
	}
	return body, &wire.SignatureRef{ID: said.Signature.ID, SHA256: sigil.Hash(said.Signature.SHA256).String(), Signer: key.Public().ID().String()}
}

func ask(t testing.TB, api http.Handler, method, target string, body []byte) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	return w
}

func read[T any](t *testing.T, w *httptest.ResponseRecorder) (v T) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("answered %d %s: %v", w.Code, w.Body, err)
	}
	return v
}

// isProved asserts that a registered signature is found by its hash, and that what is listed proves it.
func isProved(t *testing.T, api http.Handler, s wire.CodeSignature) {
	t.Helper()
	page := read[wire.CodePage](t, ask(t, api, http.MethodGet, "/v1/code/"+s.SHA256, nil))
	if len(page.Signatures) != 1 || page.Signatures[0].ID != s.ID {
		t.Fatalf("%s lists %+v, want %s", s.SHA256, page.Signatures, s.ID)
	}
	s = page.Signatures[0]
	key, err := codesign.ParsePublicKey(s.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if s.Header != "" {
		_, err = codesign.ReadHeader(key, s.Header, s.Size, codesign.Blocks{})
	} else {
		_, err = codesign.ReadDetached(key, s.Detached)
	}
	if err != nil {
		t.Errorf("what is listed does not prove %s: %v", s.ID, err)
	}
}

// isAuthentic asserts that the service calls authentic what it has just signed.
func isAuthentic(t *testing.T, api http.Handler, request []byte, signed wire.CodeSigned) {
	t.Helper()
	var sent wire.CodeSign
	if err := json.Unmarshal(request, &sent); err != nil {
		t.Fatal(err)
	}
	s := signed.Signature
	v := wire.CodeVerify{Name: s.Name, Content: signed.Content, Detached: s.Detached}
	switch {
	case s.Detached != "":
		v.Content = append([]byte{}, sent.Content...)
	case signed.Content == nil:
		v.SHA256, v.Size, v.Header = s.SHA256, &s.Size, s.Header
	}
	body, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if s.Detached != "" && len(v.Content) == 0 { // which the struct leaves out
		body = append([]byte(`{"content":"",`), body[1:]...)
	}
	if got := read[wire.CodeVerdict](t, ask(t, api, http.MethodPost, "/v1/code:verify", body)); got.Verdict != "authentic" || got.Trusted != "daemon" {
		t.Errorf("what was just signed is %+v", got)
	}
}
