package httpapi_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/internal/receipt"
	"github.com/sigil-dna/sigil/wire"
)

// erased verifies the receipt of an answer with the key that the API names, and returns both.
func (f *face) erased(got reply) (wire.Erased, receipt.Receipt) {
	f.t.Helper()
	v := parse[wire.Erased](got.want(http.StatusOK))
	named := parse[wire.ReceiptKey](f.do("GET", "/v1/receipts/key", "").want(http.StatusOK))
	key, err := receipt.ParseKey(named.Key)
	if err != nil {
		f.t.Fatal(err)
	}
	r, err := receipt.Verify(v.Receipt, key)
	if err != nil {
		f.t.Fatalf("verify: %v\n%s", err, v.Receipt)
	}
	if named.Store != r.Store || r.Counts != receipt.Counts(v.Counts) || v.DryRun {
		f.t.Errorf("key %+v, receipt %+v, answer %+v", named, r, v)
	}
	return v, r
}

func TestEraseOne(t *testing.T) {
	f := newFace(t, config{})
	const body = `{"data":{"a":"s3cr3t"},"tags":["t"]}`
	first := f.do("POST", "/v1/sigils", body, "Idempotency-Key", "k").want(http.StatusCreated)
	id := parse[wire.Memory](first).ID
	path := "/v1/sigils/" + id.String()
	v, r := f.erased(f.do("DELETE", path+"?erase=true", ""))
	if want := (wire.EraseCounts{Memories: 1, Bytes: 14, Entries: 1, Answers: 1}); v.Counts != want || r.Request != "ids" || r.By != "" || r.Tenant != sigil.DefaultTenant || r.Position != 2 {
		t.Errorf("got %+v, receipt %+v", v, r)
	}
	f.do("GET", path, "").problem(404, "not_found", "id")
	f.do("POST", path+":restore", "").problem(404, "not_restorable", "id")
	f.do("DELETE", path+"?erase=true", "").problem(404, "not_found", "id")
	events := parse[wire.EventPage](f.do("GET", "/v1/events", "").want(200)).Events
	if len(events) != 1 || events[0].Kind != sigil.Erased || *events[0].ID != id || events[0].Arithmetic != nil {
		t.Errorf("journaled %+v", events)
	}
	again := f.do("POST", "/v1/sigils", body, "Idempotency-Key", "k").want(http.StatusCreated)
	if parse[wire.Memory](again).ID == id {
		t.Errorf("the answer for the idempotency key was kept: %s", again.body)
	}

	other := f.encode(`{"data":1}`).ID.String()
	f.do("DELETE", "/v1/sigils/"+other, "").want(http.StatusNoContent)
	f.do("DELETE", "/v1/sigils/"+other+"?erase=true", "", "Sigil-Tenant", "other").problem(404, "not_found", "id")
	if v, _ := f.erased(f.do("DELETE", "/v1/sigils/"+other+"?erase=true", "")); v.Counts.Removed != 1 || v.Counts.Entries != 2 {
		t.Errorf("of a forgotten one: %+v", v)
	}
	if strings.Contains(f.log.String(), secret) {
		t.Errorf("logged %s", f.log)
	}
}

func TestEraseMany(t *testing.T) {
	f := newFace(t, config{})
	var ids []string
	for i := range 6 {
		ids = append(ids, f.encode(fmt.Sprintf(`{"data":"tea %d","tags":["n%d"]}`, i, i%2)).ID.String())
	}
	f.do("DELETE", "/v1/sigils/"+ids[1], "").want(http.StatusNoContent)
	count := func() int { return parse[wire.Stats](f.do("GET", "/v1/stats", "").want(200)).Memories }

	dry := parse[wire.Erased](f.do("POST", "/v1/sigils:erase", `{"tags":["n1"],"dryRun":true}`).want(200))
	if !dry.DryRun || dry.Receipt != nil || dry.Counts != (wire.EraseCounts{Memories: 2, Removed: 1, Bytes: 21}) || count() != 5 {
		t.Errorf("dry run %+v, of %d memories", dry, count())
	}
	for _, one := range []struct {
		body, request string
		counts        wire.EraseCounts
		left          int
	}{
		{`{"ids":["` + ids[0] + `","` + ids[1] + `","019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55"],"by":"ticket 7"}`, "ids", wire.EraseCounts{Memories: 1, Removed: 1, Bytes: 14, Entries: 3}, 4},
		{`{"tags":["n1"]}`, "tags", wire.EraseCounts{Memories: 2, Bytes: 14, Entries: 2}, 2},
		{`{"query":"\"tea 2\""}`, "search", wire.EraseCounts{Memories: 1, Bytes: 7, Entries: 1}, 1},
		{`{"all":true}`, "tenant", wire.EraseCounts{Memories: 1, Bytes: 7, Entries: 1}, 0},
		{`{"all":true,"dryRun":false}`, "tenant", wire.EraseCounts{}, 0},
	} {
		v, r := f.erased(f.do("POST", "/v1/sigils:erase", one.body))
		if v.Counts != one.counts || r.Request != one.request || r.By == "ticket 7" != (one.request == "ids") || count() != one.left {
			t.Errorf("%s: %+v, %+v, %d left", one.body, v, r, count())
		}
	}
}

func TestEraseIsRefused(t *testing.T) {
	f := newFace(t, config{})
	id := f.encode(`{"data":"tea","tags":["t"]}`).ID.String()
	for body, want := range map[string][2]string{
		`{}`:                                {"missing_field", "ids"},
		`{"dryRun":true}`:                   {"missing_field", "ids"},
		`{"ids":[]}`:                        {"invalid_erase", "ids"},
		`{"ids":[],"tags":[],"by":"me"}`:    {"invalid_erase", "ids"},
		`{"tags":[]}`:                       {"invalid_erase", "ids"},
		`{"ids":["` + id + `"],"all":true}`: {"invalid_erase", "ids"},
		`{"tags":["t"],"query":"tea"}`:      {"invalid_erase", "ids"},
		`{"ids":["` + id + `"],"tags":[]}`:  {"invalid_erase", "ids"},
		`{"ids":"` + id + `"}`:              {"invalid_ids", "ids"},
		`{"ids":["` + id + `","nope"]}`:     {"invalid_id", "ids/1"},
		`{"ids":["` + id + `",7]}`:          {"invalid_id", "ids/1"},
		`{"tags":"t"}`:                      {"invalid_tags", "tags"},
		`{"tags":[1]}`:                      {"invalid_tag", "tags/0"},
		`{"tags":[""]}`:                     {"invalid_tag", "tag"},
		`{"query":""}`:                      {"invalid_query", "query"},
		`{"query":" "}`:                     {"invalid_query", "query"},
		`{"query":7}`:                       {"invalid_query", "query"},
		`{"all":false}`:                     {"invalid_parameter", "all"},
		`{"all":"yes"}`:                     {"invalid_parameter", "all"},
		`{"all":true,"dryRun":1}`:           {"invalid_parameter", "dryRun"},
		`{"all":true,"by":7}`:               {"invalid_parameter", "by"},
		`{"all":true,"by":"a\nb"}`:          {"invalid_parameter", "by"},
		`{"all":true,"by":"` + strings.Repeat("b", 257) + `"}`: {"invalid_parameter", "by"},
		`{"all":true,"tenant":"x"}`:                            {"unknown_field", "tenant"},
		`{"all":true,"all":true}`:                              {"duplicate_key", "all"},
		`[]`:                                                   {"invalid_body", "body"},
	} {
		f.do("POST", "/v1/sigils:erase", body).problem(400, want[0], want[1])
	}
	f.do("GET", "/v1/sigils:erase", "").problem(405, "method_not_allowed", "")
	f.do("POST", "/v1/sigils:erase?ids="+id, `{"all":true}`).problem(400, "unknown_parameter", "ids")
	f.do("GET", "/v1/sigils/"+id, "").want(http.StatusOK)
}

// TestEraseReachesStreams has a reader that begins before an entry which another reader got, and which the service has in memory.
func TestEraseReachesStreams(t *testing.T) {
	s := onSocket(t, httpapi.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	from := func() <-chan uint64 {
		zero := uint64(0)
		return follow(ctx, t, s.client.Follow(ctx, &client.FollowOptions{After: &zero}))
	}
	first := from()
	s.keep(2)
	take(t, first, 1, 2)
	page, err := s.client.List(ctx, client.ListQuery{})
	if err != nil {
		t.Fatal(err)
	}
	s.erased(s.do("DELETE", "/v1/sigils/"+page.Memories[0].ID.String()+"?erase=true", "")) // the second
	take(t, first, 3, 3)
	second := from()
	take(t, second, 1, 1)
	take(t, second, 3, 3)
}
