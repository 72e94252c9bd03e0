package pebblestore

import (
	"bytes"
	"hash/maphash"
	"slices"
	"strings"
	"sync"

	"github.com/sigil-dna/sigil"
)

// keyLocks locks single memories: who holds a key's lock is the only one that may change the memory.
// A lock exists while somebody holds or awaits it. The zero value is ready.
type keyLocks struct {
	seed   maphash.Seed
	shards [64]keyLockShard
}

type keyLockShard struct {
	// mu also guards the users of each of locks.
	mu sync.Mutex
	// +checklocks:mu
	locks map[sigil.Key]*keyLock
}

type keyLock struct {
	mu    sync.Mutex // held by the one that may change the memory
	users int        // who hold or await it; guarded by the shard's mu
}

func newKeyLocks() *keyLocks { return &keyLocks{seed: maphash.MakeSeed()} }

// lock locks all keys and gives the func that unlocks them. Keys are taken in ascending order, once
// each, so that no two callers can wait for each other; a caller holds the locks of one call only.
//
// +checklocksignore: how many it holds is not known before it runs
func (l *keyLocks) lock(keys ...sigil.Key) (unlock func()) {
	if len(keys) > 1 {
		keys = slices.Clone(keys)
		slices.SortFunc(keys, compareKeys)
		keys = slices.Compact(keys)
	}
	held := make([]*keyLock, len(keys))
	for i, key := range keys {
		held[i] = l.shard(key).acquire(key)
	}
	return func() {
		for i, key := range keys {
			l.shard(key).release(key, held[i])
		}
	}
}

func (l *keyLocks) shard(key sigil.Key) *keyLockShard {
	return &l.shards[maphash.Comparable(l.seed, key)%uint64(len(l.shards))]
}

// +checklocksacquire:k.mu
func (s *keyLockShard) acquire(key sigil.Key) (k *keyLock) {
	s.mu.Lock()
	k = s.locks[key]
	if k == nil {
		if s.locks == nil {
			s.locks = map[sigil.Key]*keyLock{}
		}
		k = &keyLock{}
		s.locks[key] = k
	}
	k.users++
	s.mu.Unlock()
	k.mu.Lock()
	return k
}

// +checklocksrelease:k.mu
func (s *keyLockShard) release(key sigil.Key, k *keyLock) {
	k.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	k.users--
	if k.users == 0 {
		delete(s.locks, key)
	}
}

func compareKeys(a, b sigil.Key) int {
	if c := strings.Compare(a.Tenant, b.Tenant); c != 0 {
		return c
	}
	return bytes.Compare(a.ID[:], b.ID[:])
}
