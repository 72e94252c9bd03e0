//go:build race

package pebblestore_test

import "testing"

// stride is the distance of the writes after which the default run cuts the power: the detector makes
// each look ten times as long.
const stride = 400

// faultStride is the distance of the faults that the default run injects.
const faultStride = 50

// notUnderRace skips a test that is about what is stored, and takes long under the race detector.
func notUnderRace(t *testing.T) {
	t.Helper()
	t.Skip("make proof runs it, without the race detector")
}
