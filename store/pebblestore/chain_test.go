package pebblestore

import (
	"bytes"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// chained returns a store with entries 1 to 6 of tenants a and b, each in a commit of its own.
func chained(t *testing.T, fsys vfs.FS) *Store {
	t.Helper()
	s := reopen(t, fsys)
	encodeEach(t, s, "a", "b", "a", "b", "a", "a")
	return s
}

func encodeEach(t *testing.T, s *Store, tenants ...string) {
	t.Helper()
	for _, tenant := range tenants {
		_, err := engine.New(s, nil).Encode(t.Context(), tenant, sigil.Draft{Data: []byte("1")})
		must(t, err)
	}
}

// changeBlock changes the block that ends with an entry.
func changeBlock(t *testing.T, s *Store, tenant string, position uint64, change func(entry []byte) []byte) {
	t.Helper()
	value, closer, err := s.db.Get(layout.JournalKey(tenant, position))
	must(t, err)
	r := record.NewReader(bytes.Clone(value))
	must(t, closer.Close())
	r.Uvarint()
	must(t, s.db.Set(layout.JournalKey(tenant, position), record.AppendEntry(nil, 0, position, change(r.Bytes())), pebble.Sync))
}

// TestABrokenChainIsNamed changes one thing in a sound store. Check has a problem that names the position.
func TestABrokenChainIsNamed(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(t *testing.T, s *Store)
		want   string // nothing is wrong if it is empty
	}{
		{"nothing", func(*testing.T, *Store) {}, ""},
		{"an entry's time", func(t *testing.T, s *Store) {
			changeBlock(t, s, "b", 4, func(entry []byte) []byte { entry[3] ^= 2; return entry })
		}, "the link at position 4 does not follow from the one at 3 and the journal entries from 4 on"},
		{"an entry's reason", func(t *testing.T, s *Store) {
			changeBlock(t, s, "a", 6, func(entry []byte) []byte { entry[1] = 1; return entry })
		}, "the link at position 6 does not follow"},
		{"an entry, erased", func(t *testing.T, s *Store) {
			changeBlock(t, s, "b", 2, func(entry []byte) []byte { return record.AppendErased(nil, record.EntryHash("b", entry)) })
		}, ""},
		{"an entry, erased under another hash", func(t *testing.T, s *Store) {
			changeBlock(t, s, "b", 2, func([]byte) []byte { return record.AppendErased(nil, sigil.Hash{1}) })
		}, "the link at position 2 does not follow"},
		{"an entry, removed", func(t *testing.T, s *Store) {
			must(t, s.db.Delete(layout.JournalKey("b", 4), pebble.Sync))
		}, "journal entry 4 is missing, which the link at position 4 covers"},
		{"the newest entry, removed", func(t *testing.T, s *Store) {
			must(t, s.db.Delete(layout.JournalKey("a", 6), pebble.Sync))
		}, "journal entry 6 is missing"},
		{"an entry, moved to another tenant", func(t *testing.T, s *Store) {
			value, closer, err := s.db.Get(layout.JournalKey("b", 4))
			must(t, err)
			must(t, s.db.Set(layout.JournalKey("a", 4), value, pebble.Sync))
			must(t, closer.Close())
			must(t, s.db.Delete(layout.JournalKey("b", 4), pebble.Sync))
		}, "the link at position 4 does not follow"},
		{"a link", func(t *testing.T, s *Store) {
			must(t, s.db.Set(layout.LinkKey(3), make([]byte, 32), pebble.Sync))
		}, "the link at position 3 does not follow"},
		{"a link, removed", func(t *testing.T, s *Store) {
			must(t, s.db.Delete(layout.LinkKey(3), pebble.Sync))
		}, "the link at position 4 does not follow from the one at 2"},
		{"a link, cut off", func(t *testing.T, s *Store) {
			must(t, s.db.Set(layout.LinkKey(3), make([]byte, 31), pebble.Sync))
		}, "of the journal cannot be read"},
		{"the first link, removed", func(t *testing.T, s *Store) {
			must(t, s.db.Delete(layout.LinkKey(0), pebble.Sync))
		}, "the journal's links before position 1 are missing"},
		{"the newest link, removed", func(t *testing.T, s *Store) {
			must(t, s.db.Delete(layout.LinkKey(6), pebble.Sync))
		}, "the journal entries from 6 to 6 are not linked"},
		{"all links, removed", func(t *testing.T, s *Store) {
			must(t, s.db.DeleteRange(layout.LinkKey(0), layout.LinkKey(7), pebble.Sync))
		}, "the journal entries from 1 to 6 are not linked"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fsys := vfs.NewMem()
			s := chained(t, fsys)
			tt.change(t, s)
			must(t, s.Close())
			found, err := Check("home", &Options{FS: fsys})
			must(t, err)
			var ours []string // an erased encode leaves a memory of which the journal does not know
			for _, p := range found.Sentences() {
				if strings.Contains(p, "link") {
					ours = append(ours, p)
				}
			}
			if got := strings.Join(ours, "\n"); tt.want == "" && got != "" || !strings.Contains(got, tt.want) || len(ours) > 2 { // two if the link is wrong, which the next one was made from
				t.Errorf("found %q, want %q", ours, tt.want)
			}
			if found.Position != 6 {
				t.Errorf("the newest position is %d", found.Position)
			}
		})
	}
}

// TestErasedEntriesAreLeftOut erases entries. Readers do not see them, and all else stays as it was.
func TestErasedEntriesAreLeftOut(t *testing.T) {
	fsys := vfs.NewMem()
	s := chained(t, fsys)
	defer func() { must(t, s.Close()) }()
	at, link, err := s.Link(t.Context())
	must(t, err)
	for _, position := range []uint64{3, 6} {
		want, err := s.EntryHash(t.Context(), position)
		must(t, err)
		changeBlock(t, s, "a", position, func([]byte) []byte { return record.AppendErased(nil, want) })
		if got, err := s.EntryHash(t.Context(), position); err != nil || got != want {
			t.Errorf("the hash of entry %d was %s and is %s, %v", position, want, got, err)
		}
	}
	events, err := s.Events(t.Context(), "a", 0, 10)
	if err != nil || len(events) != 2 || events[0].Position != 1 || events[1].Position != 5 {
		t.Errorf("events %+v, %v", events, err)
	}
	if newest, err := s.Newest(t.Context()); err != nil || newest.IsZero() {
		t.Errorf("the newest entry is of %s, %v", newest, err)
	}
	if got, newest, err := s.Link(t.Context()); err != nil || got != at || newest != link {
		t.Errorf("the link is %s at %d, %v", newest, got, err)
	}
}

// TestFormat6GetsLinks opens a store that an older program wrote: its chain begins at its newest position. An upgrade that
// ended before the folder said so begins again, also if the older program has journaled in between.
func TestFormat6GetsLinks(t *testing.T) {
	fsys := vfs.NewMem()
	s := chained(t, fsys)
	must(t, s.db.DeleteRange(layout.LinkKey(0), layout.LinkKey(7), pebble.Sync))
	must(t, s.db.Set(layout.LinkKey(4), make([]byte, 32), pebble.Sync))
	must(t, s.Close())
	info := s.Info()
	info.Format = 6
	writeInfo(t, fsys, "home", info)
	found, err := Check("home", &Options{FS: fsys})
	if err != nil || found.Wrong > 0 {
		t.Errorf("before the upgrade: %v, %v", found.Problems, err)
	}

	s = reopen(t, fsys)
	if position, link, err := s.Link(t.Context()); err != nil || position != 6 || link != (sigil.Hash{}) {
		t.Errorf("the chain begins at %d with %s, %v", position, link, err)
	}
	encodeEach(t, s, "b")
	want, err := s.EntryHash(t.Context(), 7)
	must(t, err)
	if position, link, err := s.Link(t.Context()); err != nil || position != 7 || link != record.NextLink(sigil.Hash{}, 7, []sigil.Hash{want}) {
		t.Errorf("it goes on at %d with %s, %v", position, link, err)
	}
	if _, err := s.EntryHash(t.Context(), 2); err != nil {
		t.Errorf("the hash of an older entry: %v", err)
	}
	must(t, s.Verify(t.Context()))
	must(t, s.Close())
}
