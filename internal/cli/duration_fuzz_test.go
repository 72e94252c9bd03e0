package cli_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/internal/cli"
)

// FuzzParseDuration: what is taken is what Go reads, with days of 24 hours before it; and any duration
// that Go writes is taken for itself, alone and after days.
func FuzzParseDuration(f *testing.F) {
	for _, text := range []string{"90s", "7d", "1d12h", "1.5d", "1e3d", "-1d", "d", "1d-1h", "infd", "100000d", "99999.9999d2000000h", "-5s", "9223372036.854775807s"} {
		f.Add(text, int64(len(text))*int64(time.Minute), uint16(7))
	}
	f.Fuzz(func(t *testing.T, text string, n int64, days uint16) {
		got, err := cli.ParseDuration(text)
		alone, plain := time.ParseDuration(text)
		switch {
		case err != nil && got != 0:
			t.Errorf("%q: %v, %v", text, got, err)
		case plain == nil && (err != nil || got != alone):
			t.Errorf("%q is %v, %v; want %v", text, got, err, alone)
		case plain != nil && err == nil && (!strings.Contains(text, "d") || got < 0):
			t.Errorf("%q is taken for %v", text, got)
		}
		d := time.Duration(n)
		if got, err := cli.ParseDuration(d.String()); err != nil || got != d {
			t.Errorf("%q is %v, %v", d, got, err)
		}
		if whole := time.Duration(days) * 24 * time.Hour; d >= 0 && d < 24*time.Hour {
			if got, err := cli.ParseDuration(strconv.Itoa(int(days)) + "d" + d.String()); err != nil || got != whole+d {
				t.Errorf("%d days and %v are %v, %v", days, d, got, err)
			}
		}
		if s := cli.Span(d); s == "" || strings.ContainsAny(s, " \n") && !strings.HasPrefix(strings.TrimPrefix(s, "-"), "under") {
			t.Errorf("%v is shown as %q", d, s)
		}
	})
}
