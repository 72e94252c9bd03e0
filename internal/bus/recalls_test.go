package bus_test

import (
	"encoding/json"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/bus"
	"github.com/sigil-dna/sigil/wire"
)

// recalled returns a memory of tenant as its n-th recall leaves it.
func recalled(tenant string, id byte, n uint64) sigil.Meta {
	at := time.UnixMilli(int64(n)).UTC()
	return sigil.Meta{Key: sigil.Key{Tenant: tenant, ID: sigil.ID{15: id}}, AccessCount: n, LastAccessed: at, FadesAt: at.Add(time.Hour), Policy: sigil.DefaultClassic()}
}

// nextRecalls waits for a message about recalls.
func nextRecalls(t *testing.T, s *bus.Subscription) (r wire.Recalls) {
	t.Helper()
	b, err := s.Next(t.Context())
	if err != nil || b.Recalled == nil {
		t.Fatalf("%+v, %v", b, err)
	}
	if err := json.Unmarshal(b.Recalled, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRecallsAreToldOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		b := bus.New(j, nil)
		defer b.Close()
		b.Recalled(recalled("a", 1, 1)) // no subscriber watches
		s, reader := subscribe(t, b, "a", nil), subscribe(t, b, "a", nil)
		defer s.Close()
		defer reader.Close()
		s.WatchRecalls()
		begin := time.Now()
		var recalling sync.WaitGroup
		recalling.Go(func() {
			for n := range uint64(3_000) { // of the bubble: 3 s
				b.Recalled(recalled("a", byte(n%3), n))
				b.Recalled(recalled("b", 9, n))
				time.Sleep(time.Millisecond)
			}
			b.Recalled(recalled("a", 0, 1)) // late: a newer one is known
		})
		last := map[byte]uint64{}
		messages := 0
		for last[0] < 2997 || last[1] < 2998 || last[2] < 2999 {
			r := nextRecalls(t, s)
			messages++
			if len(r.Memories) > 3 || r.More {
				t.Fatalf("%+v", r)
			}
			for _, m := range r.Memories {
				if m.AccessCount < last[m.ID[15]] || !m.FadesAt.Equal(m.LastAccessed.Add(time.Hour)) || m.Policy != sigil.DefaultClassic().String() {
					t.Errorf("%+v after %d", m, last[m.ID[15]])
				}
				last[m.ID[15]] = m.AccessCount
			}
		}
		recalling.Wait()
		if seconds := int(time.Since(begin).Seconds()); messages > seconds+1 {
			t.Errorf("%d messages in %d s", messages, seconds)
		}
		j.add(2)
		expect(t, reader, 2, 2) // it did not ask for recalls
	})
}

// TestRecallsAmongEntries reads a journal that always has more entries: recalls still come.
func TestRecallsAmongEntries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		b := bus.New(j, nil)
		defer b.Close()
		s := subscribe(t, b, "a", nil)
		defer s.Close()
		s.WatchRecalls()
		stop := make(chan struct{})
		var writing sync.WaitGroup
		writing.Go(func() {
			for n := uint64(0); ; n++ {
				select {
				case <-stop:
					return
				case <-time.After(5 * time.Millisecond):
					j.add(100)
					b.Recalled(recalled("a", 1, n))
				}
			}
		})
		at := uint64(0)
		for told := 0; told < 3; {
			batch, err := s.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if batch.Recalled != nil {
				told++
			}
			for _, e := range batch.Entries {
				if at += 2; e.Position != at {
					t.Fatalf("position %d, want %d", e.Position, at)
				}
			}
		}
		close(stop)
		writing.Wait()
	})
}

// TestRecallsOfManyMemories recalls more memories than one message lists while a subscriber reads nothing.
func TestRecallsOfManyMemories(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bus.New(&journal{}, nil)
		defer b.Close()
		s := subscribe(t, b, "a", nil)
		defer s.Close()
		s.WatchRecalls()
		for range 5 {
			for i := range 1_500 {
				m := recalled("a", 0, 1)
				m.ID[13], m.ID[14] = byte(i>>8), byte(i)
				b.Recalled(m)
			}
			time.Sleep(2 * time.Second)
		}
		if r := nextRecalls(t, s); len(r.Memories) != 1_000 || !r.More {
			t.Errorf("%d memories, more: %v", len(r.Memories), r.More)
		}
	})
}

// TestMoreRecallsThanAreNamed checks that subscribers of a tenant learn that more of its memories were recalled.
func TestMoreRecallsThanAreNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := bus.New(&journal{}, nil)
		defer b.Close()
		if b.RecallsWatched("a") {
			t.Error("watched before anybody watches")
		}
		b.RecalledMore("a") // no subscriber watches
		s, other := subscribe(t, b, "a", nil), subscribe(t, b, "b", nil)
		defer other.Close()
		s.WatchRecalls()
		other.WatchRecalls()
		if !b.RecallsWatched("a") || !b.RecallsWatched("b") || b.RecallsWatched("c") {
			t.Error("it does not know who watches")
		}
		b.RecalledMore("a")
		if r := nextRecalls(t, s); len(r.Memories) != 0 || r.Memories == nil || !r.More {
			t.Errorf("%+v", r)
		}
		b.Recalled(recalled("a", 1, 1))
		b.Recalled(recalled("b", 2, 1))
		if r := nextRecalls(t, s); len(r.Memories) != 1 || r.More {
			t.Errorf("%+v", r)
		}
		if r := nextRecalls(t, other); len(r.Memories) != 1 || r.More {
			t.Errorf("of another tenant: %+v", r)
		}
		s.Close()
		if b.RecallsWatched("a") {
			t.Error("watched after the last has left")
		}
	})
}
