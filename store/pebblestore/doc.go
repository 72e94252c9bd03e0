// Package pebblestore is the embedded [store.Store]: records on disk in one Pebble database, indexes
// in memory, rebuilt at open.
//
// It owns what each method does, the one committer that gathers what concurrent callers change into one synced batch
// (commit.go), the journal, open and close. Package index makes a memory visible once its commit is durable, package
// disk is the folder and what is below the database, package salvage reads what is damaged. What the bytes mean is
// package layout's, how records are written package record's, and the locks of single memories are package keylock's.
// It does not know verbs or the time.
//
// How a change goes: lock the keys it reads · decide on the index · queue the records · the committer
// writes and syncs one batch of all that is queued · the index applies them · it answers. A
// refresh changes the index at once and is written by the committer within half a second.
//
// Order of locks: gate, keys (ascending), index. The index lock is never held across I/O.
package pebblestore
