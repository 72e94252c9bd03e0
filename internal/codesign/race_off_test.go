//go:build !race

package codesign_test

const raceEnabled = false
