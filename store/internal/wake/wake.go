// Package wake lets any number of goroutines wait for the next time something happens.
package wake

import "sync"

// Signal wakes all that wait for it. The zero value is ready.
type Signal struct {
	mu sync.Mutex
	// +checklocks:mu
	next chan struct{} // closed by Fire; nil where nobody waits
}

// Wait gives a channel that the next Fire closes. Who looks for something after taking it, and finds
// nothing, hears of what comes.
func (s *Signal) Wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next == nil {
		s.next = make(chan struct{})
	}
	return s.next
}

// Fire wakes those that wait.
func (s *Signal) Fire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next != nil {
		close(s.next)
		s.next = nil
	}
}
