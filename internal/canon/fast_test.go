package canon

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"github.com/sigil-dna/sigil"
)

var wide = Limits{Bytes: 1 << 20, Depth: 64}

// typical has typical documents, by the benchmark's names for them.
var typical = map[string]string{
	"unsorted":  unsorted,
	"sorted":    string(canonicalOf(unsorted)),
	"assistant": assistant,
	"indented":  indented(assistant),
}

const unsorted = `{"type":"preference","user":"u-48213","session":"7f9c2ba4e88f827d616045507605853e","text":` +
	`"Prefers short answers with a figure or two, and dislikes being asked the same question twice in one day.",` +
	`"tags":["style","answers","figures"],"score":0.87,"weight":12,"confirmed":true,"expires":null,` +
	`"source":{"kind":"chat","channel":"web","message":1841,"at":"2026-03-14T09:26:53Z"},` +
	`"related":["m-1009","m-1187","m-2210"],"language":"en","embedding":{"model":"small-3","dims":384,"norm":0.9998},` +
	`"history":[{"v":1,"by":"import"},{"v":2,"by":"editor"}],"note":"seen in three conversations since January"}`

const assistant = `{"role":"assistant","model":"large-2","conversation":{"id":"c-90417","title":"Ausflug nach Görlitz","started":"2026-05-02T08:11:40Z",` +
	`"participants":[{"name":"Zoë Müller","id":17,"locale":"de-DE"},{"name":"小林 さくら","id":23,"locale":"ja-JP"}]},` +
	`"content":[{"type":"text","text":"Görlitz liegt an der Lausitzer Neiße; die Altstadt hat über 4.000 Baudenkmäler. Für zwei Tage reicht das Gepäck eines Tagesausflugs, wenn Sie im Gästehaus übernachten. – Möchten Sie lieber mit dem Zug fahren?"},` +
	`{"type":"text","text":"日本語での要約:ゲルリッツはドイツ最東端の町で、旧市街が美しく保存されています。電車で二時間ほどかかります。"},` +
	`{"type":"tool_use","name":"timetable","input":{"from":"Dresden Hbf","to":"Görlitz","date":"2026-05-16","passengers":2,"price":{"max":45.5,"currency":"EUR"}}}],` +
	`"usage":{"input_tokens":1874,"output_tokens":212,"cache_read":1536,"latency":1.284},"feedback":{"rating":5,"comment":"Très utile, merci — ça m’a fait gagner du temps 👍","resolved":true},` +
	`"memory":{"importance":0.6439775275224582,"coherence":0.91,"keywords":["Ausflug","Görlitz","Zug","旅行"],"expires":null,"links":[{"to":"m-5521","weight":0.42},{"to":"m-5530","weight":0.17}]},"version":3}`

func canonicalOf(raw string) []byte {
	v := jsontext.Value(raw)
	if err := v.Canonicalize(); err != nil {
		panic(err)
	}
	return v
}

func indented(raw string) string {
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(raw), "", "  "); err != nil {
		panic(err)
	}
	return b.String()
}

// agree checks that readSlow returns the same for everything that readFast accepts, and reports whether it
// was accepted.
func agree(t interface{ Fatalf(string, ...any) }, raw []byte, depth int) bool {
	sent := bytes.Clone(raw)
	compact, hash, ok := readFast(raw, depth)
	if !bytes.Equal(raw, sent) {
		t.Fatalf("%q was changed to %q", sent, raw)
	}
	if !ok {
		if compact != nil || hash != (sigil.Hash{}) {
			t.Fatalf("%q was left to the library, but gave %q, %s", raw, compact, hash)
		}
		return false
	}
	wantCompact, wantHash, err := readSlow("data", raw, Limits{Bytes: len(raw), Depth: depth})
	if err != nil || !bytes.Equal(compact, wantCompact) || hash != wantHash {
		t.Fatalf("%q (depth %d)\nfast: %q, %s\nslow: %q, %s, %v", raw, depth, compact, hash, wantCompact, wantHash, err)
	}
	return true
}

// fastOrSlow has texts that readFast accepts, and texts that it does not.
var fastOrSlow = map[bool][]string{
	true: {
		`0`, `-1`, `100`, `123456789012345`, `1234567890123456`, `9007199254740993`, `-9007199254740995`, `999999999999999868928`,
		`-0`, `0.0`, `-0.0`, `1.0`, `1.50`, `-0.5`, `0.000001`, `0.0000010`, `0.0000012345678`, `0.1234567`, `3.141592653589793`, `0.30000000000000004`,
		`123456789012.345`, `12345678901234.5`, `123456789.0123456789`, `4.35`, `0.6439775275224582`, `100.0`, `1` + strings.Repeat("0", 20), `0.` + strings.Repeat("0", 400) + `1`,
		`""`, `"abcdefg"`, `"abcdefgh"`, `"abcdefghi"`, `"€"`, `"aé"`, `"日本語の文章です"`, `"👍"`, "\"\x7f\u2028\ufeff\"", `"ends in é"`, `"é then ASCII to the end"`,
		` true `, "\r\n\tfalse", `null `, `{}`, `[]`, ` { } `, `[ ]`, `[1,2]`, "[ 1 ,\t2\n]", `[[],{},[{}]]`,
		`{"b":2,"a":1}`, ` { "b" : [ 1 , 2.0 ] , "a" : { "d" : "é" , "c" : -0 } } `, `{"":1}`, `{"a":1,"":2}`, `{"ab":1,"a":2,"abc":3,"a ":4,"a!":5,"a#":6}`,
		`{"z":{"y":{"x":1.0,"w":2},"v":3},"u":[{"t":1,"s":2}]}`, `{"a":{"a":1},"b":{"a":1}}`, `{"A":1,"a":2,"B":3}`,
		`{"abcdefgh2":1,"abcdefgh1":2,"abcdefgh":3,"abcdefg":4,"abcdefghi":5}`, members(200, false), members(64, true),
		strings.Repeat("[", 64) + strings.Repeat("]", 64), strings.Repeat(`{"b":`, 64) + "1" + strings.Repeat(`,"a":0}`, 64),
	},
	false: {
		``, ` `, `01`, `-`, `-01`, `1.`, `.5`, `+1`, `1e5`, `1E400`, `0x1`, `1 2`, `1,`, `1000000000000000000000`, `0.0000001`, `0.00000099`, `--1`, `1-`, `1.2.3`,
		`"`, `"a`, `"abcdefgh`, `"a\n"`, `"\u00e9"`, "\"a\nb\"", "\"abcdefgh\x1f\"", "\"\x00\"", "\"\xff\"", "\"abcdefgh\xc3\"", "\"\xed\xa0\x80\"", "\"\xc0\xaf\"", "'a'",
		`tru`, `truex`, `nul`, `True`, `NaN`, "\x00", "1\x00", "\ufeff1", "\v1", "1\u00a0", `{`, `[`, `]`, `}`, `[1`, `[1,`, `[1,]`, `[,1]`, `[1 2]`, `[1}`, `{]`,
		`{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{,}`, `{a:1}`, `{"a" 1}`, `{"a":1 "b":2}`, `{"a":1]`, `{1:2}`, `{"a":1}{`, `{"a":1}x`,
		`{"a":1,"a":2}`, `{"":1,"":2}`, `{"a":1,"b":2,"a":3}`, `{"b":1,"a":2,"b":3}`, `[{"x":{"a":1,"a":1}}]`, `{"é":1}`, "{\"\xff\":1}", `{"\u0061":1,"a":2}`, `{"€":1,"a":2}`, `{"abcdefgh1":1,"abcdefgh1":2}`, members(65, true),
		strings.Repeat("[", 65) + strings.Repeat("]", 65), strings.Repeat(`{"a":`, 65) + "1" + strings.Repeat("}", 65), strings.Repeat("[", 100_000),
	},
}

// members returns an object of n members; if shuffled, the first of them comes last.
func members(n int, shuffled bool) string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf(`"k%03d":%d`, i, i)
	}
	if shuffled {
		names = append(names[1:], names[0])
	}
	return "{" + strings.Join(names, ",") + "}"
}

func TestWhichTextsAreReadFast(t *testing.T) {
	for want, texts := range fastOrSlow {
		for _, raw := range texts {
			if got := agree(t, []byte(raw), 64); got != want {
				t.Errorf("%.100q: fast %t, want %t", raw, got, want)
			}
		}
	}
	for _, deep := range []int{256, 257, 10_001} { // however deep the caller allows
		raw := strings.Repeat("[", deep) + strings.Repeat("]", deep)
		if got := agree(t, []byte(raw), 1_000_000); got != (deep <= maxFastDepth) {
			t.Errorf("depth %d: fast %t", deep, got)
		}
	}
	for name, raw := range typical {
		if !agree(t, []byte(raw), 64) {
			t.Errorf("%s is left to the library", name)
		}
		for i := range raw { // cut short, it is no JSON
			if agree(t, []byte(raw[:i]), 64) {
				t.Errorf("%s cut to %d bytes is taken", name, i)
			}
		}
	}
}

// Every byte is tried at every place of a string, since eight are checked at once.
func TestEveryByteInAString(t *testing.T) {
	for size := range 20 {
		for i := range size {
			for b := range 256 {
				for _, next := range []byte{'x', 0x00, '!', 0x80, 0xa0} { // neighbors that a borrow could reach
					raw := []byte(`["` + strings.Repeat("x", size) + `", "y" ]`)
					raw[2+i] = byte(b)
					if i+1 < size {
						raw[3+i] = next
					}
					agree(t, raw, 64)
				}
			}
		}
	}
}

func TestTheReaderKeepsNothing(t *testing.T) {
	raw := []byte(unsorted)
	compact, _, ok := readFast(raw, 64)
	for i := range raw {
		raw[i] = 'x'
	}
	if !ok || string(compact) != unsorted {
		t.Errorf("the result changed with what was sent: %s", compact)
	}
}

func TestReadFastAgreesOnWhatIsDrawn(t *testing.T) {
	t.Run("typical", rapid.MakeCheck(func(t *rapid.T) {
		raw := document(t, 4, true)
		if !agree(t, []byte(raw), 64) {
			t.Fatalf("left to the library: %s", raw)
		}
	}))
	t.Run("any", rapid.MakeCheck(func(t *rapid.T) {
		raw := []byte(document(t, 4, false))
		if rapid.Bool().Draw(t, "spoilt") {
			raw[rapid.IntRange(0, len(raw)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		}
		agree(t, raw, rapid.IntRange(0, 5).Draw(t, "limit"))
	}))
}

// document draws JSON text with white space anywhere, either typical or arbitrary.
func document(t *rapid.T, depth int, typical bool) string {
	space := func() string { return rapid.SampledFrom([]string{"", "", "", " ", "\n  ", "\t\r\n"}).Draw(t, "space") }
	kinds := 6
	if depth == 0 {
		kinds = 4
	}
	var b strings.Builder
	b.WriteString(space())
	switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
	case 0:
		b.WriteString(rapid.SampledFrom([]string{"true", "false", "null"}).Draw(t, "word"))
	case 1:
		digits := `(0|[1-9][0-9]{0,14})`
		if !typical {
			digits = `-?(0|[1-9][0-9]{0,22})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?`
		}
		b.WriteString(rapid.StringMatching(digits).Draw(t, "number"))
	case 2:
		x := rapid.Float64Range(-1e20, 1e20).Filter(func(x float64) bool { return x == 0 || x >= 1e-6 || x <= -1e-6 }).Draw(t, "float")
		b.WriteString(strconv.FormatFloat(x, 'f', rapid.SampledFrom([]int{-1, 30}).Draw(t, "digits"), 64))
	case 3:
		if typical {
			fmt.Fprintf(&b, `"%s"`, rapid.StringMatching(`[^\\"\x00-\x1f]*`).Draw(t, "text"))
		} else {
			text, _ := json.Marshal(rapid.String().Draw(t, "text"))
			b.Write(text)
		}
	case 4:
		items := make([]string, rapid.IntRange(0, 4).Draw(t, "size"))
		for i := range items {
			items[i] = document(t, depth-1, typical)
		}
		b.WriteString("[" + space() + strings.Join(items, ",") + "]")
	case 5:
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`(abcdefgh)?[a-c_ !#]{0,3}`), 0, 6, rapid.ID)
		if !typical {
			names = rapid.SliceOfN(rapid.StringMatching(`[a-cé€👍\x{ffff}]{0,2}`), 0, 4)
		}
		members := names.Draw(t, "names")
		for i, name := range members {
			members[i] = space() + `"` + name + `"` + space() + ":" + document(t, depth-1, typical)
		}
		b.WriteString("{" + space() + strings.Join(members, ",") + "}")
	}
	return b.String() + space()
}

func FuzzFastAgreesWithTheLibrary(f *testing.F) {
	b, err := os.ReadFile("../../testdata/sigil.json")
	if err != nil {
		f.Fatal(err)
	}
	var golden struct {
		Encode []struct{ Raw, Canonical string }
	}
	if err := json.Unmarshal(b, &golden); err != nil || len(golden.Encode) < 25 {
		f.Fatal(len(golden.Encode), err)
	}
	for _, g := range golden.Encode {
		f.Add([]byte(g.Raw), 64)
		f.Add([]byte(g.Canonical), 64)
	}
	for _, texts := range fastOrSlow {
		for _, raw := range texts {
			f.Add([]byte(raw), 64)
		}
	}
	for _, raw := range typical {
		f.Add([]byte(raw), 64)
		f.Add([]byte(raw), 2)
	}
	f.Fuzz(func(t *testing.T, raw []byte, depth int) { agree(t, raw, depth) })
}

func BenchmarkRead(b *testing.B) {
	for _, name := range []string{"unsorted", "sorted", "assistant", "indented"} {
		raw := []byte(typical[name])
		for how, read := range map[string]func() error{
			"read":    func() error { _, _, err := Read("data", raw, wide); return err },
			"library": func() error { _, _, err := readSlow("data", raw, wide); return err },
		} {
			b.Run(fmt.Sprintf("%s-%d/%s", name, len(raw), how), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := read(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
