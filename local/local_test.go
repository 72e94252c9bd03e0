package local_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
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

// TestFollowAfterARestore follows the journal of a folder that was put back from an older copy and written to since, so that the
// reader's position is there again with another entry.
func TestFollowAfterARestore(t *testing.T) {
	dir, older := filepath.Join(t.TempDir(), "store"), filepath.Join(t.TempDir(), "older")
	encode := func(data string) {
		t.Helper()
		db := open(t, dir, nil)
		if _, err := db.Encode(t.Context(), sigil.DefaultTenant, sigil.Draft{Data: []byte(data)}); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	// next returns the first entry after a token, or the error.
	next := func(after sigil.Token) (sigil.Event, error) {
		db := open(t, dir, nil)
		defer db.Close()
		for event, err := range db.FollowAfter(t.Context(), sigil.DefaultTenant, after) {
			return event, err
		}
		panic("a loop without an end has ended")
	}
	encode(`1`)
	if err := os.CopyFS(older, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	first, err := next(sigil.Token{})
	if err != nil {
		t.Fatal(err)
	}
	encode(`2`)
	second, err := next(first.Token())
	if err != nil || second.Position != 2 {
		t.Fatalf("%+v, %v", second, err)
	}
	if err := errors.Join(os.RemoveAll(dir), os.Rename(older, dir)); err != nil {
		t.Fatal(err)
	}
	for _, written := range []bool{false, true} {
		if written {
			encode(`3`)
		}
		_, err := next(second.Token())
		var gone *sigil.Error
		if !errors.As(err, &gone) || !errors.Is(err, sigil.ErrGone) || gone.Code != "position_ahead" || gone.Newest == nil {
			t.Errorf("written since: %v: %v", written, err)
		}
	}
	if e, err := next(first.Token()); err != nil || e.Position != 2 || e.Hash == second.Hash {
		t.Errorf("after an entry that the copy has: %+v, %v", e, err)
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
