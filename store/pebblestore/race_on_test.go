//go:build race

package pebblestore_test

// stride is the distance of the writes after which the default run cuts the power: the detector makes
// each look ten times as long.
const stride = 400

// faultStride is the distance of the faults that the default run injects.
const faultStride = 50
