package shape

import (
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/wire"
)

// ExportedMemory is a line of an export: a memory, and the vector that was given with it.
type ExportedMemory struct {
	wire.Memory
	Vector []int8 `json:"vector,omitempty"` // in compact form: only its direction counts
}

// Exported returns the shape of a memory in an export at the time now.
func Exported(m *sigil.Memory, vector []int8, now time.Time) ExportedMemory {
	return ExportedMemory{Memory(m, now), vector}
}
