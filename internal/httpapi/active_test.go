package httpapi_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/wire"
)

// TestActiveSpan has a tenant be away for two months.
func TestActiveSpan(t *testing.T) {
	f := newFace(t, config{})
	const day = 24 * time.Hour
	f.do("PUT", "/v1/policy", `{"policy":"halflife h=7d active=10s"}`).want(400)
	set := parse[wire.TenantPolicy](f.do("PUT", "/v1/policy", `{"policy":"halflife h=7d active=72h"}`).want(200))
	const active = "halflife h=7d threshold=0.95 active=3d"
	if set.Policy != active {
		t.Errorf("set: %+v", set)
	}
	f.do("POST", "/v1/sigils", `{"data":0,"policy":"halflife active=3d"}`).want(400)
	m := f.encode(`{"data":1}`)
	if m.StoodSeconds != 0 || m.Policy != active {
		t.Errorf("encoded: %+v", m)
	}
	f.clock.pass(60 * day)
	const stood = 57 * 86400
	path := "/v1/sigils/" + m.ID.String()
	got := parse[wire.Memory](f.do("GET", path, "").want(200))
	if got.StoodSeconds != stood || !got.FadesAt.Equal(m.FadesAt.Add(57*day)) || got.Decay > 0.3 {
		t.Errorf("after two months: %+v", got)
	}
	x := parse[wire.Explanation](f.do("GET", path+"/explain", "").want(200))
	if x.IdleSeconds != 3*86400 || !strings.Contains(x.Reason, "stood still for 57d") {
		t.Errorf("explained: %+v", x)
	}
	page := parse[wire.ExportPage](f.do("GET", "/v1/sigils:export", "").want(200))
	if e := page.Memories[0]; e.StoodSeconds != stood || !e.FadesAt.Equal(got.FadesAt.Time) {
		t.Errorf("exported: %+v", e)
	}
	f.do("DELETE", path, "").want(204)
	events := parse[wire.EventPage](f.do("GET", "/v1/events", "").want(200)).Events
	last := events[len(events)-1]
	if a := last.Arithmetic; last.Kind != sigil.Forgotten || a.StoodSeconds != stood || a.IdleSeconds != 3*86400 || !a.FadesAt.Equal(got.FadesAt.Time) {
		t.Errorf("journaled: %+v, %+v", last, last.Arithmetic)
	}
}
