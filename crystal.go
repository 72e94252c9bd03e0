package sigil

import (
	"fmt"
	"time"
)

// CrystalKind is what crystallized: a memory or a pattern.
type CrystalKind string

// The kinds of crystal.
const (
	CrystalOfMemory  CrystalKind = "memory"
	CrystalOfPattern CrystalKind = "pattern"
)

// Crystal records that a memory, or a pattern, was strong enough to be durable. The crystal of a memory is removed with
// the memory. A pattern has at most one crystal: sweeps update it, and it stays (with 0 members) when the pattern's
// memories are gone. So a tenant has at most [NumPatterns] crystals of patterns.
type Crystal struct {
	Tenant string
	Kind   CrystalKind
	// Memory is the memory that crystallized; zero for a pattern.
	Memory ID
	// Pattern is the group key of the pattern that crystallized, or that the memory is in.
	Pattern int
	// Members is how many live memories the pattern had at the last sweep; 1 for a memory.
	Members   int
	CreatedAt time.Time
	UpdatedAt time.Time
	// Stability is the potential, or the mean of the members' potentials, in [0, 1]. Once the members are gone it keeps
	// its last value.
	Stability float64
	// Frequency is the memory's, or the mean of the members' frequencies, in [0, φ).
	Frequency float64
}

// ID names the crystal within its tenant: "memory-<uuid>" or "pattern-<group key>".
func (c *Crystal) ID() string {
	if c.Kind == CrystalOfMemory {
		return string(c.Kind) + "-" + c.Memory.String()
	}
	return fmt.Sprintf("%s-%d", c.Kind, c.Pattern)
}

// MinPatternMembers is the minimum number of live memories that a pattern needs to crystallize.
const MinPatternMembers = 3

// Pattern counts the live memories of one tenant whose frequencies fall in the same hundredth.
type Pattern struct {
	Group   int // floor(f·100), 0 to NumPatterns-1
	Members int
	// Potential and Frequency are means over the members.
	Potential float64
	Frequency float64
}

// Crystallizes reports whether the pattern is strong enough: at least [MinPatternMembers] members whose mean potential
// is over [CrystallizeAbove].
func (p *Pattern) Crystallizes() bool {
	return p.Members >= MinPatternMembers && p.Potential > CrystallizeAbove
}
