package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
)

// bad is what an encode refuses: a body, and the status, code and field of its problem. STATE stands
// for what the face calls the state.
var bad = []struct {
	name, body  string
	status      int
	code, field string
}{
	{"not JSON", `not json`, 400, "invalid_json", "body"},
	{"empty", ``, 400, "invalid_json", "body"},
	{"white space", " \n", 400, "invalid_json", "body"},
	{"cut short", `{"data":[1,2`, 400, "invalid_json", "data"},
	{"cut short in the object", `{"data":1`, 400, "invalid_json", "body"},
	{"cut short in a string", `{"data":"a`, 400, "invalid_json", "data"},
	{"single quotes", `{'data':1}`, 400, "invalid_json", "body"},
	{"a comment", `{"data":1/*x*/}`, 400, "invalid_json", "body"},
	{"a comma too many", `{"data":1,}`, 400, "invalid_json", "body"},
	{"a byte order mark", "\uFEFF{\"data\":1}", 400, "invalid_json", "body"},
	{"a control character", "{\"data\":\"\x01\"}", 400, "invalid_json", "data"},
	{"leading zero", `{"data":01}`, 400, "invalid_json", "body"},
	{"array", `[{"data":1}]`, 400, "invalid_body", "body"},
	{"string", `"data"`, 400, "invalid_body", "body"},
	{"null", `null`, 400, "invalid_body", "body"},
	{"trailing value", `{"data":1}{"data":2}`, 400, "invalid_json", "body"},
	{"trailing words", `{"data":1} x`, 400, "invalid_json", "body"},

	{"no data", `{}`, 400, "missing_field", "data"},
	{"data in capitals", `{"Data":1}`, 400, "unknown_field", "Data"},
	{"unknown field", `{"data":1,"extra":2}`, 400, "unknown_field", "extra"},
	{"unknown field with an odd name", `{"data":1,"a/\u0062\n":2}`, 400, "unknown_field", "a/b\n"},
	{"unknown field with a long name", `{"data":1,"` + strings.Repeat("ü", 150) + `":2}`, 400, "unknown_field", strings.Repeat("ü", 100) + "…"},
	{"duplicate key", `{"data":1,"data":2}`, 400, "duplicate_key", "data"},
	{"duplicate key, escaped", `{"data":1,"d\u0061ta":2}`, 400, "duplicate_key", "data"},
	{"duplicate key in data", `{"data":{"a":[{"b":1,"b":2}]}}`, 400, "duplicate_key", "data/a/0/b"},
	{"duplicate key in state", `{"data":1,"STATE":{"phi":0.1,"phi":0.2}}`, 400, "duplicate_key", "STATE/phi"},
	{"duplicate extra key in state", `{"data":1,"STATE":{"x":{"y":1,"y":1}}}`, 400, "duplicate_key", "STATE/x/y"},
	{"invalid UTF-8", "{\"data\":\"a\xff\"}", 400, "invalid_utf8", "data"},
	{"invalid UTF-8 in a key", "{\"data\":{\"a\xc3\":1}}", 400, "invalid_utf8", "data"},
	{"UTF-8 too long", "{\"data\":\"\xc0\x80\"}", 400, "invalid_utf8", "data"},
	{"UTF-8 surrogate", "{\"data\":\"\xed\xa0\x80\"}", 400, "invalid_utf8", "data"},
	{"lone surrogate", `{"data":"\ud800"}`, 400, "lone_surrogate", "data"},
	{"lone low surrogate", `{"data":["\udc00x"]}`, 400, "lone_surrogate", "data/0"},
	{"lone surrogate in a key", `{"data":{"\ud800":1}}`, 400, "lone_surrogate", "data"},
	{"NaN", `{"data":NaN}`, 400, "invalid_json", "data"},
	{"Infinity", `{"data":Infinity}`, 400, "invalid_json", "data"},
	{"minus Infinity", `{"data":[-Infinity]}`, 400, "invalid_json", "data/0"},
	{"1e400", `{"data":1e400}`, 400, "number_out_of_range", "data"},
	{"-1e400 within", `{"data":{"a":[-1e400]}}`, 400, "number_out_of_range", "data"},
	{"depth 65", `{"data":` + nested(65) + `}`, 400, "too_deep", "data"},
	{"depth 65 of objects", `{"data":` + strings.Repeat(`{"a":`, 65) + "1" + strings.Repeat("}", 65) + `}`, 400, "too_deep", "data"},
	{"depth 5,000", `{"data":` + nested(5_000) + `}`, 400, "too_deep", "data"},
	{"depth 200,000", `{"data":` + nested(200_000) + `}`, 400, "too_deep", "data"},
	{"depth 200,000, never closed", `{"data":` + strings.Repeat("[", 200_000), 400, "too_deep", "data"},
	{"depth 200,000, not even an object", strings.Repeat("[", 200_000), 400, "too_deep", "body"},
	{"depth in an unknown field", `{"x":` + nested(65) + `}`, 400, "too_deep", "x"},
	{"depth in the state", `{"data":1,"STATE":{"x":` + nested(65) + `}}`, 400, "too_deep", "STATE"},

	{"over-long body", `{"data":"` + strings.Repeat("a", 2<<20) + `"}`, 413, "body_too_large", "body"},
	{"over-long data", `{"data":"` + strings.Repeat("a", 1<<20-1) + `"}`, 413, "data_too_large", "data"},

	{"state figure over 1", `{"data":1,"STATE":{"phi":1.5}}`, 400, "invalid_state", "STATE.phi"},
	{"state figure under 0", `{"data":1,"STATE":{"coherence":-0.1}}`, 400, "invalid_state", "STATE.coherence"},
	{"state figure a string", `{"data":1,"STATE":{"awareness":"x"}}`, 400, "invalid_state", "STATE.awareness"},
	{"state figure null", `{"data":1,"STATE":{"emotionalResonance":null}}`, 400, "invalid_state", "STATE.emotionalResonance"},
	{"state figure NaN", `{"data":1,"STATE":{"phi":NaN}}`, 400, "invalid_json", "STATE/phi"},
	{"state figure 1e400", `{"data":1,"STATE":{"phi":1e400}}`, 400, "invalid_state", "STATE.phi"},
	{"state a number", `{"data":1,"STATE":1}`, 400, "invalid_state", "STATE"},
	{"state null", `{"data":1,"STATE":null}`, 400, "invalid_state", "STATE"},
	{"state an array", `{"data":1,"STATE":[0.5]}`, 400, "invalid_state", "STATE"},
	{"state too large", `{"data":1,"STATE":{"x":"` + strings.Repeat("a", 5000) + `"}}`, 413, "state_too_large", "STATE"},
	{"extra state 1e400", `{"data":1,"STATE":{"x":1e400}}`, 400, "number_out_of_range", "STATE.x"},
}

// badV1 are the fields that the old face does not have.
var badV1 = []struct{ name, field, value, code, at string }{
	{"ttl a boolean", "ttl", `true`, "invalid_ttl", "ttl"},
	{"ttl an object", "ttl", `{}`, "invalid_ttl", "ttl"},
	{"ttl no duration", "ttl", `"soon"`, "invalid_ttl", "ttl"},
	{"ttl empty", "ttl", `""`, "invalid_ttl", "ttl"},
	{"ttl without a unit", "ttl", `"90"`, "invalid_ttl", "ttl"},
	{"ttl negative", "ttl", `"-1s"`, "invalid_ttl", "ttl"},
	{"ttl negative days", "ttl", `"-1d"`, "invalid_ttl", "ttl"},
	{"ttl of days less some", "ttl", `"1d-1h"`, "invalid_ttl", "ttl"},
	{"ttl of odd days", "ttl", `"1e3d"`, "invalid_ttl", "ttl"},
	{"ttl of hours before days", "ttl", `"1h2d"`, "invalid_ttl", "ttl"},
	{"ttl of no days", "ttl", `"d"`, "invalid_ttl", "ttl"},
	{"ttl zero", "ttl", `"0s"`, "invalid_ttl", "ttl"},
	{"ttl 0", "ttl", `0`, "invalid_ttl", "ttl"},
	{"ttl -1", "ttl", `-1`, "invalid_ttl", "ttl"},
	{"ttl -1e400", "ttl", `-1e400`, "invalid_ttl", "ttl"},
	{"ttl too long", "ttl", `"36501d"`, "invalid_ttl", "ttl"},
	{"ttl a little too long", "ttl", `"36500d1ns"`, "invalid_ttl", "ttl"},
	{"ttl far too long", "ttl", `"99999999d"`, "invalid_ttl", "ttl"},
	{"ttl longer than a duration", "ttl", `"9999999999h"`, "invalid_ttl", "ttl"},
	{"ttl in too many seconds", "ttl", `1e300`, "invalid_ttl", "ttl"},
	{"ttl 1e400", "ttl", `1e400`, "invalid_ttl", "ttl"},
	{"pinned a string", "pinned", `"true"`, "invalid_pinned", "pinned"},
	{"pinned a number", "pinned", `1`, "invalid_pinned", "pinned"},
	{"pinned null", "pinned", `null`, "invalid_pinned", "pinned"},
	{"tags a string", "tags", `"a"`, "invalid_tags", "tags"},
	{"tags null", "tags", `null`, "invalid_tags", "tags"},
	{"tags an object", "tags", `{"a":"b"}`, "invalid_tags", "tags"},
	{"a tag a number", "tags", `["a",1]`, "invalid_tag", "tags/1"},
	{"a tag null", "tags", `[null]`, "invalid_tag", "tags/0"},
	{"a tag empty", "tags", `[""]`, "invalid_tag", "tags/0"},
	{"a tag too long", "tags", `["` + strings.Repeat("a", 129) + `"]`, "invalid_tag", "tags/0"},
	{"too many tags", "tags", `["a"` + strings.Repeat(`,"a"`, 32) + `]`, "too_many_tags", "tags"},
	{"the old name of the state", "consciousnessState", `{}`, "unknown_field", "consciousnessState"},
	{"another's tenant", "tenant", `"acme"`, "unknown_field", "tenant"},
	{"an idempotency key", "idempotencyKey", `"k"`, "unknown_field", "idempotencyKey"},
}

func TestBadInput(t *testing.T) {
	f := newFace(t, config{})
	for _, tt := range bad {
		t.Run(tt.name, func(t *testing.T) {
			f.t = t
			name := strings.NewReplacer("STATE", "state")
			f.do("POST", "/v1/sigils", name.Replace(tt.body)).problem(tt.status, tt.code, name.Replace(tt.field))
			f.nothingStored()
		})
	}
	for _, tt := range badV1 {
		t.Run(tt.name, func(t *testing.T) {
			f.t = t
			status := 400
			if tt.code == "too_many_tags" {
				status = 413
			}
			f.do("POST", "/v1/sigils", `{"data":1,"`+tt.field+`":`+tt.value+`}`).problem(status, tt.code, tt.at)
			f.nothingStored()
		})
	}
}

func TestBadInputOfOldClients(t *testing.T) {
	f := newFace(t, config{})
	refused := func(t *testing.T, body string, status int, code, field string) {
		t.Helper()
		for _, path := range oldPaths {
			got := f.do("POST", path, body).want(status)
			p := parse[struct{ Error, Code string }](got)
			if p.Code != code || !strings.HasPrefix(p.Error, field+": ") {
				t.Fatalf("got %s, want code %q, field %q", got.body, code, field)
			}
			f.nothingStored()
		}
	}
	for _, tt := range bad {
		t.Run(tt.name, func(t *testing.T) {
			f.t = t
			name := strings.NewReplacer("STATE", "consciousnessState")
			refused(t, name.Replace(tt.body), tt.status, tt.code, name.Replace(tt.field))
		})
	}
	for name, value := range map[string]string{"null": "null", "a string": `"x"`, "an array": "[]"} {
		t.Run("metadata "+name, func(t *testing.T) {
			f.t = t
			refused(t, `{"data":1,"metadata":`+value+`}`, 400, "invalid_metadata", "metadata")
		})
	}
	for _, field := range []string{"state", "ttl", "pinned", "tags"} {
		t.Run(field, func(t *testing.T) {
			f.t = t
			refused(t, `{"data":1,"`+field+`":1}`, 400, "unknown_field", field)
		})
	}
}

// badRequests are wrong outside their bodies.
var badRequests = []struct {
	name, method, target string
	headers              []string
	status               int
	code, field          string
}{
	{"id", "GET", "/v1/sigils/nope", nil, 400, "invalid_id", "id"},
	{"id in braces", "GET", "/v1/sigils/%7B019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e5%7D", nil, 400, "invalid_id", "id"},
	{"id with a slash", "GET", "/v1/sigils/a%2Fb", nil, 400, "invalid_id", "id"},
	{"id with a null", "DELETE", "/v1/sigils/%00", nil, 400, "invalid_id", "id"},
	{"id of a recall", "POST", "/v1/sigils/nope:recall", nil, 400, "invalid_id", "id"},
	{"id of a pin", "POST", "/v1/sigils/nope:pin", nil, 400, "invalid_id", "id"},
	{"id of related", "GET", "/v1/sigils/nope/related", nil, 400, "invalid_id", "id"},
	{"no id to recall", "POST", "/v1/sigils/:recall", nil, 400, "invalid_id", "id"},
	{"cursor", "GET", "/v1/sigils?cursor=nope", nil, 400, "invalid_cursor", "cursor"},
	{"cursor of crystals", "GET", "/v1/crystals?cursor=AQ", nil, 400, "invalid_cursor", "cursor"},
	{"limit 0", "GET", "/v1/sigils?limit=0", nil, 400, "invalid_limit", "limit"},
	{"limit -1", "GET", "/v1/crystals?limit=-1", nil, 400, "invalid_limit", "limit"},
	{"limit 1001", "GET", "/v1/events?limit=1001", nil, 400, "invalid_limit", "limit"},
	{"limit of words", "GET", "/v1/sigils?limit=many", nil, 400, "invalid_limit", "limit"},
	{"limit beyond numbers", "GET", "/v1/sigils?limit=99999999999999999999", nil, 400, "invalid_limit", "limit"},
	{"limit empty", "GET", "/v1/sigils?limit=", nil, 400, "invalid_limit", "limit"},
	{"pattern", "GET", "/v1/sigils?pattern=x", nil, 400, "invalid_pattern", "pattern"},
	{"pattern 162", "GET", "/v1/sigils?pattern=162", nil, 400, "invalid_pattern", "pattern"},
	{"pinned", "GET", "/v1/sigils?pinned=yes", nil, 400, "invalid_parameter", "pinned"},
	{"crystallized", "GET", "/v1/sigils?crystallized", nil, 400, "invalid_parameter", "crystallized"},
	{"fadingBefore", "GET", "/v1/sigils?fadingBefore=tomorrow", nil, 400, "invalid_parameter", "fadingBefore"},
	{"fadingBefore the beginning", "GET", "/v1/sigils?fadingBefore=0001-01-01T00:00:00Z", nil, 400, "invalid_parameter", "fadingBefore"},
	{"spiral", "GET", "/v1/sigils/019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55?spiral=1", nil, 400, "invalid_parameter", "spiral"},
	{"erase", "DELETE", "/v1/sigils/019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55?erase=1", nil, 400, "invalid_parameter", "erase"},
	{"min", "GET", "/v1/sigils/019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55/related?min=x", nil, 400, "invalid_min", "min"},
	{"min NaN", "GET", "/v1/sigils/019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55/related?min=NaN", nil, 400, "invalid_min", "min"},
	{"min 2", "GET", "/v1/sigils/019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55/related?min=2", nil, 400, "invalid_min", "min"},
	{"kind", "GET", "/v1/crystals?kind=salt", nil, 400, "invalid_kind", "kind"},
	{"after", "GET", "/v1/events?after=-1", nil, 400, "invalid_parameter", "after"},
	{"unknown parameter", "GET", "/v1/sigils?Limit=1", nil, 400, "unknown_parameter", "Limit"},
	{"unknown parameter of encode", "POST", "/v1/sigils?ttl=1", nil, 400, "unknown_parameter", "ttl"},
	{"duplicate parameter", "GET", "/v1/sigils?limit=1&limit=1", nil, 400, "duplicate_parameter", "limit"},
	{"query", "GET", "/v1/sigils?limit=%zz", nil, 400, "invalid_query", "query"},

	{"tenant", "GET", "/v1/stats", []string{"Sigil-Tenant", "a/b"}, 400, "invalid_tenant", "tenant"},
	{"tenant empty", "POST", "/v1/sigils", []string{"Sigil-Tenant", ""}, 400, "invalid_tenant", "tenant"},
	{"tenant too long", "GET", "/v1/sigils", []string{"Sigil-Tenant", strings.Repeat("a", 65)}, 400, "invalid_tenant", "tenant"},
	{"content type of a form", "POST", "/v1/sigils", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "unsupported_media_type", "Content-Type"},
	{"content type of text", "POST", "/v1/sigils:recall", []string{"Content-Type", "text/plain"}, 415, "unsupported_media_type", "Content-Type"},
	{"content type of lines", "POST", "/v1/sigils", []string{"Content-Type", "application/x-ndjson"}, 415, "unsupported_media_type", "Content-Type"},
	{"another charset", "POST", "/v1/sigils", []string{"Content-Type", "application/json; charset=latin1"}, 415, "unsupported_media_type", "Content-Type"},
	{"content type that is none", "POST", "/v1/sigils", []string{"Content-Type", "/;"}, 415, "unsupported_media_type", "Content-Type"},
	{"idempotency key empty", "POST", "/v1/sigils", []string{"Idempotency-Key", ""}, 400, "invalid_idempotency_key", "Idempotency-Key"},
	{"idempotency key too long", "POST", "/v1/sigils", []string{"Idempotency-Key", strings.Repeat("k", 256)}, 400, "invalid_idempotency_key", "Idempotency-Key"},
	{"idempotency key not of ASCII", "POST", "/v1/sigils", []string{"Idempotency-Key", "ü"}, 400, "invalid_idempotency_key", "Idempotency-Key"},

	{"method", "PUT", "/v1/sigils", nil, 405, "method_not_allowed", ""},
	{"method of a verb", "GET", "/v1/sigils/019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55:recall", nil, 405, "method_not_allowed", ""},
	{"method of one", "POST", "/v1/sigils/019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55", nil, 405, "method_not_allowed", ""},
	{"method of a document", "POST", "/openapi.json", nil, 405, "method_not_allowed", ""},
	{"method made up", "BREW", "/v1/stats", nil, 405, "method_not_allowed", ""},
	{"path", "GET", "/v2/sigils", nil, 404, "unknown_path", ""},
	{"verb", "POST", "/v1/sigils/019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55:restart", nil, 404, "unknown_path", ""},
	{"no verb", "GET", somewhere + ":", nil, 404, "unknown_path", ""},
	{"slash", "GET", "/v1/sigils/", nil, 404, "unknown_path", ""},
	{"two slashes", "POST", "//v1/sigils", nil, 404, "unknown_path", ""},
	{"nothing but slashes", "GET", "//", nil, 404, "unknown_path", ""},
	{"dot segments", "POST", "/v1/x/../sigils", nil, 404, "unknown_path", ""},
	{"a long parameter of broken UTF-8", "GET", "/v1/sigils?" + strings.Repeat("%80", 300) + "=1", nil, 400, "unknown_parameter", "\uFFFD"},
	{"compressed", "POST", "/v1/sigils", []string{"Content-Encoding", "gzip"}, 415, "unsupported_media_type", "Content-Encoding"},
	{"verb of related", "GET", "/v1/sigils/019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55:pin/related", nil, 404, "unknown_path", ""},
	{"metrics that are not served", "GET", "/metrics", nil, 404, "unknown_path", ""},
}

func TestBadRequests(t *testing.T) {
	f := newFace(t, config{})
	for _, tt := range badRequests {
		t.Run(tt.name, func(t *testing.T) {
			f.t = t
			body := ""
			if tt.method == "POST" {
				body = `{"data":"secret"}`
			}
			got := f.do(tt.method, tt.target, body, tt.headers...)
			got.problem(tt.status, tt.code, tt.field)
			if strings.Contains(string(got.body), "secret") {
				t.Errorf("it repeats the payload: %s", got.body)
			}
			f.nothingStored()
		})
	}
}

func TestBadRequestsOfOldClients(t *testing.T) {
	f := newFace(t, config{})
	for _, tt := range []struct {
		method, target string
		headers        []string
		status         int
		code           string
	}{
		{"GET", oldPaths[0] + "?limit=0", nil, 400, "invalid_limit"},
		{"GET", oldPaths[1] + "?limit=1001", nil, 400, "invalid_limit"},
		{"GET", oldPaths[1] + "?cursor=nope", nil, 400, "invalid_cursor"},
		{"GET", oldPaths[0] + "?offset=1", nil, 400, "unknown_parameter"},
		{"GET", oldPaths[0], []string{"Sigil-Tenant", "a b"}, 400, "invalid_tenant"},
		{"POST", oldPaths[0], []string{"Content-Type", "text/plain"}, 415, "unsupported_media_type"},
		{"POST", oldPaths[0], []string{"Idempotency-Key", ""}, 400, "invalid_idempotency_key"},
		{"DELETE", oldPaths[0], nil, 405, "method_not_allowed"},
		{"GET", oldPaths[1] + "/x", nil, 404, "unknown_path"},
	} {
		p := parse[struct{ Error, Code string }](f.do(tt.method, tt.target, `{"data":1}`, tt.headers...).want(tt.status))
		if p.Code != tt.code || p.Error == "" {
			t.Errorf("%s %s: got %+v, want %s", tt.method, tt.target, p, tt.code)
		}
	}
	f.nothingStored()
}

func TestAllow(t *testing.T) {
	f := newFace(t, config{})
	for target, want := range map[string]string{
		"/v1/sigils": "GET, HEAD, POST", "/v1/sigils/x": "DELETE, GET, HEAD", "/v1/sigils/x:pin": "POST", "/v1/sigils:batch": "POST",
	} {
		if got := f.do("PATCH", target, "").want(405).header.Get("Allow"); got != want {
			t.Errorf("%s allows %q, want %q", target, got, want)
		}
	}
}

func TestContentTypes(t *testing.T) {
	f := newFace(t, config{})
	for _, ct := range []string{"application/json", "application/json; charset=utf-8", `Application/JSON;charset="UTF-8"`} {
		f.do("POST", "/v1/sigils", `{"data":1}`, "Content-Type", ct).want(201)
	}
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/v1/sigils", strings.NewReader(`{"data":1}`))
	w := httptest.NewRecorder()
	if f.api.ServeHTTP(w, r); w.Code != http.StatusCreated { // not through f.do: the document asks for one
		t.Errorf("without a content type: %d %s", w.Code, w.Body)
	}
}

// A header that is there twice could be read in two ways, so it is not read at all.
func TestHeadersTwice(t *testing.T) {
	f := newFace(t, config{})
	for name, code := range map[string]string{"Sigil-Tenant": "invalid_tenant", "Idempotency-Key": "invalid_idempotency_key"} {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/v1/sigils", strings.NewReader(`{"data":1}`))
		r.Header[name] = []string{"a", "b"}
		if p := parse[struct {
			Type, Title, Detail, Code, Field, RequestID string
			Status                                      int
		}](f.send(r, "").want(400)); p.Code != code {
			t.Errorf("%s: got %s", name, p.Code)
		}
	}
	f.nothingStored()
}

func TestBodyThatBreaksOff(t *testing.T) {
	f := newFace(t, config{})
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/v1/sigils", iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(`{"data":1}`))))
	f.send(r, "").problem(400, "incomplete_body", "body")
	f.nothingStored()
}
