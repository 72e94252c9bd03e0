package sigil

import (
	"encoding/json"
	"strconv"
	"time"
)

// Timestamp is a time as the wire has it: RFC 3339, UTC, always three digits of milliseconds.
type Timestamp struct{ time.Time }

const timestampLayout = "2006-01-02T15:04:05.000Z"

// String gives the wire's form without quotes.
func (t Timestamp) String() string { return t.UTC().Format(timestampLayout) }

// MarshalJSON gives the wire's form.
func (t Timestamp) MarshalJSON() ([]byte, error) { return []byte(strconv.Quote(t.String())), nil }

// View is a memory as the wire shows it at one moment. The daemon writes it, clients read it.
type View struct {
	ID           ID              `json:"id"`
	Tenant       string          `json:"tenant"`
	Data         json.RawMessage `json:"data,omitempty"` // left out where content was not asked for
	State        *State          `json:"state,omitempty"`
	Hash         string          `json:"hash,omitempty"`
	Frequency    float64         `json:"frequency"`
	Pattern      int             `json:"pattern"`
	Potential    float64         `json:"potential"`
	Decay        float64         `json:"decay"`
	CreatedAt    Timestamp       `json:"createdAt"`
	LastAccessed Timestamp       `json:"lastAccessed"`
	AccessCount  uint64          `json:"accessCount"`
	FadesAt      *Timestamp      `json:"fadesAt"` // null: never
	TTL          *string         `json:"ttl"`     // as [FormatDuration] writes it; null: none
	Pinned       bool            `json:"pinned"`
	Crystallized bool            `json:"crystallized"`
	Policy       string          `json:"policy"`
	Tags         []string        `json:"tags"`
	Spiral       []SpiralPoint   `json:"spiral,omitempty"`
	// Resonance is set where the memory was found as related to another.
	Resonance *float64 `json:"resonance,omitempty"`
	// Warnings are set only in the answer to an encode.
	Warnings []Warning `json:"warnings,omitempty"`
}

// CrystalView is a crystal as the wire shows it.
type CrystalView struct {
	ID        string      `json:"id"`
	Tenant    string      `json:"tenant"`
	Kind      CrystalKind `json:"kind"`
	Memory    *ID         `json:"memory,omitempty"`
	Pattern   int         `json:"pattern"`
	Members   int         `json:"members"`
	CreatedAt Timestamp   `json:"createdAt"`
	UpdatedAt Timestamp   `json:"updatedAt"`
	Stability float64     `json:"stabilityScore"`
	Frequency float64     `json:"frequency"`
	Lattice   *Lattice    `json:"lattice,omitempty"`
}

// PatternView is a pattern as the wire shows it.
type PatternView struct {
	Pattern      int     `json:"pattern"`
	Members      int     `json:"members"`
	Potential    float64 `json:"potential"`
	Frequency    float64 `json:"frequency"`
	Crystallizes bool    `json:"crystallizes"`
}

// EventView is a journal entry as the wire shows it: what happened, and the arithmetic that decided.
type EventView struct {
	Position   uint64       `json:"position"`
	Time       Timestamp    `json:"time"`
	Tenant     string       `json:"tenant"`
	Kind       EventKind    `json:"kind"`
	Reason     string       `json:"reason"`
	ID         *ID          `json:"id,omitempty"` // none for the crystal of a pattern
	Arithmetic *Arithmetic  `json:"arithmetic,omitempty"`
	Crystal    *CrystalView `json:"crystal,omitempty"`
}

// Arithmetic is what decided over a memory: idle seconds under policy give decay, which fades it at
// threshold.
type Arithmetic struct {
	CreatedAt    Timestamp  `json:"createdAt"`
	LastAccessed Timestamp  `json:"lastAccessed"`
	IdleSeconds  float64    `json:"idleSeconds"`
	Policy       string     `json:"policy"`
	Decay        float64    `json:"decay"`
	Threshold    float64    `json:"threshold"`
	FadesAt      *Timestamp `json:"fadesAt"`
	TTL          *string    `json:"ttl"`
	Potential    float64    `json:"potential"`
	AccessCount  uint64     `json:"accessCount"`
	Pinned       bool       `json:"pinned"`
	Crystallized bool       `json:"crystallized"`
	Size         int        `json:"size"` // bytes of data
}

// Problem is an error as the wire shows it (RFC 9457, application/problem+json).
type Problem struct {
	Type      string `json:"type"`
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail,omitempty"`
	Code      string `json:"code"`
	Field     string `json:"field,omitempty"`
	Oldest    uint64 `json:"oldest,omitempty"` // with code position_gone: the position to go on after
	RequestID string `json:"requestId,omitempty"`

	// Newest is set with code position_ahead: the position of the journal's newest entry.
	Newest *uint64 `json:"newest,omitempty"`
}

// MemoryPage is a page of memories, newest first.
type MemoryPage struct {
	Memories []View  `json:"memories"`
	Next     *string `json:"next"` // the cursor of the next page; null: this is the last
}

// RelatedPage is the neighbors of one memory, strongest first; each has its Resonance.
type RelatedPage struct {
	Related []View `json:"related"`
}

// Kept is the answer to an encode for whom the id is enough.
type Kept struct {
	ID       ID        `json:"id"`
	Warnings []Warning `json:"warnings,omitempty"`
}

// NeighborPage is a [RelatedPage] for whom ids are enough.
type NeighborPage struct {
	Related []NeighborView `json:"related"`
}

// NeighborView is one neighbor in short.
type NeighborView struct {
	ID        ID      `json:"id"`
	Resonance float64 `json:"resonance"`
}

// CrystalPage is a page of crystals.
type CrystalPage struct {
	Crystals []CrystalView `json:"crystals"`
	Next     *string       `json:"next"`
}

// PatternList is all patterns of a tenant that have a live member.
type PatternList struct {
	Patterns []PatternView `json:"patterns"`
}

// EventPage is a page of the journal. Next is the position to go on after.
type EventPage struct {
	Events []EventView `json:"events"`
	Next   uint64      `json:"next"`
}

// Delivery is what a webhook sends: entries of a tenant's journal. Next is the position of the last.
type Delivery struct {
	Tenant string      `json:"tenant"`
	Events []EventView `json:"events"`
	Next   uint64      `json:"next"`
}

// BatchItem is the result for one memory of a batch: Memory, or ID if no more was asked for, or Problem
// is set.
type BatchItem struct {
	Status   int       `json:"status"` // as a request of its own would have been answered
	ID       *ID       `json:"id,omitempty"`
	Warnings []Warning `json:"warnings,omitempty"` // set with ID; Memory has its own
	Memory   *View     `json:"memory,omitempty"`
	Problem  *Problem  `json:"problem,omitempty"`
}

// BatchPage answers a batch, in the order of the request.
type BatchPage struct {
	Results []BatchItem `json:"results"`
}
