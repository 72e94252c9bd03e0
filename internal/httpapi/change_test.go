package httpapi_test

import (
	"slices"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/wire"
)

// A change is a JSON merge patch: what is left out stays, and null removes.
func TestChange(t *testing.T) {
	f := newFace(t, config{})
	m := f.encode(`{"data":1,"tags":["a"],"ttl":"1h"}`)
	path := "/v1/sigils/" + m.ID.String()
	f.clock.pass(30 * time.Second)

	v := parse[wire.Memory](f.do("PATCH", path, `{"tags":["b","c"],"life":"1d"}`).want(200))
	if !slices.Equal(v.Tags, []string{"b", "c"}) || *v.TTL != "1h" || *v.Life != "1d" || v.Pinned || string(v.Data) != "1" || len(v.Warnings) != 0 {
		t.Errorf("tags and life: %+v", v)
	}
	event := parse[wire.EventPage](f.do("GET", "/v1/events?latest=true&limit=1", "").want(200)).Events[0]
	if event.Kind != "changed" || !slices.Equal(event.Changed, []string{"tags", "life"}) || *event.Arithmetic.Life != "1d" {
		t.Errorf("journaled %+v", event)
	}

	v = parse[wire.Memory](f.do("PATCH", path, `{"tags":null,"ttl":null,"life":null,"pinned":true}`).want(200))
	if v.Tags == nil || len(v.Tags) != 0 || v.TTL != nil || *v.Life != "95s" || !v.Pinned || v.FadesAt != nil {
		t.Errorf("removed: %+v", v)
	}
	again := parse[wire.Memory](f.do("GET", path, "").want(200))
	if !again.Pinned || again.TTL != nil || len(again.Tags) != 0 {
		t.Errorf("peeked %+v", again)
	}

	// Nothing is different after these.
	for _, body := range []string{`{}`, `{"pinned":true}`, `{"tags":[],"ttl":null}`} {
		f.do("PATCH", path, body).want(200)
	}
	last := parse[wire.EventPage](f.do("GET", "/v1/events?latest=true&limit=1", "").want(200)).Events[0]
	if last.Position != event.Position+1 {
		t.Errorf("the last entry is %+v", last)
	}

	v = parse[wire.Memory](f.do("PATCH", path, `{"pinned":false,"ttl":"1d"}`).want(200))
	if len(v.Warnings) != 1 || v.Warnings[0].Code != wire.WarnTTLOverLife {
		t.Errorf("a ttl over the life: warnings %+v", v.Warnings)
	}
	if v = parse[wire.Memory](f.do("PATCH", path, `{"tags":["z"]}`).want(200)); len(v.Warnings) != 0 {
		t.Errorf("tags: warnings %+v", v.Warnings)
	}
}

func TestChangeRefuses(t *testing.T) {
	f := newFace(t, config{})
	path := "/v1/sigils/" + f.encode(`{"data":1}`).ID.String()
	f.clock.pass(30 * time.Second)
	for _, tt := range []struct{ body, code, field string }{
		{`{"ttl":true}`, "invalid_ttl", "ttl"},
		{`{"ttl":"0s"}`, "invalid_ttl", "ttl"},
		{`{"ttl":"30s"}`, "invalid_ttl", "ttl"}, // it would have ended now
		{`{"life":"-1d"}`, "invalid_life", "life"},
		{`{"life":"36501d"}`, "invalid_life", "life"},
		{`{"pinned":null}`, "invalid_pinned", "pinned"},
		{`{"pinned":1}`, "invalid_pinned", "pinned"},
		{`{"tags":"a"}`, "invalid_tags", "tags"},
		{`{"tags":["a",""]}`, "invalid_tag", "tags/1"},
		{`{"data":2}`, "immutable_field", "data"},
		{`{"state":{}}`, "immutable_field", "state"},
		{`{"vector":[1]}`, "immutable_field", "vector"},
		{`{"policy":"classic"}`, "unknown_field", "policy"},
		{`{"pinned":true,"pinned":false}`, "duplicate_key", "pinned"},
		{`[]`, "invalid_body", "body"},
		{``, "invalid_json", "body"},
	} {
		p := parse[wire.Problem](f.do("PATCH", path, tt.body).want(400))
		if p.Code != tt.code || p.Field != tt.field {
			t.Errorf("%s: %s %s (%s), want %s %s", tt.body, p.Code, p.Field, p.Detail, tt.code, tt.field)
		}
	}
	f.do("PATCH", "/v1/sigils/019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55", `{"pinned":true}`).want(404)
	if n := len(parse[wire.EventPage](f.do("GET", "/v1/events", "").want(200)).Events); n != 1 {
		t.Errorf("%d entries", n)
	}
}
