// Package index is the part of an embedded store that is in memory: an entry for each memory, with all its
// figures, in lists by id, by deadline and by frequency, and the crystals. It makes memories visible, finds
// those that are due, and reserves space under a quota. Except for the refreshes of the last half second, it
// is a function of the data on disk. It does no I/O.
//
// It is safe for concurrent use: each method takes and releases its one lock, and runs no func of a caller
// while it holds the lock.
package index
