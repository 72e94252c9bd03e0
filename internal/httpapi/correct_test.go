package httpapi_test

import (
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/wire"
)

func (f *face) correct(id sigil.ID, body string, header ...string) wire.Memory {
	f.t.Helper()
	return parse[wire.Memory](f.do("POST", "/v1/sigils/"+id.String()+":correct", body, header...).want(201))
}

func TestCorrect(t *testing.T) {
	f := newFace(t, config{noUndo: true})
	old := f.encode(`{"data":"tea at four","tags":["t"],"pinned":true}`)
	f.clock.pass(time.Minute)
	got := f.do("POST", "/v1/sigils/"+old.ID.String()+":correct", `{"data":"tea at five"}`).want(201)
	m := parse[wire.Memory](got)
	if m.Supersedes == nil || *m.Supersedes != old.ID || string(m.Data) != `"tea at five"` || m.Tags[0] != "t" || !m.Pinned {
		t.Errorf("got %s", got.body)
	}
	if at := got.header.Get("Location"); at != "/v1/sigils/"+m.ID.String() {
		t.Errorf("location %q", at)
	}
	path := "/v1/sigils/" + old.ID.String()
	for method, verb := range map[string]string{"GET": "", "DELETE": "", "POST": ":recall"} {
		p := f.do(method, path+verb, "").problem(410, "superseded", "id")
		if p.SupersededBy == nil || *p.SupersededBy != m.ID {
			t.Errorf("%s%s: %+v", method, verb, p)
		}
	}
	f.do("POST", path+":pin", "").problem(410, "superseded", "id")
	f.do("POST", path+":unpin", "").problem(410, "superseded", "id")
	f.do("PATCH", path, `{"pinned":true}`).problem(410, "superseded", "id")
	f.do("GET", path+"/related", "").problem(410, "superseded", "id")
	if p := f.do("POST", path+":correct", `{"data":1}`).problem(409, "superseded", "id"); *p.SupersededBy != m.ID {
		t.Errorf("correct: %+v", p)
	}
	events := parse[wire.EventPage](f.do("GET", "/v1/events", "").want(200)).Events
	if e := events[1]; e.Kind != sigil.Corrected || *e.ID != old.ID || *e.SupersededBy != m.ID || !e.Arithmetic.Pinned || events[2].Kind != sigil.Encoded || events[2].SupersededBy != nil {
		t.Errorf("journaled %+v", events)
	}
	why := parse[wire.Explanation](f.do("GET", path+"/explain", "").want(200))
	if want := "It was corrected at 2026-01-31T12:01:00.000Z: the memory " + m.ID.String() + " has taken its place. Its history can be listed."; why.Live || why.Reason != want {
		t.Errorf("explained %+v", why)
	}
}

func TestBadCorrections(t *testing.T) {
	f := newFace(t, config{})
	m := f.encode(`{"data":1}`)
	path := "/v1/sigils/" + m.ID.String() + ":correct"
	f.do("POST", path, `{"data":1,"onDuplicate":"reinforce"}`).problem(400, "invalid_on_duplicate", "onDuplicate")
	if p := f.do("POST", path, `{"data":1,"onDuplicate":"reject"}`).problem(409, "duplicate", "data"); *p.DuplicateOf != m.ID {
		t.Errorf("got %+v", p)
	}
	f.do("POST", path, `{"tags":[]}`).problem(400, "missing_field", "data")
	f.do("POST", path, `{"data":{`).problem(400, "invalid_json", "data")
	f.do("POST", path, `data`, "Content-Type", "text/plain").problem(415, "unsupported_media_type", "Content-Type")
	f.do("POST", "/v1/sigils/x:correct", `{"data":1}`).problem(400, "invalid_id", "id")
	f.do("POST", "/v1/sigils/019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55:correct", `{"data":1}`).problem(404, "not_found", "id")
	f.do("POST", path, `{"data":1}`, "Sigil-Tenant", "other").problem(404, "not_found", "id")
	f.do("GET", path, "").problem(405, "method_not_allowed", "")
	if n := f.stats().Memories; n != 1 {
		t.Errorf("%d memories", n)
	}
}

func TestCorrectAgainUnderItsKey(t *testing.T) {
	f := newFace(t, config{})
	old := f.encode(`{"data":1,"tags":["t"]}`)
	path := "/v1/sigils/" + old.ID.String() + ":correct"
	first := f.do("POST", path, `{"data":2}`, "Idempotency-Key", "k").want(201)
	f.clock.pass(time.Second)
	if again := f.do("POST", path, `{"data":2}`, "Idempotency-Key", "k").want(201); string(again.body) != string(first.body) {
		t.Errorf("got %s, then %s", first.body, again.body)
	}
	f.do("POST", path, `{"data":3}`, "Idempotency-Key", "k").problem(422, "idempotency_mismatch", "Idempotency-Key")
}

func TestHistory(t *testing.T) {
	f := newFace(t, config{})
	a := f.encode(`{"data":"one"}`)
	f.clock.pass(time.Second)
	b := f.correct(a.ID, `{"data":"two"}`)
	c := f.correct(b.ID, `{"data":"three"}`)
	for _, m := range []wire.Memory{a, b, c} {
		page := parse[wire.VersionPage](f.do("GET", "/v1/sigils/"+m.ID.String()+"/history", "").want(200))
		v := page.Versions
		if len(v) != 3 || page.Next != nil || v[0].Memory.ID != c.ID || v[0].SupersededBy != nil || v[0].SupersededAt != nil || *v[1].SupersededBy != c.ID || *v[2].SupersededBy != b.ID {
			t.Fatalf("got %+v", page)
		}
		if string(v[2].Memory.Data) != `"one"` || v[2].SupersededAt.String() != "2026-01-31T12:00:01.000Z" || *v[1].Memory.Supersedes != a.ID || v[2].Memory.Supersedes != nil {
			t.Errorf("got %+v", v[2])
		}
	}
	page := parse[wire.VersionPage](f.do("GET", "/v1/sigils/"+a.ID.String()+"/history?limit=2&content=false", "").want(200))
	if len(page.Versions) != 2 || page.Next == nil || page.Versions[0].Memory.Data != nil || page.Versions[0].Memory.State != nil {
		t.Fatalf("got %+v", page)
	}
	page = parse[wire.VersionPage](f.do("GET", "/v1/sigils/"+a.ID.String()+"/history?cursor="+*page.Next, "").want(200))
	if len(page.Versions) != 1 || page.Next != nil || page.Versions[0].Memory.ID != a.ID {
		t.Errorf("got %+v", page)
	}
	f.do("GET", "/v1/sigils/"+a.ID.String()+"/history?cursor=x", "").problem(400, "invalid_cursor", "cursor")
	f.do("GET", "/v1/sigils/"+a.ID.String()+"/history", "", "Sigil-Tenant", "other").problem(404, "not_found", "id")
	path := "/v1/sigils/" + c.ID.String()
	f.do("DELETE", path, "").want(204)
	f.do("GET", path+"/history", "").problem(404, "not_found", "id")
	if p := f.do("POST", "/v1/sigils/"+b.ID.String()+":restore", "").problem(409, "superseded", "id"); *p.SupersededBy != c.ID {
		t.Errorf("restore: %+v", p)
	}
	if m := parse[wire.Memory](f.do("POST", path+":restore", "").want(200)); *m.Supersedes != b.ID {
		t.Errorf("restored %+v", m)
	}
}
