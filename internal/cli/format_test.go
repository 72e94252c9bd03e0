package cli_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/sigil-dna/sigil/internal/cli"
)

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                            "0s",
		1:                            "under 1s",
		999 * time.Millisecond:       "under 1s",
		94600 * time.Millisecond:     "95s",
		59600 * time.Millisecond:     "1m",
		2 * time.Minute:              "2m",
		time.Hour - time.Millisecond: "1h",
		3*time.Hour + 20*time.Minute: "3h20m",
		24*time.Hour - 1:             "1d",
		100 * time.Hour:              "4d4h",
		7 * 24 * time.Hour:           "7d",
		876000 * time.Hour:           "36500d",
		-35 * time.Second:            "-35s",
	} {
		if got := cli.Span(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

func TestDurationFlags(t *testing.T) {
	for text, want := range map[string]string{"90s": "90s", "36h": "36h", "7d": "7d", "168h0m0s": "7d", "1.5d": "36h", "0": "0s"} {
		var d cli.Duration
		if err := d.Set(text); err != nil || d.String() != want {
			t.Errorf("%q is %q, %v; want %q", text, d.String(), err, want)
		}
	}
	for _, text := range []string{"", "7", "soon", "1d-2h", "1e9d", "106752d"} {
		d := cli.Duration(7)
		if err := d.Set(text); err == nil || d != 7 {
			t.Errorf("%q is %q; want an error and nothing changed", text, d.String())
		}
	}
}

func TestNumbers(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0s", 382_123: "382µs", 1_234_567: "1.23ms", 11_400_000_000: "11.4s", 90 * time.Second: "90s"} {
		if got := cli.Took(d); got != want {
			t.Errorf("%v took %q, want %q", int64(d), got, want)
		}
	}
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 16 << 20: "16.0 MiB", 1<<63 - 1: "8192.0 PiB"} {
		if got := cli.Size(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
	for share, want := range map[float64]string{0: "0% ░░░░░░░░░░", 1e-9: "0% ░░░░░░░░░░", 0.105: "11% █░░░░░░░░░", 0.5: "50% █████░░░░░", 0.999: "99% █████████░", 1: "100% ██████████"} {
		if got := cli.Percent(share) + " " + cli.Bar(share); got != want {
			t.Errorf("%v is %q, want %q", share, got, want)
		}
	}
}

func TestEscape(t *testing.T) {
	for s, want := range map[string]string{
		"plain":               "plain",
		"日本 é ✓ 👍":            "日本 é ✓ 👍",
		"\x1b[31m\a\r\n\x7f":  `\u001b[31m\u0007\u000d\u000a\u007f`,
		"a\u009b b\u202e":     `a\u009b b\u202e`,
		"\U000e0041":          `\udb40\udc41`,
		"broken \xff \xc2":    `broken \ufffd \ufffd`,
		"replacement \ufffd.": "replacement \ufffd.",
	} {
		if got := cli.Escape(s); got != want {
			t.Errorf("%q is %q, want %q", s, got, want)
		}
	}
}

// FuzzEscape: nothing that is escaped drives a terminal, and escaped JSON is the same JSON.
func FuzzEscape(f *testing.F) {
	f.Add("{\"a\":\"\u009b\u202e\x7f\U000e0041\"}")
	f.Add("\xff\x1b")
	f.Fuzz(func(t *testing.T, s string) {
		got := cli.Escape(s)
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
				t.Fatalf("%q leaves %U", s, r)
			}
		}
		raw, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var before, after string
		if json.Unmarshal(raw, &before) != nil || json.Unmarshal([]byte(cli.Escape(string(raw))), &after) != nil || before != after {
			t.Fatalf("%q became %q", before, after)
		}
	})
}

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		s    string
		n    int
		want string
	}{
		{"abcdef", 6, "abcdef"},
		{"abcdef", 5, "abcd…"},
		{"日本語", 6, "日本語"},
		{"日本語", 5, "日本…"},
		{"日本語", 4, "日…"},
		{"e\u0301e\u0301", 2, "e\u0301e\u0301"},
		{"", 3, ""},
	} {
		got := cli.Cut(tt.s, tt.n)
		if got != tt.want || cli.Width(got) > tt.n {
			t.Errorf("%q to %d is %q, want %q", tt.s, tt.n, got, tt.want)
		}
	}
}

func TestReadState(t *testing.T) {
	if s, err := cli.ReadState(`{"phi":1,"x":{"phi":2,"phi":3}}`); err != nil || s.Phi != 1 || s.Awareness != 0.5 {
		t.Errorf("%+v, %v", s, err) // what is inside x is the daemon's to judge
	}
	for _, text := range []string{`{"phi":1,"phi":1}`, `{"x":1,"y":2,"x":3}`, `[]`, `null`, `{`, `{"phi":"1"}`} {
		if s, err := cli.ReadState(text); err == nil {
			t.Errorf("%s is %+v", text, s)
		}
	}
}

func TestLines(t *testing.T) {
	long := strings.Repeat("x", 200_000) // over the reader's buffer, too
	type line struct {
		text string
		n    int
		err  error
	}
	for _, tt := range []struct {
		name, in string
		max      int
		want     []line
	}{
		{"none", "", 9, nil},
		{"blanks", "\n \r\n\t", 9, nil},
		{"no last end", "a\r\n\n b \nc", 9, []line{{"a", 1, nil}, {"b", 3, nil}, {"c", 4, nil}}},
		{"byte order mark", "\ufeffa\n\ufeffb\n", 9, []line{{"a", 1, nil}, {"\ufeffb", 2, nil}}},
		{"just not too long", "123\r\n1234\n", 4, []line{{"123", 1, nil}, {"1234", 2, nil}}},
		{"too long", "a\n" + long + "\nb\n" + long, 100, []line{{"a", 1, nil}, {"", 2, cli.ErrLongLine}, {"b", 3, nil}, {"", 4, cli.ErrLongLine}}},
		{"long", long + "\n1\n", 200_000, []line{{long, 1, nil}, {"1", 2, nil}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := cli.NewLineReader(strings.NewReader(tt.in), tt.max)
			for _, want := range tt.want {
				if text, n, err := r.Next(); text != want.text || n != want.n || !errors.Is(err, want.err) {
					t.Fatalf("got %.20q, %d, %v; want %.20q, %d, %v", text, n, err, want.text, want.n, want.err)
				}
			}
			if text, _, err := r.Next(); !errors.Is(err, io.EOF) {
				t.Fatalf("after the end: %.20q, %v", text, err)
			}
		})
	}
}
