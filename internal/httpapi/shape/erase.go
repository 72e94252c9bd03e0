package shape

import (
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/wire"
)

// Erased returns the shape of an erasure, or of its dry run.
func Erased(e *engine.Erased, dryRun bool) wire.Erased {
	return wire.Erased{DryRun: dryRun, Counts: wire.EraseCounts(e.Counts), Receipt: e.Receipt}
}
