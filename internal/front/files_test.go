package front

import (
	"testing"

	"github.com/sigil-dna/sigil"
)

// TestFilesAreShared checks that the store gets the files it needs, whatever the limit is.
func TestFilesAreShared(t *testing.T) {
	for _, tt := range []struct {
		limit               uint64
		database            int
		wanted              int
		tables, connections int
	}{
		{0, 0, 10_000, 512, 10_000}, // unknown
		{1 << 62, 0, 10_000, 512, 10_000},
		{1_048_576, 0, 10_000, 512, 10_000},
		{4096, 0, 10_000, 512, 4096 - 64 - 640},
		{4096, 0, 100, 512, 100},
		{1024, 0, 10_000, 320, 1024 - 64 - 400},
		{256, 0, 10_000, 80, 256 - 64 - 100},
		{180, 0, 10_000, 80, 16},
		{179, 0, 10_000, 80, 0},
		{166, 0, 2, 80, 2},
		{10, 0, 10_000, 80, 0},
		{1024, 16, 10_000, 512, 1024 - 64 - 48},
		{1024, 200, 10_000, 512, 1024 - 64 - 416},
		{1024, 500, 10_000, 512, 0},
		{128, 16, 10_000, 512, 16},
		{127, 16, 10_000, 512, 0},
	} {
		f, err := share(tt.limit, tt.database, tt.wanted)
		switch {
		case f.Tables != tt.tables:
			t.Errorf("%+v: %d tables", tt, f.Tables)
		case tt.connections == 0 && sigil.CodeOf(err) != "too_few_files":
			t.Errorf("%+v: %v", tt, err)
		case tt.connections > 0 && (err != nil || f.Connections != tt.connections):
			t.Errorf("%+v: %d connections, %v", tt, f.Connections, err)
		}
	}
}
