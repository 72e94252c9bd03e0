//go:build !linux

package pebblestore

// hugePages and populate do nothing: see those of Linux.
func hugePages([]slab) {}

func populate([]slab) {}
