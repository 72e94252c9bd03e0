package pebblestore

import (
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/index"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/search"
)

// change is what one caller wants to make durable, and its effect on the index after that. It is used once:
// newChange creates it, the caller fills it, and do or discard releases it.
type change struct {
	arena    []byte          // bytes of records and events, one after another
	records  []put           // records to set and delete
	events   []journaled     // events to journal, after the records
	leaving  []index.Place   // places to delete; before the records, and in the index before effect
	removals []removal       // those of leaving that can be restored
	effect   index.Change    // applied to the index when the change is durable
	trimmed  uint64          // the position up to which the change trims the journal, or 0
	unique   []index.Content // refused with errTaken if a live memory may have one of them
	grows    bool            // the change grows the store: it is refused first when the disk fills up
	err      error           // of this change alone: it was refused; set before its group is answered

	// searched, if not nil, is the index that has work to do while the change is written, for so many postings.
	searched *search.Index
	postings int

	// room has buffers for one memory, the most common size of a change. Together with the rest of the change,
	// they fit in a few cache lines. That matters to the committer, which gathers up to a thousand changes,
	// each written by another processor.
	room struct {
		records [2]put
		events  [1]journaled
		entries [1]index.Entry
	}
}

// put is a key and its value in the arena. A deleted one has no value. A ranged one deletes from key up to,
// but not including, value.
type put struct {
	key, value, end int
	deleted, ranged bool
}

// journaled is an event and the position of its record in the arena. The event's journal position is set when
// it is written.
type journaled struct {
	event    *sigil.Event
	from, to int
}

// maxArena is the maximum size of an arena that is kept for the next change.
const maxArena = 64 << 10

var changes = sync.Pool{New: func() any {
	ch := new(change)
	ch.clear()
	return ch
}}

func newChange() *change {
	return changes.Get().(*change) //nolint:forcetypeassert // nothing else is put there
}

// discard releases a change, made or not.
func (ch *change) discard() {
	if cap(ch.arena) > maxArena {
		return // a large one is not kept
	}
	ch.clear()
	changes.Put(ch)
}

// clear empties the change and keeps its arena.
func (ch *change) clear() {
	*ch = change{arena: ch.arena[:0]}
	ch.records, ch.events = ch.room.records[:0], ch.room.events[:0]
	ch.effect.Entries, ch.effect.Ends = ch.room.entries[:0], index.Never
}

// reserve grows the buffers for items, so that the contents of many items are not copied as the buffers grow.
func (ch *change) reserve(items []store.Item) {
	const each = 256 // bytes of records, keys and event, in addition to the data
	size := each * len(items)
	for i := range items {
		size += len(items[i].Memory.Data)
	}
	ch.arena = slices.Grow(ch.arena, size)
	ch.records = slices.Grow(ch.records, 2*len(items))
	ch.events = slices.Grow(ch.events, len(items))
	ch.effect.Entries = slices.Grow(ch.effect.Entries, len(items))
}

// begin starts a record. Its value is everything that is added to the arena until end is called.
func (ch *change) begin(key []byte) {
	r := put{key: len(ch.arena), value: len(ch.arena) + len(key)}
	ch.arena = append(ch.arena, key...)
	ch.records = append(ch.records, r)
}

func (ch *change) end() { ch.records[len(ch.records)-1].end = len(ch.arena) }

func (ch *change) set(key, value []byte) {
	ch.begin(key)
	ch.arena = append(ch.arena, value...)
	ch.end()
}

func (ch *change) remove(key []byte) {
	ch.set(key, nil)
	ch.records[len(ch.records)-1].deleted = true
}

func (ch *change) removeRange(from, to []byte) {
	ch.set(from, to)
	ch.records[len(ch.records)-1].ranged = true
}

func (ch *change) empty() bool { return len(ch.records)+len(ch.events) == 0 }

// writeRecords adds records to a batch: those with memories' figures, or the others.
func (ch *change) writeRecords(b *pebble.Batch, figures bool) error {
	for _, r := range ch.records {
		key, value := ch.arena[r.key:r.value], ch.arena[r.value:r.end]
		if (key[0] == layout.MetaFamily) != figures {
			continue
		}
		var err error
		switch {
		case r.deleted:
			err = b.Delete(key, nil)
		case r.ranged:
			err = b.DeleteRange(key, value, nil)
		default:
			err = b.Set(key, value, nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// writeEvents adds the events to the journal of a batch.
func (ch *change) writeEvents(b *pebble.Batch, j *journal) error {
	for _, e := range ch.events {
		if err := j.add(b, e.event, ch.arena[e.from:e.to]); err != nil {
			return err
		}
	}
	return nil
}

// pending holds the changes that are not answered yet, in groups that are written, synced and answered
// together.
type pending struct {
	// mu also guards the changes and size of the waiting groups.
	mu sync.Mutex
	// +checklocks:mu
	waiting []*group // not written yet; the last one takes new changes until it is full
	// +checklocks:mu
	flying *group // the group that is being written to disk, or nil
	// +checklocks:mu
	closed bool
	// +checklocks:mu
	failure error
	// +checklocks:mu
	usual int // number of changes in the last group: the next one is likely to get as many
}

// group has the changes of one batch.
type group struct {
	changes []*change
	size    int           // bytes of changes
	leaving []index.Place // the deletions of all changes that are made; set when they are written
	done    chan struct{} // closed when the group is answered
	err     error         // the answer; set before done is closed
}

func (g *group) answer(err error) {
	g.err = err
	close(g.done)
}

// add queues a change and returns its group. first is set if the group is new; then the committer must be
// woken.
func (p *pending) add(ch *change) (g *group, first bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failure != nil {
		return nil, false, p.failure
	}
	if n := len(p.waiting); n > 0 && p.waiting[n-1].size < maxBatch {
		g = p.waiting[n-1]
	} else {
		g, first = &group{changes: make([]*change, 0, p.usual), done: make(chan struct{})}, true
		p.waiting = append(p.waiting, g)
	}
	g.changes = append(g.changes, ch)
	g.size += len(ch.arena)
	return g, first, nil
}

// count returns the number of changes in the next group to be written.
func (p *pending) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) == 0 {
		return 0
	}
	return len(p.waiting[0].changes)
}

// take returns the next group to be written, or nil. last is set if no group can follow.
func (p *pending) take() (g *group, last bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) > 0 {
		g = p.waiting[0]
		p.waiting = p.waiting[1:]
		p.flying = g
		p.usual = len(g.changes)
	}
	return g, p.closed && len(p.waiting) == 0
}

// land ends the writing of the flying group, which is durable, so that fail no longer answers it. It returns
// false if fail has answered it already.
func (p *pending) land() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failure != nil {
		return false
	}
	p.flying = nil
	return true
}

// close means that no change follows.
func (p *pending) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
}

// fail answers all pending changes, and all later ones, with err.
func (p *pending) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failure = err
	if p.flying != nil {
		p.flying.answer(err)
	}
	for _, g := range p.waiting {
		g.answer(err)
	}
	p.flying, p.waiting = nil, nil
}
