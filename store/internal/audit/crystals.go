package audit

import (
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// inFlight is how long before a sweep a change may have got its time and not been seen by the sweep.
const inFlight = time.Minute

// Crystals compares crystals of patterns with their members. A crystal has the figures of the last sweep that changed it, so each
// journal entry since then allows for one member more or less.
type Crystals struct {
	of map[string]map[int]*pattern // by tenant and group
	// oldest is the time of the first entry that the journal still has: nothing is known of what was before.
	oldest time.Time
}

type pattern struct {
	sigil.Crystal
	members int // those that are there now and lived then
	since   int // entries since then
}

// Add adds a crystal, before all entries and memories. It checks its figures.
func (c *Crystals) Add(crystal *sigil.Crystal, found *store.Checked) {
	if crystal.Pattern < 0 || crystal.Pattern >= sigil.NumPatterns ||
		crystal.Members < 0 || crystal.UpdatedAt.Before(crystal.CreatedAt) ||
		!(crystal.Stability >= 0 && crystal.Stability <= 1) || !within(crystal.Frequency, crystal.Pattern) {
		found.Add(store.CheckCrystals, "crystal %s of %s has figures that no sweep computes", crystal.ID(), crystal.Tenant)
	}
	if c.of == nil {
		c.of = map[string]map[int]*pattern{}
	}
	if c.of[crystal.Tenant] == nil {
		c.of[crystal.Tenant] = map[int]*pattern{}
	}
	c.of[crystal.Tenant][crystal.Pattern] = &pattern{Crystal: *crystal}
}

// within reports whether the mean of a pattern's frequencies can be f.
func within(f float64, group int) bool {
	return f*100 >= float64(group)-rounding*100 && f*100 <= float64(group+1)+rounding*100
}

// Event adds a journal entry.
func (c *Crystals) Event(e *sigil.Event) {
	if c.oldest.IsZero() || e.Time.Before(c.oldest) {
		c.oldest = e.Time
	}
	for group, p := range c.of[e.Memory.Tenant] {
		if e.Memory.Policy != nil && e.Memory.Frequency.Pattern() != group { // of what was erased, the frequency is unknown
			continue
		}
		if !e.Time.Before(p.UpdatedAt.Add(-inFlight)) {
			p.since++
		}
	}
}

// Member adds a memory.
func (c *Crystals) Member(m *sigil.Meta) {
	patterns := c.of[m.Tenant]
	if patterns == nil {
		return
	}
	if p := patterns[m.Frequency.Pattern()]; p != nil && !m.CreatedAt.After(p.UpdatedAt) && !m.Due(p.UpdatedAt) {
		p.members++
	}
}

// End compares the counts. trimmed reports whether the journal has lost its start.
func (c *Crystals) End(trimmed bool, found *store.Checked) {
	for tenant, patterns := range c.of {
		for _, p := range patterns {
			if trimmed && (c.oldest.IsZero() || p.UpdatedAt.Add(-inFlight).Before(c.oldest)) {
				continue
			}
			if off := p.Members - p.members; max(off, -off) > p.since {
				found.Add(store.CheckCrystals, "crystal %s of %s had %d members when it was last updated, and should have had %d", p.ID(), tenant, p.Members, p.members)
			}
		}
	}
}
