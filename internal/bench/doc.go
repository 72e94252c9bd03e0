// Package bench holds load shapes against the engine, the client and their peers. It is run by make
// bench and by go test -bench; no test depends on a time measured here.
package bench
