package shape

import (
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/wire"
)

// Removed returns the shape of r. If outline is true, its memory has neither data nor state.
func Removed(r *engine.Removed, outline bool) wire.Removed {
	view := Memory
	if outline {
		view = Outline
	}
	return wire.Removed{
		Memory: view(&r.Memory, r.At), RemovedAt: wire.Timestamp{Time: r.At}, Kind: r.Kind, Reason: r.Reason,
		Position: r.Position, Until: wire.Timestamp{Time: r.Until},
	}
}
