package client

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzIsJSON checks that isJSON and encoding/json accept the same text. If isJSON took more, text that is no JSON could
// change the meaning of the request that it is copied into.
func FuzzIsJSON(f *testing.F) {
	for _, seed := range []string{
		``, ` `, `1`, ` 1 `, `1 2`, `01`, `-`, `1e5`, `1.`, `.5`, `nul`, `null`, `true`, "\"\x00\"", `"\u00e9"`, `"\ud800"`, `"\x"`,
		"\"\xff\"", `{}`, `{"a":1,"a":2}`, `{"a":1,}`, `[1,]`, `[1`, `{"a"}`, `{1:2}`, `"a`, "\ufeff1", "[1]\n", "[1]\x00", `{"data":1},"ttl":"1s"`,
		strings.Repeat("[", 9_999) + strings.Repeat("]", 9_999), strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, want := isJSON(data), json.Valid(data); got != want {
			t.Errorf("%q: %t, want %t", data, got, want)
		}
	})
}
