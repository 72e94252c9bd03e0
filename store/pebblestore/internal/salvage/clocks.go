package salvage

import (
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
	"github.com/sigil-dna/sigil/store/pebblestore/internal/layout"
)

// readClocks reads the clocks of tenants.
func (v *salvage) readClocks() {
	v.clocks = map[string]store.TenantClock{}
	v.each(layout.ClockFamily, func(key []byte, _ uint64, _ pebble.InternalKeyKind, value []byte) {
		tenant, _, _ := layout.SplitTenant(key)
		r := record.NewReader(value)
		c := r.TenantClock(tenant)
		if r.End() != nil {
			v.found.wrong("the clock of tenant %q cannot be read: its memories are shown with deadlines that may be too early", tenant)
			return
		}
		if kept, ok := v.clocks[tenant]; !ok || c.Stood > kept.Stood || c.Stood == kept.Stood && c.Stops.After(kept.Stops) { // the newest, since it never goes back
			v.clocks[tenant] = c
		}
	})
}

// shown returns the figures of a memory, which are by the clock of its tenant, as they are now. If that clock is lost, they are as they
// were when the memory was last accessed.
func (v *salvage) shown(m sigil.Meta) sigil.Meta {
	if c, ok := v.clocks[m.Tenant]; ok {
		return c.Show(m, time.Now())
	}
	return m.Shift(-m.Stood)
}
