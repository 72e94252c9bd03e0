// Package pgstore keeps memories in PostgreSQL: a [store.Store] that any number of processes, on any number of
// machines, share.
//
// Every change is one transaction with its journal entries, committed synchronously before the call returns. Inserts
// of concurrent callers are gathered: two writers take what is queued and write it in one round trip, without waiting
// for more. A recall only reads; its refresh is written within a second, or before the answer if the memory's deadline
// is nearer than that. There is no leader, and no process needs to know about the others: a sweep deletes what is
// still due once the row is locked, and skips rows that other sweeps have locked. Processes notify each other of what
// they journaled and, as [Store.OnRecall] describes, of recalls.
//
// The time of all processes is the database's (see [Store.Now]).
//
// It does not know the engine's rules. It owns the schema "sigil" of the database it is given.
package pgstore
