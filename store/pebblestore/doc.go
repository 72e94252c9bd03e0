// Package pebblestore is the embedded [store.Store]. It keeps records on disk in one Pebble database, and
// indexes in memory, which are rebuilt at open.
//
// It owns the verbs of the store, the committer (commit.go), which writes the changes of concurrent callers as one
// synced batch, the journal, open and close. Package index makes a memory visible once its commit is durable. Package
// disk manages the folder and the file system under the database. Package salvage reads damaged stores. Package layout
// defines the keys and files, package record the values, and package keylock the locks on single memories. The package
// knows neither the engine's rules nor the time.
//
// A change takes these steps: lock the keys that it reads, decide using the index, queue the records. The committer
// then writes and syncs one batch of everything queued, applies the changes to the index, and answers. A refresh
// changes the index at once and is written by the committer within half a second.
//
// Locks are taken in this order: gate, keys (ascending), index. The index lock is never held across I/O.
package pebblestore
