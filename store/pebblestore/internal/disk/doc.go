// Package disk manages the folder of an embedded store: its lock, its identity, the file system and the
// options of its database, and its free space. All tuning to a machine is in [Tuning].
//
// It decides when flushes and compactions rest, and refuses changes for which the disk has no space. It does
// not know the contents of the database.
package disk
