package pebblestore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/disk"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// writeInfo writes info as the file that identifies the store in dir.
func writeInfo(t *testing.T, fsys vfs.FS, dir string, info store.Info) {
	t.Helper()
	b, err := layout.Info(info)
	must(t, err)
	must(t, disk.WriteFile(fsys, dir, layout.InfoFile, b))
}

func reopen(t *testing.T, fsys vfs.FS) *Store {
	t.Helper()
	s, err := Open("home", &Options{FS: fsys, Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	return s
}

// TestFormat2IsTakenOver opens a format-2 store, in which a record has the newest journal position, but that
// record is out of date. The open takes the position from the journal and raises the format, so that older programs
// refuse the store.
func TestFormat2IsTakenOver(t *testing.T) {
	fsys := vfs.NewMem()
	encode := func(s *Store) {
		t.Helper()
		for _, tenant := range []string{"a", "b"} {
			_, err := engine.New(s, nil).Encode(t.Context(), tenant, sigil.Draft{Data: []byte("1")})
			must(t, err)
		}
	}
	s := reopen(t, fsys)
	encode(s)
	must(t, s.db.Set([]byte{'p'}, binary.BigEndian.AppendUint64(nil, 1), pebble.Sync))
	must(t, s.Close())
	info := s.Info()
	info.Format = 2
	writeInfo(t, fsys, "home", info)

	s = reopen(t, fsys)
	if got := s.Info().Format; got != layout.Format {
		t.Errorf("after the open the format is %d, want %d", got, layout.Format)
	}
	encode(s)
	if _, newest, err := s.JournalBounds(t.Context()); err != nil || newest != 4 {
		t.Errorf("newest position %d, %v; want 4", newest, err)
	}
	must(t, s.CheckIndex())
	must(t, s.Close())
	b, err := disk.ReadFile(fsys, "home/"+layout.InfoFile)
	must(t, err)
	if info, ok := layout.ReadInfo(b); !ok || info.Format != layout.Format {
		t.Errorf("the folder says %+v, %v; want format %d", info, ok, layout.Format)
	}
}

// TestFormat4GetsLabels opens a store of format 4, whose figures have no labels, and one of which only a part was
// upgraded. Memories are found by tag at once, and the figures on disk have labels from then on.
func TestFormat4GetsLabels(t *testing.T) {
	for _, part := range []int{1, 3} {
		fsys := vfs.NewMem()
		s := reopen(t, fsys)
		e := engine.New(s, nil)
		var all []sigil.Memory
		for i := range 30 {
			m, err := e.Encode(t.Context(), "public", sigil.Draft{Data: fmt.Append(nil, i), Tags: []string{"all", fmt.Sprint("tag", i%5)}[:i%3]})
			must(t, err)
			all = append(all, m)
		}
		for i := range all {
			if i%part == 0 {
				must(t, s.db.Set(layout.MemoryKey(layout.MetaFamily, "public", all[i].ID), record.AppendMeta(nil, &all[i].Meta, 0), pebble.Sync))
			}
		}
		must(t, s.Close())
		info := s.Info()
		info.Format = 4
		writeInfo(t, fsys, "home", info)

		_, err := Check("home", &Options{FS: fsys})
		must(t, err)
		s = reopen(t, fsys)
		e = engine.New(s, nil)
		for tag, want := range map[string]int{"all": 20, "tag2": 2} {
			page, err := e.List(t.Context(), "public", engine.ListQuery{Tags: []string{tag}})
			must(t, err)
			if len(page.Memories) != want {
				t.Errorf("%d memories are found by the tag %s, want %d", len(page.Memories), tag, want)
			}
		}
		for i := range all {
			b, closer, err := s.db.Get(layout.MemoryKey(layout.MetaFamily, "public", all[i].ID))
			must(t, err)
			r := record.NewReader(b)
			_ = r.Figures()
			if labels, there := r.Labels(); !there || r.End() != nil || labels != record.LabelsOf(&all[i]) {
				t.Errorf("memory %d has the labels %+v, %v, want those of its content", i, labels, there)
			}
			must(t, closer.Close())
		}
		must(t, s.CheckIndex())
		must(t, s.Close())
	}
}

// TestPoliciesAreKeptAsEarlierVersionsReadThem checks the text of a policy on disk, which differs from the
// one in answers.
func TestPoliciesAreKeptAsEarlierVersionsReadThem(t *testing.T) {
	disk := vfs.NewMem()
	week, err := sigil.ParsePolicy("halflife h=7d")
	must(t, err)
	for range 2 { // the second time it is there already
		s := reopen(t, disk)
		_, err = engine.New(s, &engine.Options{Settings: engine.Settings{Policy: week}}).Encode(t.Context(), "a", sigil.Draft{Data: []byte("1")})
		must(t, err)
		value, closer, err := s.db.Get(layout.PolicyKey(0))
		must(t, err)
		if string(value) != "halflife h=168h0m0s threshold=0.95" || len(s.policies.From(0)) != 1 {
			t.Errorf("%v is kept as %q; the store has %d policies", week, value, len(s.policies.From(0)))
		}
		must(t, closer.Close())
		must(t, s.Close())
	}
}

// TestAPolicyOfANewerProgramIsRefusedByName opens a store with a policy that this program does not know. The
// error is ErrFormat, not ErrInvalid, since no request is at fault.
func TestAPolicyOfANewerProgramIsRefusedByName(t *testing.T) {
	fsys := vfs.NewMem()
	s := reopen(t, fsys)
	must(t, s.db.Set(layout.PolicyKey(0), []byte("tide h=1h"), pebble.Sync))
	must(t, s.Close())
	_, err := Open("home", &Options{FS: fsys, Logger: slog.New(slog.DiscardHandler)})
	if !errors.Is(err, sigil.ErrFormat) || errors.Is(err, sigil.ErrInvalid) || !strings.Contains(fmt.Sprint(err), `"tide h=1h"`) {
		t.Errorf("got %v, want ErrFormat with the policy's name", err)
	}
}

// TestPositionsOutliveTheJournal trims all of the journal. Later positions continue where the trimmed ones ended, even
// after the store is opened again.
func TestPositionsOutliveTheJournal(t *testing.T) {
	fsys := vfs.NewMem()
	for want := uint64(1); want < 4; want++ {
		s := reopen(t, fsys)
		e := engine.New(s, nil)
		m, err := e.Encode(t.Context(), "public", sigil.Draft{Data: fmt.Append(nil, want)})
		must(t, err)
		if trimmed, newest, err := s.JournalBounds(t.Context()); err != nil || newest != want || trimmed != want-1 {
			t.Fatalf("positions over %d up to %d, %v; want %d", trimmed, newest, err, want)
		}
		_, err = s.Trim(t.Context(), m.CreatedAt.Add(time.Hour), 0)
		must(t, err)
		must(t, s.Close())
	}
}
