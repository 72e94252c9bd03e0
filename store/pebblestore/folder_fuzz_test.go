package pebblestore

import (
	"errors"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/disk"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// FuzzFolder opens a database with arbitrary records. Open either reads it or reports that it is damaged. The same
// holds for the file that identifies the store.
func FuzzFolder(f *testing.F) {
	now := time.UnixMilli(1_764_000_000_000).UTC()
	m := sigil.Memory{Meta: sigil.Meta{Size: 7, CreatedAt: now, LastAccessed: now, Policy: sigil.DefaultClassic()}}
	f.Add(layout.MemoryKey(layout.MetaFamily, "public", sigil.ID{15: 1}), record.AppendMeta(nil, &m.Meta, 0), []byte(nil))
	f.Add([]byte("m"), []byte(nil), []byte(nil))
	f.Add([]byte("mpublic\x00"), []byte(nil), []byte(nil))
	f.Add(layout.CrystalKey("public", 3), []byte{1}, []byte(nil))
	f.Add(layout.PolicyKey(1), []byte("classic"), []byte(nil))
	f.Add([]byte("p"), []byte{1}, []byte(nil))
	f.Add([]byte("x"), []byte(nil), []byte(nil))
	f.Add(layout.ExpiryKey(1, "public", "k"), []byte(nil), []byte(nil))
	f.Add([]byte("jpublic\x00\x00"), []byte(nil), []byte(`{"format":2}`))
	f.Add([]byte("?"), []byte("?"), []byte(`{"format":99,"id":"x"}`))
	f.Add([]byte("?"), []byte("?"), []byte(`null`))
	f.Fuzz(func(t *testing.T, key, value, info []byte) {
		fsys := vfs.NewMem()
		const dir = "store"
		must(t, fsys.MkdirAll(dir, 0o700))
		if info != nil {
			must(t, disk.WriteFile(fsys, dir, layout.InfoFile, info))
		} else {
			writeInfo(t, fsys, dir, layout.NewInfo(m.ID, m.CreatedAt))
		}
		db, err := pebble.Open(fsys.PathJoin(dir, layout.DataFolder), &pebble.Options{FS: fsys, Logger: quiet{}})
		must(t, err)
		must(t, errors.Join(
			db.Set(layout.PolicyKey(0), []byte(sigil.DefaultClassic().String()), nil), db.Set(key, value, pebble.Sync), db.Close(),
		))
		s, err := Open(dir, &Options{FS: fsys, CacheSize: 1 << 20})
		if err != nil {
			return
		}
		now := m.CreatedAt
		for _, tenant := range []string{"public", "x"} { // an error is fine, and so is an answer
			_, _, _ = s.List(t.Context(), store.Query{Tenant: tenant, Now: now, Limit: 10})
			_, _ = s.Events(t.Context(), tenant, 0, 10)
			_, _ = s.Patterns(t.Context(), tenant, now)
			_, _ = s.Crystals(t.Context(), tenant)
		}
		_, _ = s.PruneAnswers(t.Context(), now.Add(time.Hour), 10)
		must(t, s.Close())
	})
}

type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(string, ...any) {}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
