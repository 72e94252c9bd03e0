// Package proof is what every driver is put through with the engine on top.
//
// Histories: clients, sweeps and deadlines race for real, and what was answered must be what one
// memory at a time could have answered ([Histories]).
//
// It does not know any driver: who tests one passes in how it is opened.
package proof
