package httpapi

import (
	"bytes"
	"testing"

	"github.com/sigil-dna/sigil/internal/canon"
)

// FuzzDataOnly holds the short way to data to the long one: where what it gives is JSON, the body is an
// object with this as its only member.
func FuzzDataOnly(f *testing.F) {
	for _, body := range []string{
		`{"data":{"a":[1,"}\"\\"]}}`, `{"data":[]}`, `{"data":{"a":1},"tags":["b"]}`, `{"data":{"a":1}},"b":{}}`, `{"data":{"a":1}} `,
		`{"data":"{"}`, `{"data":{"\\":"\"}"}}`, `{"data":{"a":"\`, `{"data":{}`,
	} {
		f.Add([]byte(body))
	}
	const depth = 64
	f.Fuzz(func(t *testing.T, body []byte) {
		data, ok := dataOnly(body)
		if !ok {
			return
		}
		if _, _, err := canon.Read("data", data, canon.Limits{Bytes: 1 << 20, Depth: depth}); err != nil {
			return
		}
		var names []string
		err := members(body, depth+1, func(name string, value []byte) error {
			names = append(names, name)
			if !bytes.Equal(value, data) {
				t.Errorf("got %q, want %q", data, value)
			}
			return nil
		})
		if err != nil || len(names) != 1 || names[0] != "data" {
			t.Errorf("of %q, with members %q, %v, it gave %q", body, names, err, data)
		}
	})
}

func TestDataOnly(t *testing.T) {
	for body, want := range map[string]string{
		`{"data":{"a":[1,"}\"\\"]}}`:    `{"a":[1,"}\"\\"]}`,
		`{"data":[]}`:                   `[]`,
		`{"data":{"a":1},"tags":["b"]}`: "",
		`{"data":{"a":1},"b":{"c":{}}}`: "",
		`{"data":1}`:                    "",
		`{"data":"a"}`:                  "",
		`{"data":{}`:                    "",
		`{"data":{"a`:                   "",
		`{"data":{"a\`:                  "",
		`{"data":`:                      "",
	} {
		data, ok := dataOnly([]byte(body))
		if ok != (want != "") || ok && string(data) != want {
			t.Errorf("of %s it gives %q, %v", body, data, ok)
		}
	}
}
