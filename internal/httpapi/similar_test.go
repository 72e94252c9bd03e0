package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/wire"
)

// TestSimilar encodes what is near to a memory in each way that there is.
func TestSimilar(t *testing.T) {
	f := newFace(t, config{})
	kettle := f.encode(`{"data":"a kettle and pans for the kitchen"}`)
	f.encode(`{"data":"the train leaves at noon"}`)
	const body = `{"data":"a teapot for the kitchen","similar":0.5}`
	names := func(what string, got []wire.Similar, least int) {
		t.Helper()
		if len(got) < least || got[len(got)-1].ID != kettle.ID || got[len(got)-1].Score < 0.5 || got[len(got)-1].Score >= 1 {
			t.Errorf("%s: %+v", what, got)
		}
	}
	first := f.do("POST", "/v1/sigils", body, "Idempotency-Key", "k").want(http.StatusCreated)
	v := parse[wire.Memory](first)
	names("one", v.Similar, 1)
	if again := f.do("POST", "/v1/sigils", body, "Idempotency-Key", "k").want(http.StatusCreated); string(again.body) != string(first.body) {
		t.Errorf("again: %s", again.body)
	}
	names("in short", parse[wire.Kept](f.do("POST", "/v1/sigils", body, "Prefer", "return=minimal").want(http.StatusCreated)).Similar, 2)
	for _, prefer := range []string{"return=minimal", "return=representation"} {
		items := parse[wire.BatchPage](f.do("POST", "/v1/sigils:batch", `[`+body+`,{"data":1}]`, "Prefer", prefer).want(http.StatusOK)).Results
		for i, item := range items {
			similar := item.Similar
			if item.Memory != nil {
				similar = item.Memory.Similar
			}
			if i == 0 {
				names("a batch: "+prefer, similar, 3)
			} else if similar != nil {
				t.Errorf("%s: not asked, got %+v", prefer, similar)
			}
		}
	}
	if got := f.do("POST", "/v1/sigils", `{"data":"zzqx","similar":1}`).want(http.StatusCreated); !strings.Contains(string(got.body), `"similar":[]`) {
		t.Errorf("none: %s", got.body)
	}
	if got := f.do("GET", "/v1/sigils/"+v.ID.String(), "").want(http.StatusOK); strings.Contains(string(got.body), "similar") {
		t.Errorf("a peek: %s", got.body)
	}
	other := parse[wire.Memory](f.do("POST", "/v1/sigils", body, "Sigil-Tenant", "other").want(http.StatusCreated))
	if other.Similar == nil || len(other.Similar) > 0 {
		t.Errorf("another tenant: %+v", other.Similar)
	}

	s := onSocket(t, httpapi.Options{})
	live := s.client.Live()
	defer live.Close()
	draft := sigil.Draft{Data: json.RawMessage(`"a kettle"`)}
	before, err := live.Encode(t.Context(), draft)
	if err != nil {
		t.Fatal(err)
	}
	draft.Similar = 0.9
	for what, encode := range map[string]func() (wire.Memory, error){
		"live": func() (wire.Memory, error) { return live.Encode(t.Context(), draft) },
		"rest": func() (wire.Memory, error) { return s.client.Encode(t.Context(), draft) },
	} {
		if got, err := encode(); err != nil || len(got.Similar) == 0 || got.Similar[len(got.Similar)-1] != (wire.Similar{ID: before.ID, Score: 1}) {
			t.Errorf("%s: %+v, %v", what, got.Similar, err)
		}
	}
}
