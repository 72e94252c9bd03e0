package httpapi_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/wire"
)

// TestWarnings checks that an encode warns of a ttl that is longer than the memory lives untouched, however
// it was sent, and that no other answer has the warning.
func TestWarnings(t *testing.T) {
	f := newFace(t, config{})
	const long, short = `{"data":1,"ttl":"7d"}`, `{"data":2,"ttl":"90s"}`
	warned := func(what string, all []wire.Warning, want bool) {
		t.Helper()
		if want != (len(all) == 1 && all[0].Code == "ttl_over_life" && all[0].Field == "ttl" && all[0].Detail != "") || !want && all != nil {
			t.Errorf("%s: %+v", what, all)
		}
	}
	first := f.do("POST", "/v1/sigils", long, "Idempotency-Key", "k").want(201)
	v := parse[wire.Memory](first)
	warned("one", v.Warnings, true)
	f.clock.pass(time.Second)
	f.do("POST", "/v1/sigils/"+v.ID.String()+":recall", "").want(200)
	if again := f.do("POST", "/v1/sigils", long, "Idempotency-Key", "k").want(201); string(again.body) != string(first.body) {
		t.Errorf("again: %s", again.body)
	}
	warned("short", f.encode(short).Warnings, false)
	warned("pinned", f.encode(`{"data":3,"ttl":"7d","pinned":true}`).Warnings, false)
	warned("minimal", parse[wire.Kept](f.do("POST", "/v1/sigils", long, "Prefer", "return=minimal").want(201)).Warnings, true)
	for _, prefer := range []string{"return=minimal", "return=representation"} {
		items := parse[wire.BatchPage](f.do("POST", "/v1/sigils:batch", "["+long+","+short+",4]", "Prefer", prefer).want(200)).Results
		for i, item := range items[:2] {
			if item.Memory != nil {
				warned(prefer, item.Warnings, false)
				item.Warnings = item.Memory.Warnings
			}
			warned(prefer, item.Warnings, i == 0)
		}
	}
	for _, read := range []string{"/v1/sigils/" + v.ID.String(), "/v1/sigils", "/v1/sigils/" + v.ID.String() + "/related"} {
		if got := f.do("GET", read, "").want(200); strings.Contains(string(got.body), "warnings") {
			t.Errorf("%s: %s", read, got.body)
		}
	}
	if got := f.do("POST", "/v1/sigils/"+v.ID.String()+":recall", "").want(200); strings.Contains(string(got.body), "warnings") {
		t.Errorf("recall: %s", got.body)
	}

	s := onSocket(t, httpapi.Options{})
	live := s.client.Live()
	defer live.Close()
	for ttl, want := range map[time.Duration]bool{time.Hour: true, time.Minute: false, 0: false} {
		v, err := live.Encode(t.Context(), sigil.Draft{Data: json.RawMessage(`1`), TTL: ttl})
		if err != nil {
			t.Fatal(err)
		}
		warned("live", v.Warnings, want)
	}
}
