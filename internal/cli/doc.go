// Package cli is the command line: it reads arguments, calls a daemon through package client, and writes data to
// standard output and messages to standard error.
//
// It owns the commands, their flags and help, how a memory is shown on a terminal, and what the exit codes mean. It
// knows neither engines, nor stores, nor how a daemon is made: `sigil serve` is passed in as a function. It never ends
// the process.
package cli
