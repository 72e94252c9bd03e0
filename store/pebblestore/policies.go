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
	mu sync.RWMutex
	// +checklocks:mu
	byNumber []sigil.Policy
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
	p.mu.RLock()
	defer p.mu.RUnlock()
	if int(number) >= len(p.byNumber) {
		return nil
	}
	return p.byNumber[number]
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
	if len(p.byNumber) > math.MaxUint16 {
		return 0, errors.New("pebblestore: more than 65,536 policies in one store")
	}
	if p.numbers == nil {
		p.numbers = map[sigil.Policy]uint16{}
	}
	n := uint16(len(p.byNumber))
	p.byNumber = append(p.byNumber, policy)
	p.numbers[policy] = n
	return n, nil
}

// from gives the policies numbered first and above.
func (p *policies) from(first int) []sigil.Policy {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.byNumber[min(first, len(p.byNumber)):]
}
