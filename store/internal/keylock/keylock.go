// Package keylock locks single memories within one process.
package keylock

import (
	"bytes"
	"hash/maphash"
	"slices"
	"strings"
	"sync"

	"github.com/sigil-dna/sigil"
)

// Locks locks single memories: who holds a key's lock is the only one that may change the memory.
// A lock exists while somebody holds or awaits it. Make it with [New].
type Locks struct {
	seed   maphash.Seed
	shards [64]shard
}

type shard struct {
	// mu also guards the users of each of locks.
	mu sync.Mutex
	// +checklocks:mu
	locks map[sigil.Key]*keyLock
	// spare are used again.
	// +checklocks:mu
	spare []*keyLock
}

type keyLock struct {
	mu    sync.Mutex // held by the one that may change the memory
	key   sigil.Key  // guarded by the shard's mu, as is users
	users int        // who hold or await it
}

// maxSpare is how many locks of a shard are kept to be used again.
const maxSpare = 16

// New makes them, all open.
func New() *Locks { return &Locks{seed: maphash.MakeSeed()} }

// Lock locks all keys and gives the func that unlocks them. Keys are taken in ascending order, once
// each, so that no two callers can wait for each other; a caller holds the locks of one call only.
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

// Held is a lock that somebody holds.
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

// Unlock unlocks it.
//
// +checklocksignore: One has acquired it
func (h Held) Unlock() { h.shard.release(h.lock) }

func (l *Locks) of(key sigil.Key) *shard {
	return &l.shards[maphash.Comparable(l.seed, key)%uint64(len(l.shards))]
}

// +checklocksacquire:k.mu
func (s *shard) acquire(key sigil.Key) (k *keyLock) {
	s.mu.Lock()
	k = s.locks[key]
	if k == nil {
		if s.locks == nil {
			s.locks = map[sigil.Key]*keyLock{}
		}
		if last := len(s.spare) - 1; last >= 0 {
			k, s.spare = s.spare[last], s.spare[:last]
		} else {
			k = &keyLock{}
		}
		k.key = key
		s.locks[key] = k
	}
	k.users++
	s.mu.Unlock()
	k.mu.Lock()
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
	delete(s.locks, k.key)
	if len(s.spare) < maxSpare {
		k.key = sigil.Key{}
		s.spare = append(s.spare, k)
	}
}

// Compare orders keys as Lock takes them.
func Compare(a, b sigil.Key) int {
	if c := strings.Compare(a.Tenant, b.Tenant); c != 0 {
		return c
	}
	return bytes.Compare(a.ID[:], b.ID[:])
}
