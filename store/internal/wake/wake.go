// Package wake lets any number of goroutines wait for the next time something happens.
package wake

import "sync"

// Signal wakes all that wait for it. The zero value is ready.
type Signal struct {
	mu sync.Mutex
	// +checklocks:mu
	next chan struct{} // closed by Fire; nil while nothing waits
}

// Wait returns a channel that the next Fire closes. A caller that takes it first, then looks for something and finds
// nothing, cannot miss what comes later.
func (s *Signal) Wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		s.next = make(chan struct{})
	}
	return s.next
}

// Fire wakes all waiting callers.
func (s *Signal) Fire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next != nil {
		close(s.next)
		s.next = nil
	}
}
