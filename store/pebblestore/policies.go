package pebblestore

import (
	"errors"
	"math"
	"sync"
	"sync/atomic"

	"github.com/sigil-dna/sigil"
)

// policies numbers the policies of a store, so that a record and an index entry hold two bytes of
// theirs. A number is written in the batch of its first use and never changes its meaning.
type policies struct {
	// byNumber is replaced when one is added: it is read without a lock, for every memory that is shown.
	byNumber atomic.Pointer[[]sigil.Policy]

	mu sync.Mutex
	// +checklocks:mu
	numbers map[sigil.Policy]uint16
	// last is the one asked for last, which is mostly the next one too.
	last atomic.Pointer[numbered]
}

type numbered struct {
	policy sigil.Policy
	number uint16
}

// Policy gives the policy with a number, or nil.
func (p *policies) Policy(number uint16) sigil.Policy {
	all := p.all()
	if int(number) >= len(all) {
		return nil
	}
	return all[number]
}

func (p *policies) all() []sigil.Policy {
	if all := p.byNumber.Load(); all != nil {
		return *all
	}
	return nil
}

// number gives the number of a policy, a new one where it has none.
func (p *policies) number(policy sigil.Policy) (uint16, error) {
	if last := p.last.Load(); last != nil && last.policy == policy {
		return last.number, nil
	}
	n, err := p.add(policy)
	if err == nil {
		p.last.Store(&numbered{policy, n})
	}
	return n, err
}

func (p *policies) add(policy sigil.Policy) (uint16, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n, ok := p.numbers[policy]; ok {
		return n, nil
	}
	all := p.all()
	if len(all) > math.MaxUint16 {
		return 0, errors.New("pebblestore: more than 65,536 policies in one store")
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

// from gives the policies numbered first and above.
func (p *policies) from(first int) []sigil.Policy {
	all := p.all()
	return all[min(first, len(all)):]
}
