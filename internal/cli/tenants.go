package cli

import (
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/imports"
)

const reasonTenant = "is of another tenant than the one of --tenant, which it now has"

// tenantOf returns the tenant that a piece goes to: the one that it names, unless the user has named one. "" is the one of l.client.
func (l *loader) tenantOf(p piece) string {
	named, _ := l.app.setting(l.app.flags.tenant, "--tenant", "SIGIL_TENANT")
	if named != "" {
		return ""
	}
	return p.tenant()
}

// clientOf returns the client of a tenant.
func (l *loader) clientOf(tenant string) (*client.Client, error) {
	if tenant == "" {
		return l.client, nil
	}
	if c := l.tenants[tenant]; c != nil {
		return c, nil
	}
	c, err := l.app.connect(tenant, "the tenant of a memory")
	if err != nil {
		return nil, err
	}
	if l.tenants == nil {
		l.tenants = map[string]*client.Client{}
	}
	l.tenants[tenant] = c
	return c, nil
}

func (l *loader) closeTenants() {
	for _, c := range l.tenants {
		c.CloseIdleConnections()
	}
}

// encodedBefore reports whether a memory was refused since this import encoded it before: its key has all that it consists of, and only
// what is left of its ttl is another.
func encodedBefore(m *imports.Memory, item *client.BatchItem) bool {
	return m != nil && !m.Ends.IsZero() && item.Problem != nil && item.Problem.Code == "idempotency_mismatch"
}
