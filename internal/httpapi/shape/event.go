package shape

import (
	"encoding/json"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/wire"
)

// Event returns the shape of e: what happened, and the figures that led to it.
func Event(e *sigil.Event) wire.Event {
	m := &e.Memory
	v := wire.Event{Position: e.Position, Token: e.Token().String(), Time: wire.Timestamp{Time: e.Time}, Tenant: m.Tenant, Kind: e.Kind, Reason: e.Reason}
	v.Changed = e.Changed.Names()
	if e.Crystal != nil {
		c := crystal(e.Crystal)
		v.Crystal = &c
	}
	if m.ID != (sigil.ID{}) {
		v.ID = &m.ID
	}
	if m.Policy != nil {
		v.Arithmetic = &wire.Arithmetic{
			CreatedAt: wire.Timestamp{Time: m.CreatedAt}, LastAccessed: wire.Timestamp{Time: m.LastAccessed}, IdleSeconds: max(0, m.Idle(e.Time).Seconds()), StoodSeconds: stood(m),
			Policy: m.Policy.String(), Decay: m.Decay(e.Time), Threshold: m.Policy.Threshold(), FadesAt: deadline(m.FadesAt), TTL: ttl(m), Life: ownLife(m),
			Potential: m.Potential, AccessCount: m.AccessCount, Pinned: m.Pinned, Crystallized: m.Crystallized, Size: m.Size,
		}
	}
	if s := e.Signature; s != nil {
		v.ID = &s.ID
		v.Signature = Ref(s)
	}
	if e.SupersededBy != (sigil.ID{}) {
		v.SupersededBy = &e.SupersededBy
	}
	if p := e.Policies; p != nil {
		v.Policies = &wire.PolicyChange{From: policyText(p.From), To: policyText(p.To)}
	}
	return v
}

// Delivery returns the body of a webhook's request as JSON. It needs at least one event.
func Delivery(tenant string, events []sigil.Event) ([]byte, error) {
	last := &events[len(events)-1]
	v := wire.Delivery{Tenant: tenant, Events: make([]wire.Event, len(events)), Next: last.Position, Token: last.Token().String()}
	for i := range events {
		v.Events[i] = Event(&events[i])
	}
	return json.Marshal(v)
}

// Crystal returns the shape of c.
func Crystal(c *engine.Crystal) wire.Crystal {
	v := crystal(&c.Crystal)
	if c.Lattice != nil {
		v.Lattice = lattice(c.Lattice)
	}
	return v
}

func lattice(l *sigil.Lattice) *wire.Lattice {
	v := &wire.Lattice{
		ResonanceField: l.ResonanceField,
		Nodes:          make([]wire.LatticeNode, len(l.Nodes)), Connections: make([]wire.LatticeEdge, len(l.Connections)),
	}
	for i, n := range l.Nodes {
		v.Nodes[i] = wire.LatticeNode(n)
	}
	for i, e := range l.Connections {
		v.Connections[i] = wire.LatticeEdge(e)
	}
	return v
}

func crystal(c *sigil.Crystal) wire.Crystal {
	v := wire.Crystal{
		ID: c.ID(), Tenant: c.Tenant, Kind: c.Kind, Pattern: c.Pattern, Members: c.Members,
		CreatedAt: wire.Timestamp{Time: c.CreatedAt}, UpdatedAt: wire.Timestamp{Time: c.UpdatedAt}, Stability: c.Stability, Frequency: c.Frequency,
	}
	if c.Kind == sigil.CrystalOfMemory {
		v.Memory = &c.Memory
	}
	return v
}

// Pattern returns the shape of p.
func Pattern(p *sigil.Pattern) wire.Pattern {
	return wire.Pattern{Pattern: p.Group, Members: p.Members, Potential: p.Potential, Frequency: p.Frequency, Crystallizes: p.Crystallizes()}
}
