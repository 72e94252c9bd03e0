package pebblestore_test

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
)

var newYear = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// numbered returns a memory whose id is a number.
func numbered(n uint64) sigil.Memory {
	data := []byte("[]")
	hash := sigil.Hash(sha256.Sum256(data))
	m := sigil.Memory{
		Meta: sigil.Meta{
			Key: sigil.Key{Tenant: sigil.DefaultTenant}, Frequency: hash.Frequency(), Potential: 0.5, Size: len(data),
			CreatedAt: newYear, LastAccessed: newYear, Policy: sigil.DefaultClassic(),
		},
		Hash: hash, State: sigil.DefaultState(), Data: data,
	}
	binary.BigEndian.PutUint64(m.ID[8:], n)
	m.Reschedule()
	return m
}

func keep(t *testing.T, s *pebblestore.Store, numbers ...uint64) {
	t.Helper()
	items := make([]store.Item, len(numbers))
	for i, n := range numbers {
		m := numbered(n)
		items[i] = store.Item{Memory: m, Events: []sigil.Event{{Time: newYear, Kind: sigil.Encoded, Reason: sigil.ReasonRequest, Memory: m.Meta}}}
	}
	if _, err := s.Insert(t.Context(), sigil.DefaultTenant, items, store.Quota{}, nil); err != nil {
		t.Error(err)
	}
}

func release(t *testing.T, s *pebblestore.Store, numbers ...uint64) {
	t.Helper()
	keys := make([]sigil.Key, len(numbers))
	for i, n := range numbers {
		keys[i] = numbered(n).Key
	}
	events, err := s.Remove(t.Context(), keys, func(m sigil.Meta) (sigil.Event, bool) {
		return sigil.Event{Time: newYear, Kind: sigil.Faded, Reason: sigil.ReasonDecay, Memory: m}, true
	})
	if err != nil || len(events) != len(keys) {
		t.Errorf("released %d of %d: %v", len(events), len(keys), err)
	}
}

// span returns the numbers from one (inclusive) to another (exclusive), by steps.
func span(from, to, step uint64) (numbers []uint64) {
	for n := from; n < to; n += step {
		numbers = append(numbers, n)
	}
	return numbers
}

// holds checks that a store has a number of memories, by its index and on disk.
func holds(t *testing.T, s *pebblestore.Store, want int) {
	t.Helper()
	if err := s.CheckIndex(); err != nil {
		t.Error(err)
	}
	if c, err := s.Check(); err != nil || c.Wrong != 0 || c.Memories != want {
		t.Errorf("%+v, %v; want %d memories", c, err, want)
	}
}

// Memories that are removed together are deleted as a range. A memory with an id between theirs stays,
// whether it existed before, comes in the same commit, or comes later.
func TestARangeSparesWhatLiesBetween(t *testing.T) {
	disk := vfs.NewMem()
	s, err := pebblestore.Open(home, quiet(disk))
	if err != nil {
		t.Fatal(err)
	}
	const size = 64
	for round := range uint64(20) {
		from := round * 1000
		keep(t, s, span(from, from+size, 4)...)
		keep(t, s, from+6) // between two that leave
		var all sync.WaitGroup
		all.Go(func() { release(t, s, span(from, from+size, 4)...) })
		for _, n := range span(from+1, from+size, 4) {
			all.Go(func() { keep(t, s, n) }) // mostly some of them with the release, some after it
		}
		all.Wait()
		keep(t, s, span(from+2, from+size, 8)...)
	}
	const want = 20 * (1 + size/4 + size/8)
	holds(t, s, want)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err = pebblestore.Open(home, quiet(disk))
	if err != nil {
		t.Fatal(err)
	}
	holds(t, s, want)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// A salvage honors range deletions, in logs and in tables.
func TestASalvageHonorsRanges(t *testing.T) {
	disk := vfs.NewMem()
	shows := func(when string, want ...uint64) {
		t.Helper()
		left := map[sigil.Key]bool{}
		for _, n := range want {
			left[numbered(n).Key] = true
		}
		found, err := pebblestore.Salvage(home, quiet(disk), func(m sigil.Memory, _ store.Vector) error {
			if !left[m.Key] {
				t.Errorf("%s: %s is shown", when, m.Key)
			}
			delete(left, m.Key)
			return nil
		})
		if err != nil || found.Wrong != 0 || len(left) != 0 {
			t.Errorf("%s: %v are not shown; %+v, %v", when, left, found, err)
		}
	}
	within := func(change func(s *pebblestore.Store)) {
		t.Helper()
		s, err := pebblestore.Open(home, quiet(disk))
		if err != nil {
			t.Fatal(err)
		}
		change(s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	within(func(s *pebblestore.Store) {
		keep(t, s, span(0, 200, 2)...)
		release(t, s, span(20, 180, 2)...)
		keep(t, s, 51)
	})
	stay := append(append(span(0, 20, 2), span(180, 200, 2)...), 51)
	shows("from the log", stay...)
	within(func(s *pebblestore.Store) {
		if _, err := s.Trim(t.Context(), time.Time{}, 1); err != nil { // so that the journal does not reveal it
			t.Error(err)
		}
	})
	shows("without a journal", stay...)
	for n := range uint64(4) { // so that what is in the log comes into tables
		within(func(s *pebblestore.Store) { keep(t, s, 1000+n) })
		stay = append(stay, 1000+n)
		shows("from tables", stay...)
	}
}
