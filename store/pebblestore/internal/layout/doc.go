// Package layout defines the bytes of an embedded store: its keys and their values, the files of its folder,
// the versions of its format, and how the database frames its logs. It encodes and decodes, and does no I/O.
// Package record encodes figures, contents, events and answers.
package layout
