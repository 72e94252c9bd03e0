//go:build !race

package pebblestore_test

import "testing"

// stride is the distance of the writes after which the default run cuts the power.
const stride = 40

// faultStride is the distance of the faults that the default run injects.
const faultStride = 20

func notUnderRace(*testing.T) {}
