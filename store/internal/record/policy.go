package record

import (
	"encoding/binary"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// AppendPolicy appends the text of a policy, which is empty for nil.
func AppendPolicy(b []byte, p sigil.Policy) []byte {
	if p == nil {
		return AppendBytes(b, nil)
	}
	return AppendBytes(b, []byte(p.StoredForm()))
}

// Policy decodes the output of AppendPolicy.
func (r *Reader) Policy() sigil.Policy {
	text := r.Bytes()
	if len(text) == 0 {
		return nil
	}
	p, err := ParsePolicy(string(text))
	if err != nil {
		r.Fail()
		r.err = err
		return nil
	}
	return p
}

// AppendTenantPolicy appends all of p except its tenant.
func AppendTenantPolicy(b []byte, p *store.TenantPolicy) []byte {
	b = AppendPolicy(b, p.Policy)
	b = binary.AppendVarint(b, p.Since.UnixMilli())
	if p.Restamping {
		return append(b, 1)
	}
	return append(b, 0)
}

// TenantPolicy decodes the output of AppendTenantPolicy.
func (r *Reader) TenantPolicy(tenant string) store.TenantPolicy {
	p := store.TenantPolicy{Tenant: tenant, Policy: r.Policy(), Since: r.time()}
	switch r.byte() {
	case 0:
	case 1:
		p.Restamping = true
	default:
		r.Fail()
	}
	return p
}
