// Package shape converts values of the engine into the shapes of package wire: times and durations into text
// and numbers, and decisions into sentences for people. Only this package decides how a value looks in JSON.
//
// It does no I/O and knows neither HTTP nor requests.
package shape
