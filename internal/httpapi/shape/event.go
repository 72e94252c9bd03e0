package shape

import (
	"encoding/json"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
)

// Event returns the shape of e: what happened, and the arithmetic that decided.
func Event(e *sigil.Event) sigil.EventView {
	m := &e.Memory
	v := sigil.EventView{Position: e.Position, Time: sigil.Timestamp{Time: e.Time}, Tenant: m.Tenant, Kind: e.Kind, Reason: e.Reason}
	if e.Crystal != nil {
		c := crystal(e.Crystal)
		v.Crystal = &c
	}
	if m.Policy != nil {
		v.ID = &m.ID
		v.Arithmetic = &sigil.Arithmetic{
			CreatedAt: sigil.Timestamp{Time: m.CreatedAt}, LastAccessed: sigil.Timestamp{Time: m.LastAccessed}, IdleSeconds: max(0, e.Time.Sub(m.LastAccessed).Seconds()),
			Policy: m.Policy.String(), Decay: m.Decay(e.Time), Threshold: m.Policy.Threshold(), FadesAt: deadline(m.FadesAt), TTL: ttl(m),
			Potential: m.Potential, AccessCount: m.AccessCount, Pinned: m.Pinned, Crystallized: m.Crystallized, Size: m.Size,
		}
	}
	return v
}

// Delivery returns the body of a webhook's request as JSON. There is at least one event.
func Delivery(tenant string, events []sigil.Event) ([]byte, error) {
	v := sigil.Delivery{Tenant: tenant, Events: make([]sigil.EventView, len(events)), Next: events[len(events)-1].Position}
	for i := range events {
		v.Events[i] = Event(&events[i])
	}
	return json.Marshal(v)
}

// Crystal returns the shape of c.
func Crystal(c *engine.Crystal) sigil.CrystalView {
	v := crystal(&c.Crystal)
	v.Lattice = c.Lattice
	return v
}

func crystal(c *sigil.Crystal) sigil.CrystalView {
	v := sigil.CrystalView{
		ID: c.ID(), Tenant: c.Tenant, Kind: c.Kind, Pattern: c.Pattern, Members: c.Members,
		CreatedAt: sigil.Timestamp{Time: c.CreatedAt}, UpdatedAt: sigil.Timestamp{Time: c.UpdatedAt}, Stability: c.Stability, Frequency: c.Frequency,
	}
	if c.Kind == sigil.CrystalOfMemory {
		v.Memory = &c.Memory
	}
	return v
}

// Pattern returns the shape of p.
func Pattern(p *sigil.Pattern) sigil.PatternView {
	return sigil.PatternView{Pattern: p.Group, Members: p.Members, Potential: p.Potential, Frequency: p.Frequency, Crystallizes: p.Crystallizes()}
}
