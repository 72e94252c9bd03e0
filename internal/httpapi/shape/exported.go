package shape

import (
	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/wire"
)

// ExportedMemoryLine is a line of a file for a memory.
type ExportedMemoryLine struct {
	Sigil string `json:"sigil"` // "memory"
	wire.ExportedMemory
}

// ExportedLine returns the line of a file for a memory.
func ExportedLine(m *engine.ExportedMemory) ExportedMemoryLine {
	return ExportedMemoryLine{"memory", Exported(m)}
}

// Exported returns the shape of a memory in an export. Unlike that of [Memory] it does not depend on when it is made.
func Exported(m *engine.ExportedMemory) wire.ExportedMemory {
	v := wire.ExportedMemory{
		ID: m.ID, Tenant: m.Tenant, CreatedAt: wire.Timestamp{Time: m.CreatedAt}, LastAccessed: wire.Timestamp{Time: m.LastAccessed},
		AccessCount: m.AccessCount, StoodSeconds: stood(&m.Meta), FadesAt: deadline(m.FadesAt), TTL: ttl(&m.Meta), Stretch: m.Stretch, Pinned: m.Pinned, Crystallized: m.Crystallized,
		Policy: m.Policy.String(), OwnPolicy: m.OwnPolicy, Hash: m.Hash.String(), Frequency: m.Frequency.Value(), Potential: m.Potential,
		State: m.State, Tags: []string{}, Vector: m.Vector, Data: m.Data,
	}
	if m.Tags != nil {
		v.Tags = m.Tags
	}
	if m.SupersededBy != (sigil.ID{}) {
		v.SupersededBy, v.SupersededAt = &m.SupersededBy, &wire.Timestamp{Time: m.SupersededAt}
	}
	return v
}
