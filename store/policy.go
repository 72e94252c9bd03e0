package store

import (
	"context"
	"time"

	"github.com/sigil-dna/sigil"
)

// TenantPolicies keeps the policies that tenants have of their own.
type TenantPolicies interface {
	// ChangePolicy calls change with what is kept of a tenant's policy, and keeps what change makes of it, or nothing if that is
	// without policy and not Restamping. change may return an event to journal, or an error; then ChangePolicy returns that error unchanged and
	// nothing changes. The calls for one tenant run one after the other, in all processes. What calls of Update of this store have changed
	// before is durable no later than this change: so a mark that all is done is never kept without what was done.
	ChangePolicy(ctx context.Context, tenant string, change func(p *TenantPolicy) (*sigil.Event, error)) error

	// PolicyOf returns the policy that a tenant has of its own, or nil. It does no I/O, takes no lock and never fails, so functions that are
	// passed to the store may call it. It knows every change made through this
	// store whose ChangePolicy has returned, and those of other processes within [PolicyDelay], unless the database cannot be reached.
	PolicyOf(tenant string) sigil.Policy

	// TenantPolicies returns everything that is kept, by tenant.
	TenantPolicies(ctx context.Context) ([]TenantPolicy, error)
}

// PolicyDelay is the time within which all processes with a store know of a change of a tenant's policy.
const PolicyDelay = 5 * time.Second

// NewPoliciesFull returns the ErrFull for a store in which as many different policies were used as it can number.
func NewPoliciesFull() *sigil.Error {
	return &sigil.Error{Kind: sigil.ErrFull, Code: "policies_full", Field: "policy", Detail: "the store has as many different policies as it can number, and none is ever removed: use one that was used before"}
}

// TenantPolicy is what is kept of a tenant's policy.
type TenantPolicy struct {
	Tenant string
	Policy sigil.Policy // nil if it has none of its own
	Since  time.Time    // when it was changed
	// Restamping is set until all memories of the tenant that have another policy are brought under it.
	Restamping bool
}

// Empty reports whether nothing needs to be kept.
func (p *TenantPolicy) Empty() bool { return p.Policy == nil && !p.Restamping }
