// Package keylock locks single memories, and what else has a [sigil.Key], within one process. It also holds the
// idempotency keys of inserts in progress.
package keylock

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"sync"

	"github.com/sigil-dna/sigil"
)

// Locks locks single memories: only the holder of a key's lock may change the memory. A lock exists while it
// is held or awaited. The zero value has no locks. Locks must not be copied.
type Locks struct{ shards [1024]shard }

// shard has few locks at a time, so looking at each takes less time than a map.
type shard struct {
	// mu also guards the keys and users of locks.
	mu sync.Mutex
	// locks are the locks that are held or awaited, followed by spare ones for reuse.
	// +checklocks:mu
	locks []*keyLock
	// used is the number of locks that are held or awaited.
	// +checklocks:mu
	used int
}

type keyLock struct {
	mu    sync.Mutex // held by the goroutine that may change the memory
	key   sigil.Key  // guarded by the shard's mu, like users
	users int        // number of goroutines that hold or await the lock
}

// maxSpare is the maximum number of spare locks in a shard.
const maxSpare = 4

// Lock locks all keys and returns the func that unlocks them. Keys are locked in ascending order, once each,
// so that no two callers can wait for each other. A caller must not hold locks of more than one call.
//
// +checklocksignore: how many it holds is not known before it runs
func (l *Locks) Lock(keys ...sigil.Key) (unlock func()) {
	if len(keys) > 1 {
		keys = slices.Clone(keys)
		slices.SortFunc(keys, Compare)
		keys = slices.Compact(keys)
	}
	held := make([]Held, len(keys))
	for i, key := range keys {
		held[i] = l.One(key)
	}
	return func() {
		for i := range held {
			held[i].Unlock()
		}
	}
}

// Held is a lock that is held.
type Held struct {
	shard *shard
	lock  *keyLock
}

// One locks one key. It costs less than Lock.
//
// +checklocksignore: Unlock releases it
func (l *Locks) One(key sigil.Key) Held {
	s := l.of(key)
	return Held{s, s.acquire(key)}
}

// Unlock unlocks the key.
//
// +checklocksignore: One has acquired it
func (h Held) Unlock() { h.shard.release(h.lock) }

func (l *Locks) of(key sigil.Key) *shard {
	end := binary.BigEndian.Uint16(key.ID[len(key.ID)-2:]) // these bytes of an id are random
	return &l.shards[int(end)%len(l.shards)]
}

// +checklocksacquire:k.mu
func (s *shard) acquire(key sigil.Key) (k *keyLock) {
	s.mu.Lock()
	k = s.lock(key)
	k.users++
	s.mu.Unlock()
	k.mu.Lock()
	return k
}

// lock returns the lock of a key. If the key is not locked, it takes a spare one, or creates one.
//
// +checklocks:s.mu
func (s *shard) lock(key sigil.Key) *keyLock {
	for _, k := range s.locks[:s.used] {
		if k.key == key {
			return k
		}
	}
	if s.used == len(s.locks) {
		s.locks = append(s.locks, &keyLock{})
	}
	k := s.locks[s.used]
	s.used++
	k.key = key
	return k
}

// +checklocksrelease:k.mu
func (s *shard) release(k *keyLock) {
	k.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	k.users--
	if k.users > 0 {
		return
	}
	k.key = sigil.Key{}
	s.used--
	i := slices.Index(s.locks, k)
	s.locks[i], s.locks[s.used] = s.locks[s.used], k
	if last := len(s.locks) - 1; last >= s.used+maxSpare {
		s.locks[last] = nil
		s.locks = s.locks[:last]
	}
}

// Compare compares keys in the order in which Lock takes them.
func Compare(a, b sigil.Key) int {
	if c := strings.Compare(a.Tenant, b.Tenant); c != 0 {
		return c
	}
	return bytes.Compare(a.ID[:], b.ID[:])
}
