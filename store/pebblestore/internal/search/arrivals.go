package search

import (
	"sync"
	"sync/atomic"
)

const (
	// addShare is how many memories of others one Add takes over, so that its caller does not work for others forever. A
	// call with so many of its own adds them itself.
	addShare = 64
	// maxArrivals is how many memories may wait. It bounds how long a search takes to add them.
	maxArrivals = 512
)

// arrivals are memories that Add was called with and that are not in the memtable yet. Whoever holds adding adds all that have
// arrived, and the callers that brought them do not wait for it: so many callers of Add do not hand a lock to each
// other, and what the processor has in its cache of the index stays with one of them.
type arrivals struct {
	// count is how many there are, those included that are being added.
	count atomic.Int64

	mu sync.Mutex
	// +checklocks:mu
	batch *batch // nil if there are none besides those that are being added
}

// batch are memories, with their terms one after another.
type batch struct {
	docs  []Doc
	terms []Term
}

var batches = sync.Pool{New: func() any { return new(batch) }}

// add copies memories, and returns how many are waiting.
func (a *arrivals) add(docs []Doc) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.batch == nil {
		a.batch = batches.Get().(*batch) //nolint:forcetypeassert // nothing else is put there
	}
	b := a.batch
	for _, d := range docs {
		from := len(b.terms)
		b.terms = append(b.terms, d.Terms...)
		d.Terms = b.terms[from:]
		b.docs = append(b.docs, d)
	}
	return int(a.count.Add(int64(len(docs))))
}

// take returns what has arrived, or nil.
func (a *arrivals) take() *batch {
	a.mu.Lock()
	defer a.mu.Unlock()
	b := a.batch
	a.batch = nil
	return b
}

// added ends the use of a batch, whose memories are in the memtable now.
func (a *arrivals) added(b *batch) {
	a.count.Add(-int64(len(b.docs)))
	const most = 1 << 16 // terms of a batch that is used again
	if cap(b.terms) <= most {
		clear(b.docs)
		clear(b.terms)
		b.docs, b.terms = b.docs[:0], b.terms[:0]
		batches.Put(b)
	}
}

// settle adds what has arrived before it is called, if anything has.
func (x *Index) settle() {
	if x.arrived.count.Load() == 0 {
		return
	}
	x.adding.Lock()
	defer x.adding.Unlock()
	x.arrive()
}

// arrive adds all that have arrived, and returns how many.
//
// +checklocks:x.adding
func (x *Index) arrive() int {
	b := x.arrived.take()
	if b == nil {
		return 0
	}
	n := len(b.docs)
	x.insert(b.docs)
	x.arrived.added(b)
	return n
}
