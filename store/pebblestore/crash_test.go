package pebblestore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// After a power cut, everything acknowledged exists completely, nothing forgotten does, and the index matches
// the disk. Data that was never synced is lost in part or completely.
func TestAcknowledgedSurvivesAPowerCut(t *testing.T) {
	for _, kept := range []int{0, 50, 100} { // percent of the unsynced data that reach the disk by luck
		t.Run(fmt.Sprintf("%d%% of the unsynced", kept), func(t *testing.T) {
			disk := vfs.NewCrashableMem()
			s, err := pebblestore.Open("data", &pebblestore.Options{FS: disk})
			if err != nil {
				t.Fatal(err)
			}
			e := engine.New(s, nil)
			ctx := context.Background()

			var mu sync.Mutex // guards acknowledged
			acknowledged := map[sigil.Key]string{}
			var cut *vfs.MemFS
			var atTheCut map[sigil.Key]string
			var wg sync.WaitGroup
			for caller := range 8 {
				wg.Go(func() {
					for i := range 50 {
						data := fmt.Sprintf(`{"caller":%d,"i":%d}`, caller, i)
						m, err := e.Encode(ctx, sigil.DefaultTenant, sigil.Draft{Data: []byte(data)})
						if err != nil {
							t.Error(err)
							return
						}
						forget := i%5 == 0
						if forget {
							err = e.Forget(ctx, m.Key)
						}
						mu.Lock()
						if acknowledged[m.Key] = data; forget && err == nil {
							acknowledged[m.Key] = ""
						}
						if len(acknowledged) == 200 {
							// Every change in the map was acknowledged, so the disk must have it now.
							cut = disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: kept, RNG: rand.New(rand.NewPCG(1, uint64(kept)))})
							atTheCut = map[sigil.Key]string{}
							for k, v := range acknowledged {
								atTheCut[k] = v
							}
						}
						mu.Unlock()
					}
				})
			}
			wg.Wait()
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}

			s, err = pebblestore.Open("data", &pebblestore.Options{FS: cut})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if err := s.CheckIndex(); err != nil {
				t.Error(err)
			}
			e = engine.New(s, nil)
			for key, data := range atTheCut {
				m, err := e.Peek(ctx, key)
				switch {
				case data == "" && !errors.Is(err, sigil.ErrNotFound):
					t.Errorf("%s was forgotten and is there: %s (%v)", key, m.Data, err)
				case data != "" && (err != nil || string(m.Data) != data):
					t.Errorf("%s was acknowledged with %s and holds %s (%v)", key, data, m.Data, err)
				}
			}
		})
	}
}

// A refresh is answered before it is on disk, and is written later even if nothing else is.
func TestARefreshReachesTheDisk(t *testing.T) {
	disk := vfs.NewCrashableMem()
	s, err := pebblestore.Open("data", &pebblestore.Options{FS: disk})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx := context.Background()
	e := engine.New(s, nil)
	m, err := e.Encode(ctx, sigil.DefaultTenant, sigil.Draft{Data: []byte(`1`)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Recall(ctx, m.Key); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; {
		cut := disk.CrashClone(vfs.CrashCloneCfg{})
		after, err := pebblestore.Open("data", &pebblestore.Options{FS: cut})
		if err != nil {
			t.Fatal(err)
		}
		got, err := engine.New(after, nil).Peek(ctx, m.Key)
		if err := errors.Join(err, after.Close()); err != nil {
			t.Fatal(err)
		}
		if got.AccessCount == 1 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("a minute after the recall a power cut still loses it")
		}
	}
}

// All tuning can be turned off: a store behaves the same with and without it, and a store written with it can be read
// without, and vice versa.
func TestTuningChangesNothingButTime(t *testing.T) {
	disk, rec := vfs.NewMem(), newRecorder()
	sc := newScript(3, func(err error) { t.Error(err) })
	for _, tuned := range []bool{false, true, false} {
		o := quiet(disk)
		o.Undo = true // as the script expects
		if !tuned {
			o = pebblestore.Untuned(*o)
		}
		s, err := pebblestore.Open(home, o)
		if err != nil {
			t.Fatal(err)
		}
		rec.Store = s
		sc.continueOn(rec)
		sc.run(t.Context(), 125)
		if err := errors.Join(rec.check(s, rec.acknowledged()), s.Close()); err != nil {
			t.Errorf("tuned %v: %v", tuned, err)
		}
	}
}
