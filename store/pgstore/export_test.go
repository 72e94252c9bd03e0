package pgstore

import "context"

// Flush writes the refreshes that are behind.
func (s *Store) Flush(ctx context.Context) error { return s.flush(ctx) }

// Abandon ends the store as a kill of its process does: what is behind is lost.
func (s *Store) Abandon() {
	s.gate.Lock()
	defer s.gate.Unlock()
	s.closed = true
	close(s.inserts)
	s.stop()
	s.running.Wait()
	s.pool.Close()
}
