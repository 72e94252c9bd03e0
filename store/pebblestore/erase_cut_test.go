package pebblestore_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// The process is killed, or the power fails, before any write of an erasure. Once the store is open again, which is before a daemon says
// that it is ready, either the memory is there with its bytes, or it is erased and no file has them.
func TestAnErasureThatIsCutShort(t *testing.T) {
	disk := vfs.NewCrashableMem()
	options := func(fs vfs.FS) *pebblestore.Options {
		return pebblestore.Plain(*pebblestore.Tune(pebblestore.Options{FS: fs, Undo: true}))
	}
	type cut struct {
		how, before string
		disk        *vfs.MemFS
	}
	var mu sync.Mutex
	var cuts []cut
	armed := false
	arm := func(on bool) { mu.Lock(); defer mu.Unlock(); armed = on }
	fsys := errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		kind, writes := kindOf(op)
		if !writes || !armed {
			return nil
		}
		cuts = append(cuts, cut{"power cut", kind, disk.CrashClone(vfs.CrashCloneCfg{})})
		all := vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 1))}
		cuts = append(cuts, cut{"kill", kind, disk.CrashClone(all)})
		return nil
	}))
	s, err := pebblestore.Open("data", options(fsys))
	if err != nil {
		t.Fatal(err)
	}
	e := engine.New(s, &engine.Options{Settings: engine.Settings{Undo: engine.DefaultUndo()}})
	var keys []sigil.Key
	for n := range 40 {
		m, err := e.Encode(t.Context(), "public", sigil.Draft{Data: fmt.Appendf(nil, `"sentinel-%02d-here"`, n), Tags: []string{fmt.Sprintf("sentinel-%02d-tag", n)}})
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, m.Key)
	}
	arm(true)
	if _, err := s.Erase(t.Context(), keys[:1], erased); err != nil {
		t.Fatal(err)
	}
	arm(false)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	done := 0
	for n, c := range cuts {
		s, err := pebblestore.Open("data", options(c.disk))
		if err != nil {
			t.Fatalf("%s %d, before %s: %v", c.how, n, c.before, err)
		}
		_, failed := s.Get(t.Context(), keys[0], time.Now())
		there := failed == nil
		if !there {
			done++
		}
		for _, sentinel := range []string{"sentinel-00-here", "sentinel-00-tag"} {
			if found := bytes.Contains(filesOf(t, c.disk, "data"), []byte(sentinel)); found != there {
				t.Errorf("%s %d, before %s: the memory is there: %v; %s: %v", c.how, n, c.before, there, sentinel, found)
			}
		}
		checked, err := s.Check()
		if err = errors.Join(err, s.Close()); err != nil || checked.Wrong > 0 {
			t.Errorf("%s %d, before %s: %v, %v", c.how, n, c.before, checked.Problems, err)
		}
	}
	if done == 0 || done == len(cuts) {
		t.Errorf("of %d cuts, %d were after the commit", len(cuts), done)
	}
	t.Logf("%d cuts, %d of them after the commit", len(cuts), done)
}
