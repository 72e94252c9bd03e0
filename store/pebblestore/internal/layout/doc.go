// Package layout is what the bytes of an embedded store mean: which keys there are and what is under them, the files
// of the folder, the versions of the format, and how the database frames its logs. It reads and makes bytes, and does
// no I/O. Figures, contents, events and answers as bytes are package record's.
package layout
