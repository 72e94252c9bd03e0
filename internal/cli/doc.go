// Package cli is the command: it reads arguments, calls a daemon through package client, and writes data to standard
// output and messages to standard error.
//
// It owns the commands, their flags and help, what a memory looks like on a terminal, and what the exit codes mean. It
// knows neither engines, nor stores, nor how a daemon is made: `sigil serve` is passed in as a function. It never ends
// the process.
package cli
