package bus

import (
	"bytes"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sigil-dna/sigil"
)

const (
	// recallsEvery is the minimum time between two messages about recalls to one subscriber.
	recallsEvery = time.Second
	// recallsTogether is how long the first recall after a pause waits for others, so that a burst makes one message.
	recallsTogether = 50 * time.Millisecond
	// maxRecalls is the maximum number of memories that one message names.
	maxRecalls = 1_000
)

// recalls coalesces recalls for the subscribers that watch them. Recalls are not journaled: a subscriber that is too
// slow misses some.
type recalls struct {
	render   func(memories []sigil.Meta, more bool) ([]byte, error) // the journal's Recalled; it never changes
	watchers atomic.Int64                                           // number of watchers, of all tenants; while it is 0, a recall costs one atomic load

	mu sync.Mutex
	// +checklocks:mu
	tenants map[string]*watched
}

// watched is a tenant whose recalls are watched. Its fields are guarded by the mu of recalls.
type watched struct {
	watchers map[chan []byte]struct{}
	pending  map[sigil.ID]sigil.Meta // the memories recalled since the last message, in their newest state
	more     bool                    // more memories were recalled than pending holds
	timer    *time.Timer             // sends what is pending; nil if nothing is
	sent     time.Time               // when the last message was sent
}

// Recalled sends a recalled memory to the subscribers that watch recalls, without waiting for them.
func (b *Bus) Recalled(m sigil.Meta) {
	r := &b.recalls
	if r.watchers.Load() == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.tenants[m.Tenant]
	if w == nil {
		return
	}
	before, known := w.pending[m.ID]
	switch {
	case !known && len(w.pending) >= maxRecalls:
		w.more = true
		return
	case known && before.AccessCount > m.AccessCount: // concurrent recalls may arrive out of order
		return
	}
	w.pending[m.ID] = m
	r.sendSoon(w)
}

// RecalledMore notifies the subscribers that watch a tenant's recalls that more memories were recalled than were named.
func (b *Bus) RecalledMore(tenant string) {
	r := &b.recalls
	r.mu.Lock()
	defer r.mu.Unlock()
	if w := r.tenants[tenant]; w != nil {
		w.more = true
		r.sendSoon(w)
	}
}

// RecallsWatched reports whether any subscriber watches a tenant's recalls.
func (b *Bus) RecallsWatched(tenant string) bool {
	r := &b.recalls
	if r.watchers.Load() == 0 {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tenants[tenant] != nil
}

// sendSoon schedules the sending of the pending recalls.
//
// +checklocks:r.mu
func (r *recalls) sendSoon(w *watched) {
	if w.timer == nil {
		wait := max(recallsTogether, time.Until(w.sent.Add(recallsEvery)))
		w.timer = time.AfterFunc(wait, func() { r.send(w) })
	}
}

// watch adds a watcher of a tenant's recalls.
func (r *recalls) watch(tenant string) chan []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.tenants[tenant]
	if w == nil {
		w = &watched{watchers: map[chan []byte]struct{}{}, pending: map[sigil.ID]sigil.Meta{}}
		if r.tenants == nil {
			r.tenants = map[string]*watched{}
		}
		r.tenants[tenant] = w
	}
	messages := make(chan []byte, 2)
	w.watchers[messages] = struct{}{}
	r.watchers.Add(1)
	return messages
}

// unwatch removes a watcher.
func (r *recalls) unwatch(tenant string, messages chan []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.tenants[tenant]
	delete(w.watchers, messages)
	r.watchers.Add(-1)
	if len(w.watchers) > 0 {
		return
	}
	if w.timer != nil {
		w.timer.Stop()
	}
	delete(r.tenants, tenant)
}

// send sends pending recalls to all watchers.
func (r *recalls) send(w *watched) {
	r.mu.Lock()
	pending, more := w.pending, w.more
	w.pending, w.more, w.timer, w.sent = make(map[sigil.ID]sigil.Meta, len(pending)), false, nil, time.Now()
	r.mu.Unlock()

	memories := slices.SortedFunc(maps.Values(pending), func(a, b sigil.Meta) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	data, err := r.render(memories, more)
	if err != nil {
		return // never happens: ids, numbers and times can always be rendered
	}

	r.mu.Lock()
	defer r.mu.Unlock()
	for messages := range w.watchers {
		select {
		case messages <- data:
		default: // this subscriber is too slow
		}
	}
}
