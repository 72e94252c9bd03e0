package cli_test

import (
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/cli"
)

// FuzzSpan: what is shown of a time is close to it, and in the form that flags take.
func FuzzSpan(f *testing.F) {
	for _, d := range []time.Duration{0, 1, -1, time.Second, 95 * time.Second, time.Hour - 1, 24*time.Hour - 1, 100 * time.Hour, -7 * 24 * time.Hour, 1<<63 - 1, -1 << 63} {
		f.Add(int64(d))
	}
	f.Fuzz(func(t *testing.T, n int64) {
		d := time.Duration(n)
		s := cli.Span(d)
		if s == "under 1s" && d > 0 && d < time.Second {
			return
		}
		got, err := sigil.ParseDuration(s)
		if off := got.Abs() - d.Abs(); err != nil || off.Abs() > time.Second/2+d.Abs()/40 {
			t.Errorf("%v is shown as %q: %v, %v", d, s, got, err)
		}
	})
}
