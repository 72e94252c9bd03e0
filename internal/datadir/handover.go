package datadir

import (
	"encoding/json"
	"path/filepath"
	"time"
)

// HandOver is what came of one hand-over, for `sigil reload`, which has asked for it.
type HandOver struct {
	From  int     `json:"from"`         // the process that was to hand over
	To    int     `json:"to,omitempty"` // the process that took over; 0 if none did
	Addr  string  `json:"addr"`         // where it is served now
	Pause float64 `json:"pauseSeconds"` // how long no process answered
	Error string  `json:"error,omitempty"`
	// Detached reports that no service manager knows the process that took over: neither Ctrl-C in the terminal of
	// the first process nor a supervisor of that process reaches it.
	Detached bool   `json:"detached,omitempty"`
	At       string `json:"at"` // when; Write sets it
}

// Write writes h into a folder, with the present time.
func (h HandOver) Write(folder string) error {
	h.At = time.Now().UTC().Format(time.RFC3339Nano)
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	return WriteFile(filepath.Join(folder, HandOverFile), string(text)+"\n")
}
