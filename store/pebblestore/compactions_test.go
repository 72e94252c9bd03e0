package pebblestore

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
)

// TestOpenDoesNotCompact opens a store whose log becomes a table that calls for a compaction: this one begins
// by itself when the store is open, and others after it.
func TestOpenDoesNotCompact(t *testing.T) {
	disk := vfs.NewMem()
	open := func(listen func(*pebble.EventListener)) *Store {
		t.Helper()
		o := Tune(Options{FS: disk, Logger: slog.New(slog.DiscardHandler)})
		small := o.tune
		o.tune = func(p *pebble.Options) {
			small(p)
			p.L0CompactionThreshold = 1 // any table of the highest level
			listen(p.EventListener)
		}
		s, err := Open("home", o)
		must(t, err)
		return s
	}
	encode := func(s *Store, n int) {
		t.Helper()
		e := engine.New(s, nil)
		for i := range n {
			_, err := e.Encode(t.Context(), "public", sigil.Draft{Data: fmt.Appendf(nil, `{"i":%d}`, i)})
			must(t, err)
		}
	}
	s := open(func(*pebble.EventListener) {})
	encode(s, 10)
	must(t, s.Close())

	opened, ended := make(chan struct{}), make(chan struct{}, 1000)
	s = open(func(l *pebble.EventListener) {
		l.CompactionBegin = func(pebble.CompactionInfo) {
			select {
			case <-opened:
			case <-time.After(5 * time.Second):
				t.Error("the store is not open before a compaction has ended")
			}
		}
		l.CompactionEnd = func(pebble.CompactionInfo) { ended <- struct{}{} }
	})
	close(opened)
	for range 3 {
		encode(s, 200) // more than a memtable
		select {
		case <-ended:
		case <-time.After(time.Minute):
			t.Fatal("nothing is compacted")
		}
	}
	must(t, s.Close())
}

// TestFlushesOverlapNothing encodes more than several memtables hold. Each is flushed into tables that come after
// those of the previous flush, so that there is nothing to merge.
func TestFlushesOverlapNothing(t *testing.T) {
	o := Tune(Options{FS: vfs.NewMem(), Logger: slog.New(slog.DiscardHandler)})
	small := o.tune
	o.tune = func(p *pebble.Options) {
		usual := p.L0CompactionThreshold
		small(p)
		p.L0CompactionThreshold = usual
	}
	s, err := Open("home", o)
	must(t, err)
	e := engine.New(s, nil)
	for i := 0; s.db.Metrics().Flush.Count < 5; i++ {
		_, err := e.Encode(t.Context(), "public", sigil.Draft{Data: fmt.Appendf(nil, `{"i":%d}`, i)})
		must(t, err)
	}
	m := s.db.Metrics()
	if m.Levels[0].Sublevels != 1 || m.Compact.Count > 0 {
		t.Errorf("%d flushes left %d tables, one over another up to %d times, and called for %d compactions; want 1 time and none",
			m.Flush.Count, m.Levels[0].TablesCount, m.Levels[0].Sublevels, m.Compact.Count)
	}
	must(t, s.Close())
}
