package daemon_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/codesign"
)

// codeKey writes a new key to a file, encrypted unless password is empty.
func codeKey(t *testing.T, password string) (key codesign.PrivateKey, file string) {
	t.Helper()
	key, err := codesign.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	text, err := key.File(password)
	if err != nil {
		t.Fatal(err)
	}
	return key, written(t, string(text))
}

func written(t *testing.T, text string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestSignaturesOutliveTheDaemon signs and revokes, starts the daemon again on the same folder, and asks.
func TestSignaturesOutliveTheDaemon(t *testing.T) {
	_, key := codeKey(t, "")
	data := filepath.Join(t.TempDir(), "store")
	post := func(l []string, method, path, body string, into any) {
		t.Helper()
		d := start(t, config(t, append(l, "--data="+data)...), nil)
		defer stop(t, d)
		status, answer := ask(t, d, method, path, body)
		if status >= 300 {
			t.Fatalf("%d: %s", status, answer)
		}
		if err := json.Unmarshal([]byte(answer), into); err != nil {
			t.Fatal(err)
		}
	}
	var signed client.CodeSigned
	post([]string{"--code-key=" + key}, "POST", "/v1/code:sign", `{"name":"a.py","content":"MQo="}`, &signed)
	asked, err := json.Marshal(client.CodeVerify{Name: "a.py", Content: signed.Content})
	if err != nil {
		t.Fatal(err)
	}
	trust := written(t, signed.Signature.PublicKey+" builder\n")
	for _, tt := range []struct {
		args []string
		want string
	}{{nil, "unknown key"}, {[]string{"--code-key=" + key}, "authentic"}, {[]string{"--code-trust=" + trust}, "authentic"}} {
		var v client.CodeVerdict
		post(tt.args, "POST", "/v1/code:verify", string(asked), &v)
		if v.Verdict != tt.want || v.Registered == nil || v.Registered.ID != signed.Signature.ID {
			t.Errorf("%q: %+v", tt.args, v)
		}
	}
	var revoked client.CodePage
	post(nil, "DELETE", "/v1/code/"+signed.Signature.SHA256+"?reason=gone", "", &revoked)
	var v client.CodeVerdict
	post([]string{"--code-key=" + key}, "POST", "/v1/code:verify", string(asked), &v)
	if v.Verdict != "revoked" || !strings.Contains(v.Detail, "gone") {
		t.Errorf("%+v", v)
	}
}

func TestBadCodeFiles(t *testing.T) {
	for name, tt := range map[string]struct{ flag, file, want string }{
		"a key that is not there":        {"code-key", "/nowhere/key", "/nowhere/key"},
		"a key that is none":             {"code-key", written(t, "x"), "not a secret key"},
		"a trust file that is not there": {"code-trust", "/nowhere/trust", "/nowhere/trust"},
		"a trust file that is none":      {"code-trust", written(t, "\n?"), "line 2"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, stderr := serve(t, []string{"--" + tt.flag + "=" + tt.file, "--print-config"}, home)
			if code == 0 || !strings.Contains(stderr, tt.flag+" (from --"+tt.flag+")") || !strings.Contains(stderr, tt.want) {
				t.Errorf("exit code %d, stderr %q", code, stderr)
			}
		})
	}
}
