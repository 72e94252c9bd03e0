package pebblestore

import (
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/index"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// change is what one caller wants to be durable, and what to do to the index once it is. It is used once: created by
// newChange, filled, and passed to do or discard.
type change struct {
	arena   []byte        // the bytes of records and events, one after another
	records []put         // to set and delete
	events  []journaled   // to journal, after the records
	leaving []index.Place // to delete, before the records and in the index before effect
	effect  index.Change  // on the index, when the change is durable
	trimmed uint64        // the position up to which the change drops the journal, or 0
	grows   bool          // the store: it is refused first when the disk fills
	err     error         // of this one alone: it was refused; set before its group is answered

	// buffers for one memory, the most common size of a change. Together with the rest of the change they fit in a few
	// cache lines, which matters to the committer: it gathers up to a thousand changes, each written by another
	// processor.
	room struct {
		records [2]put
		events  [1]journaled
		entries [1]index.Entry
	}
}

// put is a key and its value in the arena; a deleted one has no value. A ranged one deletes from the key to
// before the value.
type put struct {
	key, value, end int
	deleted, ranged bool
}

// journaled is an event and where its record is. The position is set when the event is written.
type journaled struct {
	event    *sigil.Event
	from, to int
}

// maxArena is the largest arena that is kept for the next change.
const maxArena = 64 << 10

var changes = sync.Pool{New: func() any {
	ch := new(change)
	ch.clear()
	return ch
}}

func newChange() *change {
	return changes.Get().(*change) //nolint:forcetypeassert // nothing else is put there
}

// discard releases a change that is not made, or has been.
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

// reserve makes room for items, so that what many of them come to is not copied as it grows.
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

// begin starts a record: what is added to the arena from here to end is its value.
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

// writeRecords puts records into a batch: those with memories' figures, or the others.
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

// writeEvents puts the events into the journal of a batch.
func (ch *change) writeEvents(b *pebble.Batch, j *journal) error {
	for _, e := range ch.events {
		if err := j.add(b, e.event, ch.arena[e.from:e.to]); err != nil {
			return err
		}
	}
	return nil
}

// pending holds the changes that are not answered yet, in groups that are written, synced and
// answered together.
type pending struct {
	// mu also guards the changes and size of those groups that wait.
	mu sync.Mutex
	// +checklocks:mu
	waiting []*group // to be written; the last one takes new changes until it is full
	// +checklocks:mu
	flying *group // on its way to the disk, or nil
	// +checklocks:mu
	closed bool
	// +checklocks:mu
	failure error
	// +checklocks:mu
	usual int // changes of the last group: the next one is likely to get as many
}

// group is the changes of one batch.
type group struct {
	changes []*change
	size    int           // bytes of changes
	leaving []index.Place // with the changes that are made; set as they are written
	done    chan struct{} // closed when the group is answered
	err     error         // the answer; set before done is closed
}

func (g *group) answer(err error) {
	g.err = err
	close(g.done)
}

// add queues a change and returns its group; first is set if the group is new, and the committer must be woken for it.
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

// count returns how many changes the group to be written next has.
func (p *pending) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) == 0 {
		return 0
	}
	return len(p.waiting[0].changes)
}

// take returns the group to be written next, or nil, and whether nothing comes after it.
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

// land takes the flying group, which is durable, out of fail's reach; false if fail was first, and has
// answered it.
func (p *pending) land() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failure != nil {
		return false
	}
	p.flying = nil
	return true
}

// close notes that nothing more comes.
func (p *pending) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
}

// fail answers all that is pending, and all that is to come, with err.
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
