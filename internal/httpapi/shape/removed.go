package shape

import (
	"time"

	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/wire"
)

// Version returns the shape of v at the time now. If outline is true, its memory has neither data nor state.
func Version(v *engine.Version, outline bool, now time.Time) wire.Version {
	view := Memory
	if outline {
		view = Outline
	}
	r := v.Superseded
	if r == nil {
		return wire.Version{Memory: view(&v.Memory, now)}
	}
	return wire.Version{Memory: view(&v.Memory, r.At), SupersededAt: &wire.Timestamp{Time: r.At}, SupersededBy: &r.SupersededBy}
}

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
