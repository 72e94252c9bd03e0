// Package wake lets any number of goroutines wait for the next occurrence of something.
package wake

import "sync"

// Signal wakes all goroutines that wait for it. The zero value is ready.
type Signal struct {
	mu sync.Mutex
	// +checklocks:mu
	next chan struct{} // closed by Fire; nil while no goroutine waits
}

// Wait returns a channel that the next Fire closes. A caller that calls Wait first, and then looks for
// something and finds nothing, cannot miss what is added later.
func (s *Signal) Wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		s.next = make(chan struct{})
	}
	return s.next
}

// Fire wakes all waiting goroutines.
func (s *Signal) Fire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next != nil {
		close(s.next)
		s.next = nil
	}
}
