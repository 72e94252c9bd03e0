package httpapi_test

import (
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/wire"
)

func TestPolicyOfATenant(t *testing.T) {
	f := newFace(t, config{})
	get := func(tenant string) wire.TenantPolicy {
		return parse[wire.TenantPolicy](f.do("GET", "/v1/policy", "", "Sigil-Tenant", tenant).want(200))
	}
	const classic, short = "classic rate=0.001 period=5s threshold=0.95", "halflife h=1s threshold=0.95"
	if p := get("acme"); p.Policy != classic || p.Own || p.Lifetime == nil || *p.Lifetime != "95s" || *p.LifetimeSeconds != 95 || p.Since != nil || p.Restamping || p.Tenant != "acme" {
		t.Errorf("at first: %+v", p)
	}
	f.encode(`{"data":1}`)
	f.clock.pass(10 * time.Second)
	tried := parse[wire.TenantPolicy](f.do("PUT", "/v1/policy", `{"policy":"halflife h=1s","dryRun":true}`).want(200))
	if tried.Policy != short || tried.Effect == nil || *tried.Effect != (wire.PolicyEffect{Memories: 1, Moved: 1, Fading: wire.PolicyFading{Now: 1, Day: 1, Week: 1}, Present: wire.PolicyFading{Day: 1, Week: 1}}) {
		t.Errorf("dry run: %+v, %+v", tried, tried.Effect)
	}
	if p := get("public"); p.Own {
		t.Errorf("after a dry run: %+v", p)
	}
	set := parse[wire.TenantPolicy](f.do("PUT", "/v1/policy", `{"policy":"halflife h=1s"}`).want(200))
	if set.Policy != short || !set.Own || set.Since == nil || !set.Restamping || set.Effect != nil {
		t.Errorf("set: %+v", set)
	}
	if p := get("public"); p.Policy != short || !p.Own {
		t.Errorf("after it: %+v", p)
	}
	if p := get("acme"); p.Own {
		t.Errorf("another tenant: %+v", p)
	}
	if m := f.encode(`{"data":2}`); m.Policy != short {
		t.Errorf("a new memory has %s", m.Policy)
	}
	events := parse[wire.EventPage](f.do("GET", "/v1/events", "").want(200)).Events
	if e := events[1]; e.Kind != sigil.PolicySet || e.ID != nil || e.Policies == nil || e.Policies.From != nil || e.Policies.To == nil || *e.Policies.To != short {
		t.Errorf("journal: %+v", e)
	}
	if p := parse[wire.TenantPolicy](f.do("DELETE", "/v1/policy?dryRun=true", "").want(200)); p.Policy != classic || p.Own || p.Effect == nil || p.Effect.Moved != 1 {
		t.Errorf("dry run of an unset: %+v, %+v", p, p.Effect)
	}
	if p := parse[wire.TenantPolicy](f.do("DELETE", "/v1/policy", "").want(200)); p.Policy != classic || p.Own || !p.Restamping {
		t.Errorf("unset: %+v", p)
	}
	if m := f.encode(`{"data":3}`); m.Policy != classic {
		t.Errorf("a memory after that has %s", m.Policy)
	}
}

func TestAPolicyThatIsNone(t *testing.T) {
	f := newFace(t, config{})
	for _, bad := range []struct{ body, code, field string }{
		{`{}`, "missing_field", "policy"},
		{`{"policy":7}`, "invalid_policy", "policy"},
		{`{"policy":""}`, "invalid_policy", "policy"},
		{`{"policy":"never"}`, "invalid_policy", "policy"},
		{`{"policy":"halflife x=1"}`, "invalid_policy", "policy"},
		{`{"policy":"halflife h=0s"}`, "invalid_policy", "half-life"},
		{`{"policy":"halflife","dryRun":1}`, "invalid_parameter", "dryRun"},
		{`{"policy":"halflife","more":1}`, "unknown_field", "more"},
	} {
		f.do("PUT", "/v1/policy", bad.body).problem(400, bad.code, bad.field)
	}
	f.do("DELETE", "/v1/policy?dryRun=maybe", "").problem(400, "invalid_parameter", "dryRun")
}

func TestAPolicyOfAMemory(t *testing.T) {
	f := newFace(t, config{})
	const own = "halflife h=30d threshold=0.95"
	m := f.encode(`{"data":1,"policy":"halflife h=30d"}`)
	if m.Policy != own {
		t.Errorf("encoded under %s", m.Policy)
	}
	f.do("PUT", "/v1/policy", `{"policy":"halflife h=1d"}`).want(200)
	if m := parse[wire.Memory](f.do("POST", "/v1/sigils/"+m.ID.String()+":recall", "").want(200)); m.Policy != own {
		t.Errorf("recalled under %s", m.Policy)
	}
	page := parse[wire.BatchPage](f.do("POST", "/v1/sigils:batch", `[{"data":2,"policy":"halflife h=30d"},{"data":3,"policy":"never"},{"data":4}]`).want(200))
	if r := page.Results; len(r) != 3 || r[0].Status != 201 || r[0].Memory.Policy != own || r[1].Problem == nil || r[1].Problem.Code != "invalid_policy" || r[2].Memory.Policy != "halflife h=1d threshold=0.95" {
		t.Errorf("batch: %+v", r)
	}
	f.do("POST", "/v1/sigils", `{"data":1,"policy":7}`).problem(400, "invalid_policy", "policy")
	exported := parse[wire.ExportPage](f.do("GET", "/v1/sigils:export", "").want(200)).Memories
	for i := range exported {
		if e := &exported[i]; e.OwnPolicy != (e.Policy == own) {
			t.Errorf("exported with %s, own: %t", e.Policy, e.OwnPolicy)
		}
	}
}
