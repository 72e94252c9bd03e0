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

// slack is the maximum difference between the daemon's clock and ours on one machine.
const slack = 50 * time.Millisecond

// refreshLoss is the time before a crash in which answered recalls may be lost. The promise is one second;
// the rest is for a machine that is slow to sync.
const refreshLoss = 3 * time.Second

// fate is the outcome of an encode, as far as it is known.
type fate int

const (
	asked   fate = iota // sent, but not answered (yet)
	kept                // acknowledged, or found
	refused             // answered with an error that promises that nothing was kept
	absent              // not answered, and not found by a check
)

// Entry is one attempted encode. No two attempts have the same content.
type Entry struct {
	Tenant string
	Draft  sigil.Draft
	serial int
	owner  int    // the only client that pins, unpins, forgets and restores it
	batch  *batch // the batch it was part of, or nil

	// The ledger's mutex guards the fields below.
	fate       fate
	unanswered bool // the last attempt was not answered
	id         sigil.ID
	created    time.Time
	// acknowledged is when the answer to its encode came, or when a check found it.
	acknowledged time.Time
	gone         bool // a check did not find it: it is gone for good

	forgetAsked bool // so it may be gone; also if it was to be corrected or erased
	forgotten   bool // acknowledged, also if it was corrected or erased
	forgottenAt time.Time
	restores    int // how often it was to be restored

	pinned  bool
	pinOpen bool // a pin or unpin was not answered

	recalls         uint64 // at the last check
	recallsAsked    uint64 // since then
	recallsAnswered []time.Time
	recallsEver     uint64 // requested

	altered altered
}

// batch has the encodes that were sent in one request.
type batch struct {
	entries []*Entry
	halves  int // what a check found of it; guarded by the ledger's mutex
}

// Ledger records what was requested from one store and what the store acknowledged. Its methods may be called
// from any goroutine, except for [Ledger.Check].
type Ledger struct {
	// Quota is the daemon's --max-memories. If it is 0, there is none, and nothing may be evicted.
	Quota int

	tenants []string

	// mu guards the fields below.
	mu      sync.Mutex
	entries []*Entry // by serial
	byID    map[sigil.ID]*Entry
	alive   map[string][]*Entry // by tenant, those that may exist
	codes   codes
	// policies has by tenant the policy that was acknowledged, and after it those that were requested since.
	// +checklocks:mu
	policies map[string][]string
	// +checklocks:mu
	journal journalSeen
	replay  *replay
	tight   bool // the disk was full
	wrong   []string
	wrongs  int
	// +checklocks:mu
	verified int // memories compared, in all checks
	// +checklocks:mu
	replayed int // journal entries compared, in all checks
	searched int // memories found by a word of their own, in all checks
}

// maxWrong is the maximum number of violations that are described: the first ones explain the rest.
const maxWrong = 20

// NewLedger returns the ledger of an empty store.
func NewLedger(tenants []string) *Ledger {
	return &Ledger{
		tenants: tenants, byID: map[sigil.ID]*Entry{}, alive: map[string][]*Entry{},
		journal: journalSeen{hashes: map[uint64]uint64{}, of: map[uint64]sigil.ID{}}, policies: map[string][]string{},
	}
}

// Violations returns descriptions of the first broken promises, and the number of all.
func (l *Ledger) Violations() ([]string, int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.wrong), l.wrongs
}

// Counts returns the number of attempts, and the number of memories, signatures and journal entries that all checks have
// compared, and of memories that their searches have found.
func (l *Ledger) Counts() (attempts, memories, signatures, events, found int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.entries), l.verified, l.codes.verified, l.replayed, l.searched
}

// diskFull records that there may not be space for all of a batch.
func (l *Ledger) diskFull() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tight = true
}

// violate records a broken promise.
func (l *Ledger) violate(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.violation(format, args...)
}

// violation is like violate, with mu held.
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

// add records an encode that is about to be requested. draft makes it from its serial.
func (l *Ledger) add(tenant string, owner int, draft func(serial int) sigil.Draft) *Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &Entry{Tenant: tenant, owner: owner, serial: len(l.entries)}
	e.Draft = draft(e.serial)
	e.altered.all = []figures{{e.Draft.Tags, e.Draft.TTL}}
	l.entries = append(l.entries, e)
	return e
}

// again records that e is about to be requested once more, under its idempotency key.
func (l *Ledger) again(e *Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.fate == absent {
		e.fate = asked
	}
}

// encoded records that e was kept, and as which memory.
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

// refused records that e was not kept. If an earlier attempt was not answered, that one may still be kept.
func (l *Ledger) refused(e *Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.fate == asked && !e.unanswered {
		e.fate = refused
	}
}

// unanswered records that it is unknown whether e was kept.
func (l *Ledger) unanswered(e *Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.unanswered = true
}

// found records which memory e became. mu is held.
func (l *Ledger) found(e *Entry, view *client.Memory) {
	if e.fate == kept {
		return
	}
	if other := l.byID[view.ID]; other != nil && other != e {
		l.violation("one id for two memories: %s and n=%d", other.name(), e.serial)
		return
	}
	e.fate, e.id, e.created, e.pinned = kept, view.ID, view.CreatedAt.Time, view.Pinned
	e.acknowledged = time.Now()
	l.byID[e.id] = e
	l.alive[e.Tenant] = append(l.alive[e.Tenant], e)
}

// sameContent compares a memory that the daemon returned with what was sent. mu is held.
func (l *Ledger) sameContent(e *Entry, view *client.Memory) {
	switch {
	case !bytes.Equal(view.Data, e.Draft.Data):
		l.violation("content differs: %s has %.100q, was sent %.100q", view.ID, view.Data, e.Draft.Data)
	case view.Tenant != e.Tenant:
		l.violation("tenant differs: %s of %s is %s's", view.ID, e.Tenant, view.Tenant)
	case !slices.ContainsFunc(e.altered.all, func(f figures) bool { return f.has(view) }):
		l.violation("tags or ttl differ: %s has %q and %v, was sent one of %+v", view.ID, view.Tags, view.TTL, e.altered.all)
	case e.Draft.State != nil && view.State != nil && view.State.Phi != e.Draft.State.Phi:
		l.violation("state differs: %s", view.ID)
	}
}

// glance is what was known of a memory when a request about it began.
type glance struct {
	at        time.Time
	forgotten bool
	gone      bool
	asked     bool // it was to be forgotten
	restores  int
}

// look returns what is known of e before a request about it.
func (l *Ledger) look(e *Entry) glance {
	l.mu.Lock()
	defer l.mu.Unlock()
	return glance{time.Now(), e.forgotten, e.gone, e.forgetAsked, e.restores}
}

// answered checks an answer about e to a request that began at g: there reports whether the memory was found.
func (l *Ledger) answered(verb string, e *Entry, g glance, there bool) {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	earliest, latest := e.ends()
	switch {
	case there && (g.forgotten || g.gone) && g.restores == e.restores:
		l.violation("%s found a memory that was gone: %s", verb, e.name())
	case there && !latest.IsZero() && g.at.After(latest.Add(slack)):
		l.violation("%s found a memory past its end: %s ended at %s", verb, e.name(), latest)
	case !there && !g.asked && !e.forgetAsked && !e.gone && l.Quota == 0 && (earliest.IsZero() || now.Before(earliest.Add(-slack))):
		l.violation("%s did not find %s", verb, e.name())
	}
}

// askPin records that it is unknown from now on whether e is pinned.
func (l *Ledger) askPin(e *Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.pinOpen = true
}

// pin records whether e is pinned.
func (l *Ledger) pin(e *Entry, pinned bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.pinned, e.pinOpen = pinned, false
}

// askRecall records that e may have one more recall.
func (l *Ledger) askRecall(e *Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.recallsAsked++
	e.recallsEver++
}

// recalled records that e has one more recall, and compares the answer.
func (l *Ledger) recalled(e *Entry, view *client.Memory) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.recallsAnswered = append(e.recallsAnswered, time.Now())
	l.sameContent(e, view)
}

// read compares a memory that was read with what was sent.
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
	for _, tenant := range l.tenants { // in order, since a client's random choices depend on it
		for _, e := range l.alive[tenant] {
			lists[e.owner%n] = append(lists[e.owner%n], e)
		}
	}
	return lists
}

// mayBeErased reports whether e, or another of its batch, may be erased. mu is held.
func (e *Entry) mayBeErased() bool {
	if e.batch == nil {
		return e.altered.eraseAsked
	}
	return slices.ContainsFunc(e.batch.entries, func(e *Entry) bool { return e.altered.eraseAsked })
}

// open returns the unanswered encodes with an idempotency key, found or not, and at most some of the answered
// ones. A batch is represented by its first entry.
func (l *Ledger) open(some int, pick func(n int) int) []*Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list, answered []*Entry
	for _, e := range l.entries {
		switch {
		case e.Draft.IdempotencyKey == "" || e.batch != nil && e.batch.entries[0] != e:
		case e.mayBeErased(): // with the answers
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
