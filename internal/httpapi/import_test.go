package httpapi_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/wire"
)

// exportLines returns what f has, one memory a line, newest first.
func (f *face) exportLines() (lines []string) {
	f.t.Helper()
	for target := "/v1/sigils:export?limit=2"; ; {
		page := parse[struct {
			Memories []json.RawMessage
			Next     *string
		}](f.do("GET", target, "").want(200))
		for _, m := range page.Memories {
			lines = append(lines, string(m))
		}
		if page.Next == nil {
			return lines
		}
		target = "/v1/sigils:export?limit=2&cursor=" + *page.Next
	}
}

// imports sends lines and returns what became of each: an outcome, or the code and field of a problem.
func (f *face) imports(query string, lines ...string) (all []string) {
	f.t.Helper()
	got := f.do("POST", "/v1/sigils:import"+query, strings.Join(lines, "\n"), "Content-Type", "application/x-ndjson").want(200)
	for line := range bytes.Lines(got.body) {
		var item wire.ImportItem
		if err := json.Unmarshal(line, &item); err != nil {
			f.t.Fatal(err)
		}
		all = append(all, importOf(f.t, &item))
	}
	return all
}

func importOf(t testing.TB, item *wire.ImportItem) string {
	t.Helper()
	status := map[string]int{"inserted": 201, "same": 200, "faded": 200}[item.Outcome]
	text := item.Outcome
	if item.Problem != nil {
		status, text = item.Problem.Status, text+item.Problem.Code+" "+item.Problem.Field
	}
	if item.Status != status {
		t.Errorf("%s has status %d", text, item.Status)
	}
	return text
}

func wantAll(t *testing.T, got []string, want string) {
	t.Helper()
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("got  %s\nwant %s", s, want)
	}
}

func TestExportAndImport(t *testing.T) {
	from := newFace(t, config{})
	for _, body := range []string{
		`{"data":{"n":1.50},"tags":["a"],"pinned":true}`, `{"data":"é","ttl":"1m30s","vector":[1,-0.5]}`,
		`{"data":3,"state":{"phi":1,"coherence":1,"awareness":1,"emotionalResonance":1,"mood":"calm"}}`, `{"data":4}`,
	} {
		from.do("POST", "/v1/sigils", body).want(201)
		from.clock.pass(time.Second)
	}
	lines := from.exportLines()
	to := newFace(t, config{})
	to.clock.pass(time.Minute)
	wantAll(t, to.imports("?dryRun=true", lines...), "inserted, inserted, inserted, inserted")
	wantAll(t, to.exportLines(), "")
	wantAll(t, to.imports("", lines[:3]...), "inserted, inserted, inserted")
	wantAll(t, to.imports("", lines...), "same, same, same, inserted")
	wantAll(t, to.exportLines(), strings.Join(lines, ", "))
	events := parse[wire.EventPage](to.do("GET", "/v1/events?after=0", "").want(200)).Events
	if len(events) != 5 || events[0].Kind != "encoded" || events[0].Reason != "import" {
		t.Errorf("the journal has %+v", events)
	}
	// As an array, with the member that lines of a file have.
	whole := "[" + strings.Replace(lines[0], "{", `{"sigil":"memory",`, 1) + "," + lines[1] + "]"
	page := parse[wire.ImportPage](to.do("POST", "/v1/sigils:import", whole).want(200))
	for i := range page.Results {
		if got := importOf(t, &page.Results[i]); got != "same" {
			t.Error(got)
		}
	}
	// Past its deadline, it is not inserted.
	later := newFace(t, config{})
	later.clock.pass(95 * time.Second)
	wantAll(t, later.imports("", lines...), "inserted, inserted, faded, inserted")

	tenants := parse[wire.TenantList](to.do("GET", "/v1/tenants", "").want(200))
	if strings.Join(tenants.Tenants, ",") != "public" || tenants.Position != 5 || tenants.Store != to.store.Info().ID {
		t.Errorf("tenants: %+v", tenants)
	}
}

// TestImportOfWrongLines changes one member of a line at a time.
func TestImportOfWrongLines(t *testing.T) {
	from := newFace(t, config{})
	from.do("POST", "/v1/sigils", `{"data":{"n":1},"ttl":"1h","vector":[1,-0.5]}`).want(201)
	line := from.exportLines()[0]
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(line), &members); err != nil {
		t.Fatal(err)
	}
	to := newFace(t, config{api: httpapi.Options{MaxBody: 2000}})
	for _, tt := range []struct{ name, value, want string }{
		{"id", `1`, "invalid_id id"},
		{"id", `"x"`, "invalid_id id"},
		{"id", `"00000000-0000-0000-0000-000000000000"`, "invalid_figure id"},
		{"id", `"019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55"`, "invalid_figure id"},
		{"tenant", `7`, "invalid_figure tenant"},
		{"tenant", `"acme"`, "invalid_figure tenant"},
		{"createdAt", `null`, "invalid_figure createdAt"},
		{"createdAt", `"yesterday"`, "invalid_figure createdAt"},
		{"createdAt", `"1969-12-31T23:59:59Z"`, "invalid_figure createdAt"},
		{"createdAt", `"2026-01-31T12:00:00.0001Z"`, "invalid_figure createdAt"},
		{"createdAt", `"2036-01-31T12:00:00.000Z"`, "invalid_figure createdAt"},
		{"lastAccessed", `"2026-01-31T11:00:00.000Z"`, "invalid_figure lastAccessed"},
		{"lastAccessed", `"9999-01-31T12:00:00.000Z"`, "invalid_figure lastAccessed"},
		{"accessCount", `-1`, "invalid_figure accessCount"},
		{"accessCount", `1.5`, "invalid_figure accessCount"},
		{"accessCount", `18446744073709551615`, "invalid_figure accessCount"},
		{"accessCount", `9007199254740993`, "invalid_figure accessCount"},
		{"fadesAt", `null`, "invalid_figure fadesAt"},
		{"fadesAt", `1`, "invalid_figure fadesAt"},
		{"fadesAt", `"2026-01-31T12:00:00.000Z"`, "invalid_figure fadesAt"},
		{"ttl", `"0s"`, "invalid_ttl ttl"},
		{"ttl", `"1ns"`, "invalid_ttl ttl"},
		{"ttl", `"36501d"`, "invalid_ttl ttl"},
		{"ttl", `"30s"`, "invalid_figure fadesAt"},
		{"stretch", `"2"`, "invalid_figure stretch"},
		{"stretch", `0`, "invalid_figure stretch"},
		{"stretch", `-1`, "invalid_figure stretch"},
		{"stretch", `1e999`, "invalid_figure stretch"},
		{"stretch", `0.5`, "invalid_figure fadesAt"},
		{"pinned", `1`, "invalid_pinned pinned"},
		{"pinned", `true`, "invalid_figure fadesAt"},
		{"crystallized", `"yes"`, "invalid_crystallized crystallized"},
		{"crystallized", `true`, "invalid_figure crystallized"},
		{"policy", `null`, "invalid_policy policy"},
		{"policy", `"dreams"`, "invalid_policy policy"},
		{"policy", `"halflife h=7d threshold=2"`, "invalid_policy policy"},
		{"hash", `""`, "invalid_hash hash"},
		{"hash", `"` + strings.Repeat("A0", 32) + `"`, "invalid_hash hash"},
		{"hash", `"` + strings.Repeat("a0", 32) + `"`, "invalid_figure hash"},
		{"frequency", `"1"`, "invalid_figure frequency"},
		{"frequency", `1e999`, "invalid_figure frequency"},
		{"frequency", `0.5`, "invalid_figure frequency"},
		{"frequency", `0`, "invalid_figure frequency"},
		{"potential", `"1"`, "invalid_figure potential"},
		{"potential", `0.6`, "invalid_figure potential"},
		{"state", `4`, "invalid_state state"},
		{"state", `{"phi":2}`, "invalid_state state.phi"},
		{"state", `{"phi":1}`, "invalid_figure potential"},
		{"tags", `"a"`, "invalid_tags tags"},
		{"tags", `[""]`, "invalid_tag tags/0"},
		{"vector", `[]`, "invalid_vector vector"},
		{"vector", `[0]`, "invalid_vector vector"},
		{"vector", `[1,0.5]`, "invalid_vector vector/1"},
		{"vector", `[128]`, "invalid_vector vector/0"},
		{"vector", `["1"]`, "invalid_vector vector/0"},
		{"data", `{"a":1,"a":2}`, "duplicate_key data/a"},
		{"data", `"` + strings.Repeat("a", 2000) + `"`, "body_too_large body"},
		{"sigil", `"crystal"`, "invalid_figure sigil"},
		{"decay", `0`, "unknown_field decay"},
	} {
		changed := map[string]json.RawMessage{}
		for name, value := range members {
			changed[name] = value
		}
		changed[tt.name] = json.RawMessage(tt.value)
		var text []string
		for name, value := range changed { // as it is: json.Marshal would refuse some
			text = append(text, `"`+name+`":`+string(value))
		}
		wantAll(t, to.imports("", "{"+strings.Join(text, ",")+"}"), tt.want)
	}
	for name := range members {
		without := map[string]json.RawMessage{}
		for other, value := range members {
			if other != name {
				without[other] = value
			}
		}
		text, err := json.Marshal(without)
		if err != nil {
			t.Fatal(err)
		}
		if got := to.imports("?dryRun=true", string(text))[0]; got != "missing_field "+name && name != "vector" {
			t.Errorf("without %s: %s", name, got)
		}
	}
	wantAll(t, to.imports("", `not json`, `7`, `{}`, strings.Replace(line, `"id"`, `"tags":[],"id"`, 1)), "invalid_json body, invalid_body body, missing_field id, duplicate_key tags")
	if n := to.stats().Memories; n != 0 {
		t.Errorf("%d memories", n)
	}
	to.do("POST", "/v1/sigils:import?dryRun=maybe", `[]`).problem(400, "invalid_parameter", "dryRun")
	to.do("POST", "/v1/sigils:import?limit=1", `[]`).problem(400, "unknown_parameter", "limit")
	to.do("POST", "/v1/sigils:import", `{}`).problem(400, "invalid_body", "body")
	to.do("POST", "/v1/sigils:import", `[]`, "Content-Type", "text/plain").problem(415, "unsupported_media_type", "Content-Type")
	to.do("GET", "/v1/sigils:export?cursor=x", "").problem(400, "invalid_cursor", "cursor")
	to.do("GET", "/v1/sigils:export?limit=0", "").problem(400, "invalid_limit", "limit")
}
