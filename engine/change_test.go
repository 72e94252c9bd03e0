package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
)

func (r *rig) change(key sigil.Key, c sigil.Change) sigil.Memory {
	r.t.Helper()
	m, err := r.Change(r.ctx(), key, c)
	r.ok("change", err)
	return m
}

// Everything that can be changed changes at once, is journaled in one entry, and is what a read returns.
func TestChange(t *testing.T) {
	r := newRig(t, engine.Options{})
	m := r.encode(`{"foo":1}`, func(d *sigil.Draft) { d.Tags = []string{"a"} })
	r.clock.set(30 * time.Second)
	got := r.change(m.Key, sigil.Change{Tags: new([]string{"b", "c"}), TTL: new(2 * time.Hour), Life: new(time.Hour), Pinned: new(true)})
	same(t, "tags", fmt.Sprint(got.Tags), "[b c]")
	same(t, "ttl", got.TTL, 2*time.Hour)
	same(t, "lifetime", got.Lifetime(), time.Hour)
	same(t, "pinned", got.Pinned, true)
	same(t, "fades at", got.FadesAt, start.Add(2*time.Hour))
	same(t, "recalls", got.AccessCount, 0)
	entries := r.events()
	last := entries[len(entries)-1]
	same(t, "entries", len(entries), 2)
	same(t, "kind", last.Kind, sigil.Changed)
	same(t, "changed", fmt.Sprint(last.Changed.Names()), "[tags ttl life pinned]")
	same(t, "figures", last.Memory, got.Meta)
	peeked, err := r.Peek(r.ctx(), m.Key)
	r.ok("peek", err)
	same(t, "peeked", fmt.Sprintf("%+v", peeked), fmt.Sprintf("%+v", got))

	got = r.change(m.Key, sigil.Change{Tags: new([]string{}), TTL: new(time.Duration(0)), Life: new(time.Duration(0)), Pinned: new(false)})
	same(t, "fades at", got.FadesAt, start.Add(30*time.Second+95*time.Second))
	same(t, "stretch", got.Stretch, 0)
	same(t, "tags", len(got.Tags), 0)
}

// A change that sets what is there already changes nothing, and neither does one that sets nothing.
func TestChangeToTheSame(t *testing.T) {
	r := newRig(t, engine.Options{})
	c := sigil.Change{Tags: new([]string{"a"}), TTL: new(2 * time.Hour), Life: new(time.Hour), Pinned: new(false)}
	m := r.encode(`{"foo":1}`, func(d *sigil.Draft) { d.Tags, d.TTL, d.Life = *c.Tags, *c.TTL, *c.Life })
	r.clock.set(time.Minute)
	same(t, "again", r.change(m.Key, c).Meta, m.Meta)
	same(t, "nothing", r.change(m.Key, sigil.Change{}).Meta, m.Meta)
	same(t, "entries", len(r.events()), 1)
}

// A ttl or tags do not refresh a memory. Another life begins at the change, so that a memory that has outlived it does not
// fade at once.
func TestALifeBeginsWithItsChange(t *testing.T) {
	r := newRig(t, engine.Options{})
	m := r.encode(`{"foo":1}`, func(d *sigil.Draft) { d.Life = time.Hour })
	r.clock.set(50 * time.Minute)
	got := r.change(m.Key, sigil.Change{Tags: new([]string{"a"}), TTL: new(3 * time.Hour)})
	same(t, "fades at after tags and a ttl", got.FadesAt, start.Add(time.Hour))
	got = r.change(m.Key, sigil.Change{Life: new(10 * time.Minute)})
	same(t, "fades at after a life", got.FadesAt, start.Add(time.Hour))
	got = r.change(m.Key, sigil.Change{Life: new(time.Duration(0))})
	same(t, "fades at without a life", got.FadesAt, start.Add(50*time.Minute+95*time.Second))
	r.clock.set(50*time.Minute + 95*time.Second)
	r.lives(m.Key, false)
}

// Under another policy than that of its last touch, a life is exact, too: the memory gets the policy that is in force.
func TestALifeIsExactUnderANewPolicy(t *testing.T) {
	r := newRig(t, engine.Options{})
	m := r.encode(`{"foo":1}`, nil)
	r.Configure(engine.Settings{Policy: sigil.DefaultPolicy()})
	got := r.change(m.Key, sigil.Change{Life: new(365 * 24 * time.Hour)})
	same(t, "policy", got.Policy, sigil.DefaultPolicy())
	same(t, "fades at", got.FadesAt, start.Add(365*24*time.Hour))
}

// A life that is removed takes with it what recalls under fsrs have added.
func TestALifeIsRemovedUnderFSRS(t *testing.T) {
	p, err := sigil.ParsePolicy("fsrs")
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, engine.Options{Settings: engine.Settings{Policy: p}})
	m := r.encode(`{"foo":1}`, nil)
	r.clock.set(20 * 24 * time.Hour)
	if r.recall(m.Key).Stretch <= 1 {
		t.Error("the recall did not make it more stable")
	}
	same(t, "stretch", r.change(m.Key, sigil.Change{Life: new(time.Duration(0))}).Stretch, 0)
}

func TestChangeRefuses(t *testing.T) {
	r := newRig(t, engine.Options{Limits: engine.Limits{Tags: 2}})
	m := r.encode(`{"foo":1}`, nil)
	r.clock.set(30 * time.Second)
	for name, tt := range map[string]struct {
		change      sigil.Change
		kind        error
		code, field string
	}{
		"too many tags":      {sigil.Change{Tags: new([]string{"a", "b", "c"})}, sigil.ErrTooLarge, "too_many_tags", "tags"},
		"empty tag":          {sigil.Change{Tags: new([]string{"a", ""})}, sigil.ErrInvalid, "invalid_tag", "tags/1"},
		"negative ttl":       {sigil.Change{TTL: new(-time.Second)}, sigil.ErrInvalid, "invalid_ttl", "ttl"},
		"long ttl":           {sigil.Change{TTL: new(sigil.MaxTTL + 1)}, sigil.ErrInvalid, "invalid_ttl", "ttl"},
		"ttl that has ended": {sigil.Change{TTL: new(30 * time.Second)}, sigil.ErrInvalid, "invalid_ttl", "ttl"},
		"negative life":      {sigil.Change{Life: new(-time.Second)}, sigil.ErrInvalid, "invalid_life", "life"},
		"long life":          {sigil.Change{Life: new(sigil.MaxTTL + 1)}, sigil.ErrInvalid, "invalid_life", "life"},
	} {
		_, err := r.Change(r.ctx(), m.Key, tt.change)
		r.fails(name, err, tt.kind, tt.code, tt.field)
	}
	for _, key := range []sigil.Key{{Tenant: "other", ID: m.ID}, {Tenant: m.Tenant, ID: sigil.ID{1}}} {
		_, err := r.Change(r.ctx(), key, sigil.Change{Pinned: new(true)})
		r.fails("foreign", err, sigil.ErrNotFound, "not_found", "id")
	}
	same(t, "entries", len(r.events()), 1)
	r.clock.set(95 * time.Second)
	_, err := r.Change(r.ctx(), m.Key, sigil.Change{Pinned: new(true)})
	r.fails("past its deadline", err, sigil.ErrNotFound, "not_found", "id")
}
