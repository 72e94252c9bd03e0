// Package model tests every driver of [store.Store] with the engine on top of it, as users see the two.
//
// [Machine] runs a long random history through the public API, with sweeps, restarts and power cuts, side by side with
// a model of the specification, and compares after every step.
//
// [Histories] lets clients, sweeps and deadlines race for real. The answers must be those that one memory at a time
// could have given.
//
// It does not know any driver: a driver's test passes in how it is opened. Package storetest checks a driver alone;
// this package checks the promises of docs/spec.md for the whole.
package model
