package httpapi_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/internal/prove/apitest"
)

// sigilOf is the old API's JSON for {"foo":0}.
const sigilOf = `{"id":"%s","data":{"foo":0},"consciousnessState":{"phi":0.25,"coherence":0.5,"awareness":0.5,"emotionalResonance":0.5,"mood":"calm"},` +
	`"resonanceFrequency":0.6439775275224582,"memoryPattern":%s,"crystallizationPotential":0.4124064775,` +
	`"timestamp":"2026-01-31T12:00:00.000Z","accessCount":%d,"lastAccessed":"%s","decay":%s}`

func TestOldEncodeAndList(t *testing.T) {
	for _, path := range apitest.OldPaths {
		f := newFace(t, config{})
		got := f.do("POST", path, `{"data":{"foo":0},"consciousnessState":{"phi":0.25,"mood":"calm"},"metadata":{"source":"x"}}`, "Sigil-Tenant", "acme").want(200)
		var answer struct {
			Sigil struct {
				ID        string
				Pattern   json.RawMessage `json:"memoryPattern"`
				Potential json.Number     `json:"crystallizationPotential"`
			}
		}
		if err := json.Unmarshal(got.body, &answer); err != nil {
			t.Fatal(err)
		}
		shape := func(accessed string, count int, decay string) string {
			s := fmt.Sprintf(sigilOf, answer.Sigil.ID, answer.Sigil.Pattern, count, accessed, decay)
			return replaceOnce(s, "0.4124064775", answer.Sigil.Potential.String())
		}
		want := `{"success":true,"sigil":` + shape("2026-01-31T12:00:00.000Z", 0, "0") + `,"metadata":{"tenantId":"acme","encodedAt":"2026-01-31T12:00:00.000Z"}}` + "\n"
		if string(got.body) != want {
			t.Errorf("got  %s\nwant %s", got.body, want)
		}

		f.clock.pass(5 * time.Second)
		f.do("POST", "/v1/sigils/"+answer.Sigil.ID+":recall", "", "Sigil-Tenant", "acme").want(200)
		f.clock.pass(10 * time.Second)
		got = f.do("GET", path, "", "Sigil-Tenant", "acme").want(200)
		want = `{"sigils":[` + shape("2026-01-31T12:00:05.000Z", 1, "0.015") + `],"total":1,"tenantId":"acme","pagination":{"limit":100,"cursor":null,"hasMore":false}}` + "\n"
		if string(got.body) != want {
			t.Errorf("got  %s\nwant %s", got.body, want)
		}
	}
}

func TestOldPages(t *testing.T) {
	f := newFace(t, config{})
	if got := f.do("GET", apitest.OldPaths[0], "").want(200); string(got.body) != `{"sigils":[],"total":0,"tenantId":"public","pagination":{"limit":100,"cursor":null,"hasMore":false}}`+"\n" {
		t.Errorf("none are %s", got.body)
	}
	for i := range 3 {
		f.encode(fmt.Sprintf(`{"data":%d}`, i))
		f.clock.pass(time.Millisecond)
	}
	type page struct {
		Sigils     []struct{ Data int }
		Total      int
		Pagination struct {
			Limit   int
			Cursor  *string
			HasMore bool
		}
	}
	read := func(query string) (p page) {
		t.Helper()
		if err := json.Unmarshal(f.do("GET", apitest.OldPaths[1]+query, "").want(200).body, &p); err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := read("?limit=2")
	if len(p.Sigils) != 2 || p.Total != 3 || p.Pagination.Limit != 2 || !p.Pagination.HasMore || p.Pagination.Cursor == nil {
		t.Fatalf("got %+v", p)
	}
	if p = read("?cursor=" + *p.Pagination.Cursor); len(p.Sigils) != 1 || p.Sigils[0].Data != 0 || p.Total != 3 || p.Pagination.HasMore {
		t.Errorf("got %+v", p)
	}
}

func TestOldHealth(t *testing.T) {
	if got := newFace(t, config{}).do("GET", "/health", "").want(200); string(got.body) != `{"status":"ok","version":"dev"}`+"\n" {
		t.Errorf("got %s", got.body)
	}
}
