package httpapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/wire"
)

const restorableUntil = "Sigil-Restorable-Until"

func TestRestore(t *testing.T) {
	f := newFace(t, config{})
	was := f.encode(`{"data":{"a":1},"tags":["t"],"state":{"mood":"calm"}}`)
	path := "/v1/sigils/" + was.ID.String()
	f.do("POST", path+":recall", "").want(200)
	f.do("POST", path+":restore", "").problem(409, "not_removed", "id")

	got := f.do("DELETE", path, "").want(http.StatusNoContent)
	if until := got.header.Get(restorableUntil); until != "2026-02-01T12:00:00.000Z" {
		t.Errorf("restorable until %q", until)
	}
	f.do("GET", path, "").problem(404, "not_found", "id")
	f.clock.pass(time.Hour)
	back := parse[wire.Memory](f.do("POST", path+":restore", "").want(200))
	if string(back.Data) != `{"a":1}` || back.AccessCount != 1 || back.Tags[0] != "t" || back.CreatedAt != was.CreatedAt || back.LastAccessed.String() != "2026-01-31T13:00:00.000Z" || back.Decay != 0 {
		t.Errorf("restored %+v", back)
	}
	if now := parse[wire.Memory](f.do("GET", path, "").want(200)); string(now.State.Extra["mood"]) != `"calm"` {
		t.Errorf("then %+v", now)
	}
	events := parse[wire.EventPage](f.do("GET", "/v1/events?latest=true&limit=1", "").want(200)).Events
	if events[0].Kind != sigil.Restored || *events[0].ID != was.ID {
		t.Errorf("journaled %+v", events)
	}
	f.do("POST", path+":restore", "").problem(409, "not_removed", "id")

	f.do("DELETE", path, "").want(http.StatusNoContent)
	f.do("POST", path+":restore", "", "Sigil-Tenant", "other").problem(404, "not_restorable", "id")
	f.clock.pass(24 * time.Hour)
	f.do("POST", path+":restore", "").problem(404, "not_restorable", "id")
}

func TestNothingCanBeRestored(t *testing.T) {
	f := newFace(t, config{noUndo: true})
	path := "/v1/sigils/" + f.encode(`{"data":1}`).ID.String()
	got := f.do("DELETE", path, "").want(http.StatusNoContent)
	if _, ok := got.header[restorableUntil]; ok {
		t.Errorf("headers %v", got.header)
	}
	f.do("POST", path+":restore", "").problem(409, "undo_off", "")
	f.do("POST", "/v1/sigils:restore", `{"ids":[]}`).problem(409, "undo_off", "")
	f.do("POST", "/v1/sigils:restore", `{"from":0,"to":9}`).problem(409, "undo_off", "")
	f.do("GET", "/v1/removed", "").problem(409, "undo_off", "")
}

func TestRestoreOverTheQuota(t *testing.T) {
	f := newFace(t, config{engine: engine.Options{Settings: engine.Settings{Quota: store.Quota{Memories: 1}}}})
	first := f.encode(`{"data":1}`).ID.String()
	f.encode(`{"data":2}`) // evicts the first
	f.do("POST", "/v1/sigils/"+first+":restore", "").problem(409, "quota_full", "")
	page := parse[wire.RestoredPage](f.do("POST", "/v1/sigils:restore", `{"ids":["`+first+`"]}`).want(200))
	if r := page.Results[0]; page.Restored != 0 || r.Status != 409 || r.Problem.Code != "quota_full" || r.ID.String() != first {
		t.Errorf("got %+v", page)
	}
	if list := parse[wire.RemovedPage](f.do("GET", "/v1/removed", "").want(200)); list.Removed[0].Kind != sigil.Evicted || list.Removed[0].Reason != sigil.ReasonMemories {
		t.Errorf("removed %+v", list)
	}
}

func TestRestoreMany(t *testing.T) {
	f := newFace(t, config{})
	var ids []string
	for i := range 3 {
		ids = append(ids, f.encode(fmt.Sprintf(`{"data":%d}`, i)).ID.String())
	}
	for _, id := range ids[:2] {
		f.do("DELETE", "/v1/sigils/"+id, "").want(http.StatusNoContent)
	}
	page := parse[wire.RestoredPage](f.do("POST", "/v1/sigils:restore", `{"ids":["`+ids[0]+`","nope","`+ids[2]+`",7,"`+ids[1]+`"]}`).want(200))
	r := page.Results
	if page.Restored != 2 || page.Next != nil || r[0].Status != 200 || r[0].Memory.Data != nil || r[0].Memory.Hash == "" || r[0].ID.String() != ids[0] || r[4].ID.String() != ids[1] {
		t.Errorf("got %+v", page)
	}
	if r[1].Problem.Field != "ids/1" || r[1].ID != nil || r[3].Problem.Code != "invalid_id" || r[2].Status != 409 || r[2].Problem.Code != "not_removed" || r[2].ID.String() != ids[2] {
		t.Errorf("got %+v %+v %+v", r[1], r[2], r[3])
	}
	if n := f.stats().Memories; n != 3 {
		t.Errorf("%d memories", n)
	}
	if got := f.do("POST", "/v1/sigils:restore", `{"ids":[]}`).want(200); string(got.body) != `{"restored":0,"results":[]}`+"\n" {
		t.Errorf("nothing: %s", got.body)
	}
}

func TestRestoreSpan(t *testing.T) {
	f := newFace(t, config{engine: engine.Options{Limits: engine.Limits{Batch: 2}}})
	var ids []string
	for i := range 4 {
		ids = append(ids, f.encode(fmt.Sprintf(`{"data":%d}`, i)).ID.String())
	}
	for _, id := range ids { // positions 5 to 8
		f.do("DELETE", "/v1/sigils/"+id, "").want(http.StatusNoContent)
	}
	restored, at := 0, uint64(5)
	for range 2 { // all but the first, two at a time
		page := parse[wire.RestoredPage](f.do("POST", "/v1/sigils:restore", fmt.Sprintf(`{"from":%d,"to":1000}`, at)).want(200))
		restored, at = restored+page.Restored, *page.Next
	}
	if restored != 3 || at != 1000 {
		t.Errorf("restored %d up to %d", restored, at)
	}
	f.do("GET", "/v1/sigils/"+ids[0], "").want(404)
	page := parse[wire.RestoredPage](f.do("POST", "/v1/sigils:restore", `{"from":5,"to":6}`).want(200))
	if page.Restored != 0 || len(page.Results) != 1 || page.Results[0].Problem.Code != "not_removed" || page.Results[0].ID.String() != ids[1] || *page.Next != 6 {
		t.Errorf("again: %+v", page)
	}
	if got := f.do("POST", "/v1/sigils:restore", `{"from":0,"to":4}`).want(200); string(got.body) != `{"restored":0,"results":[],"next":4}`+"\n" {
		t.Errorf("nothing: %s", got.body)
	}
}

func TestBadRestores(t *testing.T) {
	f := newFace(t, config{engine: engine.Options{Limits: engine.Limits{Batch: 2}}})
	for body, want := range map[string][2]string{
		`{}`:                              {"missing_field", "ids"},
		`{"ids":"x"}`:                     {"invalid_ids", "ids"},
		`{"ids":null}`:                    {"invalid_ids", "ids"},
		`{"ids":[],"x":1}`:                {"unknown_field", "x"},
		`{"ids":[],"from":1,"to":2}`:      {"invalid_span", "ids"},
		`{"ids":[],"to":2}`:               {"invalid_span", "ids"},
		`{"from":1}`:                      {"missing_field", "to"},
		`{"to":1}`:                        {"missing_field", "from"},
		`{"from":2,"to":1}`:               {"invalid_span", "from"},
		`{"from":-1,"to":1}`:              {"invalid_parameter", "from"},
		`{"from":"1","to":1}`:             {"invalid_parameter", "from"},
		`{"from":0,"to":1.5}`:             {"invalid_parameter", "to"},
		`{"from":0,"to":null}`:            {"invalid_parameter", "to"},
		`{"from":0,"to":1,"to":1}`:        {"duplicate_key", "to"},
		`[]`:                              {"invalid_body", "body"},
		`{"from":0,"to":1` + "\x00" + `}`: {"invalid_json", "body"},
	} {
		f.do("POST", "/v1/sigils:restore", body).problem(400, want[0], want[1])
	}
	f.do("POST", "/v1/sigils:restore", `{"ids":[1,2,3]}`).problem(413, "batch_too_large", "ids")
	f.do("GET", "/v1/sigils:restore", "").problem(405, "method_not_allowed", "")
	f.nothingStored()
}

func TestRemoved(t *testing.T) {
	f := newFace(t, config{})
	kept := f.encode(`{"data":"kept","pinned":true}`).ID
	forgotten := f.encode(`{"data":"forgotten"}`)
	faded := f.encode(`{"data":"faded","tags":["t"]}`)
	f.do("DELETE", "/v1/sigils/"+forgotten.ID.String(), "").want(http.StatusNoContent)
	f.clock.pass(2 * time.Minute)
	f.do("POST", "/v1/sweeps/decay", "").want(200)

	first := parse[wire.RemovedPage](f.do("GET", "/v1/removed?limit=1", "").want(200))
	r := first.Removed[0]
	if len(first.Removed) != 1 || first.Next == nil || r.Memory.ID != faded.ID || string(r.Memory.Data) != `"faded"` || r.Memory.Tags[0] != "t" || r.Kind != sigil.Faded || r.Reason != sigil.ReasonDecay {
		t.Fatalf("got %+v", first)
	}
	if r.RemovedAt.String() != "2026-01-31T12:02:00.000Z" || r.Until.String() != "2026-02-01T12:02:00.000Z" || r.Position != 5 || r.Memory.Decay < 0.95 {
		t.Errorf("got %+v", r)
	}
	second := parse[wire.RemovedPage](f.do("GET", "/v1/removed?content=false&cursor="+*first.Next, "").want(200))
	if r := second.Removed[0]; len(second.Removed) != 1 || second.Next != nil || r.Memory.ID != forgotten.ID || r.Memory.Data != nil || r.Memory.State != nil || r.Memory.Hash == "" || r.Kind != sigil.Forgotten {
		t.Errorf("got %+v", second)
	}
	if got := f.do("GET", "/v1/removed", "", "Sigil-Tenant", "other").want(200); string(got.body) != `{"removed":[],"next":null}`+"\n" {
		t.Errorf("another tenant: %s", got.body)
	}
	all := string(f.do("GET", "/v1/removed", "").want(200).body)
	if strings.Contains(all, kept.String()) || strings.Count(all, `"removedAt"`) != 2 {
		t.Errorf("got %s", all)
	}
}
