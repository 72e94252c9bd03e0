// Package model tests every driver of [store.Store] together with the engine, through the API that users see.
//
// [Machine] runs a long random history through the public API, with sweeps, restarts and power cuts, side by
// side with a model of the specification, and compares after every step.
//
// [Histories] lets clients, sweeps and deadlines race. The answers must be possible for operations on each
// memory that run one at a time.
//
// It does not know any driver: a driver's test passes in the func that opens the driver. Package storetest
// checks a driver alone; this package checks the promises of docs/spec.md for the whole.
package model
