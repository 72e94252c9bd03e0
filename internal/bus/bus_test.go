package bus_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/bus"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// journal is one in memory: of the tenant "a" are the even positions, of "b" the odd ones.
type journal struct {
	mu sync.Mutex
	// +checklocks:mu
	newest uint64
	// +checklocks:mu
	trimmed uint64
	// +checklocks:mu
	broken error
	// +checklocks:mu
	reads int
	// erased has the positions of entries that were erased.
	// +checklocks:mu
	erased []uint64
	// erasing has the positions of the entries about that.
	// +checklocks:mu
	erasing []uint64
	// +checklocks:mu
	changed chan struct{}
}

// erase erases an entry, and journals that at the next position if it is told so.
func (j *journal) erase(position uint64, journaled bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.erased = append(j.erased, position)
	if journaled {
		j.newest += 2
		j.erasing = append(j.erasing, j.newest)
		j.fire()
	}
}

func (j *journal) add(n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.newest += uint64(n)
	j.fire()
}

// +checklocks:j.mu
func (j *journal) fire() {
	if j.changed != nil {
		close(j.changed)
		j.changed = nil
	}
}

func (j *journal) set(broken error, trimmed uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.broken, j.trimmed = broken, trimmed
	j.fire()
}

// put makes newest the end of the journal, as an older copy does.
func (j *journal) put(newest uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.newest = newest
	j.fire()
}

func (j *journal) JournalBounds(context.Context) (trimmed, newest uint64, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.trimmed, j.newest, j.broken
}

func (j *journal) Read(_ context.Context, tenant string, after uint64, limit int, room []byte) ([]bus.Entry, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.reads++
	entries, err := j.read(tenant, after, limit)
	for i, e := range entries {
		from := len(room)
		room = append(room, e.Data...)
		entries[i].Data = room[from:]
	}
	return entries, err
}

// +checklocks:j.mu
func (j *journal) read(tenant string, after uint64, limit int) (entries []bus.Entry, err error) {
	switch {
	case j.broken != nil:
		return nil, j.broken
	case after < j.trimmed:
		return nil, sigil.NewPositionGone(j.trimmed)
	case after > j.newest:
		return nil, sigil.NewPositionAhead(j.newest)
	}
	for p := after + 1; p <= j.newest && len(entries) < limit; p++ {
		if (tenant == "a") == (p%2 == 0) && !slices.Contains(j.erased, p) {
			entries = append(entries, bus.Entry{Position: p, Erases: slices.Contains(j.erasing, p), Data: fmt.Append(nil, p)})
		}
	}
	return entries, nil
}

func (*journal) Recalled(memories []sigil.Meta, more bool) ([]byte, error) {
	return json.Marshal(shape.Recalls(memories, more))
}

func (j *journal) Wait(ctx context.Context, tenant string, after uint64) error {
	for {
		j.mu.Lock()
		entries, err := j.read(tenant, after, 1)
		if j.changed == nil {
			j.changed = make(chan struct{})
		}
		changed := j.changed
		j.mu.Unlock()
		if err != nil || len(entries) > 0 {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (j *journal) readsSoFar() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.reads
}

// expect takes batches until the tenant's positions from first to last have come, in order, each once.
func expect(t *testing.T, s *bus.Subscription, first, last uint64) (lagged int) {
	t.Helper()
	for at := first; at <= last; {
		b, err := s.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if b.Lagged {
			lagged++
		}
		var joined []byte
		for i, e := range b.Entries {
			if e.Position != at || string(e.Data) != fmt.Sprint(at) {
				t.Fatalf("got %d %s, want %d", e.Position, e.Data, at)
			}
			at += 2
			if i > 0 {
				joined = append(joined, ',')
			}
			joined = append(joined, e.Data...)
		}
		if !slices.Equal(joined, b.Joined) {
			t.Fatalf("joined %s, want %s", b.Joined, joined)
		}
	}
	return lagged
}

func subscribe(t *testing.T, b *bus.Bus, tenant string, after *uint64) *bus.Subscription {
	t.Helper()
	s, err := b.Subscribe(t.Context(), tenant, after)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEachHasEveryEntryOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		b := bus.New(j, nil)
		defer b.Close()
		j.add(10)
		zero, five := uint64(0), uint64(5)
		fromStart, fromFive, fromNow, other := subscribe(t, b, "a", &zero), subscribe(t, b, "a", &five), subscribe(t, b, "a", nil), subscribe(t, b, "b", &zero)
		var writing sync.WaitGroup
		defer writing.Wait()
		writing.Go(func() {
			for range 50 {
				j.add(7)
				time.Sleep(3 * time.Millisecond) // of the bubble
			}
		})
		expect(t, fromStart, 2, 360)
		expect(t, fromFive, 6, 360)
		expect(t, fromNow, 12, 360)
		expect(t, other, 1, 359)
		if reads := j.readsSoFar(); reads > 50 {
			t.Errorf("the journal was read %d times for 4 subscribers over 150 ms", reads)
		}
		for _, s := range []*bus.Subscription{fromStart, fromFive, fromNow, other} {
			s.Close()
			s.Close()
		}
	})
}

// TestSlowOnesAreToldAndMissNothing has a subscriber that does not read while much more comes than is held.
func TestSlowOnesAreToldAndMissNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		told, behind := 0, []int(nil)
		b := bus.New(j, &bus.Options{Bytes: 1000, Lagged: func() { told++ }, Behind: func(change int) { behind = append(behind, change) }})
		defer b.Close()
		slow, fast := subscribe(t, b, "a", nil), subscribe(t, b, "a", nil)
		defer slow.Close()
		defer fast.Close()
		j.add(2)
		expect(t, slow, 2, 2) // it is live
		expect(t, fast, 2, 2)
		done := make(chan int)
		go func() { done <- expect(t, fast, 4, 4002) }()
		for range 40 {
			j.add(100)
			time.Sleep(time.Second)
		}
		if n := <-done; n != 0 {
			t.Errorf("the fast one was told %d times that it is slow", n)
		}
		if n := expect(t, slow, 4, 4002); n != 1 {
			t.Errorf("it was told %d times that it is slow", n)
		}
		j.add(2)
		if n := expect(t, slow, 4004, 4004); n != 0 || told != 1 {
			t.Errorf("told again, or %d times in all", told)
		}
		if !slices.Equal(behind, []int{1, -1}) {
			t.Errorf("it was behind: %v", behind)
		}
		for range 40 {
			j.add(100)
			time.Sleep(time.Second)
		}
		if b, err := slow.Next(t.Context()); err != nil || !b.Lagged {
			t.Errorf("%v, %v", b.Lagged, err)
		}
		slow.Close() // while it is behind
		if !slices.Equal(behind, []int{1, -1, 1, -1}) {
			t.Errorf("after it left: %v", behind)
		}
	})
}

// TestTheEdgeOfWhatIsHeld subscribes after every position while the bus holds only the newest entries. A
// subscriber that begins right before the oldest entry held needs the journal for the one entry before it.
func TestTheEdgeOfWhatIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		b := bus.New(j, &bus.Options{Bytes: 200})
		defer b.Close()
		first := subscribe(t, b, "a", nil)
		defer first.Close()
		const newest = 400
		for range newest / 10 {
			j.add(10)
			time.Sleep(time.Second) // of the bubble: the bus reads what came
		}
		expect(t, first, 2, newest)
		for after := uint64(0); after < newest; after++ {
			s := subscribe(t, b, "a", &after)
			expect(t, s, after+2-after%2, newest)
			s.Close()
		}
	})
}

// TestWhoReadsKeepsUp has a subscriber that takes its entries at once, of a journal that grows by several segments
// between two reads.
func TestWhoReadsKeepsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		b := bus.New(j, &bus.Options{Bytes: 200_000, Lagged: func() { t.Error("it fell behind") }})
		defer b.Close()
		s := subscribe(t, b, "a", nil)
		defer s.Close()
		j.add(2)
		expect(t, s, 2, 2) // it is live
		var writing sync.WaitGroup
		writing.Go(func() {
			for range 300 {
				j.add(1500)
				time.Sleep(10 * time.Millisecond) // of the bubble
			}
		})
		expect(t, s, 4, 450_002)
		writing.Wait()
	})
}

func TestWhatWasDroppedIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		j.add(10)
		b := bus.New(j, &bus.Options{Bytes: 1})
		defer b.Close()
		s := subscribe(t, b, "a", nil)
		defer s.Close()
		j.add(4000)
		time.Sleep(10 * time.Second)
		j.set(nil, 3000)
		_, err := s.Next(t.Context())
		var e *sigil.Error
		if !errors.As(err, &e) || !errors.Is(err, sigil.ErrGone) || e.Oldest != 3000 {
			t.Errorf("Next: %v", err)
		}
		five := uint64(5)
		if _, err := b.Subscribe(t.Context(), "a", &five); !errors.Is(err, sigil.ErrGone) {
			t.Errorf("Subscribe: %v", err)
		}
	})
}

// TestAheadOfTheJournal replaces the journal by an older copy under its readers. Those that have seen more than the
// copy has get an error, and the others go on.
func TestAheadOfTheJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		j.add(10)
		b := bus.New(j, nil)
		defer b.Close()
		ahead := func(err error) {
			t.Helper()
			var e *sigil.Error
			if !errors.As(err, &e) || !errors.Is(err, sigil.ErrGone) || e.Code != "position_ahead" || e.Newest == nil || *e.Newest != 6 {
				t.Errorf("got %v", err)
			}
		}
		zero := uint64(0)
		fast, slow := subscribe(t, b, "a", &zero), subscribe(t, b, "a", &zero)
		defer fast.Close()
		defer slow.Close()
		expect(t, fast, 2, 10)
		j.add(2)
		expect(t, fast, 12, 12)
		j.put(6)
		time.Sleep(time.Second)
		_, err := fast.Next(t.Context())
		ahead(err)
		if _, err := slow.Next(t.Context()); !errors.Is(err, sigil.ErrUnavailable) {
			t.Errorf("one that is not ahead: %v", err)
		}
		seven, six := uint64(7), uint64(6)
		_, err = b.Subscribe(t.Context(), "a", &seven)
		ahead(err)
		again := subscribe(t, b, "a", &six)
		defer again.Close()
		j.add(2)
		expect(t, again, 8, 8)
	})
}

// TestALostJournalComesBack has reading fail for a while: subscribers wait, and miss nothing.
func TestALostJournalComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		b := bus.New(j, nil)
		defer b.Close()
		s := subscribe(t, b, "a", nil)
		defer s.Close()
		j.set(sigil.ErrUnavailable, 0)
		go func() {
			time.Sleep(10 * time.Second)
			j.add(4)
			j.set(nil, 0)
		}()
		expect(t, s, 2, 4)
		// The journal was trimmed past the position in one step: the entries in between are unknown.
		j.set(sigil.ErrUnavailable, 0)
		time.Sleep(time.Minute)
		j.add(100)
		j.set(nil, 90)
		if _, err := s.Next(t.Context()); !errors.Is(err, sigil.ErrGone) {
			t.Errorf("Next: %v", err)
		}
	})
}

func TestEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		count := 0
		b := bus.New(j, &bus.Options{Subscribers: 2, Count: func(n int) { count += n }})
		s, other := subscribe(t, b, "a", nil), subscribe(t, b, "b", nil)
		if _, err := b.Subscribe(t.Context(), "a", nil); !errors.Is(err, sigil.ErrUnavailable) || sigil.CodeOf(err) != "too_many_subscribers" || count != 2 {
			t.Errorf("a third of two: %v; %d", err, count)
		}
		other.Close()
		subscribe(t, b, "a", nil).Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Next: %v", err)
		}
		ended := make(chan error)
		go func() {
			_, err := s.Next(t.Context())
			ended <- err
		}()
		synctest.Wait()
		b.Close()
		if err := <-ended; !errors.Is(err, sigil.ErrClosed) {
			t.Errorf("Next: %v", err)
		}
		s.Close()
		if _, err := b.Subscribe(t.Context(), "a", nil); !errors.Is(err, sigil.ErrClosed) || count != 0 {
			t.Errorf("after Close: %v; %d", err, count)
		}
	})
}

// TestWhatIsErasedIsNotGiven subscribes before entries that the bus had in memory when they were erased, by its own process or by
// another.
func TestWhatIsErasedIsNotGiven(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		b := bus.New(j, nil)
		defer b.Close()
		zero := uint64(0)
		from := func() (got []uint64) {
			s := subscribe(t, b, "a", &zero)
			defer s.Close()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			for {
				batch, err := s.Next(ctx)
				if err != nil {
					return got
				}
				for _, e := range batch.Entries {
					got = append(got, e.Position)
				}
			}
		}
		first := subscribe(t, b, "a", nil)
		defer first.Close()
		j.add(10)
		expect(t, first, 2, 10)
		j.erase(4, false)
		b.Redact("a")
		b.Redact("nobody's")
		if got := from(); !slices.Equal(got, []uint64{2, 6, 8, 10}) {
			t.Errorf("after an erasure: %d", got)
		}
		j.erase(8, true)
		expect(t, first, 12, 12)
		if got := from(); !slices.Equal(got, []uint64{2, 6, 10, 12}) {
			t.Errorf("after an erasure elsewhere: %d", got)
		}
		j.add(2)
		expect(t, first, 14, 14)
	})
}
