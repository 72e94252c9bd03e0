package wire

// Problem is a refusal or failure (RFC 9457, application/problem+json).
type Problem struct {
	// Type is where the code is explained, below the daemon's address, or "about:blank".
	Type   string `json:"type"`
	Title  string `json:"title"`  // the text of Status
	Status int    `json:"status"` // of HTTP
	Detail string `json:"detail,omitempty"`
	// Code is stable, snake_case and fit for programs.
	Code string `json:"code"`
	// Field names the part of the request that is wrong, as a path; it never holds a value.
	Field string `json:"field,omitempty"`
	// Oldest is set with code position_gone: the position to go on after.
	Oldest    uint64 `json:"oldest,omitempty"`
	RequestID string `json:"requestId,omitempty"`

	// Newest is set with code position_ahead: the position of the journal's newest entry.
	Newest *uint64 `json:"newest,omitempty"`
}
