package pebblestore

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil/store/pebblestore/internal/index"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

const (
	// refreshDelay is how long a refresh may wait to be written. It is half of the promised second, so that a
	// slow sync still keeps the promise.
	refreshDelay = 500 * time.Millisecond
	// maxBatch limits the bytes of one batch, so that a flood of large memories does not become one commit
	// that all callers wait for.
	maxBatch = 8 << 20
	// maxRetained is the maximum size of the buffer that a batch keeps for the next one.
	maxRetained = 2 << 20
)

// committer gathers the changes of concurrent callers into batches with one sync each. One goroutine writes a
// batch, waits for its sync, publishes and answers. It does not write a batch while another one syncs:
// batches would be smaller and more numerous, and each change would cost more.
type committer struct {
	s       *Store
	pending pending
	// wake has a buffer for one signal, which means that there may be something to do.
	wake chan struct{}
	// refreshing asks for the pending refreshes to be written, and closes what it gets when they are durable.
	refreshing chan chan struct{}

	// journal and policies record how far the journal and the list of policies are written. Only run uses
	// them. They are set before it starts, since callers may add a policy before it runs.
	journal  journal
	policies int
	effects  []*index.Change // of one group; the slice is reused for the next
	arrivals arrivals        // of one group

	wg sync.WaitGroup
}

func newCommitter(s *Store) *committer {
	return &committer{s: s, wake: make(chan struct{}, 1), refreshing: make(chan chan struct{}), journal: journal{blocks: map[string]*block{}}}
}

// start starts the committer at the end of the store, which has been read.
func (c *committer) start() {
	c.journal.position = c.s.index.Position()
	c.policies = len(c.s.policies.From(0))
	c.wg.Go(c.run) // stop waits for it
}

// do makes ch, which must not be empty, durable and visible. It returns when that is done, and releases ch.
// The caller holds the gate, so the committer is not stopped before.
func (c *committer) do(ch *change) error {
	searched, postings := ch.searched, ch.postings
	g, first, err := c.pending.add(ch)
	if err != nil {
		return err
	}
	if first {
		c.signal()
	}
	if searched != nil {
		searched.Work(postings) // while the disk is at work
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
	default: // a signal is waiting already
	}
}

// refresh makes the refreshes of all recalls before it durable. The caller holds the gate.
func (c *committer) refresh(ctx context.Context) error {
	done := make(chan struct{})
	select {
	case c.refreshing <- done:
	case <-c.s.failed:
		return c.s.failure()
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-done:
		return nil
	case <-c.s.failed:
		return c.s.failure()
	}
}

// stop writes everything queued and refreshed, and ends the goroutine.
func (c *committer) stop() {
	c.pending.close()
	c.signal()
	c.wg.Wait()
}

// run writes batches until the committer is stopped and everything is written, or the disk fails.
func (c *committer) run() {
	refresh := time.NewTicker(refreshDelay)
	defer refresh.Stop()
	batch := c.s.db.NewBatch(pebble.WithMaxRetainedSizeBytes(maxRetained))
	for last := false; !last; {
		var g *group
		var refreshes bool
		var asked chan struct{}
		c.gather()
		if g, last = c.pending.take(); g != nil || last {
			// Check this even if there is a group to write: under load there always is one.
			select {
			case <-refresh.C:
				refreshes = true
			case asked = <-c.refreshing:
				refreshes = true
			default:
			}
		} else {
			select {
			case <-c.wake:
				continue
			case <-refresh.C:
				refreshes = true
			case asked = <-c.refreshing:
				refreshes = true
			case <-c.s.failed:
				return
			}
		}
		if !c.write(batch, g, refreshes || last) {
			// Callers whose changes failed have marked their memories dirty again. The changes may be on disk
			// all the same, so no refresh may be written after them.
			return
		}
		if asked != nil {
			close(asked)
		}
		batch.Reset()
	}
}

// gather yields the processor as long as that brings more changes. Callers that were answered together send
// their next changes together. Without gather, the first of these would get a sync of its own, and the others
// would wait for it.
func (c *committer) gather() {
	for before, n := 0, c.pending.count(); n > before; before, n = n, c.pending.count() {
		runtime.Gosched()
	}
}

// write makes a group durable, with new policies and, if refreshes is set, the refreshed figures. Then it
// publishes the group's changes together and answers the callers. The group may be nil. write returns false
// once the disk has failed.
func (c *committer) write(batch *pebble.Batch, g *group, refreshes bool) bool {
	begin := time.Now()
	err := c.fill(batch, g, refreshes)
	position := c.journal.position
	if err == nil && !batch.Empty() { // otherwise nothing was refreshed, or all changes were refused
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
	n := len(g.changes) // the callers reuse the changes once they are answered
	g.answer(nil)
	if c.s.onCommit != nil {
		c.s.onCommit(n, time.Since(begin))
	}
	return true
}

// publish makes the changes of a group visible, except refused ones.
func (c *committer) publish(g *group, position uint64) {
	effects := c.effects[:0]
	for _, ch := range g.changes {
		if ch.err != nil {
			continue
		}
		effects = append(effects, &ch.effect)
	}
	c.s.index.Apply(g.leaving, effects, position)
	clear(effects) // the callers reuse the changes
	c.effects = effects
}

// fill adds a group, new policies and, if refreshes is set, the refreshed figures to the batch.
func (c *committer) fill(batch *pebble.Batch, g *group, refreshes bool) error {
	if refreshes {
		// First, so that a change of the same memory below takes precedence.
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

// fillGroup adds the changes to the batch for which the disk has space. Removals come first, see
// writeLeaving. Then come all figures: the database is faster with keys in ascending order, and no two
// changes of a group are of one memory.
func (c *committer) fillGroup(b *pebble.Batch, g *group) error {
	c.arrivals.clear()
	for i, ch := range g.changes {
		ch.err = c.s.folder.Space.Admit(ch.grows)
		if ch.err == nil && c.taken(ch, g.changes[:i]) {
			ch.err = errTaken
		}
		if ch.err == nil && ch.trimmed > 0 {
			// Now, since the database shows a deletion before its sync has returned, and a reader must not
			// silently miss the entries.
			c.s.trimmed.Store(ch.trimmed)
		}
	}
	g.leaving = leaving(g.changes)
	if err := c.s.writeLeaving(b, g.leaving, stayingContents(g.changes)); err != nil {
		return err
	}
	for _, write := range [...]func(*change) error{
		func(ch *change) error { return ch.writeRecords(b, true) },
		func(ch *change) error { return ch.writeRecords(b, false) },
		func(ch *change) error { return ch.writeEvents(b, &c.journal) },
		func(ch *change) error { return ch.writeRemovals(b) },
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
