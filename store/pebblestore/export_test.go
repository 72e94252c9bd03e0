package pebblestore

import "context"

// CheckIndex is Verify for tests that have no context at hand.
func (s *Store) CheckIndex() error { return s.Verify(context.Background()) }
