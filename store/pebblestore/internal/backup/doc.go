// Package backup copies the files of a store that does not change into a folder of their own, with a manifest that has the
// size and the checksum of each, and restores such copies. It owns the manifest, the names of unfinished folders, and the order
// in which things become durable: whatever is interrupted leaves either a whole backup or a folder that the next one removes.
//
// It does not know how a database is held still, nor how one is opened.
package backup
