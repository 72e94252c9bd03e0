// Package imports reads what people bring along: exports of other memory systems, conversations with assistants, what `sigil export`
// writes, and the database of the stack that Sigil replaces. Each format has a reader, which returns memories one after the other, and
// a remark for each thing that it leaves out or changes: nothing is dropped in silence. Readers hold one record at a time, or one
// conversation.
//
// It knows nothing of a daemon: what becomes of the memories is up to the caller.
package imports

import (
	"encoding/json"
	"errors"
	"iter"
	"time"

	"github.com/sigil-dna/sigil"
)

// Format is a format that can be read.
type Format string

// The formats.
const (
	Sigil     Format = "sigil"      // what sigil export and sigil list --json write
	SigilDNA  Format = "sigil-dna"  // the replaced stack: the folder of its LevelDB, or what contrib/level/dump.mjs prints of it
	MCPMemory Format = "mcp-memory" // the file of the MCP reference memory server
	Mem0      Format = "mem0"       // what mem0 returns, and the export of OpenMemory
	Letta     Format = "letta"      // an agent file, or exported passages
	Zep       Format = "zep"        // answers of Zep's API: messages, facts, edges, nodes, episodes
	Claude    Format = "claude"     // the data export of Claude
	ChatGPT   Format = "chatgpt"    // the data export of ChatGPT
)

// Formats returns the names of all formats.
func Formats() []string {
	return []string{string(Sigil), string(SigilDNA), string(MCPMemory), string(Mem0), string(Letta), string(Zep), string(Claude), string(ChatGPT)}
}

// MaxValue is the maximum number of bytes of one JSON value that is held at once. A longer one ends the import.
const MaxValue = 16 << 20

// Memory is a memory as it was found.
type Memory struct {
	Data   json.RawMessage
	Tags   []string
	State  *sigil.State // nil if the source has none
	Vector []float32    // nil if the source has none
	Pinned bool
	// Ends is the hard end; zero means none.
	Ends time.Time
	// Life is how long it lives untouched, if that is not as its policy says; otherwise 0.
	Life time.Duration
	// Tenant is the tenant that the source names, or "".
	Tenant string
	// ID is the source's own name of it, or "". It is not unique.
	ID    string
	Place string
}

// Outcome is what became of the thing that a remark is about.
type Outcome string

// The outcomes.
const (
	LeftOut Outcome = "left out"
	Changed Outcome = "changed"
	Noted   Outcome = "note" // nothing is missing, but the user may not expect it
)

// Remark is about something in the source that is not, or not as it was, among the memories, with the reason.
type Remark struct {
	Outcome Outcome `json:"outcome"`
	Reason  string  `json:"reason"` // the same words for all of a kind
	Place   string  `json:"place,omitempty"`
	Count   int     `json:"count"` // how many things it is about; more than 1 only if they have no place
}

// Item is a memory or a remark: the other is nil.
type Item struct {
	Memory *Memory
	Remark *Remark
}

// Options say how a source is read. Nil means the defaults.
type Options struct {
	// Notes makes each conversation one memory, instead of each turn.
	Notes bool
	// Now is the time at which memories with an end before it are left out; zero means the current time.
	Now time.Time
}

// errStopped ends a reader whose caller wants no more.
var errStopped = errors.New("stopped")

// out is where a reader puts what it finds.
type out struct {
	yield  func(Item, error) bool
	format Format
	notes  bool
	now    time.Time
}

func (w *out) put(i Item) error {
	if !w.yield(i, nil) {
		return errStopped
	}
	return nil
}

// memory puts a memory, unless its end has passed.
func (w *out) memory(m Memory) error {
	if !m.Ends.IsZero() && !m.Ends.After(w.now) {
		return w.left(m.Place, "its end has passed")
	}
	return w.put(Item{Memory: &m})
}

func (w *out) left(place, reason string) error    { return w.remark(LeftOut, place, reason) }
func (w *out) changed(place, reason string) error { return w.remark(Changed, place, reason) }
func (w *out) note(place, reason string) error    { return w.remark(Noted, place, reason) }

func (w *out) remark(o Outcome, place, reason string) error {
	return w.put(Item{Remark: &Remark{Outcome: o, Reason: reason, Place: place, Count: 1}})
}

// counted puts one remark about n things, if there are any.
func (w *out) counted(o Outcome, n int, reason string) error {
	if n == 0 {
		return nil
	}
	return w.put(Item{Remark: &Remark{Outcome: o, Reason: reason, Count: n}})
}

// readers are the reader of each format.
func (s *Source) reader() func(*out, *Source) error {
	switch s.Format {
	case Sigil:
		return readExported
	case SigilDNA:
		return readSigilDNA
	case MCPMemory:
		return readMCPMemory
	case Mem0:
		return readMem0
	case Letta:
		return readLetta
	case Zep:
		return readZep
	case Claude:
		return readClaude
	case ChatGPT:
		return readChatGPT
	}
	return func(*out, *Source) error {
		return sigil.NewInvalid("unknown_format", "from", "is not a format that is known")
	}
}

// All returns what the source has, in its order. It can be called once. An error is the last thing: what came before it is valid.
func (s *Source) All() iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		w := &out{yield: yield, format: s.Format, notes: s.options.Notes, now: s.options.Now}
		if w.now.IsZero() {
			w.now = time.Now()
		}
		if err := s.reader()(w, s); err != nil && !errors.Is(err, errStopped) {
			yield(Item{}, err)
		}
	}
}
