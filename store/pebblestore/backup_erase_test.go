package pebblestore_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// An erasure empties logs, of which a backup may need one: so neither begins before the other has ended. Each backup that is made beside
// erasures has what was acknowledged before it.
func TestBackupsBesideErasures(t *testing.T) {
	disk := vfs.NewMem()
	s, err := pebblestore.Open("data", keeping(disk))
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, s)
	e := engine.New(s, nil)
	encode := func() sigil.Memory {
		m, err := e.Encode(t.Context(), sigil.DefaultTenant, sigil.Draft{Data: []byte(`"tea at five"`)})
		if err != nil {
			t.Error(err)
		}
		return m
	}
	var erasing sync.WaitGroup
	ended := make(chan struct{})
	erasing.Go(func() {
		for {
			m := encode()
			if _, err := e.Erase(t.Context(), sigil.DefaultTenant, engine.EraseQuery{IDs: []sigil.ID{m.ID}}); err != nil {
				t.Error(err)
			}
			select {
			case <-ended:
				return
			default:
			}
		}
	})
	kept := map[sigil.Key]bool{}
	for n := range 20 {
		for range 3 {
			kept[encode().Key] = true
		}
		name := fmt.Sprint("backups/", n)
		if _, err := s.Backup(t.Context(), name); err != nil {
			t.Errorf("backup %d: %v", n, err)
			continue
		}
		data := fmt.Sprint("restored/", n)
		if _, err := pebblestore.Restore(t.Context(), name, data, quiet(disk)); err != nil {
			t.Errorf("restore %d: %v", n, err)
			continue
		}
		restored, err := pebblestore.Open(data, keeping(disk))
		if err != nil {
			t.Fatal(err)
		}
		for key := range kept {
			if _, err := engine.New(restored, nil).Peek(t.Context(), key); err != nil {
				t.Errorf("backup %d lacks %s: %v", n, key.ID, err)
			}
		}
		closing(t, restored)
	}
	close(ended)
	erasing.Wait()
}
