package shape

import (
	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
)

// Stats returns the shape of s.
func Stats(s *engine.Stats) sigil.Stats {
	v := sigil.Stats{
		Tenant: s.Tenant, Memories: s.Memories, Bytes: s.Bytes, Pinned: s.Pinned, Crystallized: s.Crystallized,
		Patterns: s.Patterns, Crystals: s.Crystals, AverageDecay: s.AverageDecay, NextFade: deadline(s.NextFade),
		Policy: s.Policy.String(), LifetimeSeconds: s.Policy.Lifetime().Seconds(),
		Policies: make([]sigil.PolicyCount, len(s.Policies)), UptimeSeconds: s.Uptime.Seconds(), Position: s.Position,
	}
	for i, p := range s.Policies {
		v.Policies[i] = sigil.PolicyCount{Policy: p.Policy.String(), LifetimeSeconds: p.Policy.Lifetime().Seconds(), Count: p.Memories}
	}
	return v
}

// Identity returns the shape of id.
func Identity(id *engine.Identity) sigil.Identity {
	f, spiral := id.Hash.Frequency(), id.Hash.Spiral()
	return sigil.Identity{
		Service: "sigil", Store: id.Store, Driver: id.Driver, Tenant: id.Tenant,
		Hash: id.Hash.String(), Frequency: f.Value(), Pattern: f.Pattern(), Spiral: spiral[:],
		CreatedAt: sigil.Timestamp{Time: id.CreatedAt}, StartedAt: sigil.Timestamp{Time: id.StartedAt},
		UptimeSeconds: id.Uptime.Seconds(), Memories: id.Memories, Crystals: id.Crystals,
	}
}

// Sweep returns the shape of s.
func Sweep(s *engine.Sweep) sigil.Sweep {
	return sigil.Sweep{
		Job: s.Job, StartedAt: sigil.Timestamp{Time: s.StartedAt}, DurationSeconds: s.Took.Seconds(),
		Released: s.Released, Patterns: s.Patterns, Created: s.Created, Updated: s.Updated,
	}
}

// Forecast returns the shape of f.
func Forecast(f *engine.Forecast) sigil.Forecast {
	v := sigil.Forecast{
		From: sigil.Timestamp{Time: f.From}, Until: sigil.Timestamp{Time: f.Until},
		Fading: f.Fading, FadingByOwnPolicy: f.FadingByOwnPolicy, Bytes: f.Bytes,
		Patterns: make([]sigil.PatternCount, len(f.Patterns)), Tags: make([]sigil.TagCount, len(f.Tags)),
		Bins: make([]sigil.ForecastBin, len(f.Bins)), Memories: make([]sigil.View, len(f.Memories)),
	}
	if f.Policy != nil {
		text, lifetime := f.Policy.String(), f.Policy.Lifetime().Seconds()
		v.Policy, v.LifetimeSeconds = &text, &lifetime
	}
	for i, p := range f.Patterns {
		v.Patterns[i] = sigil.PatternCount(p)
	}
	for i, t := range f.Tags {
		v.Tags[i] = sigil.TagCount(t)
	}
	for i, b := range f.Bins {
		v.Bins[i] = sigil.ForecastBin{From: sigil.Timestamp{Time: b.From}, Until: sigil.Timestamp{Time: b.Until}, Count: b.Count}
	}
	for i := range f.Memories {
		v.Memories[i] = Outline(&f.Memories[i], f.From)
	}
	return v
}
