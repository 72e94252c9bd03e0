package shape

import (
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/wire"
)

// Stats returns the shape of s.
func Stats(s *engine.Stats) wire.Stats {
	v := wire.Stats{
		Tenant: s.Tenant, Memories: s.Memories, Bytes: s.Bytes, Pinned: s.Pinned, Crystallized: s.Crystallized,
		Patterns: s.Patterns, Crystals: s.Crystals, AverageDecay: s.AverageDecay, NextFade: deadline(s.NextFade),
		Policy: s.Policy.String(), LifetimeSeconds: lifetimeSeconds(s.Policy.Lifetime()),
		Policies: make([]wire.PolicyCount, len(s.Policies)), UptimeSeconds: s.Uptime.Seconds(), Position: s.Position,
	}
	for i, p := range s.Policies {
		v.Policies[i] = wire.PolicyCount{Policy: p.Policy.String(), LifetimeSeconds: lifetimeSeconds(p.Policy.Lifetime()), Count: p.Memories}
	}
	return v
}

// Identity returns the shape of id.
func Identity(id *engine.Identity) wire.Identity {
	f := id.Hash.Frequency()
	return wire.Identity{
		Service: "sigil", Store: id.Store, Epoch: id.Epoch, Driver: id.Driver, Tenant: id.Tenant,
		Hash: id.Hash.String(), Frequency: f.Value(), Pattern: f.Pattern(), Spiral: Spiral(id.Hash),
		CreatedAt: wire.Timestamp{Time: id.CreatedAt}, StartedAt: wire.Timestamp{Time: id.StartedAt},
		UptimeSeconds: id.Uptime.Seconds(), Memories: id.Memories, Crystals: id.Crystals,
	}
}

// Sweep returns the shape of s.
func Sweep(s *engine.Sweep) wire.Sweep {
	return wire.Sweep{
		Job: s.Job, StartedAt: wire.Timestamp{Time: s.StartedAt}, DurationSeconds: s.Took.Seconds(),
		Released: s.Released, Patterns: s.Patterns, Created: s.Created, Updated: s.Updated,
	}
}

// Embeddings returns the shape of c.
func Embeddings(c *engine.Coverage) wire.Embeddings {
	v := wire.Embeddings{Meaning: "building", Model: c.Model, Memories: c.Memories, Vectors: c.Vectors, Stopped: c.Stopped}
	if c.Complete() {
		v.Meaning = "ready"
	}
	return v
}

// Forecast returns the shape of f.
func Forecast(f *engine.Forecast) wire.Forecast {
	v := wire.Forecast{
		From: wire.Timestamp{Time: f.From}, Until: wire.Timestamp{Time: f.Until},
		Fading: f.Fading, FadingByOwnPolicy: f.FadingByOwnPolicy, Bytes: f.Bytes,
		Patterns: make([]wire.PatternCount, len(f.Patterns)), Tags: make([]wire.TagCount, len(f.Tags)),
		Bins: make([]wire.ForecastBin, len(f.Bins)), Memories: make([]wire.Memory, len(f.Memories)),
	}
	if f.Policy != nil {
		text := f.Policy.String()
		v.Policy, v.LifetimeSeconds = &text, lifetimeSeconds(f.Policy.Lifetime())
	}
	for i, p := range f.Patterns {
		v.Patterns[i] = wire.PatternCount(p)
	}
	for i, t := range f.Tags {
		v.Tags[i] = wire.TagCount(t)
	}
	for i, b := range f.Bins {
		v.Bins[i] = wire.ForecastBin{From: wire.Timestamp{Time: b.From}, Until: wire.Timestamp{Time: b.Until}, Count: b.Count}
	}
	for i := range f.Memories {
		v.Memories[i] = Outline(&f.Memories[i], f.From)
	}
	return v
}
