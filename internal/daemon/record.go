package daemon

import (
	"encoding/json"
	"path/filepath"
	"time"
)

// recordFile, in the data folder, tells of the last hand-over whoever has asked for it: `sigil reload`.
const recordFile = "handover.json"

// record is what came of one hand-over.
type record struct {
	From  int     `json:"from"`         // the process that was to hand over
	To    int     `json:"to,omitempty"` // the one that took over; 0 is none
	Addr  string  `json:"addr"`         // where it is served now
	Pause float64 `json:"pauseSeconds"` // how long nobody answered
	Error string  `json:"error,omitempty"`
	// Detached reports that no service manager knows the process that took over: neither Ctrl-C in the terminal of
	// the first process nor a supervisor of that process reaches it.
	Detached bool   `json:"detached,omitempty"`
	At       string `json:"at"`
}

func (r record) write(folder string) error {
	r.At = time.Now().UTC().Format(time.RFC3339Nano)
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(folder, recordFile), string(text)+"\n")
}
