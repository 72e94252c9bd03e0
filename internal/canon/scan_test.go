package canon

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sigil-dna/sigil"
)

func TestOnlyMember(t *testing.T) {
	for body, want := range map[string]string{
		`{"data":{"a":[1,"}\"\\"]}}`:    `{"a":[1,"}\"\\"]}`,
		`{"data":[]}`:                   `[]`,
		`{"data":{"a":1},"tags":["b"]}`: "",
		`{"data":{"a":1},"b":{"c":{}}}`: "",
		`{"date":[]}`:                   "",
		`{"data" :[]}`:                  "",
		`["data":[]}`:                   "",
		`{"data":1}`:                    "",
		`{"data":"a"}`:                  "",
		`{"data":{}`:                    "",
		`{"data":{"a`:                   "",
		`{"data":{"a\`:                  "",
		`{"data":`:                      "",
		`{`:                             "",
		``:                              "",
	} {
		data, ok := OnlyMember([]byte(body), "data")
		if ok != (want != "") || ok && string(data) != want {
			t.Errorf("of %s it returns %q, %v", body, data, ok)
		}
	}
}

// FuzzOnlyMember compares the quick way to the data with the thorough one: if the result is JSON, the body is
// an object with only this member.
func FuzzOnlyMember(f *testing.F) {
	for _, body := range []string{
		`{"data":{"a":[1,"}\"\\"]}}`, `{"data":[]}`, `{"data":{"a":1},"tags":["b"]}`, `{"data":{"a":1}},"b":{}}`, `{"data":{"a":1}} `,
		`{"data":"{"}`, `{"data":{"\\":"\"}"}}`, `{"data":{"a":"\`, `{"data":{}`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		data, ok := OnlyMember(body, "data")
		if !ok {
			return
		}
		if _, _, err := Read("data", data, wide); err != nil {
			return
		}
		var names []string
		err := Members(body, wide.Depth+1, func(name string, value []byte) error {
			names = append(names, name)
			if !bytes.Equal(value, data) {
				t.Errorf("got %q, want %q", data, value)
			}
			return nil
		})
		if err != nil || len(names) != 1 || names[0] != "data" {
			t.Errorf("of %q, with members %q, %v, it returned %q", body, names, err, data)
		}
	})
}

func TestDeeper(t *testing.T) {
	for raw, depth := range map[string]int{
		``: 0, `1`: 0, `[]`: 1, `{"a":[{}]}`: 3, `[[],[[]]]`: 3, `"[[["`: 0, `["\"[[",{}]`: 2, `["\\",[]]`: 2, `["[[`: 1, `[[[`: 3, `]]][[`: 0,
	} {
		for limit := range 5 {
			if got, want := Deeper([]byte(raw), limit), depth > limit; got != want {
				t.Errorf("%s: deeper than %d: %v", raw, limit, got)
			}
		}
	}
}

// FuzzDeeper compares the depth of JSON with the depth that the library counts.
func FuzzDeeper(f *testing.F) {
	for _, raw := range []string{``, `[[],{"a":"]"}]`, `["\"[[",{}]`, `["\\",[]]`, `"\\\"["`, `{"[":"\\\\"}`, `[[[`} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		dec, deepest := jsontext.NewDecoder(bytes.NewReader(raw)), 0
		for {
			_, err := dec.ReadToken()
			deepest = max(deepest, dec.StackDepth())
			if err != nil {
				break
			}
		}
		if jsontext.Value(raw).IsValid() && (Deeper(raw, deepest) || deepest > 0 && !Deeper(raw, deepest-1)) {
			t.Errorf("%q has %d levels", raw, deepest)
		}
	})
}

func TestScalar(t *testing.T) {
	for raw, want := range map[string]string{
		`1`: `1`, `0,`: `0`, `120 `: `120`, `"a-1"}`: `"a-1"`, `""`: `""`, `1.5`: `1`,
		`01`: "", `-1`: "", `"a`: "", `"\u0061"`: "", "\"\xff\"": "", "\"\n\"": "", `"é"`: "", `{`: "", `"`: "", ``: "",
	} {
		if got := raw[:Scalar([]byte(raw))]; got != want {
			t.Errorf("of %s it is %s, want %s", raw, got, want)
		}
	}
}

// spoken returns the names and values that read passes on, or the code and field of its error.
func spoken(read func(add func(name string, value []byte) error) error) string {
	var b strings.Builder
	err := read(func(name string, value []byte) error {
		b.WriteString(name + "=" + string(value) + ";")
		return nil
	})
	if e := (*sigil.Error)(nil); errors.As(err, &e) {
		return e.Code + " " + e.Field
	}
	return b.String()
}

func TestMembers(t *testing.T) {
	for body, want := range map[string]string{
		`{}`:                           ``,
		` {"a" : [1, 2], "\u0062":{}}`: `a=[1, 2];b={};`,
		``:                             `invalid_json body`,
		` `:                            `invalid_json body`,
		`[]`:                           `invalid_body body`,
		`1`:                            `invalid_body body`,
		`{"a":1`:                       `invalid_json body`,
		`{"a":{"b":x}}`:                `invalid_json a/b`,
		`{"":x}`:                       `invalid_json ""`,
		`{"a":1}{`:                     `invalid_json body`,
		`{"a":1,"a":2}`:                `duplicate_key a`,
		`{"a":{"b":1,"b":2}}`:          `duplicate_key a/b`,
		"{\"a\":\"\xff\"}":             `invalid_utf8 a`,
		`{"a":"\ud800"}`:               `lone_surrogate a`,
		`{"a":[[[]]]}`:                 `a=[[[]]];`,
		`{"a":1,"b":[[[[]]]]}`:         `too_deep b`,
		strings.Repeat("[", 20_000):    `too_deep body`,
	} {
		if got := spoken(func(add func(string, []byte) error) error { return Members([]byte(body), 4, add) }); got != want {
			t.Errorf("%.40s: got %s, want %s", body, got, want)
		}
	}
}

func TestElements(t *testing.T) {
	for body, want := range map[string]string{
		`[]`:                               ``,
		` [1, {"a" : 1}]`:                  `=1;={"a" : 1};`,
		`[{"a":1,"a":2},"` + "\xff" + `"]`: `={"a":1,"a":2};="` + "\xff" + `";`, // lenient: each value is judged by itself
		``:                                 `invalid_json body`,
		`{}`:                               `invalid_body body`,
		`[1,]`:                             `invalid_json body`,
		`[1`:                               `invalid_json body`,
		`[1]2`:                             `invalid_json body`,
		strings.Repeat("[", 20_000):        `too_deep body`,
	} {
		got := spoken(func(add func(string, []byte) error) error {
			return Elements([]byte(body), func(value []byte) error { return add("", value) })
		})
		if got != want {
			t.Errorf("%.40s: got %s, want %s", body, got, want)
		}
	}
	stop := errors.New("stop")
	if err := Elements([]byte(`[1,2]`), func([]byte) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("an error of take: %v", err)
	}
}

func BenchmarkScan(b *testing.B) {
	for name, data := range map[string]string{
		"assistant": assistant,
		"long":      `{"a":"` + strings.Repeat(`lorem ipsum dolor sit amet `, 80) + `"}`,
		"escapes":   `{"a":"` + strings.Repeat(`say \"hello\" and \\n `, 80) + `"}`,
		"numbers":   `[` + strings.Repeat(`[1,2.5,3],`, 150) + `0]`,
	} {
		body := []byte(`{"data":` + data + `}`)
		b.Run("Deeper/"+name, func(b *testing.B) {
			for b.Loop() {
				if Deeper(body, 65) {
					b.Fatal("too deep")
				}
			}
		})
		b.Run("OnlyMember/"+name, func(b *testing.B) {
			for b.Loop() {
				if _, ok := OnlyMember(body, "data"); !ok {
					b.Fatal("not found")
				}
			}
		})
	}
}
