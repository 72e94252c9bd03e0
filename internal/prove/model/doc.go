// Package model holds what every driver of [store.Store] is put through with the engine on top of it,
// the way users meet the two.
//
// [Machine] lives a long random life through the public API, with sweeps, restarts and power cuts, next
// to a model that is told what the specification says should happen, and compares after every step.
//
// [Histories] lets clients, sweeps and deadlines race for real: what was answered must be what one
// memory at a time could have answered.
//
// It does not know any driver: a driver's test passes in how it is opened. Package storetest judges a
// driver alone; what is judged here is what the promises of docs/spec.md come to when all is put together.
package model
