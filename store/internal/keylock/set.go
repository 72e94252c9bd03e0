package keylock

import "sync"

// Set holds the idempotency keys of inserts under way. The zero value is empty.
type Set struct {
	mu sync.Mutex
	// +checklocks:mu
	keys map[string]struct{}
}

// Add adds all keys, or none of them where one is there already or comes twice.
func (k *Set) Add(keys []string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys == nil {
		k.keys = map[string]struct{}{}
	}
	for i, key := range keys {
		if _, ok := k.keys[key]; ok {
			for _, added := range keys[:i] {
				delete(k.keys, added)
			}
			return false
		}
		k.keys[key] = struct{}{}
	}
	return true
}

// Remove removes all keys.
func (k *Set) Remove(keys []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, key := range keys {
		delete(k.keys, key)
	}
}
