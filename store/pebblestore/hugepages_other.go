//go:build !linux

package pebblestore

// hugePages does nothing: see the one of Linux.
func hugePages([]slab) {}
