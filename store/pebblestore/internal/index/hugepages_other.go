//go:build !linux

package index

// hugePages and populate do nothing: see hugepages_linux.go.
func hugePages([]slab) {}

func populate([]slab) {}
