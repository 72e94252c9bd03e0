// Package index is what an embedded store has in memory: an entry for each memory, with all its figures, in lists by id,
// by deadline and by frequency, and the crystals. It makes memories visible and finds what is due, and it promises
// room under a quota. It is a function of what is on disk, but for refreshes of the last half second, and does no I/O.
//
// It is safe for concurrent use: each method takes and releases its one lock, and no function of a caller runs under it.
package index
