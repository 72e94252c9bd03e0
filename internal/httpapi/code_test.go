package httpapi_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/codesign"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/wire"
)

func newKey(t *testing.T) codesign.PrivateKey {
	t.Helper()
	key, err := codesign.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func trusting(keys ...codesign.TrustedKey) *codesign.Trust {
	trust := &codesign.Trust{}
	for _, k := range keys {
		trust.Add(k)
	}
	return trust
}

func toJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// signed is a file that a stranger to the service has signed, and how the signature is registered.
func signed(t *testing.T, key codesign.PrivateKey, name, content string, detached bool) (file []byte, register wire.CodeRegister) {
	t.Helper()
	s := &codesign.Signer{Key: key, Now: func() time.Time { return start }}
	statement, file, err := s.SignContent(name, []byte(content), detached)
	if err != nil {
		t.Fatal(err)
	}
	register = wire.CodeRegister{PublicKey: key.Public().String(), Header: statement.Header, Detached: statement.Detached}
	if statement.Header != "" {
		register.Size, register.Blocks = &statement.Signature.Size, statement.Signature.Blocks.String()
	} else {
		file = []byte(content)
	}
	return file, register
}

func (f *face) verify(v wire.CodeVerify) wire.CodeVerdict {
	f.t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		f.t.Fatal(err)
	}
	return parse[wire.CodeVerdict](f.do("POST", "/v1/code:verify", string(b)).want(http.StatusOK))
}

func TestCodeIsSigned(t *testing.T) {
	key := newKey(t)
	f := newFace(t, config{api: httpapi.Options{Code: httpapi.Code{Key: &key}}})
	content := []byte("print(1)\n")
	got := parse[wire.CodeSigned](f.do("POST", "/v1/code:sign", toJSON(t, wire.CodeSign{Name: "a/b.py", Content: content, State: &sigil.State{Phi: 1}})).want(http.StatusCreated))
	s := got.Signature
	if s.Name != "a/b.py" || s.SHA256 != fmt.Sprintf("%x", sha256.Sum256(content)) || s.Size != 9 || s.State.Phi != 1 || s.Signer != key.Public().ID().String() ||
		s.PublicKey != key.Public().String() || !s.SignedAt.Equal(start) || s.RevokedAt != nil || s.Tenant != tenant || !strings.HasPrefix(string(got.Content), s.Header) {
		t.Errorf("%+v", got)
	}
	if v := f.verify(wire.CodeVerify{Name: "a/b.py", Content: got.Content}); v.Verdict != "authentic" || v.Trusted != "daemon" || v.Registered == nil || v.Registered.ID != s.ID {
		t.Errorf("%+v", v)
	}
	hashed := parse[wire.CodeSigned](f.do("POST", "/v1/code:sign", toJSON(t, wire.CodeSign{Name: "a/b.py", SHA256: s.SHA256, Size: &s.Size})).want(http.StatusCreated))
	if hashed.Content != nil || hashed.Signature.Header == "" || hashed.Signature.Blocks != "" {
		t.Errorf("%+v", hashed)
	}
	if v := f.verify(wire.CodeVerify{Name: "a/b.py", Content: append([]byte(hashed.Signature.Header+"\n\n"), content...)}); v.Verdict != "authentic" {
		t.Errorf("%+v", v)
	}
	for _, name := range []string{"a.json", "a.py"} {
		got := parse[wire.CodeSigned](f.do("POST", "/v1/code:sign", toJSON(t, wire.CodeSign{Name: name, Content: content, Detached: name == "a.py"})).want(http.StatusCreated))
		if got.Content != nil || got.Signature.Detached == "" || got.Signature.Header != "" {
			t.Errorf("%+v", got)
		}
		if v := f.verify(wire.CodeVerify{Name: name, Content: content, Detached: got.Signature.Detached}); v.Verdict != "authentic" {
			t.Errorf("%+v", v)
		}
	}
	if events, err := f.engine.Events(t.Context(), tenant, 0, 0); err != nil || len(events) != 4 {
		t.Errorf("%d entries, %v", len(events), err)
	}
}

func TestSigningIsOffWithoutAKey(t *testing.T) {
	f := newFace(t, config{})
	f.do("POST", "/v1/code:sign", `{"name":"a.py","content":""}`).problem(403, "signing_off", "")
	f.nothingStored()
}

func TestASignatureIsRegisteredListedAndRevoked(t *testing.T) {
	f := newFace(t, config{})
	key := newKey(t)
	_, first := signed(t, key, "a.py", "1\n", false)
	_, second := signed(t, newKey(t), "a.py", "1\n", true)
	a := parse[wire.CodeSignature](f.do("POST", "/v1/code", toJSON(t, first)).want(http.StatusCreated))
	f.clock.pass(time.Minute)
	b := parse[wire.CodeSignature](f.do("POST", "/v1/code", toJSON(t, second)).want(http.StatusCreated))
	if a.Header != first.Header || a.Blocks != first.Blocks || a.Detached != "" || b.Detached != second.Detached || !b.RegisteredAt.Equal(start.Add(time.Minute)) || !b.SignedAt.Equal(start) {
		t.Errorf("%+v\n%+v", a, b)
	}
	if again := f.do("POST", "/v1/code", toJSON(t, first)).want(http.StatusOK); parse[wire.CodeSignature](again).RegisteredAt != a.RegisteredAt {
		t.Errorf("again: %s", again.body)
	}
	list := func(target string) (ids []sigil.ID) {
		t.Helper()
		for cursor := ""; ; {
			page := parse[wire.CodePage](f.do("GET", target+"limit=1&cursor="+cursor, "").want(http.StatusOK))
			for _, s := range page.Signatures {
				ids = append(ids, s.ID)
			}
			if page.Next == nil {
				return ids
			}
			cursor = *page.Next
		}
	}
	newest := []sigil.ID{b.ID, a.ID}
	if bytes.Compare(a.ID[:], b.ID[:]) > 0 {
		newest = []sigil.ID{a.ID, b.ID}
	}
	for target, want := range map[string][]sigil.ID{"/v1/code?": newest, "/v1/code/" + a.SHA256 + "?": newest, "/v1/code?signer=" + a.Signer + "&": {a.ID}} {
		if got := list(target); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", target, got, want)
		}
	}
	f.do("GET", "/v1/code/"+a.SHA256, "", "Sigil-Tenant", "other").problem(404, "not_found", "hash")
	f.do("DELETE", "/v1/code/"+a.SHA256, "", "Sigil-Tenant", "other").problem(404, "not_found", "hash")

	got := parse[wire.CodeRevoked](f.do("DELETE", "/v1/code/"+a.SHA256+"?reason=lost+key&id="+a.ID.String(), "").want(http.StatusOK))
	if len(got.Signatures) != 1 || got.Signatures[0].RevokedAt == nil || got.Signatures[0].Reason != "lost key" {
		t.Errorf("%+v", got)
	}
	f.clock.pass(time.Minute)
	got = parse[wire.CodeRevoked](f.do("DELETE", "/v1/code/"+a.SHA256, "").want(http.StatusOK))
	for _, s := range got.Signatures {
		if at := start.Add(time.Minute); s.ID == a.ID && (!s.RevokedAt.Equal(at) || s.Reason != "lost key") || s.ID == b.ID && (!s.RevokedAt.Equal(at.Add(time.Minute)) || s.Reason != "") {
			t.Errorf("%+v", s)
		}
	}
	if again := parse[wire.CodeSignature](f.do("POST", "/v1/code", toJSON(t, first)).want(http.StatusOK)); again.RevokedAt == nil {
		t.Error("a revoked signature was registered anew")
	}
	page := parse[wire.EventPage](f.do("GET", "/v1/events", "").want(http.StatusOK))
	var kinds []string
	for _, e := range page.Events {
		kinds = append(kinds, string(e.Kind))
		if e.ID == nil || e.Signature == nil || *e.ID != e.Signature.ID || e.Signature.SHA256 != a.SHA256 || e.Arithmetic != nil {
			t.Errorf("%+v", e)
		}
	}
	if fmt.Sprint(kinds) != "[signed signed revoked revoked]" {
		t.Error(kinds)
	}
}

// TestVerdicts asks about files with each kind of trust in their keys.
func TestVerdicts(t *testing.T) {
	own, known, gone, late, stranger := newKey(t), newKey(t), newKey(t), newKey(t), newKey(t)
	verdicts := map[string]int{}
	f := newFace(t, config{api: httpapi.Options{Code: httpapi.Code{
		Key: &own, Verdict: func(v string) { verdicts[v]++ },
		Trust: trusting(
			codesign.TrustedKey{PublicKey: known.Public()}, codesign.TrustedKey{PublicKey: gone.Public(), Revoked: true},
			codesign.TrustedKey{PublicKey: late.Public(), Until: start},
		),
	}}})
	body := strings.Repeat("echo 1\n", 100)
	for name, tt := range map[string]struct {
		key         codesign.PrivateKey
		named       []codesign.PrivateKey // by the request
		want, trust string
	}{
		"its own":                        {own, nil, "authentic", "daemon"},
		"of its trust file":              {known, nil, "authentic", "daemon"},
		"revoked":                        {gone, nil, "revoked", "daemon"},
		"revoked, whatever is asked":     {gone, []codesign.PrivateKey{gone}, "revoked", "daemon"},
		"expired":                        {late, []codesign.PrivateKey{late}, "expired", "daemon"},
		"a stranger's":                   {stranger, nil, "unknown key", ""},
		"a stranger's, and others asked": {stranger, []codesign.PrivateKey{known}, "unknown key", ""},
		"a stranger's, as asked":         {stranger, []codesign.PrivateKey{known, stranger}, "authentic", "request"},
	} {
		file, register := signed(t, tt.key, "a.sh", body, false)
		if name == "a stranger's" { // no reason to trust it
			f.do("POST", "/v1/code", toJSON(t, register)).want(http.StatusCreated)
		}
		asked := wire.CodeVerify{Name: "a.sh", Content: file}
		for _, k := range tt.named {
			asked.PublicKeys = append(asked.PublicKeys, k.Public().String())
		}
		if v := f.verify(asked); v.Verdict != tt.want || v.Trusted != tt.trust {
			t.Errorf("%s: %+v", name, v)
		}
		asked.Content, asked.Header, asked.SHA256, asked.Size = nil, register.Header, fmt.Sprintf("%x", sha256.Sum256([]byte(body))), register.Size
		if v := f.verify(asked); v.Verdict != tt.want || v.Trusted != tt.trust {
			t.Errorf("%s, by hash: %+v", name, v)
		}
	}
	if v := f.verify(wire.CodeVerify{Name: "a.sh", Content: []byte(body)}); v.Verdict != "unsigned" || v.Signature != nil {
		t.Errorf("%+v", v)
	}
	if verdicts["authentic"] != 6 || verdicts["unsigned"] != 1 || verdicts["revoked"] != 4 {
		t.Errorf("counted %v", verdicts)
	}
}

// TestARegistrationTellsMore registers a signature: then a revocation counts, the place of a change is known, and the
// size of the body need not be sent.
func TestARegistrationTellsMore(t *testing.T) {
	key := newKey(t)
	f := newFace(t, config{api: httpapi.Options{Code: httpapi.Code{Trust: trusting(codesign.TrustedKey{PublicKey: key.Public()})}}})
	body := strings.Repeat("echo 1\n", 1000)
	file, register := signed(t, key, "a.sh", body, false)
	changed := bytes.Clone(file)
	changed[len(changed)-700] ^= 1
	hash := fmt.Sprintf("%x", sha256.Sum256([]byte(body)))
	header := wire.CodeVerify{Name: "a.sh", SHA256: hash, Header: register.Header}

	if v := f.verify(wire.CodeVerify{Name: "a.sh", Content: changed}); v.Verdict != "tampered" || v.What != "body" || v.Differs != nil || v.Registered != nil {
		t.Errorf("before: %+v", v)
	}
	if v := f.verify(header); v.Verdict != "tampered" { // the size is signed, too
		t.Errorf("before, by hash: %+v", v)
	}
	s := parse[wire.CodeSignature](f.do("POST", "/v1/code", toJSON(t, register)).want(http.StatusCreated))
	at := int64(len(body) - 700)
	for _, name := range []string{"a.sh", ""} {
		if v := f.verify(wire.CodeVerify{Name: name, Content: changed}); v.What != "body" || v.Differs == nil || v.Differs.From > at || v.Differs.To <= at || v.Registered == nil {
			t.Errorf("after, as %q: %+v", name, v)
		}
	}
	if v := f.verify(header); v.Verdict != "authentic" {
		t.Errorf("after, by hash: %+v", v)
	}
	f.do("DELETE", "/v1/code/"+hash+"?reason=wrong+release", "").want(http.StatusOK)
	for _, asked := range []wire.CodeVerify{{Name: "a.sh", Content: file}, header} {
		if v := f.verify(asked); v.Verdict != "revoked" || !strings.Contains(v.Detail, "wrong release") || v.Registered == nil || v.Registered.ID != s.ID {
			t.Errorf("revoked: %+v", v)
		}
	}
	// Another signature of the same body is another statement.
	again, _ := signed(t, key, "a.sh", body, false)
	if v := f.verify(wire.CodeVerify{Name: "a.sh", Content: again}); v.Verdict != "authentic" || v.Registered != nil {
		t.Errorf("signed again: %+v", v)
	}
}

// TestBadCode refuses what is wrong, names it, and stores nothing.
func TestBadCode(t *testing.T) {
	key := newKey(t)
	f := newFace(t, config{api: httpapi.Options{Code: httpapi.Code{Key: &key}}, engine: engine.Options{Limits: engine.Limits{Signatures: 1}}})
	_, good := signed(t, key, "a.py", "1\n", false)
	_, detached := signed(t, key, "a.py", "1\n", true)
	_, other := signed(t, newKey(t), "a.py", "1\n", false)
	with := func(change func(*wire.CodeRegister)) string {
		r := good
		change(&r)
		return toJSON(t, r)
	}
	size := int64(7)
	hash := strings.Repeat("0", 64)
	for name, tt := range map[string]struct {
		path, body  string
		status      int
		code, field string
	}{
		"no name":                  {":sign", `{"content":""}`, 400, "missing_field", "name"},
		"a name that leads out":    {":sign", `{"name":"../a.py","content":""}`, 400, "invalid_name", "name"},
		"no content":               {":sign", `{"name":"a.py"}`, 400, "missing_field", "content"},
		"no size":                  {":sign", `{"name":"a.py","sha256":"` + hash + `"}`, 400, "missing_field", "size"},
		"a size under 0":           {":sign", `{"name":"a.py","sha256":"` + hash + `","size":-1}`, 400, "invalid_size", "size"},
		"a hash that is short":     {":sign", `{"name":"a.py","sha256":"00","size":1}`, 400, "invalid_hash", "sha256"},
		"a hash in capitals":       {":sign", `{"name":"a.py","sha256":"` + strings.Repeat("A", 64) + `","size":1}`, 400, "invalid_hash", "sha256"},
		"both":                     {":sign", `{"name":"a.py","content":"","sha256":"` + hash + `"}`, 400, "invalid_body", "sha256"},
		"no base64":                {":sign", `{"name":"a.py","content":"?"}`, 400, "invalid_content", "content"},
		"stray bits":               {":sign", `{"name":"a.py","content":"MQ=="}`[:len(`{"name":"a.py","content":"M`)] + `R=="}`, 400, "invalid_content", "content"},
		"the hash of JSON":         {":sign", `{"name":"a.json","sha256":"` + hash + `","size":1}`, 400, "detached_only", "name"},
		"a detached one by hash":   {":sign", `{"name":"a.go","sha256":"` + hash + `","size":1,"detached":true}`, 400, "detached_only", "content"},
		"a size beside content":    {":sign", `{"name":"a.go","content":"YQ==","size":1}`, 400, "invalid_body", "size"},
		"a state out of range":     {":sign", `{"name":"a.py","content":"","state":{"phi":2}}`, 400, "invalid_state", "state.phi"},
		"a state with more":        {":sign", `{"name":"a.py","content":"","state":{"mood":1}}`, 400, "invalid_state", "state.mood"},
		"an unknown member":        {":sign", `{"name":"a.py","content":"","key":1}`, 400, "unknown_field", "key"},
		"a member twice":           {":sign", `{"name":"a.py","name":"b.py","content":""}`, 400, "duplicate_key", "name"},
		"no key":                   {"", with(func(r *wire.CodeRegister) { r.PublicKey = "" })[:len(`{"publicKey":`)] + `null}`, 400, "invalid_body", "publicKey"},
		"a key that is none":       {"", with(func(r *wire.CodeRegister) { r.PublicKey = "RW" }), 400, "invalid_key", "publicKey"},
		"another key":              {"", with(func(r *wire.CodeRegister) { r.PublicKey = other.PublicKey }), 400, "invalid_signature", "header"},
		"another size":             {"", with(func(r *wire.CodeRegister) { r.Size = &size }), 400, "invalid_signature", "header"},
		"no size of a header":      {"", with(func(r *wire.CodeRegister) { r.Size = nil }), 400, "missing_field", "size"},
		"neither":                  {"", with(func(r *wire.CodeRegister) { r.Header = "" }), 400, "missing_field", "header"},
		"header and detached":      {"", with(func(r *wire.CodeRegister) { r.Detached = detached.Detached }), 400, "invalid_body", "detached"},
		"detached by another key":  {"", toJSON(t, wire.CodeRegister{PublicKey: other.PublicKey, Detached: detached.Detached}), 400, "invalid_signature", "detached"},
		"detached with a size":     {"", toJSON(t, wire.CodeRegister{PublicKey: detached.PublicKey, Detached: detached.Detached, Size: &size}), 400, "invalid_body", "size"},
		"blocks that are none":     {"", with(func(r *wire.CodeRegister) { r.Blocks = "x" }), 400, "invalid_blocks", "blocks"},
		"nothing to verify":        {":verify", `{}`, 400, "missing_field", "content"},
		"a hash without signature": {":verify", `{"sha256":"` + hash + `"}`, 400, "missing_field", "header"},
		"content and header":       {":verify", `{"content":"","header":"x"}`, 400, "invalid_body", "header"},
		"content and hash":         {":verify", `{"content":"","sha256":"` + hash + `"}`, 400, "invalid_body", "sha256"},
		"keys that are none":       {":verify", `{"content":"","publicKeys":["x"]}`, 400, "invalid_key", "publicKeys/0"},
		"no list of keys":          {":verify", `{"content":"","publicKeys":{}}`, 400, "invalid_key", "publicKeys"},
	} {
		t.Run(name, func(t *testing.T) {
			f.do("POST", "/v1/code"+tt.path, tt.body).problem(tt.status, tt.code, tt.field)
		})
	}
	f.nothingStored()
	for target, want := range map[string][2]string{
		"GET /v1/code/x": {"invalid_hash", "hash"}, "DELETE /v1/code/" + strings.ToUpper(strings.Repeat("a", 64)): {"invalid_hash", "hash"},
		"DELETE /v1/code/" + hash + "?id=x": {"invalid_id", "id"}, "DELETE /v1/code/" + hash + "?reason=a%0Ab": {"invalid_reason", "reason"},
		"GET /v1/code?signer=x": {"invalid_parameter", "signer"}, "GET /v1/code?name=x": {"unknown_parameter", "name"}, "GET /v1/code?limit=0": {"invalid_limit", "limit"},
	} {
		method, path, _ := strings.Cut(target, " ")
		f.do(method, path, "").problem(400, want[0], want[1])
	}
	f.do("GET", "/v1/code/"+hash, "").problem(404, "not_found", "hash")
	f.do("POST", "/v1/code", toJSON(t, good)).want(http.StatusCreated)
	f.do("POST", "/v1/code", toJSON(t, detached)).problem(409, "signatures_full", "")
	f.do("POST", "/v1/code", with(func(r *wire.CodeRegister) { r.Blocks = "" })).problem(409, "signature_exists", "id")
}
