package wire

import "github.com/sigil-dna/sigil"

// Event is an entry of the journal: what happened, and the figures that decided. Entries about signatures of code
// (signed, revoked) have no figures, and their ID is the signature's. Those about the policy of a tenant have neither. Those of the kind erased have only the memory's ID.
type Event struct {
	Position   uint64          `json:"position"`        // 1 or more, growing
	Token      string          `json:"token,omitempty"` // of Position: see [sigil.Token]
	Time       Timestamp       `json:"time"`
	Tenant     string          `json:"tenant"`
	Kind       sigil.EventKind `json:"kind"`
	Reason     string          `json:"reason"`
	Changed    []string        `json:"changed,omitempty"` // of the kind changed: some of tags, ttl, life, pinned, in this order
	ID         *sigil.ID       `json:"id,omitempty"`      // nil for the crystal of a pattern, as is Arithmetic
	Arithmetic *Arithmetic     `json:"arithmetic,omitempty"`
	Crystal    *Crystal        `json:"crystal,omitempty"`   // what crystallized
	Signature  *SignatureRef   `json:"signature,omitempty"` // what was signed or revoked
	// SupersededBy is the memory that took the place of this one; set only for the kind corrected.
	SupersededBy *sigil.ID     `json:"supersededBy,omitempty"`
	Policies     *PolicyChange `json:"policies,omitempty"` // how the tenant's policy changed
}

// SignatureRef names a signature of code.
type SignatureRef struct {
	ID     sigil.ID `json:"id"`
	SHA256 string   `json:"sha256"` // of the signed body, as 64 hexadecimal digits
	Signer string   `json:"signer"` // the id of the key, as 16 hexadecimal digits
}

// Arithmetic is the figures that decided about a memory: after IdleSeconds its decay under Policy is Decay, and it
// fades at Threshold.
type Arithmetic struct {
	CreatedAt    Timestamp `json:"createdAt"`
	LastAccessed Timestamp `json:"lastAccessed"`
	IdleSeconds  float64   `json:"idleSeconds"` // 0 or more
	// StoodSeconds is for how long the clock of the tenant had stood still since LastAccessed. IdleSeconds are without it, and FadesAt is
	// so much later. It is left out if it had not.
	StoodSeconds int64      `json:"stoodSeconds,omitempty"`
	Policy       string     `json:"policy"`
	Decay        float64    `json:"decay"`     // 0 to 1
	Threshold    float64    `json:"threshold"` // over 0, at most 1
	FadesAt      *Timestamp `json:"fadesAt"`   // null if it never fades
	TTL          *string    `json:"ttl"`       // a duration after CreatedAt; null if there is none
	// Life is how long the memory lives if untouched. It is set only if that is not as its policy says.
	Life         *string `json:"life,omitempty"`
	Potential    float64 `json:"potential"` // 0 to 1
	AccessCount  uint64  `json:"accessCount"`
	Pinned       bool    `json:"pinned"`
	Crystallized bool    `json:"crystallized"`
	Size         int     `json:"size"` // bytes of data
}

// EventPage is a page of the journal, in order. Next is the position to continue after, and Token its token.
type EventPage struct {
	Events []Event `json:"events"`
	Next   uint64  `json:"next"`
	Token  string  `json:"token,omitempty"`
}

// Delivery is what a webhook sends: entries of a tenant's journal, in order, at least one. Next is the position of the
// last, and Token its token.
type Delivery struct {
	Tenant string  `json:"tenant"`
	Events []Event `json:"events"`
	Next   uint64  `json:"next"`
	Token  string  `json:"token,omitempty"`
}
