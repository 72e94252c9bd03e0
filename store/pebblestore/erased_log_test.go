package pebblestore

import (
	"log/slog"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
)

// The process is killed after the commit of an erasure that is the first of a log, and replaces an entry in the midst of an earlier
// commit. The store opens: that entry does not say what the log follows.
func TestALogThatBeginsWithAnErasure(t *testing.T) {
	disk := vfs.NewCrashableMem()
	open := func(fsys vfs.FS) *Store {
		s, err := Open("home", &Options{FS: fsys, Undo: true, Logger: slog.New(slog.DiscardHandler)})
		must(t, err)
		return s
	}
	s := open(disk)
	at := time.Now()
	event := func(kind sigil.EventKind, m sigil.Meta) sigil.Event {
		return sigil.Event{Time: at, Kind: kind, Reason: sigil.ReasonRequest, Memory: m}
	}
	var keys []sigil.Key
	for _, tenant := range []string{"a", "b", "a"} {
		m, err := engine.New(s, nil).Encode(t.Context(), tenant, sigil.Draft{Data: []byte("1")})
		must(t, err)
		keys = append(keys, m.Key)
	}
	// One commit, with the blocks 4 and 6 of a, and 5 of b.
	_, err := s.Remove(t.Context(), keys, func(m sigil.Meta) (sigil.Event, bool) { return event(sigil.Forgotten, m), true })
	must(t, err)
	trimmed, err := s.Trim(t.Context(), time.Time{}, 3)
	if must(t, err); trimmed != 3 {
		t.Fatalf("trimmed to %d", trimmed)
	}
	must(t, s.db.Flush()) // begins a log
	s.gate.RLock()
	_, err = s.erase(keys[1:2], func(m sigil.Meta, _ bool) sigil.Event { return event(sigil.Erased, m) })
	s.gate.RUnlock()
	must(t, err)
	cut := disk.CrashClone(vfs.CrashCloneCfg{})
	must(t, s.Close())

	again := open(cut)
	checked, err := again.check()
	if must(t, err); checked.Wrong > 0 {
		t.Error(checked.Problems)
	}
	must(t, again.Close())
}
