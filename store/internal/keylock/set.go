package keylock

import (
	"sync"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// Set holds the idempotency keys of inserts in progress. The zero value is empty.
type Set struct {
	mu sync.Mutex
	// +checklocks:mu
	keys map[string]struct{}
}

// Begin adds the idempotency keys of items, if they have any, until end is called. It returns
// [sigil.ErrConflict] if an insert with one of them is in progress.
func (k *Set) Begin(tenant string, items []store.Item) (keyed bool, end func(), err error) {
	var keys []string
	for i := range items {
		if key := items[i].Idempotency.Key; key != "" {
			keys = append(keys, tenant+"\x00"+key)
		}
	}
	if len(keys) == 0 {
		return false, nothing, nil
	}
	if !k.add(keys) {
		return true, nil, &sigil.Error{
			Kind: sigil.ErrConflict, Code: "idempotency_in_flight", Field: "Idempotency-Key",
			Detail: "a request with this key is in progress",
		}
	}
	return true, func() { k.remove(keys) }, nil
}

func nothing() {}

// add adds all keys, or none if one is present already or occurs twice.
func (k *Set) add(keys []string) bool {
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

func (k *Set) remove(keys []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, key := range keys {
		delete(k.keys, key)
	}
}
