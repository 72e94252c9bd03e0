package disk

import (
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// Compactions decides when the database compacts: as many compactions at once as it wants, and none before
// the store is open. A log that is replayed becomes tables, which may call for a compaction. The database
// would not be open until that compaction ends, which takes longer than everything else.
type Compactions struct {
	pace *pace                  // +checklocksignore: never changes
	db   pebble.DBForCompaction // +checklocksignore: set before anything runs
	// granting is held while a compaction is offered to the database. It is not held while the database asks
	// for one: then the database holds its locks, which an offer takes.
	granting sync.Mutex

	// mu guards all fields below.
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

// Begin allows the database to compact. It may have asked to before.
func (c *Compactions) Begin() {
	c.mu.Lock()
	c.begun = true
	c.mu.Unlock()
	c.offer()
}

// offer starts the compactions that the database waits for.
func (c *Compactions) offer() {
	c.granting.Lock()
	defer c.granting.Unlock()
	for c.free() {
		if waiting, _ := c.db.GetWaitingCompaction(); !waiting || !c.db.Schedule(c.one()) {
			return
		}
		c.mu.Lock()
		c.running++ // if it has ended already, this makes running 0
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

// Unregister is called when the database is closed. After it returns, we do not call the database.
func (c *Compactions) Unregister() {
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	c.granting.Lock() // waits for an offer in progress
	defer c.granting.Unlock()
}

// TrySchedule reports whether a compaction may run now. If not, it is offered later, when another one has
// ended.
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

// UpdateGetAllowedWithoutPermission is called when more may be allowed, with the database's locks held. With
// our options, that number does not change.
func (*Compactions) UpdateGetAllowedWithoutPermission() {}

// Done is called when a compaction has ended.
func (c *Compactions) Done() {
	c.mu.Lock()
	c.running--
	c.mu.Unlock()
	c.offer()
}

// compaction is a running compaction. Its start and its CPU time are not used.
type compaction struct {
	*Compactions
	shift shift
}

func (*compaction) Started() {}

// MeasureCPU does nothing.
func (*compaction) MeasureCPU(pebble.CompactionGoroutineKind) {}

// CumulativeStats is called for every 128 keys.
func (c *compaction) CumulativeStats(pebble.CompactionGrantHandleStats) { c.shift.step() }
