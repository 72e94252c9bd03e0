package datadir

import (
	"encoding/json"
	"path/filepath"
	"time"
)

// HandOver is the result of one hand-over, for `sigil reload`, which asked for it.
type HandOver struct {
	From  int     `json:"from"`         // the process that was to hand over
	To    int     `json:"to,omitempty"` // the process that took over; 0 if none did
	Addr  string  `json:"addr"`         // the address that is served now
	Pause float64 `json:"pauseSeconds"` // how long no process answered
	Error string  `json:"error,omitempty"`
	// Detached means that no service manager knows the process that took over: neither Ctrl-C in the terminal
	// of the first process nor its supervisor reaches it.
	Detached bool   `json:"detached,omitempty"`
	At       string `json:"at"` // the time; Write sets it
}

// Write writes h into a folder, with the current time.
func (h HandOver) Write(folder string) error {
	h.At = time.Now().UTC().Format(time.RFC3339Nano)
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	return WriteFile(filepath.Join(folder, HandOverFile), string(text)+"\n")
}
