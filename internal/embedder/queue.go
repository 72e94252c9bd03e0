package embedder

import (
	"slices"
	"sync"

	"github.com/sigil-dna/sigil"
)

// queue has the memories that wait for a vector. It is bounded: what does not fit is dropped, and found again in the source.
type queue struct {
	most int // +checklocksignore: never changes
	// more has a value after something was put or dropped.
	more chan struct{}

	mu sync.Mutex
	// +checklocks:mu
	keys []sigil.Key
	// +checklocks:mu
	dropped bool
}

func newQueue(most int) *queue {
	return &queue{most: most, more: make(chan struct{}, 1), dropped: true} // whatever was there before the start is missing
}

// put adds keys as far as there is room.
func (q *queue) put(keys []sigil.Key) {
	q.mu.Lock()
	room := min(len(keys), q.most-len(q.keys))
	q.keys = append(q.keys, keys[:room]...)
	q.dropped = q.dropped || room < len(keys)
	q.mu.Unlock()
	q.wake()
}

// drop has the source asked for what is missing.
func (q *queue) drop() {
	q.mu.Lock()
	q.dropped = true
	q.mu.Unlock()
	q.wake()
}

func (q *queue) wake() {
	select {
	case q.more <- struct{}{}:
	default: // the worker is to look already
	}
}

// take removes and returns the first keys. If there are none, dropped reports whether any were dropped since it was last
// reported.
func (q *queue) take(most int) (keys []sigil.Key, dropped bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(most, len(q.keys))
	keys = slices.Clone(q.keys[:n])
	if q.keys = q.keys[n:]; len(q.keys) == 0 {
		q.keys = nil // otherwise put would append to what is left of the array for ever
	}
	if n == 0 {
		dropped, q.dropped = q.dropped, false
	}
	return keys, dropped
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.keys)
}
