package pebblestore

import (
	"encoding/binary"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
)

const (
	// refreshDelay is how long a refresh may wait to be written: half of the second that is promised,
	// so that a slow sync still keeps the promise.
	refreshDelay = 500 * time.Millisecond
	// maxBatch bounds the bytes of one batch, so that a flood of large memories does not make one
	// commit that everybody waits for.
	maxBatch = 8 << 20
	// inFlight is how many batches may be on their way to the disk: while one syncs the next are formed
	// and written, and share the sync after it. Two or three leave callers waiting for a sync more; over
	// ten gains nothing.
	inFlight = 10
	// maxFree is how many batches are kept to be used again, none of over a quarter of maxBatch.
	maxFree = 4
)

// change is what one caller wants to be durable, and what to do to the index once it is. It is used
// once: made by newChange, filled, and given to do or discard.
type change struct {
	arena   []byte         // the bytes of records and events, one after another
	records []record       // to set and delete
	events  []journaled    // to journal, after the records
	publish func(x *index) // runs with the index locked, when the change is durable; may be nil
	tenant  string         // of entries
	entries []*entry       // to put into the index after publish
	done    chan error     // gets one answer
	scratch []byte         // to encode a value in, before it is copied to the arena
}

// record is a key and its value in the arena; a deleted one has no value.
type record struct {
	key, value, end int
	deleted         bool
}

// journaled is an event, which gets its position when it is written, and where its record is.
type journaled struct {
	event    *sigil.Event
	from, to int
}

// maxScratch is the largest scratch that is kept for the next change.
const maxScratch = 64 << 10

var changes = sync.Pool{New: func() any { return &change{done: make(chan error, 1)} }}

func newChange() *change {
	return changes.Get().(*change) //nolint:forcetypeassert // nothing else is put there
}

// discard lets go of a change that is not made, or has been.
func (ch *change) discard() {
	done := ch.done
	clear(ch.events)
	clear(ch.entries)
	if cap(ch.arena)+cap(ch.scratch) > maxScratch {
		*ch = change{done: done} // a large one is not kept
	} else {
		*ch = change{
			arena: ch.arena[:0], records: ch.records[:0], events: ch.events[:0],
			entries: ch.entries[:0], done: done, scratch: ch.scratch[:0],
		}
	}
	changes.Put(ch)
}

func (ch *change) set(key, value []byte) {
	r := record{key: len(ch.arena), value: len(ch.arena) + len(key)}
	ch.arena = append(append(ch.arena, key...), value...)
	r.end = len(ch.arena)
	ch.records = append(ch.records, r)
}

func (ch *change) remove(key []byte) {
	ch.set(key, nil)
	ch.records[len(ch.records)-1].deleted = true
}

// apply makes the change visible. The index is locked for writing.
func (ch *change) apply(x *index) {
	if ch.publish != nil {
		ch.publish(x)
	}
	if len(ch.entries) > 0 {
		t := x.tenant(ch.tenant) // looked up now: what publish removed may have taken the tenant along
		for _, e := range ch.entries {
			x.insert(t, e)
		}
	}
}

func (ch *change) empty() bool { return len(ch.records)+len(ch.events) == 0 }

// write puts records and events into a batch, the events after position, and gives the newest.
func (ch *change) write(b *pebble.Batch, position uint64) (uint64, error) {
	for _, r := range ch.records {
		var err error
		if key := ch.arena[r.key:r.value]; r.deleted {
			err = b.Delete(key, nil)
		} else {
			err = b.Set(key, ch.arena[r.value:r.end], nil)
		}
		if err != nil {
			return position, err
		}
	}
	for _, j := range ch.events {
		position++
		j.event.Position = position
		if err := b.Set(journalKey(j.event.Memory.Tenant, position), ch.arena[j.from:j.to], nil); err != nil {
			return position, err
		}
	}
	return position, nil
}

// committer gathers the changes of concurrent callers into batches with one sync each. Two goroutines
// carry it: form writes batches, finish waits for their sync, publishes and answers, in order.
type committer struct {
	s *Store

	// mu guards queue, closed
	mu     sync.Mutex
	queue  []*change
	closed bool
	// wake has room for one signal: there may be something to do.
	wake chan struct{}

	// position and policies are how far the journal and the list of policies are written. Only form
	// uses them; they are set before it starts, as callers may add a policy before it runs.
	position uint64
	policies int

	written chan *written // from form to finish; its room is inFlight-1
	// free holds batches to use again: they have grown to what a commit needs.
	free chan *pebble.Batch
	wg   sync.WaitGroup
}

// written is a batch that waits for its sync.
type written struct {
	batch    *pebble.Batch
	changes  []*change
	position uint64 // of the newest event up to here
	begin    time.Time
}

func startCommitter(s *Store) *committer {
	c := &committer{
		s: s, wake: make(chan struct{}, 1), written: make(chan *written, inFlight-1), free: make(chan *pebble.Batch, maxFree),
		position: s.published.Load(), policies: len(s.policies.from(0)),
	}
	c.wg.Go(c.form)   // stop waits for it
	c.wg.Go(c.finish) // stop waits for it
	return c
}

// do makes ch, which is not empty, durable and visible, answers when it is, and lets go of it. The
// caller holds the gate, so the committer is not stopped before.
func (c *committer) do(ch *change) error {
	c.mu.Lock()
	c.queue = append(c.queue, ch)
	c.mu.Unlock()
	c.signal()
	select {
	case err := <-ch.done:
		ch.discard()
		return err
	case <-c.s.failed:
		return c.s.failure()
	}
}

// signal wakes form.
func (c *committer) signal() {
	select {
	case c.wake <- struct{}{}:
	default: // it has a signal waiting
	}
}

// stop writes what is queued and refreshed, and ends both goroutines.
func (c *committer) stop() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.signal()
	c.wg.Wait()
}

// take gives what is queued, up to maxBatch bytes.
func (c *committer) take() (changes []*change, closed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, size := 0, 0
	for ; n < len(c.queue) && size < maxBatch; n++ {
		size += len(c.queue[n].arena)
	}
	changes = c.queue[:n:n]
	c.queue = c.queue[n:]
	return changes, c.closed && len(c.queue) == 0
}

// form writes batches until the committer is stopped and all is written.
func (c *committer) form() {
	defer close(c.written)
	refresh := time.NewTimer(refreshDelay)
	defer refresh.Stop()
	for closed := false; !closed; {
		refreshes := false
		select {
		case <-c.wake:
		case <-refresh.C:
			refreshes = true
			refresh.Reset(refreshDelay)
		}
		for {
			var changes []*change
			changes, closed = c.take()
			if len(changes) == 0 && !refreshes && !closed {
				break
			}
			w := &written{batch: c.batch(), changes: changes, begin: time.Now()}
			err := c.fill(w, refreshes || closed)
			refreshes = false
			if err == nil && !w.batch.Empty() {
				err = c.s.db.ApplyNoSyncWait(w.batch, pebble.Sync)
			}
			if err != nil {
				c.s.fail(err)
				return
			}
			if w.batch.Empty() { // a tick, or the end, with nothing refreshed
				c.recycle(w.batch)
			} else {
				select {
				case c.written <- w:
				case <-c.s.failed:
					return
				}
			}
			if closed {
				return
			}
		}
	}
}

func (c *committer) batch() *pebble.Batch {
	select {
	case b := <-c.free:
		return b
	default:
		return c.s.db.NewBatch(pebble.WithMaxRetainedSizeBytes(maxBatch / 4))
	}
}

func (c *committer) recycle(b *pebble.Batch) {
	b.Reset()
	select {
	case c.free <- b:
	default: // there are enough
	}
}

// fill puts changes, new policies and, where refreshes is set, the refreshed figures into the batch.
func (c *committer) fill(w *written, refreshes bool) error {
	if refreshes {
		// First, so that what a change below says of the same memory wins.
		if err := c.s.writeRefreshes(w.batch); err != nil {
			return err
		}
	}
	before := c.position
	for _, ch := range w.changes {
		var err error
		if c.position, err = ch.write(w.batch, c.position); err != nil {
			return err
		}
	}
	w.position = c.position
	if c.position != before {
		if err := w.batch.Set([]byte{positionFamily}, binary.BigEndian.AppendUint64(nil, c.position), nil); err != nil {
			return err
		}
	}
	for _, p := range c.s.policies.from(c.policies) {
		if err := w.batch.Set(policyKey(uint16(c.policies)), []byte(p.String()), nil); err != nil {
			return err
		}
		c.policies++
	}
	return nil
}

// finish waits for the sync of each batch, publishes its changes together and answers.
func (c *committer) finish() {
	for w := range c.written {
		if err := w.batch.SyncWait(); err != nil {
			c.s.fail(err)
			return
		}
		c.recycle(w.batch)
		x := c.s.index
		x.mu.Lock()
		for _, ch := range w.changes {
			ch.apply(x)
		}
		// With the index still locked: who sees a change sees its journal entry.
		c.s.published.Store(w.position)
		x.mu.Unlock()
		for _, ch := range w.changes {
			ch.done <- nil
		}
		if c.s.onCommit != nil && len(w.changes) > 0 {
			c.s.onCommit(len(w.changes), time.Since(w.begin))
		}
	}
}
