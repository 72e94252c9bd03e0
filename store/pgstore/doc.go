// Package pgstore keeps memories in PostgreSQL: a [store.Store] that any number of processes, on any
// number of machines, share.
//
// Every change is one transaction with its journal entries, committed synchronously before the call
// returns. Inserts of concurrent callers are gathered: two writers take what waits and write it in one
// round trip, without waiting for more. A recall reads, and its refresh is written behind, at most a
// second later; where the memory's deadline is nearer than that it is written at once. There is no
// leader, and no process needs to know of the others: a sweep deletes what is still due when the row is
// locked, and sweeps of other processes skip rows that are. Processes notify each other of what they journaled and, as
// [Store.OnRecall] describes, of what was recalled.
//
// The time of all processes is the database's (see [Store.Now]).
//
// It does not know the engine's rules. It owns the schema "sigil" of the database it is given.
package pgstore
