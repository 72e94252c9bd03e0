//go:build !race

package pgstore_test

import "testing"

func notUnderRace(*testing.T) {}
