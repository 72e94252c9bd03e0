// Package pgstore keeps memories in PostgreSQL: it has a [store.Store] that any number of processes, on any
// number of machines, share.
//
// Every change is one transaction with its journal entries, committed synchronously before the call returns.
// Inserts of concurrent callers are gathered: two writers take all queued inserts and write them in one round
// trip, without waiting for more. A recall only reads; its refresh is written within a second, or before the
// answer if the memory's deadline is close. There is no leader, and no process needs to know the others: a
// sweep deletes the rows that are still due once they are locked, and skips rows that other sweeps have
// locked. Processes notify each other of their journal entries and, as [Store.OnRecall] describes, of
// recalls.
//
// All processes use the database's time (see [Store.Now]).
//
// The package does not know the engine's rules. It owns the schema "sigil" of its database.
package pgstore
