package httpapi_test

import (
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/wire"
)

// strong is a state whose potential is 1.
const strong = `"state":{"phi":1,"coherence":1,"awareness":1,"emotionalResonance":1}`

func TestCrystals(t *testing.T) {
	f := newFace(t, config{})
	if got := f.do("GET", "/v1/crystals", "").want(200); string(got.body) != `{"crystals":[],"next":null}`+"\n" {
		t.Errorf("none are %s", got.body)
	}
	for range 3 {
		f.encode(`{"data":{"foo":0},` + strong + `}`)
	}
	if s := parse[wire.Sweep](f.do("POST", "/v1/sweeps/crystallize", "").want(200)); s.Job != sigil.CrystallizeJob || s.Created != 1 {
		t.Errorf("the sweep did %+v", s)
	}
	var kinds []sigil.CrystalKind
	for cursor := ""; ; {
		page := parse[wire.CrystalPage](f.do("GET", "/v1/crystals?limit=3&lattice=true&cursor="+cursor, "").want(200))
		for _, c := range page.Crystals {
			if (c.Kind == sigil.CrystalOfMemory) != (c.Lattice != nil && len(c.Lattice.Nodes) == 12) {
				t.Errorf("%s has the lattice %+v", c.ID, c.Lattice)
			}
			kinds = append(kinds, c.Kind)
		}
		if page.Next == nil {
			break
		}
		cursor = *page.Next
	}
	if len(kinds) != 4 || kinds[0] != sigil.CrystalOfPattern {
		t.Errorf("got %v", kinds)
	}
	if page := parse[wire.CrystalPage](f.do("GET", "/v1/crystals?kind=memory", "").want(200)); len(page.Crystals) != 3 || page.Crystals[0].Lattice != nil {
		t.Errorf("of memories: %+v", page)
	}
	if list := parse[wire.PatternList](f.do("GET", "/v1/patterns", "").want(200)); len(list.Patterns) != 1 || list.Patterns[0].Members != 3 || !list.Patterns[0].Crystallizes {
		t.Errorf("patterns: %+v", list)
	}
}

func TestIdentityAndStats(t *testing.T) {
	f := newFace(t, config{})
	if got := parse[wire.Stats](f.do("GET", "/v1/stats", "").want(200)); got.Memories != 0 || got.NextFade != nil || *got.LifetimeSeconds != 95 {
		t.Errorf("at first: %+v", got)
	}
	f.encode(`{"data":1}`)
	f.clock.pass(time.Second)
	if got := parse[wire.Stats](f.do("GET", "/v1/stats", "").want(200)); got.Memories != 1 || got.Bytes != 1 || got.UptimeSeconds != 1 || got.NextFade == nil {
		t.Errorf("stats: %+v", got)
	}
	if got := parse[wire.Identity](f.do("GET", "/v1/identity", "", "Sigil-Tenant", "acme").want(200)); got.Service != "sigil" || got.Tenant != "acme" || len(got.Spiral) != 6 || got.Memories != 0 {
		t.Errorf("identity: %+v", got)
	}
}

func TestSweep(t *testing.T) {
	f := newFace(t, config{})
	f.encode(`{"data":1}`)
	f.encode(`{"data":2,"pinned":true,"ttl":60}`, "Sigil-Tenant", "acme")
	f.clock.pass(95 * time.Second)
	if s := parse[wire.Sweep](f.do("POST", "/v1/sweeps/decay", "").want(200)); s.Job != sigil.DecayJob || s.Released["decay"] != 1 || s.Released["ttl"] != 1 {
		t.Errorf("it did %+v", s)
	}
	f.do("POST", "/v1/sweeps/lawn", "").problem(404, "unknown_path", "job")
}

func TestEvents(t *testing.T) {
	f := newFace(t, config{})
	id := f.encode(`{"data":1,` + strong + `}`).ID.String()
	f.do("POST", "/v1/sigils/"+id+":pin", "").want(200)
	f.encode(`{"data":1}`, "Sigil-Tenant", "other")
	f.do("DELETE", "/v1/sigils/"+id, "").want(204)

	page := parse[wire.EventPage](f.do("GET", "/v1/events?limit=3", "").want(200))
	if len(page.Events) != 3 || page.Next != 3 || page.Events[1].Crystal == nil || page.Events[2].Kind != sigil.Pinned {
		t.Fatalf("got %+v", page)
	}
	page = parse[wire.EventPage](f.do("GET", "/v1/events?after=3", "").want(200))
	if len(page.Events) != 1 || page.Next != 5 || page.Events[0].Kind != sigil.Forgotten || page.Events[0].ID.String() != id || !page.Events[0].Arithmetic.Pinned {
		t.Fatalf("got %+v", page)
	}
	if got := f.do("GET", "/v1/events?after=5", "").want(200); string(got.body) != `{"events":[],"next":5,"token":"5"}`+"\n" {
		t.Errorf("at the end: %s", got.body)
	}

	page = parse[wire.EventPage](f.do("GET", "/v1/events?latest=true&limit=2", "").want(200))
	if len(page.Events) != 2 || page.Events[0].Position != 3 || page.Events[1].Position != 5 || page.Next != 5 {
		t.Errorf("the newest two: %+v", page)
	}
	if got := f.do("GET", "/v1/events?latest=true", "", "Sigil-Tenant", "nobody").want(200); string(got.body) != `{"events":[],"next":5,"token":"`+page.Token+`"}`+"\n" {
		t.Errorf("the newest of nobody: %s", got.body)
	}
	if page = parse[wire.EventPage](f.do("GET", "/v1/events?latest=true&after=4", "").want(200)); len(page.Events) != 1 || page.Events[0].Position != 5 {
		t.Errorf("the newest after 4: %+v", page)
	}
	f.do("GET", "/v1/events?latest=true", "", "Accept", "text/event-stream").problem(400, "invalid_parameter", "latest")
}
