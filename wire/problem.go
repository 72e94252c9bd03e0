package wire

import "github.com/sigil-dna/sigil"

// Problem is a refusal or failure (RFC 9457, application/problem+json).
type Problem struct {
	// Type is where the code is explained, a path on the daemon, or "about:blank".
	Type   string `json:"type"`
	Title  string `json:"title"`  // the text of the status
	Status int    `json:"status"` // the HTTP status
	Detail string `json:"detail,omitempty"`
	// Code is stable, snake_case and meant for programs.
	Code string `json:"code"`
	// Field names the part of the request that is wrong, as a path. It never contains a value.
	Field string `json:"field,omitempty"`
	// Oldest is set with code position_gone: the position to continue after.
	Oldest    uint64 `json:"oldest,omitempty"`
	RequestID string `json:"requestId,omitempty"`

	// DuplicateOf is set with code duplicate: the memory that has the content.
	DuplicateOf *sigil.ID `json:"duplicateOf,omitempty"`

	// SupersededBy is set with code superseded: the memory that corrects the one asked for.
	SupersededBy *sigil.ID `json:"supersededBy,omitempty"`

	// Newest is set with code position_ahead: the position of the journal's newest entry.
	Newest *uint64 `json:"newest,omitempty"`
}
