package httpapi_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/wire"

	"github.com/sigil-dna/sigil/internal/prove/apitest"
)

func TestEncode(t *testing.T) {
	f := newFace(t, config{})
	got := f.do("POST", "/v1/sigils", `{"data": {"foo": 0}}`).want(http.StatusCreated)
	v := parse[wire.Memory](got)
	if loc := got.header.Get("Location"); loc != "/v1/sigils/"+v.ID.String() {
		t.Errorf("Location is %q", loc)
	}
	want := `{"id":"` + v.ID.String() + `","tenant":"public","data":{"foo":0},` +
		`"state":{"phi":0.5,"coherence":0.5,"awareness":0.5,"emotionalResonance":0.5},` +
		`"hash":"e50bfa269b4a5d20d872f82ebfe5cb488370c7de6312896143448e7d9b2ee414",` +
		`"frequency":0.6439775275224582,"pattern":64,"potential":0.5,"decay":0,` +
		`"createdAt":"2026-01-31T12:00:00.000Z","lastAccessed":"2026-01-31T12:00:00.000Z","accessCount":0,` +
		`"fadesAt":"2026-01-31T12:01:35.000Z","ttl":null,"life":"95s","pinned":false,"crystallized":false,` +
		`"policy":"classic rate=0.001 period=5s threshold=0.95","tags":[]}` + "\n"
	if string(got.body) != want {
		t.Errorf("got  %s\nwant %s", got.body, want)
	}
}

func TestEncodeInShort(t *testing.T) {
	f := newFace(t, config{})
	got := f.do("POST", "/v1/sigils", `{"data":{"a":1},"state":{"phi":1,"mood":"calm"}}`, "Prefer", "return=minimal").want(201)
	id := parse[wire.Kept](got).ID.String()
	if string(got.body) != `{"id":"`+id+`"}`+"\n" || got.header.Get("Preference-Applied") != "return=minimal" || got.header.Get("Location") != "/v1/sigils/"+id {
		t.Errorf("got %s, %v", got.body, got.header)
	}
	if v := parse[wire.Memory](f.do("GET", "/v1/sigils/"+id, "").want(200)); string(v.Data) != `{"a":1}` || string(v.State.Extra["mood"]) != `"calm"` {
		t.Errorf("kept %+v", v)
	}
	f.do("POST", "/v1/sigils", `{"data":}`, "Prefer", "return=minimal").want(400)
}

func TestEncodeWithAll(t *testing.T) {
	f := newFace(t, config{})
	v := f.encode(`{"tags":["a","ü"],"pinned":true,"ttl":"36h","state":{"phi":1,"mood":"calm","coherence":1,"awareness":1,"emotionalResonance":1},"data":"x"}`)
	if len(v.Tags) != 2 || v.Tags[1] != "ü" || !v.Pinned || *v.TTL != "36h" || v.Potential != 1 || !v.Crystallized ||
		string(v.State.Extra["mood"]) != `"calm"` || v.FadesAt.String() != "2026-02-02T00:00:00.000Z" {
		t.Errorf("got %+v", v)
	}
}

// The answer has the content that was sent, digit for digit and character for character.
func TestDataIsKept(t *testing.T) {
	for _, data := range []string{
		`null`, `true`, `0`, `""`, `[]`, `{}`, `-0`, `1.0`, `1E+2`, `9007199254740993`, `123456789012345678901234567890`,
		`0.1000000000000000055511151231257827`, `"<a href='&'>\u2028"`, `"\u00fc\/ü 𝄞 \ud834\udd1e"`,
		`{"a":9007199254740993,"__proto__":{},"":null}`, apitest.Nested(64),
	} {
		f := newFace(t, config{})
		v := f.encode(`{"data":` + data + `}`)
		path := "/v1/sigils/" + v.ID.String()
		for name, got := range map[string][]byte{
			"encode": v.Data,
			"peek":   parse[wire.Memory](f.do("GET", path, "").want(200)).Data,
			"recall": parse[wire.Memory](f.do("POST", path+":recall", "").want(200)).Data,
			"list":   parse[wire.MemoryPage](f.do("GET", "/v1/sigils", "").want(200)).Memories[0].Data,
		} {
			if string(got) != data {
				t.Errorf("%s of %s gave %s", name, data, got)
			}
		}
	}
}

// A ttl in its shortest form is returned as it was sent: by the encode, the journal and an explanation.
func TestTTLsComeBackAsGiven(t *testing.T) {
	f := newFace(t, config{})
	for _, ttl := range []string{"7d", "36h", "90m", "1h40m", "95s", "1.5s", "250ms", "36500d"} {
		v := f.encode(`{"data":1,"pinned":true,"ttl":"` + ttl + `"}`)
		events := parse[wire.EventPage](f.do("GET", "/v1/events?latest=true&limit=1", "").want(200)).Events
		x := parse[wire.Explanation](f.do("GET", "/v1/sigils/"+v.ID.String()+"/explain", "").want(200))
		if *v.TTL != ttl || *events[0].Arithmetic.TTL != ttl || *x.Memory.TTL != ttl {
			t.Errorf("%s came back as %s, %s and %s", ttl, *v.TTL, *events[0].Arithmetic.TTL, *x.Memory.TTL)
		}
	}
	v := f.encode(`{"data":1,"ttl":"7d"}`)
	if len(v.Warnings) != 1 || !strings.Contains(v.Warnings[0].Detail, "longer than the 95s that") {
		t.Errorf("warnings %+v", v.Warnings)
	}
}

// A life of its own is shown by the encode, the journal and an explanation. Without one, a memory shows its policy's, and the journal
// none.
func TestLifeIsShown(t *testing.T) {
	f := newFace(t, config{})
	v := f.encode(`{"data":1,"life":"8760h"}`)
	x := parse[wire.Explanation](f.do("GET", "/v1/sigils/"+v.ID.String()+"/explain", "").want(200))
	events := parse[wire.EventPage](f.do("GET", "/v1/events?latest=true&limit=1", "").want(200)).Events
	if *v.Life != "365d" || *events[0].Arithmetic.Life != "365d" || *x.Memory.Life != "365d" || *x.LifetimeSeconds != 365*24*3600 {
		t.Errorf("encoded %s, journaled %s, explained %s of %v s", *v.Life, *events[0].Arithmetic.Life, *x.Memory.Life, *x.LifetimeSeconds)
	}
	if v.FadesAt.Sub(v.CreatedAt.Time) != 365*24*time.Hour || !strings.Contains(x.Formula, "t = idle/") {
		t.Errorf("fades at %v, formula %q", v.FadesAt, x.Formula)
	}
	w := f.encode(`{"data":2}`)
	events = parse[wire.EventPage](f.do("GET", "/v1/events?latest=true&limit=1", "").want(200)).Events
	if *w.Life != "95s" || events[0].Arithmetic.Life != nil {
		t.Errorf("without a life: %s, journaled %v", *w.Life, events[0].Arithmetic.Life)
	}
}

// A proposed policy may have any form of a duration. The answer has the shortest.
func TestPoliciesAreShownInOneForm(t *testing.T) {
	f := newFace(t, config{})
	for _, half := range []string{"7d", "168h", "168h0m0s"} {
		x := parse[wire.Forecast](f.do("GET", "/v1/forecast?within=7d&policy="+url.QueryEscape("halflife h="+half), "").want(200))
		if x.Policy == nil || *x.Policy != "halflife h=7d threshold=0.95" || x.Until.Sub(x.From.Time) != 7*24*time.Hour {
			t.Errorf("%s: %+v", half, x)
		}
	}
}

// A ttl that no duration can hold is reported as too long, not as malformed.
func TestTTLsThatAreTooLong(t *testing.T) {
	for _, ttl := range []string{`"36501d"`, `"36500d1ns"`, `"99999999d"`, `"-99999999d"`, `1e300`} {
		got := newFace(t, config{}).do("POST", "/v1/sigils", `{"data":1,"ttl":`+ttl+`}`).want(400)
		if p := parse[wire.Problem](got); p.Detail != "must be over 0 and at most 36500d" {
			t.Errorf("%s: %s", ttl, p.Detail)
		}
	}
}

func TestTTLs(t *testing.T) {
	for in, want := range map[string]time.Duration{
		`"90s"`: 90 * time.Second, `"36h"`: 36 * time.Hour, `"7d"`: 7 * 24 * time.Hour, `"1d12h"`: 36 * time.Hour, `"0.5d"`: 12 * time.Hour,
		`90`: 90 * time.Second, `0.07`: 70 * time.Millisecond, `1e-12`: time.Millisecond, `1.5e3`: 25 * time.Minute, `"1ns"`: time.Millisecond,
		`"36500d"`: 36500 * 24 * time.Hour, `3153600000`: 36500 * 24 * time.Hour,
	} {
		v := newFace(t, config{}).encode(`{"data":1,"pinned":true,"ttl":` + in + `}`)
		if v.FadesAt == nil || v.FadesAt.Sub(start) != want {
			t.Errorf("%s ends at %v, want after %s", in, v.FadesAt, want)
		}
		if again := newFace(t, config{}).encode(`{"data":1,"ttl":` + quote(*v.TTL) + `}`); *again.TTL != *v.TTL {
			t.Errorf("%s came back as %s", *v.TTL, *again.TTL)
		}
	}
	if v := newFace(t, config{}).encode(`{"data":1,"ttl":null}`); v.TTL != nil {
		t.Errorf("null gave %s", *v.TTL)
	}
}

func TestIdempotency(t *testing.T) {
	f := newFace(t, config{})
	draft := `{"data":{"n":9007199254740993},"state":{"phi":0.25,"mood":"<b>"},"ttl":"1h","tags":["t"]}`
	first := f.do("POST", "/v1/sigils", draft, "Idempotency-Key", "k").want(201)
	id := parse[wire.Memory](first).ID.String()
	f.clock.pass(10 * time.Second)
	f.do("POST", "/v1/sigils/"+id+":recall", "").want(200)
	f.do("POST", "/v1/sigils/"+id+":pin", "").want(200)
	again := func(why string) {
		t.Helper()
		// The same content, in another spelling.
		got := f.do("POST", "/v1/sigils", strings.ReplaceAll(draft, ",", " , "), "Idempotency-Key", "k").want(201)
		if string(got.body) != string(first.body) || got.header.Get("Location") != first.header.Get("Location") {
			t.Errorf("%s: got %s\nwant %s", why, got.body, first.body)
		}
	}
	again("after it changed")
	f.do("DELETE", "/v1/sigils/"+id, "").want(204)
	again("after it was forgotten")
	if n := f.stats().Memories; n != 0 {
		t.Errorf("%d memories", n)
	}
	reordered := `{"tags":["t"],"ttl":3600,"state":{"mood":"<b>","phi":0.25},"data":{"n":9007199254740993}}`
	if got := f.do("POST", "/v1/sigils", reordered, "Idempotency-Key", "k").want(201); string(got.body) != string(first.body) {
		t.Errorf("members in another order: got %s\nwant %s", got.body, first.body)
	}
	nested := f.encode(`{"data":{"a":1,"b":{"c":2,"d":3}}}`, "Idempotency-Key", "nested")
	if again := f.encode(`{"data":{"b":{"d":3,"c":2},"a":1}}`, "Idempotency-Key", "nested"); again.ID != nested.ID {
		t.Errorf("members of data in another order: kept as %s, then %s", nested.ID, again.ID)
	}
	f.do("POST", "/v1/sigils", `{"data":2}`, "Idempotency-Key", "k").problem(422, "idempotency_mismatch", "Idempotency-Key")
	f.do("POST", "/api/consciousness/sigils", `{"data":2}`, "Idempotency-Key", "k").want(422)
}

// inFlight is a store in which every insert meets another with its key.
type inFlight struct{ store.Store }

func (inFlight) Insert(context.Context, string, []store.Item, store.Quota, func(sigil.Meta, string) sigil.Event) (store.Inserted, error) {
	return store.Inserted{}, &sigil.Error{Kind: sigil.ErrConflict, Code: "idempotency_in_flight", Field: "Idempotency-Key"}
}

func TestIdempotencyInFlight(t *testing.T) {
	f := newFace(t, config{store: inFlight{newFace(t, config{}).store}})
	for _, path := range append([]string{"/v1/sigils"}, apitest.OldPaths...) {
		got := f.do("POST", path, `{"data":2}`, "Idempotency-Key", "k").want(409)
		if after := got.header.Get("Retry-After"); after != "1" {
			t.Errorf("%s: Retry-After is %q", path, after)
		}
	}
	f.do("POST", "/v1/sigils", `{"data":2}`, "Idempotency-Key", "k").problem(409, "idempotency_in_flight", "Idempotency-Key")
}

func TestPeekRecallPinForget(t *testing.T) {
	f := newFace(t, config{})
	path := "/v1/sigils/" + f.encode(`{"data":1}`).ID.String()
	f.clock.pass(30 * time.Second)

	v := parse[wire.Memory](f.do("GET", path, "").want(200))
	if v.AccessCount != 0 || v.Decay < 0.104 || v.Decay > 0.106 || v.Spiral != nil {
		t.Errorf("peek gave %+v", v)
	}
	if v = parse[wire.Memory](f.do("GET", path+"?spiral=true", "").want(200)); len(v.Spiral) != 6 {
		t.Errorf("the spiral has %d points", len(v.Spiral))
	}
	if v = parse[wire.Memory](f.do("POST", path+":recall", "").want(200)); v.AccessCount != 1 || v.Decay != 0 {
		t.Errorf("recall gave %+v", v)
	}
	if v = parse[wire.Memory](f.do("POST", path+":pin", "").want(200)); !v.Pinned || v.FadesAt != nil {
		t.Errorf("pin gave %+v", v)
	}
	if v = parse[wire.Memory](f.do("POST", path+":unpin", "").want(200)); v.Pinned || v.FadesAt == nil {
		t.Errorf("unpin gave %+v", v)
	}
	if got := f.do("DELETE", path+"?erase=false", "").want(204); len(got.body) != 0 {
		t.Errorf("forget answered %s", got.body)
	}
	for _, gone := range []reply{
		f.do("GET", path, ""), f.do("DELETE", path, ""), f.do("POST", path+":recall", ""),
		f.do("POST", path+":pin", ""), f.do("POST", path+":unpin", ""), f.do("GET", path+"/related", ""),
	} {
		gone.problem(404, "not_found", "id")
	}
}

func TestFadedIsNotFound(t *testing.T) {
	f := newFace(t, config{})
	path := "/v1/sigils/" + f.encode(`{"data":1}`).ID.String()
	f.clock.pass(95 * time.Second)
	f.do("POST", path+":recall", "").problem(404, "not_found", "id")
}

func TestTenantsAreApart(t *testing.T) {
	f := newFace(t, config{})
	v := f.encode(`{"data":1}`, "Sigil-Tenant", "acme")
	if v.Tenant != "acme" {
		t.Errorf("it is %s's", v.Tenant)
	}
	path := "/v1/sigils/" + v.ID.String()
	f.do("GET", path, "").problem(404, "not_found", "id")
	f.do("DELETE", path, "", "Sigil-Tenant", "other").problem(404, "not_found", "id")
	f.do("GET", path, "", "Sigil-Tenant", "acme").want(200)
}

func TestList(t *testing.T) {
	f := newFace(t, config{})
	for i := range 5 {
		f.encode(fmt.Sprintf(`{"data":%d,"pinned":%t,"ttl":"%dm","tags":["all","n%d"]}`, i, i == 3, i+1, i))
		f.clock.pass(time.Millisecond)
	}
	list := func(query string) (got string, next *string) {
		t.Helper()
		page := parse[wire.MemoryPage](f.do("GET", "/v1/sigils?"+query, "").want(200))
		for _, v := range page.Memories {
			got += string(v.Data)
		}
		return got, page.Next
	}
	first, next := list("limit=2")
	if first != "43" || next == nil {
		t.Fatalf("the first page is %s, next %v", first, next)
	}
	if rest, next := list("cursor=" + *next); rest != "210" || next != nil {
		t.Errorf("the rest is %s, next %v", rest, next)
	}
	pattern := parse[wire.MemoryPage](f.do("GET", "/v1/sigils?limit=1", "").want(200)).Memories[0].Pattern
	for query, want := range map[string]string{
		"pinned=true": "3", "pinned=false": "4210", "crystallized=true": "", "cursor=": "43210", "limit=1000": "43210",
		"tag=all": "43210", "tag=all&tag=n2": "2", "tag=x": "", "sort=created": "43210", "sort=fades": "01243", "sort=recalls&tag=all": "43210",
		"q=1+3": "31", "q=tag:all+-3&sort=fades": "0124", "q=%22n2%22&tag=all": "2", "q=nothing": "", "q=1+2&limit=1": "2",
		"fadingAfter=2026-01-31T12:01:30Z": "4321", "fadingAfter=2026-01-31T12:01:30Z&fadingBefore=2026-01-31T12:01:30Z": "",
		"fadingBefore=2026-01-31T12:01:30Z": "0", "fadingBefore=2026-01-31T14:01:30%2B02:00": "0", fmt.Sprintf("pattern=%d&limit=1", pattern): "4",
	} {
		if got, _ := list(query); got != want {
			t.Errorf("%s gave %q, want %q", query, got, want)
		}
	}
}

func TestRelated(t *testing.T) {
	f := newFace(t, config{})
	id := f.encode(`{"data":{"foo":0}}`).ID.String()
	same := f.encode(`{"data":{ "foo" : 0 },"tags":["b"]}`)
	page := parse[wire.RelatedPage](f.do("GET", "/v1/sigils/"+id+"/related", "").want(200))
	if len(page.Related) != 1 || page.Related[0].ID != same.ID || *page.Related[0].Resonance != 1 || string(page.Related[0].Data) != `{"foo":0}` {
		t.Fatalf("got %+v", page)
	}
	page = parse[wire.RelatedPage](f.do("GET", "/v1/sigils/"+id+"/related?content=false&min=0.5&limit=5", "").want(200))
	if v := page.Related[0]; v.Data != nil || v.State != nil || v.Hash != "" || v.ID != same.ID {
		t.Errorf("without content: %+v", v)
	}
	// The minimal form has only ids.
	got := f.do("GET", "/v1/sigils/"+id+"/related?min=0.5", "", "Prefer", "return=minimal").want(200)
	if want := `{"related":[{"id":"` + same.ID.String() + `","resonance":1}]}` + "\n"; string(got.body) != want || got.header.Get("Preference-Applied") != "return=minimal" {
		t.Errorf("in short: got %s, want %s", got.body, want)
	}
	got = f.do("GET", "/v1/sigils/"+f.encode(`{"data":"alone"}`).ID.String()+"/related?min=1", "", "Prefer", "return=minimal").want(200)
	if want := `{"related":[]}` + "\n"; string(got.body) != want {
		t.Errorf("in short, of none: got %s, want %s", got.body, want)
	}
	if got := f.do("GET", "/v1/sigils/"+id+"/related?min=2", "", "Prefer", "return=minimal").want(400); got.header.Get("Preference-Applied") != "" {
		t.Errorf("a refusal: %v", got.header)
	}
}

func TestQuota(t *testing.T) {
	f := newFace(t, config{engine: engine.Options{Settings: engine.Settings{Quota: store.Quota{Memories: 1}}}})
	f.encode(`{"data":1,"pinned":true}`)
	f.do("POST", "/v1/sigils", `{"data":2}`).want(409)
	if p := parse[wire.BatchPage](f.do("POST", "/v1/sigils:batch", `[{"data":2}]`).want(200)); p.Results[0].Problem.Code != "quota_full" {
		t.Errorf("got %+v", p.Results[0].Problem)
	}
}
