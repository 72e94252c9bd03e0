// Package cli is the command: it reads arguments, calls a daemon through package client, and writes
// data to standard output and words to standard error.
//
// It owns the commands, their flags and help, what a memory looks like on a terminal, and what the
// exit codes mean. It does not know engines, stores or how a daemon is made: `sigil serve` is handed
// to it as a func. It never ends the process.
package cli
