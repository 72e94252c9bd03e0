package sigil

import "time"

// EventKind is what happened to a memory, to a signature of code, or to a tenant's policy.
type EventKind string

// The kinds of event.
const (
	Encoded      EventKind = "encoded"
	Crystallized EventKind = "crystallized"
	Pinned       EventKind = "pinned"
	Unpinned     EventKind = "unpinned"
	Forgotten    EventKind = "forgotten"
	Faded        EventKind = "faded"
	Evicted      EventKind = "evicted"
	Signed       EventKind = "signed"    // a signature of code was registered
	Revoked      EventKind = "revoked"   // a signature of code was revoked
	Tagged       EventKind = "tagged"    // a memory got more tags, from an encode that reinforced it
	Restored     EventKind = "restored"  // a memory that was removed is back
	Erased       EventKind = "erased"    // removed for good: it cannot be restored
	Corrected    EventKind = "corrected" // superseded by another memory, which corrects it
	Changed      EventKind = "changed"   // tags, ttl, life or pin of a memory were changed, as [Event.Changed] says
	Fading       EventKind = "fading"    // a notice before a memory fades, if nothing happens; nothing changes
	// PolicySet is the kind of an entry about the policy of a tenant: it got one of its own, another one, or has none any more.
	PolicySet EventKind = "policy"
)

// ChangedFields is a set of what a [Change] can change.
type ChangedFields uint8

// The members of [ChangedFields].
const (
	ChangedTags ChangedFields = 1 << iota
	ChangedTTL
	ChangedLife
	ChangedPinned
	changedEnd
)

// Valid reports whether c is not empty and has only known members.
func (c ChangedFields) Valid() bool { return c > 0 && c < changedEnd }

// Names returns the members of c: "tags", "ttl", "life" and "pinned", in this order. It returns nil if there are none.
func (c ChangedFields) Names() (names []string) {
	for i, name := range [...]string{"tags", "ttl", "life", "pinned"} {
		if c&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// Removes reports whether the memory of an event of this kind is gone after it.
func (k EventKind) Removes() bool {
	switch k {
	case Forgotten, Faded, Evicted, Erased, Corrected:
		return true
	}
	return false
}

// The reasons for events.
const (
	ReasonRequest   = "request"   // on request
	ReasonDecay     = "decay"     // idle for longer than its policy's lifetime
	ReasonTTL       = "ttl"       // its ttl ended
	ReasonMemories  = "memories"  // evicted: the tenant reached its limit of memories
	ReasonBytes     = "bytes"     // evicted: the tenant reached its limit of bytes
	ReasonPotential = "potential" // crystallized: its potential, or the pattern's mean, is over 0.9
	ReasonImport    = "import"    // encoded: it was brought back from an export, with its id and its age
)

// Event is one entry of the journal, written in the same commit as the change it records. It never holds content.
type Event struct {
	// Position grows with every entry of the store, which sets it. Readers resume after a position.
	Position uint64
	// Hash identifies the entry by all that it records, and its tenant. The store sets it, in entries that it reads and in those
	// that a change returns.
	Hash   Hash
	Time   time.Time
	Kind   EventKind
	Reason string
	// Memory has the figures that decided: before the change for a removal, after it for any other. With Time they
	// determine the idle time and the decay. The deadline that a notice is about is its FadesAt, and Reason why it will fade. For the crystal of a pattern, for
	// a signature, and for a tenant's policy, only Tenant is set; for an erased memory only its key.
	Memory Meta
	// Changed is what an entry of kind [Changed] changed; 0 for other kinds.
	Changed ChangedFields
	// Crystal is what crystallized, or nil for other kinds.
	Crystal *Crystal
	// Signature is what was signed or revoked; nil for other kinds.
	Signature *SignatureRef
	// SupersededBy is the memory that corrects this one; the zero id for other kinds than [Corrected].
	SupersededBy ID
	// Policies is the change of a tenant's policy; nil for other kinds.
	Policies *PolicyChange
	// ClockStood is for how long the clock of the tenant had stood still in all, in whole seconds.
	ClockStood time.Duration
}

// PolicyChange is a change of the policy that a tenant has of its own. Without one, which is nil here, the tenant has
// that of the engine's settings.
type PolicyChange struct{ From, To Policy }

// Decay returns the decay at the moment of the event, or 0 if the event is about no memory.
func (e *Event) Decay() float64 {
	if e.Memory.Policy == nil {
		return 0
	}
	return e.Memory.Decay(e.Time)
}
