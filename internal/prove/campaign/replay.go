package campaign

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// journalPage is the number of entries requested at once.
const journalPage = 1000

// journalSeen has the entries that readers have seen: the entry at a position must never change.
type journalSeen struct {
	hashes map[uint64]uint64   // of the entry at each position
	of     map[uint64]sigil.ID // the memory that it is about
	last   uint64
}

// replay is the state that follows from the journal: which memories exist, how the others ended, and which signatures are
// registered and revoked.
type replay struct {
	position uint64
	erased   uint64 // the position of the last erasure
	memories map[sigil.ID]*life
	crystals map[pattern]bool // patterns that crystallized
	// signatures has all that were registered; none is ever removed.
	signatures map[sigil.ID]*codeLife
}

// life is the journal's record of one memory.
type life struct {
	tenant  string
	first   client.Arithmetic // at its encode
	fades   *client.Timestamp // the deadline in its last journal entry
	pinned  bool
	strong  bool            // it crystallized
	noticed string          // its last notice
	ended   sigil.EventKind // "" while it lives
	by      sigil.ID        // that supersedes it
	at      time.Time       // when it ended
}

func newReplay() *replay {
	return &replay{memories: map[sigil.ID]*life{}, crystals: map[pattern]bool{}, signatures: map[sigil.ID]*codeLife{}}
}

// patterns returns the patterns that have crystallized so far.
func (r *replay) patterns() map[pattern]bool { return maps.Clone(r.crystals) }

// saw compares an entry with what was seen before at its position. Every reader of the journal calls it.
func (l *Ledger) saw(e *client.Event) {
	sum, err := hashOf(e)
	if err != nil { // it was JSON
		l.violate("journal entry %d: %v", e.Position, err)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if seen, ok := l.journal.hashes[e.Position]; ok && seen != sum {
		l.violation("journal entry %d differs from the one seen there before: %s of %s at %s", e.Position, e.Kind, e.ID, e.Time)
	}
	l.journal.hashes[e.Position] = sum
	if e.ID != nil {
		l.journal.of[e.Position] = *e.ID
	}
	l.journal.last = max(l.journal.last, e.Position)
}

// hasSeen reports whether readers have seen this entry at its position.
func (l *Ledger) hasSeen(e *client.Event) bool {
	sum, err := hashOf(e)
	l.mu.Lock()
	defer l.mu.Unlock()
	seen, ok := l.journal.hashes[e.Position]
	return ok && err == nil && seen == sum
}

// mayBeErased reports whether the entry at a position may be missing, since the memory that it is about was erased later.
func (l *Ledger) mayBeErased(position uint64, r *replay) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if id, seen := l.journal.of[position]; seen {
		e := l.byID[id]
		return e != nil && e.altered.eraseAsked
	}
	_, seen := l.journal.hashes[position]
	return !seen && position < r.erased
}

// wasErased reports whether an entry is about a memory whose erasure was acknowledged.
func (l *Ledger) wasErased(e *client.Event) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.ID == nil {
		return false
	}
	m := l.byID[*e.ID]
	return m != nil && m.altered.ended == sigil.Erased
}

func hashOf(e *client.Event) (uint64, error) {
	text, err := json.Marshal(e)
	sum := fnv.New64a()
	_, _ = sum.Write(text) // it never fails
	return sum.Sum64(), err
}

// follow reads the journals of all tenants from r's position on and adds them to r. Together, they must have
// an entry at every position up to the store's own.
func (l *Ledger) follow(ctx context.Context, clients []*client.Client, r *replay) error {
	stats, err := clients[0].Stats(ctx)
	if err != nil {
		return err
	}
	if stats.Position < r.position {
		l.violate("the journal ends at %d but had %d entries before", stats.Position, r.position)
		return nil
	}
	there := make([]bool, stats.Position-r.position)
	for i, c := range clients {
		for after := r.position; ; {
			page, err := c.Events(ctx, after, journalPage)
			if err != nil {
				return err
			}
			for j := range page.Events {
				e := &page.Events[j]
				if e.Position <= after {
					l.violate("journal of %s: %d comes after %d", l.tenants[i], e.Position, after)
				}
				after = e.Position
				l.saw(e)
				if e.Position > stats.Position {
					continue // written since: it is for the next call
				}
				if at := e.Position - r.position - 1; there[at] {
					l.violate("journal entry %d is in two journals", e.Position)
				} else {
					there[at] = true
				}
				if e.Kind != sigil.Erased && l.wasErased(e) {
					l.violate("journal entry %d is about a memory that was erased: %s of %s", e.Position, e.Kind, e.ID)
				}
				if wrong := r.add(l.tenants[i], e); wrong != "" {
					l.violate("journal entry %d: %s", e.Position, wrong)
				}
			}
			if len(page.Events) < journalPage {
				break
			}
		}
	}
	for i, ok := range there {
		if at := r.position + uint64(i) + 1; !ok && !l.mayBeErased(at, r) {
			l.violate("the journal has no entry %d, but goes up to %d", at, stats.Position)
		}
	}
	r.position = stats.Position
	l.mu.Lock()
	l.replayed += len(there)
	l.mu.Unlock()
	return nil
}

// add adds an entry. It returns what is wrong with the entry after the earlier ones, or "".
func (r *replay) add(tenant string, e *client.Event) string {
	if e.Tenant != tenant {
		return fmt.Sprintf("is of %s, in the journal of %s", e.Tenant, tenant)
	}
	if e.Signature != nil {
		return r.addCode(tenant, e)
	}
	if e.Kind == sigil.PolicySet {
		return ""
	}
	if e.ID == nil {
		if e.Kind != sigil.Crystallized || e.Crystal == nil {
			return fmt.Sprintf("%s of no memory", e.Kind)
		}
		p := pattern{tenant, e.Crystal.Pattern}
		if r.crystals[p] {
			return fmt.Sprintf("pattern %d crystallized twice", p.group)
		}
		r.crystals[p] = true
		return ""
	}
	m := r.memories[*e.ID]
	if e.Arithmetic == nil && e.Kind != sigil.Erased {
		return "has no arithmetic"
	}
	if e.Kind == sigil.Encoded {
		if m != nil {
			return fmt.Sprintf("%s was encoded twice", e.ID)
		}
		r.memories[*e.ID] = &life{tenant: tenant, first: *e.Arithmetic, fades: e.Arithmetic.FadesAt, pinned: e.Arithmetic.Pinned}
		return ""
	}
	if e.Kind == sigil.Erased { // it may have been gone, and the entries about it are
		r.memories[*e.ID], r.erased = &life{tenant: tenant, ended: e.Kind, at: e.Time.Time}, max(r.erased, e.Position)
		return ""
	}
	switch {
	case m == nil || m.tenant != tenant:
		return fmt.Sprintf("%s %s, which was not encoded", e.Kind, e.ID)
	case (m.ended != "") != (e.Kind == sigil.Restored):
		return fmt.Sprintf("%s %s, which was %s", e.Kind, e.ID, m.ended)
	}
	m.fades = e.Arithmetic.FadesAt
	switch e.Kind {
	case sigil.Fading:
		at := fmt.Sprint(m.fades, e.Arithmetic.AccessCount, e.Arithmetic.LastAccessed)
		if m.fades == nil || !e.Time.Before(m.fades.Time) || m.noticed == at {
			return fmt.Sprintf("%s has a notice of a deadline at %v, which is over, or a second one", e.ID, m.fades)
		}
		m.noticed = at
	case sigil.Crystallized:
		m.strong = true
	case sigil.Tagged:
	case sigil.Changed:
		m.pinned = e.Arithmetic.Pinned
	case sigil.Pinned, sigil.Unpinned:
		pinned := e.Kind == sigil.Pinned
		if m.pinned == pinned {
			return fmt.Sprintf("%s is %s twice", e.ID, e.Kind)
		}
		m.pinned = pinned
	case sigil.Restored:
		m.ended, m.at = "", time.Time{}
	case sigil.Forgotten, sigil.Evicted, sigil.Corrected:
		m.ended, m.at = e.Kind, e.Time.Time
		if e.SupersededBy != nil {
			m.by = *e.SupersededBy
		}
	case sigil.Faded:
		m.ended, m.at = e.Kind, e.Time.Time
		if m.fades == nil || e.Time.Before(m.fades.Time) {
			return fmt.Sprintf("%s faded at %s, before its deadline", e.ID, e.Time)
		}
	default:
		return fmt.Sprintf("is of an unknown kind, %q", e.Kind)
	}
	return ""
}
