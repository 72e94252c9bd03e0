package client

import "github.com/sigil-dna/sigil/wire"

// Aliases of the types in the daemon's answers, so that a program that calls a daemon need not import package wire.
// Those of signatures of code are in code.go.
type (
	// Memory is [wire.Memory].
	Memory = wire.Memory
	// MemoryPage is [wire.MemoryPage].
	MemoryPage = wire.MemoryPage
	// Warning is [wire.Warning].
	Warning = wire.Warning
	// Similar is [wire.Similar].
	Similar = wire.Similar
	// SearchPage is [wire.SearchPage].
	SearchPage = wire.SearchPage
	// Hit is [wire.Hit].
	Hit = wire.Hit
	// Matched is [wire.Matched].
	Matched = wire.Matched
	// ScoreExplanation is [wire.ScoreExplanation].
	ScoreExplanation = wire.ScoreExplanation
	// ScoreShare is [wire.ScoreShare].
	ScoreShare = wire.ScoreShare
	// ScoreCosines is [wire.ScoreCosines].
	ScoreCosines = wire.ScoreCosines
	// ScoreBM25 is [wire.ScoreBM25].
	ScoreBM25 = wire.ScoreBM25
	// SearchWeights is [wire.SearchWeights].
	SearchWeights = wire.SearchWeights
	// RelatedPage is [wire.RelatedPage].
	RelatedPage = wire.RelatedPage
	// NeighborPage is [wire.NeighborPage].
	NeighborPage = wire.NeighborPage
	// BatchItem is [wire.BatchItem].
	BatchItem = wire.BatchItem
	// BatchPage is [wire.BatchPage].
	BatchPage = wire.BatchPage
	// Removed is [wire.Removed].
	Removed = wire.Removed
	// Version is [wire.Version].
	Version = wire.Version
	// VersionPage is [wire.VersionPage].
	VersionPage = wire.VersionPage
	// RemovedPage is [wire.RemovedPage].
	RemovedPage = wire.RemovedPage
	// RestoredItem is [wire.RestoredItem].
	RestoredItem = wire.RestoredItem
	// Erased is [wire.Erased].
	Erased = wire.Erased
	// EraseCounts is [wire.EraseCounts].
	EraseCounts = wire.EraseCounts
	// ReceiptKey is [wire.ReceiptKey].
	ReceiptKey = wire.ReceiptKey
	// Crystal is [wire.Crystal].
	Crystal = wire.Crystal
	// CrystalPage is [wire.CrystalPage].
	CrystalPage = wire.CrystalPage
	// Pattern is [wire.Pattern].
	Pattern = wire.Pattern
	// PatternList is [wire.PatternList].
	PatternList = wire.PatternList
	// Event is [wire.Event].
	Event = wire.Event
	// EventPage is [wire.EventPage].
	EventPage = wire.EventPage
	// Arithmetic is [wire.Arithmetic].
	Arithmetic = wire.Arithmetic
	// Recalls is [wire.Recalls].
	Recalls = wire.Recalls
	// Delivery is [wire.Delivery].
	Delivery = wire.Delivery
	// Explanation is [wire.Explanation].
	Explanation = wire.Explanation
	// Forecast is [wire.Forecast].
	Forecast = wire.Forecast
	// Stats is [wire.Stats].
	Stats = wire.Stats
	// Identity is [wire.Identity].
	Identity = wire.Identity
	// Embeddings is [wire.Embeddings].
	Embeddings = wire.Embeddings
	// Backup is [wire.Backup].
	Backup = wire.Backup
	// BackupList is [wire.BackupList].
	BackupList = wire.BackupList
	// TenantPolicy is [wire.TenantPolicy].
	TenantPolicy = wire.TenantPolicy
	// PolicyFading is [wire.PolicyFading].
	PolicyFading = wire.PolicyFading
	// Sweep is [wire.Sweep].
	Sweep = wire.Sweep
	// Problem is [wire.Problem].
	Problem = wire.Problem
	// Timestamp is [wire.Timestamp].
	Timestamp = wire.Timestamp
)
