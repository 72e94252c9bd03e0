package wire

import "github.com/sigil-dna/sigil"

// Stats counts a tenant's live memories.
type Stats struct {
	Tenant       string  `json:"tenant"`
	Memories     int     `json:"memories"`
	Bytes        int64   `json:"bytes"` // of data
	Pinned       int     `json:"pinned"`
	Crystallized int     `json:"crystallized"`
	Patterns     int     `json:"patterns"`
	Crystals     int     `json:"crystals"`     // of memories and of patterns
	AverageDecay float64 `json:"averageDecay"` // 0 to 1
	// NextFade is the earliest deadline; null if there is none.
	NextFade *Timestamp `json:"nextFade"`
	// Policy is the policy that an encode or a recall gives a memory, and LifetimeSeconds how long a memory lives under
	// it if untouched; null if it never fades.
	Policy          string   `json:"policy"`
	LifetimeSeconds *float64 `json:"lifetimeSeconds"`
	// Policies counts, for each policy, the memories that have it and are neither pinned nor crystallized, the most common
	// policy first. A memory keeps the policy that was in force when it was last touched.
	Policies      []PolicyCount `json:"policies"`
	UptimeSeconds float64       `json:"uptimeSeconds"`
	// Position is the position of the store's newest journal entry.
	Position uint64 `json:"position"`
}

// PolicyCount counts the memories of one policy.
type PolicyCount struct {
	Policy string `json:"policy"`
	// LifetimeSeconds is how long a memory lives under the policy if untouched; null if it never fades.
	LifetimeSeconds *float64 `json:"lifetimeSeconds"`
	Count           int      `json:"count"`
}

// Identity is the sigil of the daemon's store and a tenant: the sigil of the content {"service":"sigil","store":<store
// id>,"tenant":<tenant>}. It lasts as long as the store does.
type Identity struct {
	Service       string        `json:"service"` // "sigil"
	Store         sigil.ID      `json:"store"`
	Epoch         sigil.ID      `json:"epoch"`  // another one after each restore of the store from an older copy
	Driver        string        `json:"driver"` // the kind of store
	Tenant        string        `json:"tenant"`
	Hash          string        `json:"hash"`      // 64 hexadecimal digits
	Frequency     float64       `json:"frequency"` // 0 to under 1.618…
	Pattern       int           `json:"pattern"`   // the group key, 0 to 161
	Spiral        []SpiralPoint `json:"spiral"`    // six points
	CreatedAt     Timestamp     `json:"createdAt"` // when the store was created
	StartedAt     Timestamp     `json:"startedAt"` // when the daemon began to serve the store
	UptimeSeconds float64       `json:"uptimeSeconds"`
	Memories      int           `json:"memories"`
	Crystals      int           `json:"crystals"`
}

// Embeddings is how many memories, of all tenants, have the vectors that are made of texts.
type Embeddings struct {
	Meaning  string `json:"meaning"`         // ready, or building while some have none
	Model    string `json:"model,omitempty"` // empty until an endpoint has answered
	Memories int    `json:"memories"`
	Vectors  int    `json:"vectors"` // of memories that have one, or whose texts have none
	// Stopped means that the daemon that answers does not make those that are missing.
	Stopped bool `json:"stopped"`
}

// Clock is the answer to a confirmation of the clock.
type Clock struct {
	Confirmed bool `json:"confirmed"` // false if there was nothing to confirm
	// AheadSeconds is how far time is ahead of the clock, if that was set back: it runs at half its pace until they agree.
	AheadSeconds float64 `json:"aheadSeconds"`
}

// Sweep is the result of one run of a sweep.
type Sweep struct {
	Job             sigil.Job `json:"job"`
	StartedAt       Timestamp `json:"startedAt"`
	DurationSeconds float64   `json:"durationSeconds"`
	// Released counts the memories that a decay sweep released, by reason ("decay", "ttl").
	Released map[string]int `json:"released,omitempty"`
	// Patterns is the number of patterns that a crystallize sweep looked at; Created and Updated count the crystals
	// that it created and changed.
	Patterns int `json:"patterns,omitempty"`
	Created  int `json:"created,omitempty"`
	Updated  int `json:"updated,omitempty"`
}

// Total returns how many memories the sweep released.
func (s *Sweep) Total() int {
	n := 0
	for _, k := range s.Released {
		n += k
	}
	return n
}
