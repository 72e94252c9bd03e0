package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store/storetest"
	"github.com/sigil-dna/sigil/wire"
)

func TestDuplicatesAreNamed(t *testing.T) {
	f := newFace(t, config{})
	first := f.encode(`{"data":{"a":1},"tags":["x"]}`)
	if first.DuplicateOf != nil {
		t.Errorf("the first is a duplicate of %s", first.DuplicateOf)
	}
	second := parse[wire.Memory](f.do("POST", "/v1/sigils", `{"data":{ "a":1.0 }}`).want(http.StatusCreated))
	if second.DuplicateOf == nil || *second.DuplicateOf != first.ID {
		t.Errorf("kept: %+v", second)
	}
	got := f.do("POST", "/v1/sigils", `{"data":{"a":1},"tags":["y"],"ttl":1,"onDuplicate":"reinforce"}`).want(http.StatusOK)
	v := parse[wire.Memory](got)
	if v.ID != first.ID || *v.DuplicateOf != first.ID || v.AccessCount != 1 || v.TTL != nil || fmt.Sprint(v.Tags) != "[x y]" || len(v.Warnings) > 0 {
		t.Errorf("reinforced: %s", got.body)
	}
	if location := got.header.Get("Location"); location != "/v1/sigils/"+first.ID.String() {
		t.Errorf("reinforced at %s", location)
	}
	p := f.do("POST", "/v1/sigils", `{"data":{"a":1},"onDuplicate":"reject"}`).problem(http.StatusConflict, "duplicate", "data")
	if p.DuplicateOf == nil || *p.DuplicateOf != first.ID {
		t.Errorf("rejected with %+v", p)
	}
	f.do("POST", "/v1/sigils", `{"data":1,"onDuplicate":"reject"}`).want(http.StatusCreated)
	for _, choice := range []string{`""`, `"Keep"`, `null`, `1`} {
		f.do("POST", "/v1/sigils", `{"data":1,"onDuplicate":`+choice+`}`).problem(400, "invalid_on_duplicate", "onDuplicate")
	}
	if n := f.stats().Memories; n != 3 {
		t.Errorf("%d memories", n)
	}
}

func TestDuplicatesInShort(t *testing.T) {
	f := newFace(t, config{})
	id := f.encode(`{"data":1}`).ID.String()
	got := f.do("POST", "/v1/sigils", `{"data":1,"onDuplicate":"reinforce"}`, "Prefer", "return=minimal").want(http.StatusOK)
	if want := `{"id":"` + id + `","duplicateOf":"` + id + `"}` + "\n"; string(got.body) != want {
		t.Errorf("got %s, want %s", got.body, want)
	}
}

func TestDuplicatesInABatch(t *testing.T) {
	items := []string{`{"data":1}`, `{"data":1}`, `{"data":1,"onDuplicate":"reinforce"}`, `{"data":1,"onDuplicate":"reject"}`, `{"data":2,"onDuplicate":"reject"}`}
	for _, brief := range []string{"", "return=minimal"} {
		for media, body := range map[string]string{
			"application/json": "[" + strings.Join(items, ",") + "]", "application/x-ndjson": strings.Join(items, "\n"),
		} {
			f := newFace(t, config{})
			got := f.do("POST", "/v1/sigils:batch", body, "Content-Type", media, "Prefer", brief).want(200)
			var results []wire.BatchItem
			if media == "application/json" {
				results = parse[wire.BatchPage](got).Results
			}
			for line := range strings.Lines(string(got.body)) {
				var item wire.BatchItem
				if media != "application/json" && json.Unmarshal([]byte(line), &item) == nil {
					results = append(results, item)
				}
			}
			var shown []string
			for _, r := range results {
				s := fmt.Sprint(r.Status)
				id, of := r.ID, r.DuplicateOf
				if r.Memory != nil {
					id, of = &r.Memory.ID, r.Memory.DuplicateOf
				}
				if r.Problem != nil {
					id, of = nil, r.Problem.DuplicateOf
				}
				first := results[0].ID
				if first == nil {
					first = &results[0].Memory.ID
				}
				switch {
				case of == nil:
				case *of != *first:
					s += " of another"
				case id != nil && *id == *of:
					s += " itself"
				default:
					s += " of the first"
				}
				shown = append(shown, s)
			}
			if s := strings.Join(shown, ", "); s != "201, 201 of the first, 200 itself, 409 of the first, 201" {
				t.Errorf("%s %s: %s", media, brief, s)
			}
		}
	}
}

func TestDuplicatesOverWebSocket(t *testing.T) {
	s := storetest.NewModel()
	first := burst(t, s, engine.Options{}, `{"op":"encode","id":1,"sigil":{"data":1}}`)["1"].Memory
	answers := burst(t, s, engine.Options{},
		`{"op":"encode","id":1,"sigil":{"data":1,"onDuplicate":"reinforce"}}`,
		`{"op":"encode","id":2,"sigil":{"data":1,"onDuplicate":"reject"}}`,
		`{"op":"encode","id":3,"sigil":{"data":1}}`)
	if m := answers["1"]; m.Status != 200 || m.Memory.ID != first.ID || *m.Memory.DuplicateOf != first.ID {
		t.Errorf("reinforce: %+v", m)
	}
	if m := answers["2"]; m.Status != 409 || m.Problem.Code != "duplicate" || *m.Problem.DuplicateOf != first.ID {
		t.Errorf("reject: %+v", m)
	}
	if m := answers["3"]; m.Status != 201 || *m.Memory.DuplicateOf != first.ID {
		t.Errorf("keep: %+v", m)
	}
}
