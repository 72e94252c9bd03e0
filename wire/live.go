package wire

import (
	"encoding/json"

	"github.com/sigil-dna/sigil"
)

// A live connection (GET /v1/ws) carries one JSON object per message, in each direction. These are the objects.

// The operations of a [LiveRequest].
const (
	LiveEncode      = "encode"
	LiveRecall      = "recall"
	LiveForget      = "forget"
	LiveRestore     = "restore"
	LiveCorrect     = "correct"
	LiveChange      = "change"
	LiveSubscribe   = "subscribe"
	LiveUnsubscribe = "unsubscribe"
)

// LiveRequest is a request of the client. Each gets one answer with its ID; answers may come in another order.
type LiveRequest struct {
	ID json.RawMessage `json:"id"` // a string or number of at most 64 bytes
	Op string          `json:"op"`
	// Sigil is what to encode, or what Memory is to be corrected to, in the form of the body of POST /v1/sigils. IdempotencyKey may
	// go with it.
	Sigil          json.RawMessage `json:"sigil,omitempty"`
	IdempotencyKey string          `json:"idempotencyKey,omitempty"`
	// Memory is the id of the memory to recall, forget, restore, correct or change.
	Memory *sigil.ID `json:"memory,omitempty"`
	// Change is what to change, in the form of the body of PATCH /v1/sigils/{id}.
	Change json.RawMessage `json:"change,omitempty"`
	// After is the position to subscribe after, or its token; nil means after the newest entry. Recalls asks for recalls too.
	After   *sigil.Token `json:"after,omitempty"`
	Recalls bool         `json:"recalls,omitempty"`
}

// The types of a [LiveMessage].
const (
	LiveAnswer = "answer" // to the request with ID: Status, and Memory, RestorableUntil, After or Problem
	LiveEvents = "events" // journal entries, in order
	// LiveLagged means that the reader was too slow: until it has caught up, entries are read from the journal. None is
	// missing.
	LiveLagged = "lagged"
	LiveEnded  = "ended" // the subscription ended, with Problem
	// LiveRecalled reports recalls, in Memories and More, to a subscription that asked for them.
	LiveRecalled = "recalled"
)

// LiveMessage is a message of the daemon.
type LiveMessage struct {
	Type string          `json:"type"`
	ID   json.RawMessage `json:"id,omitempty"`
	// Status is the status that HTTP would have.
	Status  int      `json:"status,omitempty"`
	Memory  *Memory  `json:"memory,omitempty"`
	Problem *Problem `json:"problem,omitempty"`
	// RestorableUntil is the time until which a memory that was forgotten can be restored; nil if it cannot.
	RestorableUntil *Timestamp `json:"restorableUntil,omitempty"`
	// After is the position that a subscription begins after, or that a lagged reader has reached; Newest is the
	// position of the newest entry at that time.
	After *uint64 `json:"after,omitempty"`
	// Token is that of the position that a subscription begins after.
	Token  string  `json:"token,omitempty"`
	Newest uint64  `json:"newest,omitempty"`
	Events []Event `json:"events,omitempty"`
	// Memories and More are as in [Recalls].
	Memories []Recall `json:"memories,omitempty"`
	More     bool     `json:"more,omitempty"`
}

// Recalls lists the memories that were recalled since the previous message, through any daemon on the store: each once,
// in the state after its last recall. Recalls are not journaled and have no position; a reader that is not connected
// misses them.
type Recalls struct {
	Memories []Recall `json:"memories"`
	More     bool     `json:"more"` // more memories were recalled than are listed
}

// Recall is the part of a memory that a recall changes.
type Recall struct {
	ID           sigil.ID   `json:"id"`
	LastAccessed Timestamp  `json:"lastAccessed"`
	AccessCount  uint64     `json:"accessCount"` // 1 or more
	FadesAt      *Timestamp `json:"fadesAt"`     // null if it never fades
	Policy       string     `json:"policy"`
}

// LiveRestart is the close code (RFC 6455, registered as "service restart") of a daemon that stops or hands over. The
// reason is "after=" and the position of the last entry that was sent: reconnect, and subscribe after it.
const LiveRestart = 1012
