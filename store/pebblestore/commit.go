package pebblestore

import (
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

const (
	// refreshDelay is how long a refresh may wait to be written: half of the second that is promised,
	// so that a slow sync still keeps the promise.
	refreshDelay = 500 * time.Millisecond
	// maxBatch bounds the bytes of one batch, so that a flood of large memories does not make one
	// commit that everybody waits for.
	maxBatch = 8 << 20
	// maxFree is how many batches are kept to be used again: one each that is formed, written, synced.
	maxFree = 3
	// maxRetained is the largest batch that is kept to be used again.
	maxRetained = 2 << 20
)

// committer gathers the changes of concurrent callers into batches with one sync each. Two goroutines
// carry it: form writes batches, finish waits for their sync, publishes and answers, in order.
type committer struct {
	s       *Store
	pending pending
	// wake has room for one signal: there may be something to do.
	wake chan struct{}

	// journal and policies are how far the journal and the list of policies are written. Only form
	// uses them; they are set before it starts, as callers may add a policy before it runs.
	journal  journal
	policies int

	// written goes from form to finish. It has no room: while finish waits for the sync of one batch the
	// next is written, which the database syncs as soon as it can, and those that come then gather for
	// the one after. More on their way made batches smaller and gained nothing, at 64 callers or 1,000.
	written chan *written
	// free holds batches to use again: they have grown to what a commit needs.
	free chan *pebble.Batch
	wg   sync.WaitGroup
}

// written is a batch that waits for its sync.
type written struct {
	batch    *pebble.Batch
	group    *group // nil where the batch holds refreshes alone
	empty    bool   // nothing was written
	position uint64 // of the newest event up to here
	begin    time.Time
}

func newCommitter(s *Store) *committer {
	return &committer{
		s: s, wake: make(chan struct{}, 1), written: make(chan *written), free: make(chan *pebble.Batch, maxFree),
		journal: journal{blocks: map[string]*block{}},
	}
}

// start begins where the store, which has been read, ends.
func (c *committer) start() {
	c.journal.position = c.s.published.Load()
	c.policies = len(c.s.policies.from(0))
	c.wg.Go(c.form)   // stop waits for it
	c.wg.Go(c.finish) // stop waits for it
}

// do makes ch, which is not empty, durable and visible, answers when it is, and lets go of it. The
// caller holds the gate, so the committer is not stopped before.
func (c *committer) do(ch *change) error {
	g, first, err := c.pending.add(ch)
	if err != nil {
		return err
	}
	if first {
		c.signal()
	}
	<-g.done
	if g.err != nil {
		return g.err // ch is not used again: the one that failed may still be reading it
	}
	err = ch.err
	ch.discard()
	return err
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
	c.pending.close()
	c.signal()
	c.wg.Wait()
}

// form writes batches until the committer is stopped and all is written.
func (c *committer) form() {
	defer close(c.written)
	refresh := time.NewTicker(refreshDelay)
	defer refresh.Stop()
	for last := false; !last; {
		var g *group
		var refreshes bool
		if g, last = c.pending.take(); g != nil || last {
			// Not only when there is nothing else to do: under load there always is.
			select {
			case <-refresh.C:
				refreshes = true
			default:
			}
		} else {
			select {
			case <-c.wake:
				continue
			case <-refresh.C:
				refreshes = true
			}
		}
		w := &written{batch: c.batch(), group: g, begin: time.Now()}
		err := c.fill(w, refreshes || last)
		w.empty = w.batch.Empty() // not later: the database takes what is in a large batch away
		select {
		case <-c.s.failed:
			// Those whose changes have failed have soiled their memories again, as if they were not made. They may be on
			// the disk all the same, and a refresh must not come after.
			return
		default:
		}
		if err == nil && !w.empty {
			err = c.s.db.ApplyNoSyncWait(w.batch, pebble.Sync)
		}
		if err != nil {
			c.s.fail(err)
			return
		}
		if w.empty && g == nil { // a tick, or the end, with nothing refreshed
			c.recycle(w.batch)
			continue
		}
		select {
		case c.written <- w:
		case <-c.s.failed:
			return
		}
	}
}

func (c *committer) batch() *pebble.Batch {
	select {
	case b := <-c.free:
		return b
	default:
		return c.s.db.NewBatch(pebble.WithMaxRetainedSizeBytes(maxRetained))
	}
}

func (c *committer) recycle(b *pebble.Batch) {
	b.Reset()
	select {
	case c.free <- b:
	default: // there are enough
	}
}

// fill puts a group, new policies and, where refreshes is set, the refreshed figures into the batch.
func (c *committer) fill(w *written, refreshes bool) error {
	if refreshes {
		// First, so that what a change below says of the same memory wins.
		if err := c.s.writeRefreshes(w.batch); err != nil {
			return err
		}
	}
	c.s.space.look()
	if w.group != nil {
		if err := c.fillGroup(w.batch, w.group.changes); err != nil {
			return err
		}
	}
	w.position = c.journal.position
	for _, p := range c.s.policies.from(c.policies) {
		if err := w.batch.Set(policyKey(uint16(c.policies)), []byte(p.String()), nil); err != nil {
			return err
		}
		c.policies++
	}
	return nil
}

// fillGroup puts those changes into the batch that there is room for. All figures come first: the database takes
// keys in faster that come in their order, and no two changes of a group are of one memory.
func (c *committer) fillGroup(b *pebble.Batch, changes []*change) error {
	for _, ch := range changes {
		ch.err = c.s.space.admit(ch)
	}
	for _, write := range [...]func(*change) error{
		func(ch *change) error { return ch.writeRecords(b, true) },
		func(ch *change) error { return ch.writeRecords(b, false) },
		func(ch *change) error { return ch.writeEvents(b, &c.journal) },
	} {
		for _, ch := range changes {
			if ch.err != nil {
				continue
			}
			if err := write(ch); err != nil {
				return err
			}
		}
	}
	return c.journal.flush(b)
}

// finish waits for the sync of each batch, publishes its changes together and answers.
func (c *committer) finish() {
	for w := range c.written {
		if !w.empty { // else all of it was refused
			if err := w.batch.SyncWait(); err != nil {
				c.s.fail(err)
				return
			}
		}
		c.recycle(w.batch)
		if w.group == nil {
			continue
		}
		if !c.pending.land() {
			return
		}
		x := c.s.index
		x.mu.Lock()
		for _, ch := range w.group.changes {
			if ch.err == nil {
				ch.apply(x)
			}
		}
		// With the index still locked: who sees a change sees its journal entry.
		c.s.published.Store(w.position)
		x.mu.Unlock()
		c.s.journaled.Fire()
		n := len(w.group.changes) // the callers use the changes again once they are answered
		w.group.answer(nil)
		if c.s.onCommit != nil {
			c.s.onCommit(n, time.Since(w.begin))
		}
	}
}
