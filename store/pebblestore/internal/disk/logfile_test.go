package disk

import (
	"bytes"
	"io"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A log whose syncs write little seldom grows; one whose syncs write much is not written twice. Both contain
// the written data, followed by zeros.
func TestLogsAreFilledAhead(t *testing.T) {
	tuned := Tuned()
	fillSyncs, fillLeast, fillMost := int(tuned.FillSyncs), int(tuned.FillLeast), int(tuned.FillMost)
	for _, c := range []struct {
		name              string
		before            int // bytes of the file that is used again
		writes, each      int
		perSync           int // writes
		mostGrown, longer int
	}{
		{"small syncs", 0, 3000, 1000, 1, 3000/fillSyncs + 80, fillMost},
		{"shared syncs", 0, 3000, 1000, 30, 3000/fillSyncs + 80, fillMost},
		{"three small ones", 0, 3, 1000, 1, 1, 2 * fillLeast},
		{"large syncs", 0, 300, 32 << 10, 20, 300, 0},
		{"used again", 2_000_000, 3000, 1000, 1, 1000/fillSyncs + 80, fillMost},
		{"used again, and long enough", 4_000_000, 3000, 1000, 1, 0, 1_000_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			fs := vfs.NewMem()
			under, err := fs.Create("log", LogCategory)
			if err != nil {
				t.Fatal(err)
			}
			if c.before > 0 {
				if _, err := under.WriteAt(make([]byte, c.before), 0); err != nil {
					t.Fatal(err)
				}
			}
			f := newLogFile(under, int64(c.before), &tuned)
			length := func() int64 {
				info, err := under.Stat()
				if err != nil {
					t.Fatal(err)
				}
				return info.Size()
			}
			var want []byte
			grown, was := 0, length()
			for i := range c.writes {
				b := bytes.Repeat([]byte{byte(i%255 + 1)}, c.each)
				want = append(want, b...)
				if n, err := f.Write(b); n != len(b) || err != nil {
					t.Fatal(n, err)
				}
				if i%c.perSync == 0 {
					if err := f.SyncData(); err != nil {
						t.Fatal(err)
					}
				}
				if now := length(); now != was {
					grown, was = grown+1, now
				}
			}
			if grown > c.mostGrown || was > int64(len(want)+c.longer+c.each) {
				t.Errorf("it grew %d times, to %d bytes for %d", grown, was, len(want))
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			r, err := fs.Open("log")
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r)
			if err != nil || !bytes.HasPrefix(got, want) || len(bytes.Trim(got[len(want):], "\x00")) > 0 {
				t.Errorf("%d bytes of what was written are there, or others behind them (%v)", len(got), err)
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}
