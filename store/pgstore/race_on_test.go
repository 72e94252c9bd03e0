//go:build race

package pgstore_test

import "testing"

// notUnderRace skips a test that is about what is stored, and takes long under the race detector.
func notUnderRace(t *testing.T) {
	t.Helper()
	t.Skip("make proof runs it, without the race detector")
}
