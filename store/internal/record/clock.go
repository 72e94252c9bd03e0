package record

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/sigil-dna/sigil/store"
)

// AppendTenantClock appends all of c except its tenant. A clock that never stops has 0 as its stop.
func AppendTenantClock(b []byte, c *store.TenantClock) []byte {
	var stops int64
	if !c.Stops.IsZero() {
		stops = c.Stops.UnixMilli()
	}
	b = binary.AppendVarint(b, stops)
	return binary.AppendUvarint(b, uint64(c.Stood/time.Second))
}

// TenantClock decodes the output of AppendTenantClock.
func (r *Reader) TenantClock(tenant string) store.TenantClock {
	c := store.TenantClock{Tenant: tenant}
	if stops := r.within(maxTime); stops != 0 {
		c.Stops = moment(stops)
	}
	c.Stood = time.Duration(r.upTo(math.MaxInt32)) * time.Second
	return c
}
