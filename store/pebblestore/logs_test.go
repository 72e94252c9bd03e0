package pebblestore_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store/pebblestore"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/disk"
)

// noFlush is a disk on which flushes of the database's memory wait for permission: until then, each log that
// it has begun is needed.
type noFlush struct {
	vfs.FS
	may chan struct{}
}

func (n *noFlush) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	if category == disk.FlushCategory {
		<-n.may
	}
	return n.FS.Create(name, category)
}

// If a whole log is lost, or a log from the start of some record on, the next log reveals the loss.
func TestLostLog(t *testing.T) {
	disk := &noFlush{vfs.NewMem(), make(chan struct{})}
	s, err := pebblestore.Open(home, quiet(disk))
	if err != nil {
		t.Fatal(err)
	}
	e := engine.New(s, &engine.Options{Settings: engine.Settings{Policy: halflife(t)}})
	sm := &sample{kept: map[sigil.Key]string{}}
	logs := func() (logs []string) {
		for file, text := range files(t, disk.FS) {
			if strings.HasSuffix(file, ".log") && written(text) > 0 {
				logs = append(logs, file)
			}
		}
		slices.Sort(logs)
		return logs
	}
	for i := 0; len(logs()) < 3 || written(files(t, disk.FS)[logs()[2]]) < 8192; i++ {
		data := fmt.Sprintf(`{"i":%d,"text":"%s"}`, i, strings.Repeat(fmt.Sprint(i), 200))
		m, err := e.Encode(context.Background(), owners[i%len(owners)], sigil.Draft{Data: []byte(data)})
		if err != nil {
			t.Fatal(err)
		}
		sm.kept[m.Key] = data
	}
	healthy := files(t, disk.FS)
	older, newest := logs()[:2], logs()[2]
	close(disk.may)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s, err = pebblestore.Open(home, quiet(diskOf(t, healthy)))
	if err != nil {
		t.Fatalf("of a sound store: %v", err)
	}
	sm.look(t, "a sound store", s, false)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// After a power cut, one page of the newest log may be missing while a later page was written. The
	// database handles damage within a log; it takes the log to end there.
	for _, length := range []int{1, 4096} {
		left := maps.Clone(healthy)
		left[newest] = strings.Repeat("\x00", length) + healthy[newest][length:]
		s, err := pebblestore.Open(home, quiet(diskOf(t, left)))
		if err != nil {
			t.Errorf("without the first %d bytes of the newest log: %v", length, err)
			continue
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, file := range older {
		whole := healthy[file]
		for _, length := range []int{-1, 0, written(whole) / 2, written(whole) - 1} {
			left := maps.Clone(healthy)
			if left[file] = whole[:max(0, length)]; length < 0 {
				delete(left, file)
			}
			s, err := pebblestore.Open(home, quiet(diskOf(t, left)))
			if sigil.CodeOf(err) != "store_damaged" {
				t.Errorf("%s with %d of %d bytes: %v", file, length, len(whole), err)
			}
			if err == nil {
				_ = s.Close()
			}
		}
	}
}

// Trimming the journal leaves a mark in the log, which is not an entry that the log would follow.
func TestALogThatBeginsWithATrim(t *testing.T) {
	disk := vfs.NewMem()
	for range 3 {
		s, err := pebblestore.Open(home, quiet(disk))
		if err != nil {
			t.Fatal(err)
		}
		e := engine.New(s, nil)
		if _, err := s.Trim(t.Context(), time.Time{}, 10); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			if _, err := e.Encode(t.Context(), sigil.DefaultTenant, sigil.Draft{Data: []byte("[]")}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
