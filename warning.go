package sigil

import (
	"fmt"
	"time"
)

// Warning is about a request that was carried out, but probably meant something else.
type Warning struct {
	Code   string `json:"code"`
	Field  string `json:"field"` // of the request
	Detail string `json:"detail"`
}

// WarnTTLOverLife is the code of a [Warning] about a ttl that ends after the memory has faded, if nobody
// touches it.
const WarnTTLOverLife = "ttl_over_life"

// Warnings returns what to tell the caller of the encode that made m, usually nil.
func (m *Meta) Warnings() []Warning {
	if m.TTL == 0 || !m.FadesAt.Before(m.ends()) {
		return nil
	}
	life := m.FadesAt.Sub(m.LastAccessed).Round(time.Millisecond)
	return []Warning{{Code: WarnTTLOverLife, Field: "ttl", Detail: fmt.Sprintf("is longer than the %s that a memory lives untouched: "+
		"a ttl is a hard end and keeps nothing alive; pin the memory, or use a policy under which it lives longer", FormatDuration(life))}}
}
