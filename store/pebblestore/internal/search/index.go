package search

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/sigil-dna/sigil"
)

// Doc is what is indexed of a memory.
type Doc struct {
	ID sigil.ID
	// Ref is returned with the memory. It is for a caller that finds its own entry by it.
	Ref uint32
	// Terms are the memory's terms, each once. Counts above 65,535 count as that. Terms longer than 1,024 bytes are
	// left out.
	Terms []Term
	// Length is the number of words for BM25, which is not always the sum of the counts. It is at most 65,535:
	// longer memories count as that.
	Length int
}

// Term is a term of a memory, and how often it occurs there.
type Term struct {
	Text  string
	Count int
}

// Index is the word index of one tenant. [New] makes one.
type Index struct {
	arrived arrivals

	// taking is set while a call of Add takes what has arrived. Other calls leave it to that one.
	taking atomic.Bool
	// merging is set while a call of Add merges. Other calls leave it to that one.
	merging atomic.Bool

	// adding is held by what adds memories to the memtable or seals it, so that only one call does. It is locked before the others.
	adding sync.Mutex
	// +checklocks:adding
	// +checklocks:mu
	lookups lookups

	// work is held by calls that merge, so that only one of them does. Others use what is sealed, so that they do not
	// wait for it. It is locked before mu.
	work sync.Mutex
	// merges are those that have been begun.
	// +checklocks:work
	merges []*merge
	// changed is whether segments have changed since it was asked what is due.
	changed atomic.Bool
	// owed is the work on merges, in postings, that is due for what was added.
	owed atomic.Int64

	mu sync.RWMutex
	// +checklocks:mu
	vocabulary vocabulary
	// young holds the newest memories.
	// +checklocks:mu
	young *memtable
	// segments holds all others. The slice is replaced, and never changed.
	// +checklocks:mu
	segments []*segment
	// docs counts the memories of all segments and young, dead ones included, and length their words.
	// +checklocks:mu
	docs int
	// +checklocks:mu
	length uint64
	// +checklocks:mu
	live int
}

// New returns an empty index.
func New() *Index {
	return &Index{vocabulary: newVocabulary(), young: newMemtable()}
}

// holdStep is how many memories are added or removed during one hold of the lock, for which searches wait.
const holdStep = 16

// Add adds memories, whose ids must not be in the index. A search that begins after Add has returned finds them.
func (x *Index) Add(docs ...Doc) {
	x.Queue(docs...)
	postings := 0
	for i := range docs {
		postings += len(docs[i].Terms)
	}
	x.Work(postings)
}

// Queue is Add without the work that can wait until the caller has time for it: that of [Index.Work].
func (x *Index) Queue(docs ...Doc) {
	switch {
	case len(docs) == 0:
	case len(docs) >= addShare:
		x.addNow(docs)
	case x.arrived.add(docs) > maxArrivals:
		x.settle() // which waits
	}
}

// Work does what is due after memories with so many postings were queued: it adds what is queued, and then does the share of merging
// that is due. If another call is at it, that one does it for this one, or the next search does.
func (x *Index) Work(postings int) {
	if x.arrived.count.Load() > 0 {
		for n, done := 1, 0; n > 0 && done < addShare; done += n {
			n = x.tryArrive()
		}
	}
	x.pay(postings)
}

func (x *Index) addNow(docs []Doc) {
	x.adding.Lock()
	defer x.adding.Unlock()
	x.insert(docs)
}

// tryArrive adds what has arrived, unless another call of Add does, and returns how many it has added.
func (x *Index) tryArrive() int {
	if !x.taking.CompareAndSwap(false, true) {
		return 0
	}
	defer x.taking.Store(false)
	x.adding.Lock()
	defer x.adding.Unlock()
	return x.arrive()
}

// insert adds memories to the memtable, and seals it each time it is full.
//
// +checklocks:x.adding
func (x *Index) insert(docs []Doc) {
	x.reset()
	postings := 0
	for len(docs) > 0 {
		n, full := x.add(docs[:min(holdStep, len(docs))])
		for _, d := range docs[:n] {
			postings += len(d.Terms)
		}
		if docs = docs[n:]; full {
			x.seal()
		}
	}
	x.owed.Add(int64(postings * mergePace))
}

// add adds memories until the memtable is full. It returns how many it has added.
//
// +checklocks:x.adding
func (x *Index) add(docs []Doc) (n int, full bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for n < len(docs) && !full {
		before := x.young.length
		x.young.add(&x.vocabulary, &docs[n], &x.lookups)
		x.length += x.young.length - before
		x.docs++
		x.live++
		n++
		full = x.young.full()
	}
	return n, full
}

// Remove removes memories, and returns how many of them were in the index. A search that begins after Remove has returned does
// not find them. Their space is released when they are merged, or with the last memory.
func (x *Index) Remove(ids ...sigil.ID) int { return x.RemoveEach(ids, func(sigil.ID, uint32) {}) }

// RemoveEach is Remove. It calls gone with each memory that was in the index, and the Ref of its [Doc], once it is not found
// any more.
func (x *Index) RemoveEach(ids []sigil.ID, gone func(id sigil.ID, ref uint32)) int {
	x.settle()
	n := 0
	var removed [16 * holdStep]Hit
	for len(ids) > 0 {
		step := ids[:min(len(removed), len(ids))]
		ids = ids[len(step):]
		all := x.remove(step, removed[:0])
		for i := range all {
			gone(all[i].ID, all[i].Ref)
		}
		n += len(all)
	}
	return n
}

// remove removes memories and appends those that were in the index.
func (x *Index) remove(ids []sigil.ID, removed []Hit) []Hit {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, id := range ids {
		if s, doc, ok := find(x.segments, id); ok {
			s.kill(doc)
			s.deaths.Add(1)
			removed = append(removed, Hit{ID: id, Ref: s.refs[doc]})
		} else if doc, ok := x.young.find(id); ok {
			x.young.kill(doc)
			removed = append(removed, Hit{ID: id, Ref: x.young.refs[doc]})
		}
	}
	x.live -= len(removed)
	return removed
}

// find returns the place of a memory that is alive.
func find(segments []*segment, id sigil.ID) (s *segment, doc uint32, ok bool) {
	for _, s := range segments {
		if doc, ok := s.find(id); ok {
			return s, doc, true
		}
	}
	return nil, 0, false
}

// Has reports whether a memory is in the index.
func (x *Index) Has(id sigil.ID) bool {
	x.settle()
	x.mu.RLock()
	defer x.mu.RUnlock()
	if _, _, ok := find(x.segments, id); ok {
		return true
	}
	_, ok := x.young.find(id)
	return ok
}

// Len returns the number of memories.
func (x *Index) Len() int {
	x.settle()
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.live
}

// Stats is what an index holds.
type Stats struct {
	Memories int // that can be found
	Dead     int // that were removed, but still take space
	Terms    int // different ones, of both
	Segments int // besides the memtable
	Bytes    int // about how much memory all of it takes, without merges under way
}

// Stats returns what the index holds.
func (x *Index) Stats() Stats {
	x.settle()
	x.mu.RLock()
	defer x.mu.RUnlock()
	s := Stats{Memories: x.live, Dead: x.docs - x.live, Terms: x.vocabulary.len(), Segments: len(x.segments)}
	s.Bytes = x.vocabulary.bytes() + x.young.bytes() + 8*cap(x.young.postings) + 12*cap(x.young.lists)
	for _, segment := range x.segments {
		s.Bytes += segment.bytes()
	}
	return s
}

// reset begins anew if all memories are dead.
//
// +checklocks:x.adding
func (x *Index) reset() {
	if !x.lifeless() {
		return
	}
	x.work.Lock()
	defer x.work.Unlock()
	x.mu.Lock()
	defer x.mu.Unlock()
	x.merges = nil
	x.vocabulary, x.young, x.segments = newVocabulary(), newMemtable(), nil
	x.docs, x.length = 0, 0
}

// lifeless reports whether there are memories, but only dead ones.
func (x *Index) lifeless() bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.live == 0 && x.docs > 0
}

// seal makes a segment of the memtable.
//
// +checklocks:x.adding
func (x *Index) seal() {
	young := x.memtable()
	sealed, numbers, drops := young.seal()

	x.mu.Lock()
	young.carry(numbers, sealed)
	for _, l := range young.lists {
		x.vocabulary.at(l.term).list = 0
	}
	x.replace(nil, sealed)
	x.docs -= len(young.ids)
	x.length -= young.length
	x.young = newMemtable()
	x.mu.Unlock()

	x.release(drops)
	x.changed.Store(true)
}

// memtable returns a copy of young that can be read without mu.
//
// +checklocks:x.adding
func (x *Index) memtable() memtable {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return *x.young
}

// replace puts a segment in the place of others. A segment without memories is left out. Segments are in the order of their
// newest memories, newest first.
//
// +checklocks:x.mu
func (x *Index) replace(old []*segment, by *segment) {
	kept := make([]*segment, 0, len(x.segments)+1)
	for _, s := range x.segments {
		if slices.Contains(old, s) {
			x.docs -= len(s.ids)
			x.length -= s.length
		} else {
			kept = append(kept, s)
		}
	}
	if len(by.ids) > 0 {
		kept = append(kept, by)
		x.docs += len(by.ids)
		x.length += by.length
	}
	slices.SortStableFunc(kept, func(a, b *segment) int { return newer(a.ids[0], b.ids[0]) })
	x.segments = kept
}

// releaseStep is how many terms are released during one hold of the lock.
const releaseStep = 1024

// release takes postings that were left out from the document frequencies.
func (x *Index) release(drops []drop) {
	for len(drops) > 0 {
		step := drops[:min(releaseStep, len(drops))]
		drops = drops[len(step):]
		x.releaseSome(step)
	}
}

func (x *Index) releaseSome(drops []drop) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, d := range drops {
		x.vocabulary.release(d.term, d.n)
	}
}
