package campaign

import (
	"context"
	"fmt"
	"slices"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// askPolicy records a policy that a tenant is about to be given, or "" for none of its own.
func (l *Ledger) askPolicy(tenant, policy string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.policies[tenant]) == 0 {
		l.policies[tenant] = []string{""} // that of a tenant which was never given one
	}
	l.policies[tenant] = append(l.policies[tenant], policy)
}

// hasPolicy records that the tenant has the policy that was requested last.
func (l *Ledger) hasPolicy(tenant string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.policies[tenant]
	l.policies[tenant] = all[len(all)-1:]
}

// samePolicy reports whether two texts are one policy; "" is none.
func samePolicy(a, b string) bool {
	if a == "" || b == "" {
		return a == b
	}
	p, err1 := sigil.ParsePolicy(a)
	q, err2 := sigil.ParsePolicy(b)
	return err1 == nil && err2 == nil && p == q
}

// checkPolicy compares a tenant's policy with what was acknowledged, or requested since. It returns the policy if all memories must be under it, since
// restamping is over.
func (l *Ledger) checkPolicy(ctx context.Context, c *client.Client, tenant string) (restamped string, err error) {
	p, err := c.Policy(ctx)
	if err != nil {
		return "", fmt.Errorf("asking for the policy: %w", err)
	}
	own := ""
	if p.Own {
		own = p.Policy
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.policies[tenant]
	if len(all) == 0 {
		all = []string{""}
	}
	at := slices.IndexFunc(all, func(text string) bool { return samePolicy(text, own) })
	if at < 0 {
		l.violation("%s has the policy %q; acknowledged, or requested since, was %q", tenant, own, all)
		at = 0
	}
	l.policies[tenant] = []string{all[at]}
	if p.Restamping {
		return "", nil
	}
	return own, nil
}

// comparePolicies checks that the memories of tenants whose restamping is over are under the tenants' policies, except for those with their own. mu is held.
func (l *Ledger) comparePolicies(there map[sigil.ID]*listed, restamped map[string]string) {
	for _, m := range there {
		want := restamped[m.view.Tenant]
		if e := l.entryOf(&m.view); e != nil && e.Draft.Policy != nil {
			want = e.Draft.Policy.String()
		}
		if want != "" && !samePolicy(want, m.view.Policy) {
			l.violation("%s/%s is under %q, and its policy is %q", m.view.Tenant, m.view.ID, m.view.Policy, want)
		}
	}
}
