package canon_test

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/canon"
	"github.com/sigil-dna/sigil/wire"
)

var roomy = canon.Limits{Bytes: 1 << 20, Depth: 64}

// TestGoldenEncode checks the encode part of testdata/sigil.json, from the text that was sent to the
// frequency and the spiral.
func TestGoldenEncode(t *testing.T) {
	b, err := os.ReadFile("../../testdata/sigil.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Encode []struct {
			Raw, Canonical, SHA256 string
			ResonanceFrequency     float64
			Pattern                []wire.SpiralPoint
		}
	}
	if err := json.Unmarshal(b, &golden); err != nil || len(golden.Encode) < 25 {
		t.Fatal(len(golden.Encode), err)
	}
	for _, g := range golden.Encode {
		t.Run(g.Raw, func(t *testing.T) {
			compact, hash, err := canon.Read("data", []byte(g.Raw), roomy)
			if err != nil {
				t.Fatal(err)
			}
			if hash.String() != g.SHA256 {
				t.Errorf("hash %s, want %s", hash, g.SHA256)
			}
			near(t, "frequency", hash.Frequency().Value(), g.ResonanceFrequency)
			for i, p := range hash.Spiral() {
				near(t, "angle", p.Angle, g.Pattern[i].Angle)
				near(t, "radius", p.Radius, g.Pattern[i].Radius)
				near(t, "intensity", p.Intensity, g.Pattern[i].Intensity)
				near(t, "weight", p.Weight, g.Pattern[i].Weight)
			}
			// The canonical form has the same hash, but is not what is kept.
			_, again, err := canon.Read("data", []byte(g.Canonical), roomy)
			if err != nil || again != hash {
				t.Errorf("hash of the canonical form %s, %v", again, err)
			}
			if len(compact) > len(g.Raw) {
				t.Errorf("kept as %s", compact)
			}
		})
	}
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-12*math.Max(1, math.Abs(want)) || math.Abs(want) > 1e-12 && math.Abs(got/want-1) > 1e-12 {
		t.Errorf("%s: got %.17g, want %.17g", what, got, want)
	}
}

// The kept text is the sent one without white space: no digit, escape or order changes.
func TestReadKeepsWhatWasSent(t *testing.T) {
	for raw, want := range map[string]string{
		` 12345678901234567890123 `:            `12345678901234567890123`,
		`[9007199254740993,-9007199254740995]`: `[9007199254740993,-9007199254740995]`,
		`1.50`:                                 `1.50`,
		`1E+2`:                                 `1E+2`,
		`-0.0e-0`:                              `-0.0e-0`,
		`1e308`:                                `1e308`,
		`1e-400`:                               `1e-400`, // as good as 0
		"\t{ \"b\" : [ 1 , 2 ] ,\r\n \"a\" : { } } ": `{"b":[1,2],"a":{}}`,
		`" two  spaces \u00e9 \/ \" \\ , : { [ \t"`:  `" two  spaces \u00e9 \/ \" \\ , : { [ \t"`,
		`{"a b":" ","\"":1}`:                         `{"a b":" ","\"":1}`,
		`"\ud83d\ude00"`:                             `"\ud83d\ude00"`,
		` [ true , false , null ] `:                  `[true,false,null]`,
		`{"a":1,"\u0041":2}`:                         `{"a":1,"\u0041":2}`,
	} {
		sent := []byte(raw)
		got, _, err := canon.Read("data", sent, roomy)
		if err != nil || string(got) != want {
			t.Errorf("%s: kept as %s, %v", raw, got, err)
		}
		if string(sent) != raw {
			t.Errorf("%s: changed to %s", raw, sent)
		}
	}
}

// All spellings of the same content have the same hash.
func TestReadHashesTheContent(t *testing.T) {
	for _, same := range [][]string{
		{`{"b":2,"a":1}`, `{ "a": 1, "b": 2 }`, `{"a":1.0,"b":2e0}`, `{"\u0061":1,"b":2}`},
		{`"\u20ac"`, `"€"`},
		{`100`, `1e2`, `100.0`},
		{`0`, `-0`, `0e5`},
		{`9007199254740993`, `9007199254740992`}, // RFC 8785 hashes float64s; both digits are kept
		{`"/"`, `"\/"`},
	} {
		_, want, err := canon.Read("data", []byte(same[0]), roomy)
		if err != nil {
			t.Fatal(err)
		}
		for _, raw := range same[1:] {
			_, got, err := canon.Read("data", []byte(raw), roomy)
			if err != nil || got != want {
				t.Errorf("%s has another hash than %s (%v)", raw, same[0], err)
			}
		}
	}
}

// Concurrent calls do not share a visible buffer.
func TestReadFromManyGoroutines(t *testing.T) {
	var wg sync.WaitGroup
	for i := range 8 {
		raw := fmt.Sprintf(` {"b":"%s","a":%d} `, strings.Repeat("x", 10*i), i)
		canonical := fmt.Sprintf(`{"a":%d,"b":"%s"}`, i, strings.Repeat("x", 10*i))
		wg.Go(func() {
			for range 200 {
				_, hash, err := canon.Read("data", []byte(raw), roomy)
				if want := sha256.Sum256([]byte(canonical)); err != nil || hash != sigil.Hash(want) {
					t.Errorf("%s: hash %s, %v", raw, hash, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func TestReadRefuses(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	deepObjects := func(n int) string { return strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) }
	for name, tt := range map[string]struct {
		raw, code, field string
	}{
		"empty":                {``, "invalid_json", "data"},
		"white space":          {" \n\t", "invalid_json", "data"},
		"not JSON":             {`hello`, "invalid_json", "data"},
		"a byte order mark":    {"\ufeff{}", "invalid_json", "data"},
		"cut short":            {`{"a":[1,`, "invalid_json", "data/a"},
		"cut in a string":      {`"abc`, "invalid_json", "data"},
		"trailing":             {`{} {}`, "invalid_json", "data"},
		"trailing comma":       {`[1,]`, "invalid_json", "data/1"},
		"comment":              {`{} // x`, "invalid_json", "data"},
		"single quotes":        {`{'a':1}`, "invalid_json", "data"},
		"bare key":             {`{a:1}`, "invalid_json", "data"},
		"control character":    {"\"a\nb\"", "invalid_json", "data"},
		"NUL":                  {"\x00", "invalid_json", "data"},
		"bad escape":           {`"\x41"`, "invalid_json", "data"},
		"NaN":                  {`{"a":NaN}`, "invalid_json", "data/a"},
		"Infinity":             {`-Infinity`, "invalid_json", "data"},
		"leading zero":         {`01`, "invalid_json", "data"},
		"leading plus":         {`+1`, "invalid_json", "data"},
		"no digit":             {`1.`, "invalid_json", "data"},
		"hexadecimal":          {`0x10`, "invalid_json", "data"},
		"duplicate key":        {`{"a":1,"a":2}`, "duplicate_key", "data/a"},
		"duplicate key, deep":  {`{"x":[{},{"a":1,"b":2,"a":3}]}`, "duplicate_key", "data/x/1/a"},
		"duplicate by escape":  {`{"a":1,"\u0061":2}`, "duplicate_key", "data/a"},
		"invalid UTF-8":        {"\"\xff\"", "invalid_utf8", "data"},
		"overlong UTF-8":       {"\"\xc0\xaf\"", "invalid_utf8", "data"},
		"surrogate in UTF-8":   {"\"\xed\xa0\x80\"", "invalid_utf8", "data"},
		"invalid UTF-8 in key": {"{\"\xff\":1}", "invalid_utf8", "data"},
		"lone high surrogate":  {`"\ud83d"`, "lone_surrogate", "data"},
		"high before text":     {`{"a":"\ud83dx"}`, "lone_surrogate", "data/a"},
		"two highs":            {`"\ud83d\ud83d"`, "lone_surrogate", "data"},
		"lone low surrogate":   {`["\ude00"]`, "lone_surrogate", "data/0"},
		"low before high":      {`"\ude00\ud83d"`, "lone_surrogate", "data"},
		"surrogate in a key":   {`{"\ud83d":1}`, "lone_surrogate", "data"},
		"too great a number":   {`{"a":[1e400]}`, "number_out_of_range", "data"},
		"too small a number":   {`-1e309`, "number_out_of_range", "data"},
		"depth 65":             {deep(65), "too_deep", "data"},
		"depth 65, objects":    {deepObjects(65), "too_deep", "data"},
		"depth 100,000":        {deep(100_000), "too_deep", "data"},
		"unclosed depth":       {strings.Repeat("[", 100_000), "too_deep", "data"},
	} {
		t.Run(name, func(t *testing.T) {
			compact, hash, err := canon.Read("data", []byte(tt.raw), roomy)
			var e *sigil.Error
			if !errors.Is(err, sigil.ErrInvalid) || !errors.As(err, &e) {
				t.Fatalf("got %q, %v, want ErrInvalid", compact, err)
			}
			if e.Code != tt.code || e.Field != tt.field {
				t.Errorf("got %s about %s (%s), want %s about %s", e.Code, e.Field, e.Detail, tt.code, tt.field)
			}
			if compact != nil || hash != (sigil.Hash{}) {
				t.Errorf("gave %q, %s beside the error", compact, hash)
			}
			if len(e.Error()) > 300 {
				t.Errorf("the error has %d bytes", len(e.Error()))
			}
		})
	}
	for name, raw := range map[string]string{"arrays": deep(64), "objects": deepObjects(64), "in turn": strings.Repeat(`[{"a":`, 32) + "1" + strings.Repeat("}]", 32)} {
		if _, _, err := canon.Read("data", []byte(raw), roomy); err != nil {
			t.Errorf("depth 64 of %s: %v", name, err)
		}
	}
}

func TestReadRefusesWhatIsTooLong(t *testing.T) {
	limits := canon.Limits{Bytes: 10, Depth: 1}
	if _, _, err := canon.Read("data", []byte(`"12345678"`), limits); err != nil {
		t.Errorf("10 bytes: %v", err)
	}
	_, _, err := canon.Read("state.mood", []byte(`"123456789"`), limits)
	var e *sigil.Error
	if !errors.Is(err, sigil.ErrTooLarge) || !errors.As(err, &e) || e.Code != "data_too_large" || e.Field != "state.mood" {
		t.Errorf("11 bytes: %v", err)
	}
}

func TestALongPlaceIsClipped(t *testing.T) {
	for _, name := range []string{strings.Repeat("k", 100_000), strings.Repeat("€", 30_000)} {
		_, _, err := canon.Read("data", []byte(`{"`+name+`":x}`), roomy)
		var e *sigil.Error
		if !errors.As(err, &e) || len(e.Field) > 150 || !strings.HasPrefix(e.Field, "data/"+name[:30]) || !utf8.ValidString(e.Field) {
			t.Errorf("got %.200v", err)
		}
	}
}

// An error contains the place of the mistake, but never the value there.
func TestErrorsHoldNoPayload(t *testing.T) {
	for _, raw := range []string{`{"a":"secret`, `["secret" x]`, `{"a":{"b":"secret"},"a":1}`, `"secret\ud83d"`, `[1e400,"secret"]`, "\"secret\xff\""} {
		_, _, err := canon.Read("data", []byte(raw), roomy)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `{"foo":0}`, ` [1, 2.50, -0, 1e400, 12345678901234567890] `, `{"a":1,"a":2}`, `"\ud83d\ude00"`, `"\ud83d"`, `"\\"`,
		"\"\xff\"", `"\u0000\/\""`, `{"\u0061":{"b":[null,true]}}`, strings.Repeat("[", 70), `"€"`, "\ufeff1", `1 2`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		compact, hash, err := canon.Read("data", raw, roomy)
		if err != nil {
			if !errors.Is(err, sigil.ErrInvalid) && !errors.Is(err, sigil.ErrTooLarge) {
				t.Fatalf("error of no kind: %v", err)
			}
			return
		}
		if !json.Valid(compact) || !json.Valid(raw) {
			t.Fatalf("%q was taken as %q, which is not JSON", raw, compact)
		}
		again, hashAgain, err := canon.Read("data", compact, roomy)
		if err != nil || string(again) != string(compact) || hashAgain != hash {
			t.Fatalf("%q is read back as %q, hash %s, want %s (%v)", compact, again, hashAgain, hash, err)
		}
	})
}

func TestOrdered(t *testing.T) {
	for raw, want := range map[string]string{
		`{"b":1.0,"a":[{"d":1,"c":1e2},"\u00e9"]}`: `{"a":[{"c":1e2,"d":1},"é"],"b":1.0}`,
		` [ 3 , 12345678901234567890, -0 ] `:       `[3,12345678901234567890,-0]`,
		`{"\ud83d\ude00":1,"\ufb33":2}`:            "{\"\U0001F600\":1,\"\uFB33\":2}", // by UTF-16, in which the pair comes first
	} {
		if got := string(canon.Ordered([]byte(raw))); got != want {
			t.Errorf("%s: got %s, want %s", raw, got, want)
		}
	}
}
