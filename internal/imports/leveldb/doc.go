// Package leveldb reads a LevelDB folder without changing anything in it, strictly: every checksum is verified, every file that the
// folder's manifest names must be there with its size, and keys must be in order. What cannot be read is an error that names the file;
// no record is left out in silence. It reads what the C++ library writes (npm's level and classic-level): tables without compression
// or with Snappy, and logs.
//
// It knows nothing of what the records mean.
package leveldb
