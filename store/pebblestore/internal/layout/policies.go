package layout

import (
	"math"
	"sync"
	"sync/atomic"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
)

// Policies numbers the policies of a store, so that a record needs one to three bytes for its policy and an index
// entry two. A number is written at the latest in the batch of its first use, and never changes its meaning. The zero value has
// no policies. It is safe for concurrent use.
type Policies struct {
	// byNumber is replaced when a policy is added, since it is read without a lock, for every memory that is
	// returned.
	byNumber atomic.Pointer[[]sigil.Policy]

	mu sync.Mutex
	// +checklocks:mu
	numbers map[sigil.Policy]uint16
	// last is the policy that was last looked up, which is usually the next one, too.
	last atomic.Pointer[numbered]
}

type numbered struct {
	policy sigil.Policy
	number uint16
}

// FixedPolicies returns Policies for reading only: Policy(n) is all[n]. Number and Add do not know them.
func FixedPolicies(all []sigil.Policy) *Policies {
	p := &Policies{}
	p.byNumber.Store(&all)
	return p
}

// Policy returns the policy with a number, or nil.
func (p *Policies) Policy(number uint16) sigil.Policy {
	all := p.all()
	if int(number) >= len(all) {
		return nil
	}
	return all[number]
}

func (p *Policies) all() []sigil.Policy {
	if all := p.byNumber.Load(); all != nil {
		return *all
	}
	return nil
}

// Number returns the number of a policy. A policy without one gets a new number.
func (p *Policies) Number(policy sigil.Policy) (uint16, error) {
	if last := p.last.Load(); last != nil && last.policy == policy {
		return last.number, nil
	}
	n, err := p.Add(policy)
	if err == nil {
		p.last.Store(&numbered{policy, n})
	}
	return n, err
}

// Add is like Number, for a policy that is not looked up again soon.
func (p *Policies) Add(policy sigil.Policy) (uint16, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n, ok := p.numbers[policy]; ok {
		return n, nil
	}
	all := p.all()
	if len(all) > math.MaxUint16 {
		return 0, store.NewPoliciesFull()
	}
	if p.numbers == nil {
		p.numbers = map[sigil.Policy]uint16{}
	}
	n := uint16(len(all))
	all = append(all[:n:n], policy)
	p.byNumber.Store(&all)
	p.numbers[policy] = n
	return n, nil
}

// From returns the policies with numbers from first on.
func (p *Policies) From(first int) []sigil.Policy {
	all := p.all()
	return all[min(first, len(all)):]
}
