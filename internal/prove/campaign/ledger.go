package campaign

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// slack is how far the clock of the daemon and ours may be apart, on one machine.
const slack = 50 * time.Millisecond

// refreshLoss is which recalls a crash may undo: those answered so shortly before it. The promise is
// a second; the rest is for a machine that is slow to sync.
const refreshLoss = 3 * time.Second

// fate is the outcome of an encode, as far as is known.
type fate int

const (
	asked   fate = iota // sent, and not answered (yet)
	kept                // acknowledged, or found
	refused             // answered with an error that promises that nothing was kept
	absent              // was not answered, and was not there when it was looked for
)

// Entry is one encode that was attempted. Its content is its own: no two attempts have the same.
type Entry struct {
	Tenant string
	Draft  sigil.Draft
	serial int
	owner  int    // the client that alone pins, unpins and forgets it
	batch  *batch // it was part of; nil for none

	// The ledger's mutex guards what follows.
	fate       fate
	unanswered bool // the last attempt was
	id         sigil.ID
	created    time.Time
	end        time.Time // by its ttl; zero for none
	gone       bool      // was looked for and is gone for good

	forgetAsked bool // and so it may be gone
	forgotten   bool // acknowledged

	pinned  bool
	pinOpen bool // a pin or unpin has no answer

	recalls         uint64 // when it was last looked for
	recallsAsked    uint64 // since then
	recallsAnswered []time.Time
}

// batch is encodes that were sent in one request.
type batch struct {
	entries []*Entry
	halves  int // what a check found of it; the ledger's mutex guards it
}

// Ledger records what was requested of one store and what it acknowledged. Its methods may be called from any
// goroutine, except for [Ledger.Check].
type Ledger struct {
	// Quota is the daemon's --max-memories; if 0, there is none, and nothing may be evicted.
	Quota int

	tenants []string

	// mu guards what follows
	mu      sync.Mutex
	entries []*Entry // by serial
	byID    map[sigil.ID]*Entry
	alive   map[string][]*Entry // by tenant, those that may exist
	// +checklocks:mu
	journal journalSeen
	replay  *replay
	tight   bool // the disk was full
	wrong   []string
	wrongs  int
	// +checklocks:mu
	verified int // memories compared, over all checks
	// +checklocks:mu
	replayed int // journal entries compared, over all checks
}

// maxWrong bounds how many violations are described: the first ones explain the rest.
const maxWrong = 20

// NewLedger makes the ledger of an empty store.
func NewLedger(tenants []string) *Ledger {
	return &Ledger{
		tenants: tenants, byID: map[sigil.ID]*Entry{}, alive: map[string][]*Entry{},
		journal: journalSeen{hashes: map[uint64]uint64{}},
	}
}

// Violations returns descriptions of the first broken promises, and the number of all.
func (l *Ledger) Violations() ([]string, int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.wrong), l.wrongs
}

// Counts returns the number of attempts, and the number of memories and journal entries that all checks have compared.
func (l *Ledger) Counts() (attempts, memories, events int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.entries), l.verified, l.replayed
}

// diskFull records that there may not be space for all of a batch.
func (l *Ledger) diskFull() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tight = true
}

// violate notes a broken promise.
func (l *Ledger) violate(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.violation(format, args...)
}

// violation is violate with mu held.
func (l *Ledger) violation(format string, args ...any) {
	l.wrongs++
	if len(l.wrong) < maxWrong {
		l.wrong = append(l.wrong, fmt.Sprintf(format, args...))
	}
}

// name identifies the memory.
func (e *Entry) name() string {
	return fmt.Sprintf("%s/%s (n=%d, ttl %v)", e.Tenant, e.id, e.serial, e.Draft.TTL)
}

// add enters an encode that is about to be asked for; draft makes it from its serial.
func (l *Ledger) add(tenant string, owner int, draft func(serial int) sigil.Draft) *Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &Entry{Tenant: tenant, owner: owner, serial: len(l.entries)}
	e.Draft = draft(e.serial)
	l.entries = append(l.entries, e)
	return e
}

// again notes that e is about to be asked for once more, under its idempotency key.
func (l *Ledger) again(e *Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.fate == absent {
		e.fate = asked
	}
}

// encoded enters that e was kept, and as what.
func (l *Ledger) encoded(e *Entry, view *client.Memory) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.unanswered = false
	l.sameContent(e, view)
	if view.Pinned != e.Draft.Pinned {
		l.violation("pinned differs: %s, was sent %v", view.ID, e.Draft.Pinned)
	}
	if e.fate == kept && e.id != view.ID {
		l.violation("two memories for one request: %s was kept again as %s", e.name(), view.ID)
		return
	}
	l.found(e, view)
}

// refused records that e was not kept. If an earlier attempt went unanswered, that one still may be.
func (l *Ledger) refused(e *Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.fate == asked && !e.unanswered {
		e.fate = refused
	}
}

// unanswered enters that whether e was kept is not known.
func (l *Ledger) unanswered(e *Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.unanswered = true
}

// found notes which memory e became. mu is held.
func (l *Ledger) found(e *Entry, view *client.Memory) {
	if e.fate == kept {
		return
	}
	if other := l.byID[view.ID]; other != nil && other != e {
		l.violation("one id for two memories: %s and n=%d", other.name(), e.serial)
		return
	}
	e.fate, e.id, e.created, e.pinned = kept, view.ID, view.CreatedAt.Time, view.Pinned
	if e.Draft.TTL > 0 {
		e.end = e.created.Add(e.Draft.TTL)
	}
	l.byID[e.id] = e
	l.alive[e.Tenant] = append(l.alive[e.Tenant], e)
}

// sameContent compares what the daemon shows of a memory with what was sent. mu is held.
func (l *Ledger) sameContent(e *Entry, view *client.Memory) {
	switch {
	case !bytes.Equal(view.Data, e.Draft.Data):
		l.violation("content differs: %s has %.100q, was sent %.100q", view.ID, view.Data, e.Draft.Data)
	case view.Tenant != e.Tenant:
		l.violation("tenant differs: %s of %s is %s's", view.ID, e.Tenant, view.Tenant)
	case !slices.Equal(view.Tags, e.Draft.Tags) && len(view.Tags)+len(e.Draft.Tags) > 0:
		l.violation("tags differ: %s has %q, was sent %q", view.ID, view.Tags, e.Draft.Tags)
	case (view.TTL == nil) != (e.Draft.TTL == 0) || view.TTL != nil && *view.TTL != sigil.FormatDuration(e.Draft.TTL):
		l.violation("ttl differs: %s, was sent %v", view.ID, e.Draft.TTL)
	case e.Draft.State != nil && view.State != nil && view.State.Phi != e.Draft.State.Phi:
		l.violation("state differs: %s", view.ID)
	}
}

// glance is what was known of a memory when something was asked of it.
type glance struct {
	at        time.Time
	forgotten bool
	gone      bool
}

// look notes what is known of e before something is asked of it.
func (l *Ledger) look(e *Entry) glance {
	l.mu.Lock()
	defer l.mu.Unlock()
	return glance{time.Now(), e.forgotten, e.gone}
}

// answered judges an answer about e that began at g: the memory was there, or it was not.
func (l *Ledger) answered(verb string, e *Entry, g glance, there bool) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case there && (g.forgotten || g.gone):
		l.violation("%s found what was gone: %s", verb, e.name())
	case there && !e.end.IsZero() && g.at.After(e.end.Add(slack)):
		l.violation("%s found what was past its end: %s ended at %s", verb, e.name(), e.end)
	case !there && !e.forgetAsked && !e.gone && l.Quota == 0 && (e.end.IsZero() || now.Before(e.end.Add(-slack))):
		l.violation("%s did not find %s", verb, e.name())
	}
}

// askForget notes that e may be gone from now on.
func (l *Ledger) askForget(e *Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.forgetAsked = true
}

// forgot notes that e is gone.
func (l *Ledger) forgot(e *Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.forgotten = true
}

// askPin notes that whether e is pinned is open from now on.
func (l *Ledger) askPin(e *Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.pinOpen = true
}

// pin notes how e is; not knowing leaves it open.
func (l *Ledger) pin(e *Entry, pinned bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.pinned, e.pinOpen = pinned, false
}

// askRecall notes that e may have one more recall.
func (l *Ledger) askRecall(e *Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.recallsAsked++
}

// recalled notes that e has one more, and compares what came.
func (l *Ledger) recalled(e *Entry, view *client.Memory) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.recallsAnswered = append(e.recallsAnswered, time.Now())
	l.sameContent(e, view)
}

// read compares what was read with what was sent.
func (l *Ledger) read(e *Entry, view *client.Memory) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sameContent(e, view)
}

// any returns a memory of the tenant that may exist, or nil if there is none. pick returns a number below n.
func (l *Ledger) any(tenant string, pick func(n int) int) *Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := l.alive[tenant]
	if len(list) == 0 {
		return nil
	}
	return list[pick(len(list))]
}

// owned returns each of n clients' memories that may exist, and drops those that cannot.
func (l *Ledger) owned(n int) [][]*Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	lists := make([][]*Entry, n)
	for tenant, list := range l.alive {
		l.alive[tenant] = slices.DeleteFunc(list, func(e *Entry) bool { return e.gone || e.forgotten })
	}
	for _, tenant := range l.tenants { // in order: what a client draws depends on it
		for _, e := range l.alive[tenant] {
			lists[e.owner%n] = append(lists[e.owner%n], e)
		}
	}
	return lists
}

// open returns the encodes with an idempotency key that went unanswered, whether or not they were found, and at most
// some of the others. A batch is represented by its first one.
func (l *Ledger) open(some int, pick func(n int) int) []*Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list, answered []*Entry
	for _, e := range l.entries {
		switch {
		case e.Draft.IdempotencyKey == "" || e.batch != nil && e.batch.entries[0] != e:
		case e.unanswered:
			list = append(list, e)
		case e.fate == kept:
			answered = append(answered, e)
		}
	}
	for range min(some, len(answered)) {
		list = append(list, answered[pick(len(answered))])
	}
	return list
}
