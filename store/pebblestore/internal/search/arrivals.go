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
	maxArrivals = 256
)

// arrivals are memories that Add was called with and that are not in the memtable yet. Whoever holds adding adds all that have
// arrived, and the callers that brought them do not wait for it: so many callers of Add do not hand a lock to each
// other, and what the processor has in its cache of the index stays with one of them.
type arrivals struct {
	// count is how many there are, those included that are being added.
	count atomic.Int64

	mu sync.Mutex
	// +checklocks:mu
	batch batch
	// spare is an empty batch, whose memory is used for the next one.
	// +checklocks:mu
	spare batch
}

// batch are memories, with their terms one after another.
type batch struct {
	docs  []Doc
	terms []Term
}

// add copies memories, and returns how many are waiting.
func (a *arrivals) add(docs []Doc) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, d := range docs {
		from := len(a.batch.terms)
		a.batch.terms = append(a.batch.terms, d.Terms...)
		d.Terms = a.batch.terms[from:]
		a.batch.docs = append(a.batch.docs, d)
	}
	return int(a.count.Add(int64(len(docs))))
}

// take returns what has arrived.
func (a *arrivals) take() batch {
	a.mu.Lock()
	defer a.mu.Unlock()
	b := a.batch
	a.batch, a.spare = a.spare, batch{}
	return b
}

// added ends the use of a batch, whose memories are in the memtable now.
func (a *arrivals) added(b batch) {
	a.count.Add(-int64(len(b.docs)))
	const most = 1 << 15 // terms of a batch that is used again
	if cap(b.terms) > most {
		return
	}
	clear(b.docs)
	clear(b.terms)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.spare = batch{b.docs[:0], b.terms[:0]}
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
	if len(b.docs) > 0 {
		x.insert(b.docs)
		x.arrived.added(b)
	}
	return len(b.docs)
}
