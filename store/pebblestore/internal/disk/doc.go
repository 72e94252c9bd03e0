// Package disk is the folder of an embedded store: locking it, which store it holds, the file system and the options that
// the database in it runs on, and how much room there is. All that is tuned to a machine is in [Tuning].
//
// It decides when flushes and compactions rest, and it refuses what a full disk has no room for. It does not know what
// is in the database.
package disk
