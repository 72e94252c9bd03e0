package keylock

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/sigil-dna/sigil"
)

// A key has one holder at a time, whether it is locked alone, with others, in any order, or twice in one
// call.
func TestOneAtATime(t *testing.T) {
	keys := make([]sigil.Key, 40)
	for i := range keys {
		// Some keys share a shard, and some differ only by tenant.
		keys[i] = sigil.Key{Tenant: []string{"ann", "ben"}[i%2], ID: sigil.ID{13: byte(i / 4), 15: byte(i / 2 % 2)}}
	}
	l, alone := &Locks{}, make([]int, len(keys)) // the locks guard alone
	const callers, rounds = 8, 400
	counts := make([][]int, callers)
	var all sync.WaitGroup
	for caller := range callers {
		counts[caller] = make([]int, len(keys))
		all.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(caller), 0)) // a test's draws
			for range rounds {
				some := rng.Perm(len(keys))[:1+rng.IntN(12)]
				locked := make([]sigil.Key, 0, len(some)+1)
				for _, i := range some {
					locked = append(locked, keys[i])
				}
				var unlock func()
				if len(some) == 1 {
					unlock = l.One(locked[0]).Unlock
				} else {
					unlock = l.Lock(append(locked, locked[0])...)
				}
				for _, i := range some {
					alone[i]++
					counts[caller][i]++
				}
				unlock()
			}
		})
	}
	all.Wait()
	for i, n := range alone {
		want := 0
		for _, c := range counts {
			want += c[i]
		}
		if n != want {
			t.Errorf("key %d was counted %d times by %d callers", i, n, want)
		}
	}
	for i := range l.shards {
		open(t, &l.shards[i])
	}
}

// open checks that no lock of a shard is held, that the shard keeps few of them, and that they keep no key.
func open(t *testing.T, s *shard) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.used != 0 || len(s.locks) > maxSpare {
		t.Errorf("%d locks are used, of %d that are kept", s.used, len(s.locks))
	}
	for _, k := range s.locks {
		if k.users != 0 || k.key != (sigil.Key{}) {
			t.Errorf("a lock that nobody holds has %d users, and the key %v", k.users, k.key)
		}
	}
}
