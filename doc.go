// Package sigil defines the values of the memory engine and the arithmetic of one memory.
//
// It owns what a memory is ([Draft], [Meta], [Memory]), the state it was encoded in ([State]), how it fades ([Policy],
// [Classic], [HalfLife]), how similar two memories are ([Frequency], [Resonance]), what crystallizes ([Crystal],
// [Pattern], [Lattice]), what the journal records ([Event]) and how things fail ([Error] and the Err values).
// Everything here is a value or a pure function.
//
// It does no I/O, starts no goroutines and reads no clock: callers pass times in. Verbs (encode, recall, forget, …)
// are in package engine; durability is in package store and its drivers; the API's JSON is in package wire.
//
// Section numbers in comments ("spec 2") refer to docs/spec.md.
package sigil
