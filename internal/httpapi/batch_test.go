package httpapi_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/internal/prove/apitest"
	"github.com/sigil-dna/sigil/wire"
)

// mixed has items of which the second to the sixth are invalid.
var mixed = []string{
	`{"data":{"n":1}}`,
	`{"data":2,"extra":3}`,
	`{"data":{"a":1,"a":2}}`,
	`{"data":"` + "\xff" + `"}`,
	`{"data":` + apitest.Nested(65) + `}`,
	`4`,
	`{"data":7,"tags":["g"]}`,
}

func checkMixed(t *testing.T, f *face, results []wire.BatchItem) {
	t.Helper()
	var got []string
	for _, r := range results {
		switch {
		case r.Memory != nil && r.Status == 201:
			got = append(got, "kept "+string(r.Memory.Data))
		case r.Problem != nil && r.Problem.Status == r.Status:
			got = append(got, r.Problem.Code+" "+r.Problem.Field)
		}
	}
	want := `kept {"n":1}, unknown_field extra, duplicate_key data/a, invalid_utf8 data, too_deep data, invalid_body body, kept 7`
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
	if n := f.stats().Memories; n != 2 {
		t.Errorf("%d memories", n)
	}
}

func TestBatch(t *testing.T) {
	f := newFace(t, config{})
	got := f.do("POST", "/v1/sigils:batch", "["+strings.Join(mixed, ",\n")+"]").want(200)
	checkMixed(t, f, parse[wire.BatchPage](got).Results)
}

func TestBatchOfLines(t *testing.T) {
	f := newFace(t, config{})
	items := append([]string{}, mixed...)
	items[5] = `not json`
	got := f.do("POST", "/v1/sigils:batch", "\n"+strings.Join(items, "\r\n\n"), "Content-Type", "application/x-ndjson").want(200)
	if ct := got.header.Get("Content-Type"); ct != "application/x-ndjson" {
		t.Errorf("it is %s", ct)
	}
	var results []wire.BatchItem
	for line := range strings.Lines(string(got.body)) {
		var item wire.BatchItem
		if err := json.Unmarshal([]byte(line), &item); err != nil {
			t.Fatal(err)
		}
		results = append(results, item)
	}
	if results[5].Problem.Code != "invalid_json" {
		t.Errorf("the sixth is %+v", results[5].Problem)
	}
	results[5].Problem.Code = "invalid_body"
	checkMixed(t, f, results)
}

// TestBriefBatch prefers answers with ids only.
func TestBriefBatch(t *testing.T) {
	f := newFace(t, config{})
	got := f.do("POST", "/v1/sigils:batch", "["+strings.Join(mixed, ",\n")+"]", "Prefer", "respond-async, Return=minimal").want(200)
	if applied := got.header.Get("Preference-Applied"); applied != "return=minimal" {
		t.Errorf("applied %q", applied)
	}
	var results []wire.BatchItem
	for _, item := range parse[wire.BatchPage](got).Results {
		if item.Memory != nil || (item.ID == nil) != (item.Problem != nil) {
			t.Fatalf("got %+v", item)
		}
		if item.ID != nil {
			v := parse[wire.Memory](f.do("GET", "/v1/sigils/"+item.ID.String(), "").want(200))
			item.ID, item.Memory = nil, &v
		}
		results = append(results, item)
	}
	checkMixed(t, f, results)
	if got := f.do("POST", "/v1/sigils:batch", `[{"data":1}]`, "Prefer", "return=representation").want(200); got.header.Get("Preference-Applied") != "" || parse[wire.BatchPage](got).Results[0].Memory == nil {
		t.Errorf("another preference: %s", got.body)
	}
}

func TestEmptyBatch(t *testing.T) {
	f := newFace(t, config{})
	if got := f.do("POST", "/v1/sigils:batch", `[]`).want(200); string(got.body) != `{"results":[]}`+"\n" {
		t.Errorf("got %s", got.body)
	}
	if got := f.do("POST", "/v1/sigils:batch", "\n", "Content-Type", "application/x-ndjson").want(200); len(got.body) != 0 {
		t.Errorf("got %s", got.body)
	}
}

func TestBatchIsIdempotent(t *testing.T) {
	f := newFace(t, config{})
	items := `[{"data":1},{"data":1},{"oops":1}]`
	first := f.do("POST", "/v1/sigils:batch", items, "Idempotency-Key", "k", "X-Request-Id", "r").want(200)
	again := f.do("POST", "/v1/sigils:batch", items, "Idempotency-Key", "k", "X-Request-Id", "r").want(200)
	if string(first.body) != string(again.body) {
		t.Errorf("got  %s\nwant %s", again.body, first.body)
	}
	if n := f.stats().Memories; n != 2 {
		t.Errorf("%d memories", n)
	}
	other := parse[wire.BatchPage](f.do("POST", "/v1/sigils:batch", `[{"data":2},{"data":1}]`, "Idempotency-Key", "k").want(200))
	if other.Results[0].Status != 422 || other.Results[1].Status != 201 {
		t.Errorf("got %+v", other)
	}
}

// TestMendedBatch checks that a refused item still counts in the numbering of the keys, so that a batch that
// is corrected and sent again keeps what was invalid, and nothing twice.
func TestMendedBatch(t *testing.T) {
	for _, media := range []string{"application/json", "application/x-ndjson"} {
		f := newFace(t, config{})
		send := func(items ...string) (kept int) {
			t.Helper()
			body := strings.Join(items, "\n")
			if media == "application/json" {
				body = "[" + strings.Join(items, ",") + "]"
			}
			got := f.do("POST", "/v1/sigils:batch", body, "Content-Type", media, "Idempotency-Key", "k").want(200)
			return strings.Count(string(got.body), `"status":201`)
		}
		if n := send(`{"data":1}`, `{"date":2}`, `{"data":{"a":1,"a":2}}`, `{"data":4}`); n != 2 {
			t.Errorf("%s: kept %d at first", media, n)
		}
		for range 2 {
			if n := send(`{"data":1}`, `{"data":2}`, `{"data":3}`, `{"data":4}`); n != 4 {
				t.Errorf("%s: kept %d of the mended", media, n)
			}
		}
		if n := f.stats().Memories; n != 4 {
			t.Errorf("%s: %d memories", media, n)
		}
	}
}

// TestKeysOfItems checks that an item may have its own key, which does not depend on its batch.
func TestKeysOfItems(t *testing.T) {
	f := newFace(t, config{})
	send := func(body string, headers ...string) []wire.BatchItem {
		t.Helper()
		return parse[wire.BatchPage](f.do("POST", "/v1/sigils:batch", body, headers...).want(200)).Results
	}
	first := send(`[{"data":1,"idempotencyKey":"a"},{"data":2,"idempotencyKey":"b","tags":["t"]},{"data":3}]`, "Idempotency-Key", "k")
	again := send(`[{"data":2,"tags":["t"],"idempotencyKey":"b"},{"data":0},{"data":3}, {"data":1,"idempotencyKey":"a"}]`, "Idempotency-Key", "k")
	for i, j := range map[int]int{0: 3, 1: 0, 2: 2} {
		if first[i].Memory.ID != again[j].Memory.ID {
			t.Errorf("item %d is kept twice", i)
		}
	}
	alone := parse[wire.Memory](f.do("POST", "/v1/sigils", `{"data":1}`, "Idempotency-Key", "a").want(201))
	if alone.ID != first[0].Memory.ID {
		t.Error("a request of its own keeps it twice")
	}
	if other := send(`[{"data":9,"idempotencyKey":"a"}]`); other[0].Status != 422 {
		t.Errorf("another draft under the key: %+v", other[0])
	}
	if n := f.stats().Memories; n != 4 {
		t.Errorf("%d memories", n)
	}
	for _, key := range []string{`""`, `1`, `null`, `"\u00e4"`, `"` + strings.Repeat("k", 256) + `"`} {
		bad := send(`[{"data":1,"idempotencyKey":` + key + `}]`)
		if p := bad[0].Problem; p == nil || p.Code != "invalid_idempotency_key" || p.Field != "idempotencyKey" {
			t.Errorf("%s: %+v", key, p)
		}
	}
	f.do("POST", "/v1/sigils", `{"data":1,"idempotencyKey":"a"}`).problem(400, "unknown_field", "idempotencyKey")
}

func TestBatchLimits(t *testing.T) {
	f := newFace(t, config{
		engine: engine.Options{Limits: engine.Limits{Batch: 2, Data: 50}},
		api:    httpapi.Options{MaxBody: 100, MaxBatchBody: 400},
	})
	f.do("POST", "/v1/sigils:batch", `[1,2,3]`).problem(413, "batch_too_large", "body")
	f.do("POST", "/v1/sigils:batch", "1\n2\n3", "Content-Type", "application/x-ndjson").problem(413, "batch_too_large", "body")
	f.do("POST", "/v1/sigils:recall", `{"ids":[1,2,3]}`).problem(413, "batch_too_large", "ids")
	f.do("POST", "/v1/sigils:batch", `["`+strings.Repeat("a", 400)+`"]`).problem(413, "body_too_large", "body")
	page := parse[wire.BatchPage](f.do("POST", "/v1/sigils:batch", `[{"data":"`+strings.Repeat("a", 100)+`"},{"data":"`+strings.Repeat("a", 60)+`"}]`).want(200))
	if a, b := page.Results[0].Problem, page.Results[1].Problem; a.Code != "body_too_large" || b.Code != "data_too_large" {
		t.Errorf("got %+v and %+v", a, b)
	}
	f.nothingStored()
}

func TestBadBatches(t *testing.T) {
	f := newFace(t, config{})
	for body, want := range map[string][2]string{
		``:                     {"invalid_json", "body"},
		`{"data":1}`:           {"invalid_body", "body"},
		`[{"data":1}`:          {"invalid_json", "body"},
		`[{"data":1},{"data"]`: {"invalid_json", "1/data"},
		`[{"data":1}] x`:       {"invalid_json", "body"},
		apitest.Nested(10_001): {"too_deep", "body"},
	} {
		f.do("POST", "/v1/sigils:batch", body).problem(400, want[0], want[1])
	}
	f.do("POST", "/v1/sigils:batch", `[]`, "Content-Type", "text/csv").problem(415, "unsupported_media_type", "Content-Type")
	f.do("POST", "/v1/sigils:batch", `[]`, "Idempotency-Key", strings.Repeat("k", 248)).problem(400, "invalid_idempotency_key", "Idempotency-Key")
	f.nothingStored()
}

func TestRecallMany(t *testing.T) {
	f := newFace(t, config{})
	id := f.encode(`{"data":1}`).ID.String()
	got := parse[wire.BatchPage](f.do("POST", "/v1/sigils:recall", `{"ids":["`+id+`","nope",7,"`+id+`","00000000-0000-7000-8000-000000000000"]}`).want(200))
	r := got.Results
	if r[0].Memory.AccessCount != 1 || r[3].Memory.AccessCount != 2 || r[3].Status != 200 {
		t.Errorf("got %+v", got)
	}
	if r[1].Problem.Code != "invalid_id" || r[1].Problem.Field != "ids/1" || r[2].Problem.Field != "ids/2" || r[4].Problem.Code != "not_found" {
		t.Errorf("got %+v %+v %+v", r[1].Problem, r[2].Problem, r[4].Problem)
	}
	for body, want := range map[string][2]string{
		`{}`:                 {"missing_field", "ids"},
		`{"ids":"x"}`:        {"invalid_ids", "ids"},
		`{"ids":null}`:       {"invalid_ids", "ids"},
		`{"ids":[],"x":1}`:   {"unknown_field", "x"},
		`[]`:                 {"invalid_body", "body"},
		`{"ids":[],"ids":1}`: {"duplicate_key", "ids"},
	} {
		f.do("POST", "/v1/sigils:recall", body).problem(400, want[0], want[1])
	}
}
