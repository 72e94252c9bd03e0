package pebblestore

import (
	"runtime"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil/store/pebblestore/internal/index"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

const (
	// refreshDelay is how long a refresh may wait to be written: half of the second that is promised,
	// so that a slow sync still keeps the promise.
	refreshDelay = 500 * time.Millisecond
	// maxBatch bounds the bytes of one batch, so that a flood of large memories does not make one
	// commit that everybody waits for.
	maxBatch = 8 << 20
	// maxRetained is the most room that a batch keeps for the next.
	maxRetained = 2 << 20
)

// committer gathers the changes of concurrent callers into batches with one sync each. One goroutine writes a
// batch, waits for its sync, publishes and answers. Batches that are written while others sync are smaller, so
// that there are more of them, and more to do for each change.
type committer struct {
	s       *Store
	pending pending
	// wake has room for one signal: there may be something to do.
	wake chan struct{}

	// journal and policies are how far the journal and the list of policies are written. Only run
	// uses them; they are set before it starts, as callers may add a policy before it runs.
	journal  journal
	policies int
	effects  []*index.Change // of one group; the slice is reused for the next

	wg sync.WaitGroup
}

func newCommitter(s *Store) *committer {
	return &committer{s: s, wake: make(chan struct{}, 1), journal: journal{blocks: map[string]*block{}}}
}

// start begins at the end of the store, which has been read.
func (c *committer) start() {
	c.journal.position = c.s.index.Position()
	c.policies = len(c.s.policies.From(0))
	c.wg.Go(c.run) // stop waits for it
}

// do makes ch, which is not empty, durable and visible, answers when it is, and releases it. The
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
		return g.err // ch is not reused: the goroutine that failed may still be reading it
	}
	err = ch.err
	ch.discard()
	return err
}

// signal wakes run.
func (c *committer) signal() {
	select {
	case c.wake <- struct{}{}:
	default: // it has a signal waiting
	}
}

// stop writes what is queued and refreshed, and ends the goroutine.
func (c *committer) stop() {
	c.pending.close()
	c.signal()
	c.wg.Wait()
}

// run writes batches until the committer is stopped and all is written, or the disk fails.
func (c *committer) run() {
	refresh := time.NewTicker(refreshDelay)
	defer refresh.Stop()
	batch := c.s.db.NewBatch(pebble.WithMaxRetainedSizeBytes(maxRetained))
	for last := false; !last; {
		var g *group
		var refreshes bool
		c.gather()
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
			case <-c.s.failed:
				return
			}
		}
		if !c.write(batch, g, refreshes || last) {
			// Those whose changes have failed have soiled their memories again, as if they were not made. They may be on
			// the disk all the same, and a refresh must not come after.
			return
		}
		batch.Reset()
	}
}

// gather yields the processor as long as that brings more changes. Callers that were answered together send their next
// changes together; without gather, the first of these would get a sync of its own, and the others would wait for it.
func (c *committer) gather() {
	for before, n := 0, c.pending.count(); n > before; before, n = n, c.pending.count() {
		runtime.Gosched()
	}
}

// write makes a group durable, with new policies and, if refreshes is set, the refreshed figures. Then it publishes
// the group's changes together and answers the callers. The group may be nil. write returns false once the disk has
// failed.
func (c *committer) write(batch *pebble.Batch, g *group, refreshes bool) bool {
	begin := time.Now()
	err := c.fill(batch, g, refreshes)
	position := c.journal.position
	if err == nil && !batch.Empty() { // else nothing was refreshed, or all of it refused
		err = c.s.db.Apply(batch, pebble.Sync)
	}
	if err != nil {
		c.s.fail(err)
		return false
	}
	if g == nil {
		return true
	}
	if !c.pending.land() {
		return false
	}
	c.publish(g, position)
	c.s.journaled.Fire()
	n := len(g.changes) // the callers use the changes again once they are answered
	g.answer(nil)
	if c.s.onCommit != nil {
		c.s.onCommit(n, time.Since(begin))
	}
	return true
}

// publish makes the changes of a group that were made visible.
func (c *committer) publish(g *group, position uint64) {
	effects := c.effects[:0]
	for _, ch := range g.changes {
		if ch.err != nil {
			continue
		}
		effects = append(effects, &ch.effect)
	}
	c.s.index.Apply(g.leaving, effects, position)
	clear(effects) // the callers use the changes again
	c.effects = effects
}

// fill puts a group, new policies and, if refreshes is set, the refreshed figures into the batch.
func (c *committer) fill(batch *pebble.Batch, g *group, refreshes bool) error {
	if refreshes {
		// First, so that a change of the same memory below wins.
		if err := c.s.writeRefreshes(batch); err != nil {
			return err
		}
	}
	c.s.folder.Space.Look()
	if g != nil {
		if err := c.fillGroup(batch, g); err != nil {
			return err
		}
	}
	for _, p := range c.s.policies.From(c.policies) {
		if err := batch.Set(layout.PolicyKey(uint16(c.policies)), []byte(p.StoredForm()), nil); err != nil {
			return err
		}
		c.policies++
	}
	return nil
}

// fillGroup puts those changes into the batch that there is room for. What leaves comes first, see writeLeaving; then
// all figures: the database takes keys in faster that come in their order, and no two changes of a group are of one
// memory.
func (c *committer) fillGroup(b *pebble.Batch, g *group) error {
	for _, ch := range g.changes {
		ch.err = c.s.folder.Space.Admit(ch.grows)
		if ch.err == nil && ch.trimmed > 0 {
			// Now: the database shows a deletion before its sync has returned, and a reader must not miss the entries silently.
			c.s.trimmed.Store(ch.trimmed)
		}
	}
	g.leaving = leaving(g.changes)
	if err := c.s.writeLeaving(b, g.leaving); err != nil {
		return err
	}
	for _, write := range [...]func(*change) error{
		func(ch *change) error { return ch.writeRecords(b, true) },
		func(ch *change) error { return ch.writeRecords(b, false) },
		func(ch *change) error { return ch.writeEvents(b, &c.journal) },
	} {
		for _, ch := range g.changes {
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
