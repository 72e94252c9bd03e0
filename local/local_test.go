package local_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/local"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, dir string, o *local.Options) *local.DB {
	t.Helper()
	if o == nil {
		o = &local.Options{}
	}
	o.Logger = slog.New(slog.DiscardHandler)
	db, err := local.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// Faded memories are swept without any call, and a reader of the journal sees it.
func TestSweepsRunByThemselves(t *testing.T) {
	db := open(t, t.TempDir(), nil)
	defer db.Close()
	_, err := db.Encode(t.Context(), sigil.DefaultTenant, sigil.Draft{Data: []byte(`1`), TTL: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for event, err := range db.Follow(ctx, sigil.DefaultTenant, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if event.Kind == sigil.Faded {
			return
		}
	}
}

func TestOneProcessAtATime(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir, nil)
	if _, err := local.Open(dir, nil); !errors.Is(err, sigil.ErrLocked) {
		t.Errorf("a second Open: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, dir, nil).Close(); err != nil {
		t.Error(err)
	}
}

// Close may be called at any time, from many goroutines at once, and ends the loops that follow the journal.
func TestCloseWhileInUse(t *testing.T) {
	db := open(t, t.TempDir(), &local.Options{Settings: engine.Settings{}})
	var running sync.WaitGroup
	began := make(chan struct{}, 8)
	for range 4 {
		running.Go(func() {
			for n := 0; ; n++ {
				_, err := db.Encode(context.Background(), sigil.DefaultTenant, sigil.Draft{Data: []byte(`1`)})
				if n == 0 {
					began <- struct{}{}
				}
				if errors.Is(err, sigil.ErrClosed) {
					return
				}
				if err != nil {
					t.Errorf("encode: %v", err)
					return
				}
			}
		})
		running.Go(func() {
			heard := false
			for _, err := range db.Follow(context.Background(), sigil.DefaultTenant, 0) {
				if !heard {
					heard = true
					began <- struct{}{}
				}
				if err != nil && !errors.Is(err, sigil.ErrClosed) {
					t.Errorf("follow: %v", err)
				}
			}
		})
	}
	for range cap(began) {
		<-began
	}
	for range 2 {
		running.Go(func() {
			if err := db.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
	}
	running.Wait()
}

func TestWhatIsForgottenCanBeRestored(t *testing.T) {
	db := open(t, t.TempDir(), &local.Options{Settings: engine.Settings{Undo: engine.DefaultUndo()}})
	defer db.Close()
	m, err := db.Encode(t.Context(), sigil.DefaultTenant, sigil.Draft{Data: []byte(`1`)})
	if err == nil {
		err = db.Forget(t.Context(), m.Key)
	}
	if err != nil {
		t.Fatal(err)
	}
	if back, err := db.Restore(t.Context(), m.Key); err != nil || back.ID != m.ID {
		t.Errorf("Restore: %v, %v", back.Key, err)
	}
}
