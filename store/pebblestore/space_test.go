package pebblestore_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// meter is a file system that reports as much free space as the test sets.
type meter struct {
	vfs.FS
	free atomic.Uint64
}

func (m *meter) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{AvailBytes: m.free.Load(), TotalBytes: 1 << 40}, nil
}

// A change that does not fit on a nearly full disk is refused as a whole: no memory is evicted for it, no
// refresh is lost, and everything continues when there is space.
func TestARefusedChangeChangesNothing(t *testing.T) {
	const mega = 1 << 20
	disk := &meter{FS: vfs.NewMem()}
	disk.free.Store(1000 * mega)
	s, err := pebblestore.Open("data", &pebblestore.Options{FS: disk})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	e := engine.New(s, &engine.Options{Settings: engine.Settings{Quota: store.Quota{Memories: 2}}})
	encode := func() (sigil.Memory, error) {
		return e.Encode(ctx, sigil.DefaultTenant, sigil.Draft{Data: []byte(`1`), TTL: time.Hour})
	}
	full := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, sigil.ErrFull) || sigil.CodeOf(err) != "disk_full" {
			t.Errorf("%s: %v; want disk_full", what, err)
		}
	}
	a, errA := encode()
	b, errB := encode()
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}

	disk.free.Store(50 * mega) // tight
	if _, err := e.Recall(ctx, a.Key); err != nil {
		t.Error(err)
	}
	_, err = encode()
	full("encode that would evict", err)
	_, err = e.EncodeBatch(ctx, sigil.DefaultTenant, []sigil.Draft{{Data: []byte(`1`)}, {Data: []byte(`2`)}})
	full("batch", err)
	_, err = e.Pin(ctx, a.Key)
	full("pin", err)
	for _, key := range []sigil.Key{a.Key, b.Key} {
		if _, err := e.Peek(ctx, key); err != nil {
			t.Error(err)
		}
	}

	disk.free.Store(10 * mega) // full
	full("forget", e.Forget(ctx, b.Key))
	if _, err := e.Peek(ctx, b.Key); err != nil {
		t.Error(err)
	}
	disk.free.Store(70 * mega) // not yet enough to begin again, but to forget
	_, err = encode()
	full("encode", err)
	if err := e.Forget(ctx, b.Key); err != nil {
		t.Error(err)
	}
	disk.free.Store(500 * mega)
	if _, err := encode(); err != nil {
		t.Error(err)
	}
	if err := errors.Join(s.CheckIndex(), s.Close()); err != nil {
		t.Error(err)
	}

	if s, err = pebblestore.Open("data", &pebblestore.Options{FS: disk}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if m, err := engine.New(s, nil).Peek(ctx, a.Key); err != nil || m.AccessCount != 1 {
		t.Errorf("after the refused changes the recall is lost: %d (%v)", m.AccessCount, err)
	}
}

// An outstanding refresh is written even if the change that would have written it was refused.
func TestARefusedPinKeepsTheRefreshBeforeIt(t *testing.T) {
	disk := &meter{FS: vfs.NewMem()}
	disk.free.Store(1 << 30)
	s, err := pebblestore.Open("data", &pebblestore.Options{FS: disk})
	if err != nil {
		t.Fatal(err)
	}
	e := engine.New(s, nil)
	m, err := e.Encode(t.Context(), sigil.DefaultTenant, sigil.Draft{Data: []byte(`1`)})
	if err != nil {
		t.Fatal(err)
	}
	disk.free.Store(50 << 20)
	if _, err := e.Recall(t.Context(), m.Key); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Pin(t.Context(), m.Key); sigil.CodeOf(err) != "disk_full" {
		t.Errorf("pin: %v; want disk_full", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = pebblestore.Open("data", &pebblestore.Options{FS: disk}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if m, err = engine.New(s, nil).Peek(t.Context(), m.Key); err != nil || m.AccessCount != 1 || m.Pinned {
		t.Errorf("afterwards: %d recalls, pinned %v (%v)", m.AccessCount, m.Pinned, err)
	}
}

// TestTheLogNamesTheLevelOfAFullDisk fills a disk at once: the log does not say that only encodes are refused.
func TestTheLogNamesTheLevelOfAFullDisk(t *testing.T) {
	disk := &meter{FS: vfs.NewMem()}
	disk.free.Store(1 << 30)
	var log bytes.Buffer
	s, err := pebblestore.Open("data", &pebblestore.Options{FS: disk, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	disk.free.Store(0)
	if _, err := engine.New(s, nil).Encode(t.Context(), "a", sigil.Draft{Data: []byte("1")}); sigil.CodeOf(err) != "disk_full" {
		t.Errorf("encode: %v; want disk_full", err)
	}
	disk.free.Store(1 << 30)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if said := log.String(); !strings.Contains(said, "all changes are refused") || strings.Contains(said, "nearly full") {
		t.Errorf("the log says %q", said)
	}
}
