package disk

import (
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// Compactions decides when the database compacts: as many at once as it wants, and none before the store is open. What
// is replayed from a log becomes tables, which may call for a compaction; the database would then not be open before
// the compaction ends, which takes longer than everything else.
type Compactions struct {
	pace *pace                  // +checklocksignore: never changes
	db   pebble.DBForCompaction // +checklocksignore: set before anything runs
	// granting is held while the database is offered a compaction. It is not held while it asks for one: then it holds the
	// database's locks, which an offer takes.
	granting sync.Mutex

	// mu guards all below
	mu sync.Mutex
	// +checklocks:mu
	begun bool
	// +checklocks:mu
	ended bool
	// +checklocks:mu
	running int
}

var (
	_ pebble.CompactionScheduler   = (*Compactions)(nil)
	_ pebble.CompactionGrantHandle = (*compaction)(nil)
)

// Begin lets the database compact, which may have asked for it before.
func (c *Compactions) Begin() {
	c.mu.Lock()
	c.begun = true
	c.mu.Unlock()
	c.offer()
}

// offer starts what the database waits for.
func (c *Compactions) offer() {
	c.granting.Lock()
	defer c.granting.Unlock()
	for c.free() {
		if waiting, _ := c.db.GetWaitingCompaction(); !waiting || !c.db.Schedule(c.one()) {
			return
		}
		c.mu.Lock()
		c.running++ // it may have ended already: then this makes it 0
		c.mu.Unlock()
	}
}

func (c *Compactions) free() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mayRun()
}

// +checklocks:c.mu
func (c *Compactions) mayRun() bool {
	return c.begun && !c.ended && c.running < c.db.GetAllowedWithoutPermission()
}

// Register is called once, before anything else.
func (c *Compactions) Register(_ int, db pebble.DBForCompaction) { c.db = db }

// Unregister is called when the database is closed; it is not called by us any more when this returns.
func (c *Compactions) Unregister() {
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	c.granting.Lock() // no offer is in progress any more
	defer c.granting.Unlock()
}

// TrySchedule reports whether a compaction may run now. One that may not is offered later, when another has ended.
func (c *Compactions) TrySchedule() (bool, pebble.CompactionGrantHandle) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.mayRun() {
		return false, nil
	}
	c.running++
	return true, c.one()
}

func (c *Compactions) one() *compaction { return &compaction{c, c.pace.shift()} }

// UpdateGetAllowedWithoutPermission is called when more may be allowed, with the database's locks held. With our
// options that number does not change.
func (*Compactions) UpdateGetAllowedWithoutPermission() {}

// Done is called when a compaction has ended.
func (c *Compactions) Done() {
	c.mu.Lock()
	c.running--
	c.mu.Unlock()
	c.offer()
}

// compaction is a running compaction. Its start and its CPU time are of no interest here.
type compaction struct {
	*Compactions
	shift shift
}

func (*compaction) Started() {}

// MeasureCPU does nothing.
func (*compaction) MeasureCPU(pebble.CompactionGoroutineKind) {}

// CumulativeStats is called for every 128 keys.
func (c *compaction) CumulativeStats(pebble.CompactionGrantHandleStats) { c.shift.step() }
