package pgstore

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/internal/record"
)

// policies maps numbers to policies. The mapping is in the database. A number never changes its meaning, so
// everything that was read stays valid.
type policies struct {
	mu sync.RWMutex
	// +checklocks:mu
	byNumber map[uint16]sigil.Policy
	// +checklocks:mu
	numbers map[sigil.Policy]uint16
	// last is the policy that was last looked up, which is usually the next one, too.
	last atomic.Pointer[numbered]
}

type numbered struct {
	policy sigil.Policy
	number uint16
}

// get returns the policy with a number, or nil.
func (p *policies) get(number uint16) sigil.Policy {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.byNumber[number]
}

func (p *policies) known(policy sigil.Policy) (uint16, bool) {
	if last := p.last.Load(); last != nil && last.policy == policy {
		return last.number, true
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	n, ok := p.numbers[policy]
	if ok {
		p.last.Store(&numbered{policy, n})
	}
	return n, ok
}

// unnumbered is the error for a policy whose number is unknown. A transaction fails with it instead of
// querying the number, since it would wait for a second connection while it holds one.
type unnumbered struct{ policy sigil.Policy }

func (e *unnumbered) Error() string {
	return "pgstore: the number of policy " + e.policy.String() + " is unknown"
}

// inTransaction returns the number of a policy, or [unnumbered].
func (p *policies) inTransaction(policy sigil.Policy) (uint16, error) {
	if n, ok := p.known(policy); ok {
		return n, nil
	}
	return 0, &unnumbered{policy}
}

// number returns the number of a policy. A new number is made durable before it is used.
func (p *policies) number(ctx context.Context, db querier, policy sigil.Policy) (uint16, error) {
	for {
		if n, ok := p.known(policy); ok {
			return n, nil
		}
		_, err := db.Exec(ctx, "insert into sigil.policies (number, policy) select coalesce(max(number) + 1, 0), $1 from sigil.policies on conflict do nothing", policy.StoredForm())
		if stateOf(err) == outOfRange { // of numbers
			return 0, store.NewPoliciesFull()
		}
		if err != nil && stateOf(err) != uniqueViolation {
			return 0, err
		}
		// Another process may have been first, with this policy or with the number.
		if err := p.load(ctx, db); err != nil {
			return 0, err
		}
	}
}

// ensure makes sure that a policy has a number. Without a policy it does nothing.
func (p *policies) ensure(ctx context.Context, db querier, policy sigil.Policy) error {
	if policy == nil {
		return nil
	}
	_, err := p.number(ctx, db, policy)
	return err
}

// load reads all policies.
func (p *policies) load(ctx context.Context, db querier) error {
	rows, err := db.Query(ctx, "select number, policy from sigil.policies")
	if err != nil {
		return err
	}
	defer rows.Close()
	byNumber, numbers := map[uint16]sigil.Policy{}, map[sigil.Policy]uint16{}
	for rows.Next() {
		var n int16
		var text string
		if err := rows.Scan(&n, &text); err != nil {
			return err
		}
		policy, err := record.ParsePolicy(text)
		if err != nil {
			return err
		}
		byNumber[uint16(n)], numbers[policy] = policy, uint16(n)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.byNumber, p.numbers = byNumber, numbers
	return nil
}

// find returns the policy with a number, which another process may have added.
func (p *policies) find(ctx context.Context, db querier, number uint16) (sigil.Policy, error) {
	if policy := p.get(number); policy != nil {
		return policy, nil
	}
	err := p.load(ctx, db)
	return p.get(number), err
}

// all returns all policies, after reading them again.
func (p *policies) all(ctx context.Context, db querier) ([]sigil.Policy, error) {
	if err := p.load(ctx, db); err != nil {
		return nil, err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	return slices.Collect(maps.Values(p.byNumber)), nil
}
