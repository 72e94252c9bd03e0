// Package disk manages the folder of an embedded store: its lock, which store it holds, the file system and the
// options for the database in it, and its free space. All tuning to a machine is in [Tuning].
//
// It decides when flushes and compactions rest, and refuses changes that a full disk has no space for. It does not
// know what is in the database.
package disk
