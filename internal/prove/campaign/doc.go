// Package campaign puts a real daemon under load, ends it in bad ways, and compares its content with what it
// has acknowledged.
//
// It owns the [Child], a process that can be killed at any moment; the [Load], concurrent clients that do
// everything a client can; and the [Ledger], which records attempts and acknowledgments, and finds what was
// lost, invented or done twice. It knows a daemon only by its API: package client, and the promises of
// docs/spec.md.
package campaign
