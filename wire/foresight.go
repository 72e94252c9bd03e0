package wire

import "github.com/sigil-dna/sigil"

// Explanation is the reason why one memory is alive or gone, with the arithmetic. If the memory is gone, the figures are those
// of its last journal entry, at the time of that entry.
type Explanation struct {
	ID   sigil.ID `json:"id"`
	Live bool     `json:"live"`
	// Memory has no content; it is null if the memory is gone.
	Memory *Memory `json:"memory"`
	// LastEvent is the newest entry of History; null if the journal does not go back that far.
	LastEvent   *Event  `json:"lastEvent"`
	Policy      string  `json:"policy"`
	Threshold   float64 `json:"threshold"`   // over 0, at most 1
	IdleSeconds float64 `json:"idleSeconds"` // 0 or more
	Decay       float64 `json:"decay"`       // 0 to 1
	// LifetimeSeconds is how long the memory lives if untouched; null if it is pinned or crystallized and so does not
	// decay.
	LifetimeSeconds *float64   `json:"lifetimeSeconds"`
	FadesAt         *Timestamp `json:"fadesAt"`     // null if it never fades
	SecondsLeft     *float64   `json:"secondsLeft"` // 0 or more; null if the memory is gone or never fades
	Formula         string     `json:"formula"`
	Worked          string     `json:"worked"` // the formula with the figures filled in
	Reason          string     `json:"reason"` // one sentence for people
	// History is the journal's entries about the memory, oldest first. HistoryComplete is false if the journal begins
	// later, or was too long to be read to its end. Recalls are not journaled.
	History         []Event `json:"history"`
	HistoryComplete bool    `json:"historyComplete"`
}

// Forecast is what fades from From until Until if nothing is recalled. Its slices are never null.
type Forecast struct {
	From  Timestamp `json:"from"`
	Until Timestamp `json:"until"`
	// Policy is the proposed policy, and LifetimeSeconds its lifetime; both are null if each memory's own applies, and the lifetime if memories
	// never fade under it.
	Policy          *string  `json:"policy"`
	LifetimeSeconds *float64 `json:"lifetimeSeconds"`
	// Fading counts the memories that fade; under a proposed policy, as if each had had it since its last access.
	Fading int `json:"fading"`
	// FadingByOwnPolicy counts the memories that fade under their own policies. It is what happens if a daemon is started
	// with the proposed policy and nothing is recalled, since a policy reaches a memory at its next recall.
	FadingByOwnPolicy int   `json:"fadingByOwnPolicy"`
	Bytes             int64 `json:"bytes"` // of data, of the memories that Fading counts
	// Patterns and Tags count what fades, the most frequent first; at most 100 tags.
	Patterns []PatternCount `json:"patterns"`
	Tags     []TagCount     `json:"tags"`
	// Bins divide the span evenly. Under a proposed policy the first bin also counts what would fade at once.
	Bins []ForecastBin `json:"bins"`
	// Memories are the first to fade, soonest first, without content; their FadesAt is the forecast's.
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
