package wire

import "github.com/sigil-dna/sigil"

// Explanation is why one memory is alive or gone, with the arithmetic behind it. If the memory is gone, the figures
// are those of its last journal entry, at the time of that.
type Explanation struct {
	ID   sigil.ID `json:"id"`
	Live bool     `json:"live"`
	// Memory is without content; null if the memory is gone.
	Memory *Memory `json:"memory"`
	// LastEvent is the newest of History; null if the journal does not go back that far.
	LastEvent   *Event  `json:"lastEvent"`
	Policy      string  `json:"policy"`
	Threshold   float64 `json:"threshold"`   // over 0, at most 1
	IdleSeconds float64 `json:"idleSeconds"` // from 0
	Decay       float64 `json:"decay"`       // 0 to 1
	// LifetimeSeconds is how long it lives untouched; null if decay does not end it, since it is pinned or
	// crystallized.
	LifetimeSeconds *float64   `json:"lifetimeSeconds"`
	FadesAt         *Timestamp `json:"fadesAt"`     // null: never
	SecondsLeft     *float64   `json:"secondsLeft"` // from 0; null: gone, or forever
	Formula         string     `json:"formula"`
	Worked          string     `json:"worked"` // the formula with the figures filled in
	Reason          string     `json:"reason"` // one sentence for people
	// History is what the journal has of the memory, oldest first. HistoryComplete is false if the journal
	// begins later, or was too long to be read to its end. Recalls are not journaled.
	History         []Event `json:"history"`
	HistoryComplete bool    `json:"historyComplete"`
}

// Forecast is what fades from one moment to another if nothing is recalled. Its slices are never null.
type Forecast struct {
	From  Timestamp `json:"from"`
	Until Timestamp `json:"until"`
	// Policy is the proposed one, null if each memory's own is meant; LifetimeSeconds is its.
	Policy          *string  `json:"policy"`
	LifetimeSeconds *float64 `json:"lifetimeSeconds"`
	// Fading counts the memories that fade; under a proposed policy, as if each had had it since its last access.
	Fading int `json:"fading"`
	// FadingByOwnPolicy counts the memories that fade under their own policies. It is what happens if a daemon is started
	// with the proposed policy and nothing is recalled, since a policy reaches a memory at its next recall.
	FadingByOwnPolicy int   `json:"fadingByOwnPolicy"`
	Bytes             int64 `json:"bytes"` // of the data of the memories that Fading counts
	// Patterns and Tags count what fades, most first; of tags at most 100.
	Patterns []PatternCount `json:"patterns"`
	Tags     []TagCount     `json:"tags"`
	// Bins divide the span evenly. Under a proposed policy the first one also has what would be gone at once.
	Bins []ForecastBin `json:"bins"`
	// Memories are the first that fade, soonest first, without content; FadesAt is the forecast's.
	Memories []Memory `json:"memories"`
}

// PatternCount counts memories of a pattern.
type PatternCount struct {
	Pattern int `json:"pattern"` // the group key, 0 to 161
	Count   int `json:"count"`
}

// TagCount counts memories with a tag.
type TagCount struct {
	Tag   string `json:"tag"`
	Count int    `json:"count"`
}

// ForecastBin counts what fades after From and up to Until.
type ForecastBin struct {
	From  Timestamp `json:"from"`
	Until Timestamp `json:"until"`
	Count int       `json:"count"`
}
