package pebblestore_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

// stuck is a file system whose syncs can be made to wait.
type stuck struct {
	vfs.FS
	mu sync.Mutex // guards waiting, letGo
	// +checklocks:mu
	waiting chan struct{} // closed by the first sync that waits; nil while none has to
	// +checklocks:mu
	letGo chan struct{}
}

func (s *stuck) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := s.FS.Create(name, category)
	return stuckFile{f, s}, err
}

// hold makes syncs wait. The channel it returns is closed by the first sync that does.
func (s *stuck) hold() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting, s.letGo = make(chan struct{}), make(chan struct{})
	return s.waiting
}

func (s *stuck) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.letGo)
	s.waiting, s.letGo = nil, nil
}

func (s *stuck) wait() {
	s.mu.Lock()
	waiting, letGo := s.waiting, s.letGo
	if waiting != nil {
		select {
		case <-waiting:
		default:
			close(waiting)
		}
	}
	s.mu.Unlock()
	if letGo != nil {
		<-letGo
	}
}

type stuckFile struct {
	vfs.File
	s *stuck
}

func (f stuckFile) Sync() error     { f.s.wait(); return f.File.Sync() }
func (f stuckFile) SyncData() error { f.s.wait(); return f.File.SyncData() }

// openStuck opens a store on a file system whose syncs can be made to wait. The store is closed at the end of
// the test.
func openStuck(t *testing.T) (*stuck, *pebblestore.Store) {
	t.Helper()
	disk := &stuck{FS: vfs.NewMem()}
	s, err := pebblestore.Open("data", &pebblestore.Options{FS: disk})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return disk, s
}

// While the journal is being trimmed, a reader of its start gets all of it, or an error that it is gone: the database
// shows a deletion before its sync has returned.
func TestWhatIsTrimmedIsNotMissedInSilence(t *testing.T) {
	disk, s := openStuck(t)
	e := engine.New(s, nil)
	const entries = 5
	for range entries {
		if _, err := e.Encode(t.Context(), sigil.DefaultTenant, sigil.Draft{Data: []byte(`1`)}); err != nil {
			t.Fatal(err)
		}
	}
	waiting := disk.hold()
	var trim sync.WaitGroup
	trim.Go(func() {
		if _, err := s.Trim(t.Context(), time.Time{}, 2); err != nil {
			t.Error(err)
		}
	})
	select {
	case <-waiting:
	case <-time.After(time.Minute):
		t.Fatal("no sync")
	}
	if events, err := s.Events(t.Context(), sigil.DefaultTenant, 0, 100); !errors.Is(err, sigil.ErrGone) && len(events) != entries {
		t.Errorf("%d of %d entries, %v", len(events), entries, err)
	}
	disk.release()
	trim.Wait()
	if _, err := s.Events(t.Context(), sigil.DefaultTenant, 0, 100); !errors.Is(err, sigil.ErrGone) {
		t.Errorf("once it is trimmed: %v", err)
	}
}

// No caller sees a change that a power cut could still undo. Until the sync has returned, an encoded memory
// does not exist, a forgotten one does, a pin is not set, and the journal has no entry of it.
func TestNothingIsSeenBeforeItIsDurable(t *testing.T) {
	disk, s := openStuck(t)
	ctx := context.Background()
	e := engine.New(s, nil)
	encode := func(data string) sigil.Memory {
		m, err := e.Encode(ctx, sigil.DefaultTenant, sigil.Draft{Data: []byte(data)})
		if err != nil {
			t.Error(err)
		}
		return m
	}
	pinned, forgotten := encode(`"to be pinned"`), encode(`"to be forgotten"`)
	before, err := s.Stats(ctx, sigil.DefaultTenant, e.Now())
	if err != nil {
		t.Fatal(err)
	}

	waiting := disk.hold()
	var changes sync.WaitGroup
	changes.Go(func() { encode(`"new"`) })
	changes.Go(func() {
		if _, err := e.Pin(ctx, pinned.Key); err != nil {
			t.Error(err)
		}
	})
	changes.Go(func() {
		if err := e.Forget(ctx, forgotten.Key); err != nil {
			t.Error(err)
		}
	})
	select {
	case <-waiting:
	case <-time.After(time.Minute):
		t.Fatal("no sync")
	}
	for range 100 { // the three may come to the disk now, or in the next batch
		after, err := s.Stats(ctx, sigil.DefaultTenant, e.Now())
		if err != nil {
			t.Fatal(err)
		}
		if after.Memories != before.Memories || after.Pinned != 0 || after.Position != before.Position {
			t.Errorf("seen before it is durable: %+v, before %+v", after, before)
			break
		}
	}
	disk.release()
	changes.Wait()

	if m, err := e.Peek(ctx, pinned.Key); err != nil || !m.Pinned {
		t.Errorf("pinned %v (%v)", m.Pinned, err)
	}
	if _, err := e.Peek(ctx, forgotten.Key); !errors.Is(err, sigil.ErrNotFound) {
		t.Errorf("forgotten: %v", err)
	}
	after, err := s.Stats(ctx, sigil.DefaultTenant, e.Now())
	if err != nil || after.Memories != 2 || after.Position != before.Position+3 {
		t.Errorf("afterwards %+v (%v)", after, err)
	}
}

// A signature that is being registered or revoked is not shown before that is durable: a list waits for it.
func TestNoSignatureIsSeenBeforeItIsDurable(t *testing.T) {
	disk, s := openStuck(t)
	ctx := context.Background()
	waiting := disk.hold()
	var changes sync.WaitGroup
	changes.Go(func() { sign(t, s, sigil.DefaultTenant, 1) })
	select {
	case <-waiting:
	case <-time.After(time.Minute):
		t.Fatal("no sync")
	}
	shown := make(chan []sigil.Signature, 1)
	changes.Go(func() {
		page, _, err := s.Signatures(ctx, store.SignatureQuery{Tenant: sigil.DefaultTenant, Limit: 10})
		if err != nil {
			t.Error(err)
		}
		shown <- page
	})
	select {
	case page := <-shown:
		if len(page) > 0 {
			t.Errorf("seen before it is durable: %v", page)
		}
	case <-time.After(50 * time.Millisecond): // it waits
	}
	disk.release()
	changes.Wait()
	page, _, err := s.Signatures(ctx, store.SignatureQuery{Tenant: sigil.DefaultTenant, Limit: 10})
	if err != nil || len(page) != 1 || page[0].RevokedAt.IsZero() {
		t.Errorf("afterwards %v (%v)", page, err)
	}
}

// If the disk fails during a removal, the removal may be on disk all the same. An earlier refresh must not be written
// after it: it would bring back the figures of a memory without its content.
func TestNothingIsWrittenOnceTheDiskHasFailed(t *testing.T) {
	disk := &stuck{FS: vfs.NewMem()}
	s, err := pebblestore.Open("data", &pebblestore.Options{FS: disk})
	if err != nil {
		t.Fatal(err)
	}
	e := engine.New(s, nil)
	m, err := e.Encode(t.Context(), sigil.DefaultTenant, sigil.Draft{Data: []byte(`"to be forgotten"`)})
	if err != nil {
		t.Fatal(err)
	}
	waiting := disk.hold()
	if _, err := e.Recall(t.Context(), m.Key); err != nil {
		t.Fatal(err)
	}
	forgotten := make(chan error)
	go func() { forgotten <- e.Forget(t.Context(), m.Key) }() // ends when it is read from
	<-waiting
	if err := s.FallOver(); sigil.CodeOf(err) != "store_failed" {
		t.Fatalf("the disk failed: %v", err)
	}
	if err := <-forgotten; sigil.CodeOf(err) != "store_failed" {
		t.Errorf("forgotten when the disk had failed: %v", err)
	}
	disk.release()
	if err := s.Close(); sigil.CodeOf(err) != "store_failed" {
		t.Errorf("Close: %v", err)
	}
	c, err := pebblestore.Check("data", &pebblestore.Options{FS: disk.FS})
	if err != nil || c.Wrong > 0 {
		t.Errorf("%+v (%v)", c, err)
	}
}

// A list that leaves out a memory that is being forgotten has waited until that was durable.
func TestAListHidesOnlyWhatIsGoneForGood(t *testing.T) {
	disk, s := openStuck(t)
	ctx := context.Background()
	e := engine.New(s, nil)
	m, err := e.Encode(ctx, sigil.DefaultTenant, sigil.Draft{Data: []byte(`"to be forgotten"`)})
	if err != nil {
		t.Fatal(err)
	}
	waiting := disk.hold()
	var calls sync.WaitGroup
	calls.Go(func() {
		if err := e.Forget(ctx, m.Key); err != nil {
			t.Error(err)
		}
	})
	<-waiting
	var released atomic.Bool
	listed := make(chan struct{})
	calls.Go(func() {
		defer close(listed)
		page, err := e.List(ctx, sigil.DefaultTenant, engine.ListQuery{})
		if err != nil || len(page.Memories) == 0 && !released.Load() {
			t.Errorf("a list hides what is being forgotten before that is durable (%v)", err)
		}
	})
	for i := 0; i < 100_000; i++ { // gives a list that does not wait time to return
		select {
		case <-listed:
			i = 100_000
		default:
			runtime.Gosched()
		}
	}
	released.Store(true)
	disk.release()
	calls.Wait()
}
