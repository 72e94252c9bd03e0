// Package tree finds the files that are to be signed or verified, and works through them. It owns which files of a
// folder count, what a file is called in its signature, how a file is replaced, and how many are in work at a time. It
// knows nothing of headers and keys: package codesign does.
package tree
