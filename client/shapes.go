package client

import "github.com/sigil-dna/sigil/wire"

// What a daemon answers, under this package's name: a program that calls one needs no other to name it.
type (
	Memory      = wire.Memory
	MemoryPage  = wire.MemoryPage
	Warning     = wire.Warning
	BatchItem   = wire.BatchItem
	BatchPage   = wire.BatchPage
	Crystal     = wire.Crystal
	Pattern     = wire.Pattern
	Event       = wire.Event
	EventPage   = wire.EventPage
	Arithmetic  = wire.Arithmetic
	Recalls     = wire.Recalls
	Delivery    = wire.Delivery
	Explanation = wire.Explanation
	Forecast    = wire.Forecast
	Stats       = wire.Stats
	Identity    = wire.Identity
	Sweep       = wire.Sweep
	Problem     = wire.Problem
	Timestamp   = wire.Timestamp
)
