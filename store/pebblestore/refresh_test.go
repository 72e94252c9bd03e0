package pebblestore_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// slowLog is a file system that takes a millisecond to sync a log.
type slowLog struct{ vfs.FS }

func (s slowLog) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := s.FS.Create(name, category)
	if strings.HasSuffix(name, ".log") {
		f = slowLogFile{f}
	}
	return f, err
}

type slowLogFile struct{ vfs.File }

func (f slowLogFile) Sync() error     { time.Sleep(time.Millisecond); return f.File.Sync() }
func (f slowLogFile) SyncData() error { time.Sleep(time.Millisecond); return f.File.SyncData() }

// A refresh is on disk within a second even if there is always another change waiting to be written.
func TestARefreshReachesTheDiskUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := vfs.NewCrashableMem()
		// Each answered caller has queued its next change before the committer continues.
		fill := func(int, time.Duration) { synctest.Wait() }
		s, err := pebblestore.Open("data", &pebblestore.Options{FS: slowLog{disk}, OnCommit: fill})
		if err != nil {
			t.Fatal(err)
		}
		e := engine.New(s, nil)
		encode := func() sigil.Memory {
			m, err := e.Encode(t.Context(), sigil.DefaultTenant, sigil.Draft{Data: []byte(`1`), Pinned: true})
			if err != nil {
				t.Error(err)
			}
			return m
		}
		m := encode()
		stop := make(chan struct{})
		var load sync.WaitGroup
		for range 8 {
			load.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						encode()
					}
				}
			})
		}
		var cuts []*vfs.MemFS
		for range 5 {
			if _, err := e.Recall(t.Context(), m.Key); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			cuts = append(cuts, disk.CrashClone(vfs.CrashCloneCfg{}))
		}
		close(stop)
		load.Wait()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}

		for i, cut := range cuts {
			after, err := pebblestore.Open("data", &pebblestore.Options{FS: cut})
			if err != nil {
				t.Fatal(err)
			}
			got, err := engine.New(after, nil).Peek(t.Context(), m.Key)
			if err := errors.Join(err, after.Close()); err != nil {
				t.Fatal(err)
			}
			if got.AccessCount != uint64(i+1) {
				t.Errorf("a second after its recall a power cut leaves %d recalls, want %d", got.AccessCount, i+1)
			}
		}
	})
}

// A recall in the last second of a memory keeps it, though power is cut right after the answer.
func TestARecallNearItsDeadlineOutlivesAPowerCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := vfs.NewCrashableMem()
		s, err := pebblestore.Open("data", &pebblestore.Options{FS: disk})
		if err != nil {
			t.Fatal(err)
		}
		minutes, err := sigil.NewHalfLife(time.Minute, sigil.DefaultThreshold) // each second of a life takes time, even here
		if err != nil {
			t.Fatal(err)
		}
		e := engine.New(s, &engine.Options{Settings: engine.Settings{Policy: minutes}})
		m, err := e.Encode(t.Context(), sigil.DefaultTenant, sigil.Draft{Data: []byte(`1`)})
		if err != nil {
			t.Fatal(err)
		}
		for _, left := range []time.Duration{time.Millisecond, time.Second} {
			time.Sleep(time.Until(m.FadesAt) - left)
			recalled, err := e.Recall(t.Context(), m.Key)
			if err != nil {
				t.Fatal(err)
			}
			cut := disk.CrashClone(vfs.CrashCloneCfg{})
			after, err := pebblestore.Open("data", &pebblestore.Options{FS: cut})
			if err != nil {
				t.Fatal(err)
			}
			got, err := after.Meta(t.Context(), m.Key, m.FadesAt)
			if err != nil || got != recalled.Meta {
				t.Errorf("recalled %s before its deadline: %+v, %v, want %+v", left, got, err, recalled.Meta)
			}
			if err := after.Close(); err != nil {
				t.Error(err)
			}
			m = recalled
		}
		if err := s.CheckIndex(); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

// A recalled memory has its new deadline at once in every query by deadline: before the refresh is written, after, and
// while a change of the memory is being written.
func TestARecallIsListedUnderItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := pebblestore.Open("data", &pebblestore.Options{FS: slowLog{vfs.NewMem()}})
		if err != nil {
			t.Fatal(err)
		}
		e := engine.New(s, nil)
		var keys []sigil.Key
		for range 3 {
			m, err := e.Encode(t.Context(), sigil.DefaultTenant, sigil.Draft{Data: []byte(`1`)})
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, m.Key)
			time.Sleep(time.Second)
		}
		order := func(when string, want ...int) {
			t.Helper()
			listed, more, err := s.Fading(t.Context(), store.FadingQuery{
				Tenant: sigil.DefaultTenant, Now: e.Now(), Until: e.Now().Add(60 * 24 * time.Hour), Limit: 10,
			})
			if err != nil || more || len(listed) != len(want) {
				t.Fatalf("%s: %d are listed, want %d (%v)", when, len(listed), len(want), err)
			}
			for i, at := range want {
				if listed[i].Key != keys[at] {
					t.Errorf("%s: another is listed in place %d than memory %d", when, i, at)
				}
			}
		}
		recall := func(at int) {
			if _, err := e.Recall(t.Context(), keys[at]); err != nil {
				t.Fatal(err)
			}
		}
		order("encoded", 0, 1, 2)
		recall(0)
		order("recalled", 1, 2, 0)
		time.Sleep(time.Second)
		order("written", 1, 2, 0)
		if err := s.CheckIndex(); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Second)
		recall(1)
		pinned := make(chan error)
		go func() { // ends when it is read from
			_, err := e.Pin(t.Context(), keys[1])
			pinned <- err
		}()
		synctest.Wait() // the log takes a millisecond
		order("recalled, and being pinned", 2, 0, 1)
		if err := errors.Join(<-pinned, s.CheckIndex()); err != nil {
			t.Error(err)
		}
		order("pinned", 2, 0)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
