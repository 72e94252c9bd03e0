// Package apitest has what the API's tests and fuzz targets share: requests that are refused, and the codes
// of the OpenAPI document. It uses no validator, so that fuzzing builds in seconds.
package apitest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
)

// Somewhere is the path of a memory that does not exist.
const Somewhere = "/v1/sigils/019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55"

// OldPaths are the two paths of the old API.
var OldPaths = []string{"/api/consciousness/sigils", "/sigil/api/consciousness/sigils"}

// Nested returns arrays nested to a depth.
func Nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

// Codes returns the statuses of each code in the document that api serves, usually one.
func Codes(api http.Handler) map[string][]int {
	w := httptest.NewRecorder()
	api.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), "GET", "/openapi.json", nil))
	var document struct {
		Codes []struct {
			Code   string `json:"code"`
			Status int    `json:"status"`
			Also   []int  `json:"also"`
		} `json:"x-codes"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &document); err != nil {
		panic(fmt.Sprintf("the document is not JSON: %v", err))
	}
	codes := map[string][]int{}
	for _, c := range document.Codes {
		codes[c.Code] = append(c.Also, c.Status)
	}
	return codes
}

// Bodies are bodies that an encode refuses, with the status, code and field of the problem. STATE stands for
// the API's name of the state.
var Bodies = []struct {
	Name, Body  string
	Status      int
	Code, Field string
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
	{"unknown field without a name", `{"":1}`, 400, "unknown_field", `""`},
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
	{"depth 65", `{"data":` + Nested(65) + `}`, 400, "too_deep", "data"},
	{"depth 65 of objects", `{"data":` + strings.Repeat(`{"a":`, 65) + "1" + strings.Repeat("}", 65) + `}`, 400, "too_deep", "data"},
	{"depth 5,000", `{"data":` + Nested(5_000) + `}`, 400, "too_deep", "data"},
	{"depth 200,000", `{"data":` + Nested(200_000) + `}`, 400, "too_deep", "data"},
	{"depth 200,000, never closed", `{"data":` + strings.Repeat("[", 200_000), 400, "too_deep", "data"},
	{"depth 200,000, not even an object", strings.Repeat("[", 200_000), 400, "too_deep", "body"},
	{"depth in an unknown field", `{"x":` + Nested(65) + `}`, 400, "too_deep", "x"},
	{"depth in a field without a name", `{"":` + Nested(65) + `}`, 400, "too_deep", `""`},
	{"duplicate key without a name", `{"":1,"":2}`, 400, "unknown_field", `""`},
	{"control character in a field without a name", "{\"\":\"\x01\"}", 400, "invalid_json", `""`},
	{"depth in the state", `{"data":1,"STATE":{"x":` + Nested(65) + `}}`, 400, "too_deep", "STATE"},

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

// Fields are invalid fields that the old API does not have.
var Fields = []struct{ Name, Field, Value, Code, At string }{
	{"life a boolean", "life", `true`, "invalid_life", "life"},
	{"life zero", "life", `"0s"`, "invalid_life", "life"},
	{"life too long", "life", `"36501d"`, "invalid_life", "life"},
	{"policy a number", "policy", `7`, "invalid_policy", "policy"},
	{"policy empty", "policy", `""`, "invalid_policy", "policy"},
	{"policy unknown", "policy", `"never"`, "invalid_policy", "policy"},
	{"policy with a figure of another", "policy", `"halflife rate=0.1"`, "invalid_policy", "policy"},
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
	{"vector a string", "vector", `"1"`, "invalid_vector", "vector"},
	{"vector null", "vector", `null`, "invalid_vector", "vector"},
	{"vector empty", "vector", `[]`, "invalid_vector", "vector"},
	{"vector zero", "vector", `[0,0]`, "invalid_vector", "vector"},
	{"vector with null", "vector", `[1,null]`, "invalid_vector", "vector/1"},
	{"vector with 1e400", "vector", `[1e400]`, "invalid_vector", "vector/0"},
	{"vector too long", "vector", `[1` + strings.Repeat(",0", 4096) + `]`, "invalid_vector", "vector"},
	{"ttl -1e400", "ttl", `-1e400`, "invalid_ttl", "ttl"},
	{"ttl too long", "ttl", `"36501d"`, "invalid_ttl", "ttl"},
	{"ttl a little too long", "ttl", `"36500d1ns"`, "invalid_ttl", "ttl"},
	{"ttl far too long", "ttl", `"99999999d"`, "invalid_ttl", "ttl"},
	{"ttl longer than a duration", "ttl", `"9999999999h"`, "invalid_ttl", "ttl"},
	{"ttl in too many seconds", "ttl", `1e300`, "invalid_ttl", "ttl"},
	{"ttl 1e400", "ttl", `1e400`, "invalid_ttl", "ttl"},
	{"similar zero", "similar", `0`, "invalid_similar", "similar"},
	{"similar over 1", "similar", `1.5`, "invalid_similar", "similar"},
	{"similar negative", "similar", `-0.5`, "invalid_similar", "similar"},
	{"similar a string", "similar", `"0.9"`, "invalid_similar", "similar"},
	{"similar null", "similar", `null`, "invalid_similar", "similar"},
	{"a choice about duplicates that there is not", "onDuplicate", `"merge"`, "invalid_on_duplicate", "onDuplicate"},
	{"a choice about duplicates that is null", "onDuplicate", `null`, "invalid_on_duplicate", "onDuplicate"},
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

// Searches are bodies that a search refuses.
var Searches = []struct{ Name, Body, Code, Field string }{
	{"not JSON", `query`, "invalid_json", "body"},
	{"a string", `"query"`, "invalid_body", "body"},
	{"no query", `{}`, "missing_field", "query"},
	{"query a number", `{"query":1}`, "invalid_query", "query"},
	{"query null", `{"query":null}`, "invalid_query", "query"},
	{"query empty", `{"query":""}`, "invalid_query", "query"},
	{"query blank", `{"query":" \n"}`, "invalid_query", "query"},
	{"query empty beside a vector", `{"query":"","vector":[1]}`, "invalid_query", "query"},
	{"query blank beside a vector", `{"query":" ","vector":[1]}`, "invalid_query", "query"},
	{"query empty beside an id", `{"query":"","like":"01a22aec-2007-7000-8de2-659a0419ce1f"}`, "invalid_query", "query"},
	{"query too long", `{"query":"` + strings.Repeat("q", 4097) + `"}`, "invalid_query", "query"},
	{"query twice", `{"query":"a","query":"b"}`, "duplicate_key", "query"},
	{"vector a number", `{"vector":1}`, "invalid_vector", "vector"},
	{"vector empty", `{"query":"a","vector":[]}`, "invalid_vector", "vector"},
	{"vector zero", `{"vector":[0,-0.0]}`, "invalid_vector", "vector"},
	{"vector with a string", `{"vector":[1,"2"]}`, "invalid_vector", "vector/1"},
	{"vector with a figure that is too large", `{"vector":[1,1e39]}`, "invalid_vector", "vector/1"},
	{"vector too long", `{"vector":[1` + strings.Repeat(",0", 4096) + `]}`, "invalid_vector", "vector"},
	{"vector and no text to search for", `{"vector":[1],"query":"` + strings.Repeat("q", 4097) + `"}`, "invalid_query", "query"},
	{"like a number", `{"like":1}`, "invalid_id", "like"},
	{"like no id", `{"like":"x"}`, "invalid_id", "like"},
	{"like and query", `{"query":"a","like":"019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55"}`, "invalid_like", "like"},
	{"like and vector", `{"vector":[1],"like":"019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55"}`, "invalid_like", "like"},
	{"limit 0", `{"query":"a","limit":0}`, "invalid_limit", "limit"},
	{"limit 1001", `{"query":"a","limit":1001}`, "invalid_limit", "limit"},
	{"limit 1.5", `{"query":"a","limit":1.5}`, "invalid_limit", "limit"},
	{"limit a string", `{"query":"a","limit":"1"}`, "invalid_limit", "limit"},
	{"cursor", `{"query":"a","cursor":"nope"}`, "invalid_cursor", "cursor"},
	{"cursor a number", `{"query":"a","cursor":1}`, "invalid_cursor", "cursor"},
	{"tags a string", `{"query":"a","tags":"t"}`, "invalid_tags", "tags"},
	{"tags null", `{"query":"a","anyTags":null}`, "invalid_tags", "anyTags"},
	{"a tag a number", `{"query":"a","notTags":["t",1]}`, "invalid_tag", "notTags/1"},
	{"too many tags", `{"query":"a","tags":["a"` + strings.Repeat(`,"a"`, 32) + `]}`, "invalid_tags", "tags"},
	{"too many tags of which one", `{"query":"a","anyTags":["a"` + strings.Repeat(`,"a"`, 32) + `]}`, "invalid_tags", "anyTags"},
	{"too many tags of which none", `{"query":"a","notTags":["a"` + strings.Repeat(`,"a"`, 32) + `]}`, "invalid_tags", "notTags"},
	{"an empty tag", `{"query":"a","notTags":["a",""]}`, "invalid_tag", "notTags/1"},
	{"a tag that is too long", `{"query":"a","tags":["` + strings.Repeat("é", 65) + `"]}`, "invalid_tag", "tags/0"},
	{"pinned a string", `{"query":"a","pinned":"true"}`, "invalid_parameter", "pinned"},
	{"crystallized null", `{"query":"a","crystallized":null}`, "invalid_parameter", "crystallized"},
	{"pattern 162", `{"query":"a","pattern":162}`, "invalid_pattern", "pattern"},
	{"pattern a string", `{"query":"a","pattern":"1"}`, "invalid_pattern", "pattern"},
	{"createdAfter a number", `{"query":"a","createdAfter":1}`, "invalid_parameter", "createdAfter"},
	{"createdBefore", `{"query":"a","createdBefore":"soon"}`, "invalid_parameter", "createdBefore"},
	{"fadingAfter a number", `{"query":"a","fadingAfter":1}`, "invalid_parameter", "fadingAfter"},
	{"fadingBefore the beginning", `{"query":"a","fadingBefore":"0001-01-01T00:00:00Z"}`, "invalid_parameter", "fadingBefore"},
	{"minScore over 4", `{"query":"a","minScore":4.5}`, "invalid_min", "minScore"},
	{"minScore a string", `{"query":"a","minScore":"1"}`, "invalid_min", "minScore"},
	{"minScore 1e400", `{"query":"a","minScore":1e400}`, "invalid_min", "minScore"},
	{"maxBytes under 0", `{"query":"a","maxBytes":-1}`, "invalid_max_bytes", "maxBytes"},
	{"maxBytes beyond numbers", `{"query":"a","maxBytes":99999999999999999999}`, "invalid_max_bytes", "maxBytes"},
	{"weights an array", `{"query":"a","weights":[1]}`, "invalid_weights", "weights"},
	{"a weight over 1", `{"query":"a","weights":{"words":1.1}}`, "invalid_weights", "weights"},
	{"a weight under 0", `{"query":"a","weights":{"strength":-0.1}}`, "invalid_weights", "weights"},
	{"a weight a string", `{"query":"a","weights":{"freshness":"1"}}`, "invalid_weights", "weights.freshness"},
	{"a weight for meaning over 1", `{"query":"a","weights":{"meaning":1.5}}`, "invalid_weights", "weights"},
	{"an unknown weight", `{"query":"a","weights":{"age":1}}`, "unknown_field", "weights.age"},
	{"recall a number", `{"query":"a","recall":1}`, "invalid_parameter", "recall"},
	{"highlight null", `{"query":"a","highlight":null}`, "invalid_parameter", "highlight"},
	{"explain a string", `{"query":"a","explain":"yes"}`, "invalid_parameter", "explain"},
	{"content a string", `{"query":"a","content":"no"}`, "invalid_parameter", "content"},
}

// Requests are requests that are invalid outside their bodies.
var Requests = []struct {
	Name, Method, Target string
	Headers              []string
	Status               int
	Code, Field          string
}{
	{"id", "GET", "/v1/sigils/nope", nil, 400, "invalid_id", "id"},
	{"id in braces", "GET", "/v1/sigils/%7B019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e5%7D", nil, 400, "invalid_id", "id"},
	{"id with a slash", "GET", "/v1/sigils/a%2Fb", nil, 400, "invalid_id", "id"},
	{"id with a null", "DELETE", "/v1/sigils/%00", nil, 400, "invalid_id", "id"},
	{"id of a recall", "POST", "/v1/sigils/nope:recall", nil, 400, "invalid_id", "id"},
	{"id of a restore", "POST", "/v1/sigils/nope:restore", nil, 400, "invalid_id", "id"},
	{"id of a pin", "POST", "/v1/sigils/nope:pin", nil, 400, "invalid_id", "id"},
	{"id of related", "GET", "/v1/sigils/nope/related", nil, 400, "invalid_id", "id"},
	{"no id to recall", "POST", "/v1/sigils/:recall", nil, 400, "invalid_id", "id"},
	{"cursor", "GET", "/v1/sigils?cursor=nope", nil, 400, "invalid_cursor", "cursor"},
	{"cursor of what was removed", "GET", "/v1/removed?cursor=AQ", nil, 400, "invalid_cursor", "cursor"},
	{"limit of what was removed", "GET", "/v1/removed?limit=0", nil, 400, "invalid_limit", "limit"},
	{"content of what was removed", "GET", "/v1/removed?content=1", nil, 400, "invalid_parameter", "content"},
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
	{"fadingAfter", "GET", "/v1/sigils?fadingAfter=1h", nil, 400, "invalid_parameter", "fadingAfter"},
	{"fadingBefore", "GET", "/v1/sigils?fadingBefore=tomorrow", nil, 400, "invalid_parameter", "fadingBefore"},
	{"fadingBefore the beginning", "GET", "/v1/sigils?fadingBefore=0001-01-01T00:00:00Z", nil, 400, "invalid_parameter", "fadingBefore"},
	{"q empty", "GET", "/v1/sigils?q=", nil, 400, "invalid_query", "q"},
	{"q blank", "GET", "/v1/sigils?q=+%0a", nil, 400, "invalid_query", "q"},
	{"q too long", "GET", "/v1/sigils?q=" + strings.Repeat("x", 4097), nil, 400, "invalid_query", "q"},
	{"spiral", "GET", "/v1/sigils/019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55?spiral=1", nil, 400, "invalid_parameter", "spiral"},
	{"erase", "DELETE", "/v1/sigils/019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55?erase=1", nil, 400, "invalid_parameter", "erase"},
	{"min", "GET", "/v1/sigils/019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55/related?min=x", nil, 400, "invalid_min", "min"},
	{"min NaN", "GET", "/v1/sigils/019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55/related?min=NaN", nil, 400, "invalid_min", "min"},
	{"min 2", "GET", "/v1/sigils/019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55/related?min=2", nil, 400, "invalid_min", "min"},
	{"kind", "GET", "/v1/crystals?kind=salt", nil, 400, "invalid_kind", "kind"},
	{"kind empty", "GET", "/v1/crystals?kind=", nil, 400, "invalid_kind", "kind"},
	{"job, and tenant too", "POST", "/v1/sweeps/decay:fly", []string{"Sigil-Tenant", "a/b"}, 404, "unknown_path", "job"},
	{"after", "GET", "/v1/events?after=-1", nil, 400, "invalid_parameter", "after"},
	{"unknown parameter", "GET", "/v1/sigils?Limit=1", nil, 400, "unknown_parameter", "Limit"},
	{"unknown parameter without a name", "GET", "/v1/sigils?=1", nil, 400, "unknown_parameter", `""`},
	{"unknown parameter of encode", "POST", "/v1/sigils?ttl=1", nil, 400, "unknown_parameter", "ttl"},
	{"tag empty", "GET", "/v1/sigils?tag=a&tag=", nil, 400, "invalid_tag", "tag"},
	{"tag too long", "GET", "/v1/forecast?tag=" + strings.Repeat("a", 129), nil, 400, "invalid_tag", "tag"},
	{"tag of broken UTF-8", "GET", "/v1/sigils?tag=%ff", nil, 400, "invalid_tag", "tag"},
	{"too many tags", "GET", "/v1/sigils?tag=a" + strings.Repeat("&tag=a", 32), nil, 400, "invalid_tag", "tag"},
	{"sort", "GET", "/v1/sigils?sort=age", nil, 400, "invalid_sort", "sort"},
	{"sort empty", "GET", "/v1/sigils?sort=", nil, 400, "invalid_sort", "sort"},
	{"cursor of another order", "GET", "/v1/sigils?sort=fades&cursor=AQAAAAAAAAAAAAAAAAAAAAA", nil, 400, "invalid_cursor", "cursor"},
	{"cursor of an order, without it", "GET", "/v1/sigils?cursor=AgIAAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAA", nil, 400, "invalid_cursor", "cursor"},
	{"cursor of an impossible time", "GET", "/v1/sigils?sort=recalled&cursor=AgF__________wAAAAAAAAAAAAAAAAAAAAA", nil, 400, "invalid_cursor", "cursor"},
	{"duplicate parameter", "GET", "/v1/sigils?limit=1&limit=1", nil, 400, "duplicate_parameter", "limit"},
	{"query", "GET", "/v1/sigils?limit=%zz", nil, 400, "invalid_query", "query"},

	{"no text to search for", "GET", "/v1/sigils:search", nil, 400, "missing_field", "q"},
	{"text to search for empty", "GET", "/v1/sigils:search?q=", nil, 400, "invalid_query", "q"},
	{"text to search for empty beside a vector", "GET", "/v1/sigils:search?q=&vector=1", nil, 400, "invalid_query", "q"},
	{"text to search for blank beside a vector", "GET", "/v1/sigils:search?q=+&vector=1", nil, 400, "invalid_query", "q"},
	{"text to search for blank", "GET", "/v1/sigils:search?q=%20%09", nil, 400, "invalid_query", "q"},
	{"text to search for too long", "GET", "/v1/sigils:search?q=" + strings.Repeat("secret", 700), nil, 400, "invalid_query", "q"},
	{"text to search for twice", "GET", "/v1/sigils:search?q=a&q=b", nil, 400, "duplicate_parameter", "q"},
	{"text to search for and like", "GET", "/v1/sigils:search?q=a&like=019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55", nil, 400, "invalid_like", "like"},
	{"like no id", "GET", "/v1/sigils:search?like=x", nil, 400, "invalid_id", "like"},
	{"like what is not there", "GET", "/v1/sigils:search?like=019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55", nil, 404, "not_found", "like"},
	{"vector in words", "GET", "/v1/sigils:search?vector=a,b", nil, 400, "invalid_vector", "vector"},
	{"vector in brackets", "GET", "/v1/sigils:search?vector=[1],[2]", nil, 400, "invalid_vector", "vector/0"},
	{"a space in a vector in a query", "GET", "/v1/sigils:search?vector=1,+5", nil, 400, "invalid_vector", "vector"},
	{"vector empty in a query", "GET", "/v1/sigils:search?vector=", nil, 400, "invalid_vector", "vector"},
	{"a weight in words", "GET", "/v1/sigils:search?q=a&weights.words=much", nil, 400, "invalid_weights", "weights.words"},
	{"a weight over 1", "GET", "/v1/sigils:search?q=a&weights.strength=1.1", nil, 400, "invalid_weights", "weights"},
	{"weights as JSON", "GET", "/v1/sigils:search?q=a&weights=%7B%7D", nil, 400, "unknown_parameter", "weights"},
	{"limit of a search", "GET", "/v1/sigils:search?q=a&limit=1001", nil, 400, "invalid_limit", "limit"},
	{"cursor of a list in a search", "GET", "/v1/sigils:search?q=a&cursor=AQAAAAAAAAAAAAAAAAAAAAA", nil, 400, "invalid_cursor", "cursor"},
	{"too many tags of a search", "GET", "/v1/sigils:search?q=a" + strings.Repeat("&tag=t", 33), nil, 400, "invalid_tags", "tags"},
	{"least score", "GET", "/v1/sigils:search?q=a&minScore=NaN", nil, 400, "invalid_min", "minScore"},
	{"bytes of hits", "GET", "/v1/sigils:search?q=a&maxBytes=-1", nil, 400, "invalid_max_bytes", "maxBytes"},
	{"bytes of hits in words", "GET", "/v1/sigils:search?q=a&maxBytes=few", nil, 400, "invalid_max_bytes", "maxBytes"},
	{"created after", "GET", "/v1/sigils:search?q=a&createdAfter=today", nil, 400, "invalid_parameter", "createdAfter"},
	{"a recall by GET", "GET", "/v1/sigils:search?q=a&recall=true", nil, 400, "unknown_parameter", "recall"},
	{"content type of a search", "POST", "/v1/sigils:search", []string{"Content-Type", "text/plain"}, 415, "unsupported_media_type", "Content-Type"},

	{"tenant", "GET", "/v1/stats", []string{"Sigil-Tenant", "a/b"}, 400, "invalid_tenant", "tenant"},
	{"tenant empty", "POST", "/v1/sigils", []string{"Sigil-Tenant", ""}, 400, "invalid_tenant", "tenant"},
	{"tenant too long", "GET", "/v1/sigils", []string{"Sigil-Tenant", strings.Repeat("a", 65)}, 400, "invalid_tenant", "tenant"},
	{"content type of a form", "POST", "/v1/sigils", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "unsupported_media_type", "Content-Type"},
	{"content type of text", "POST", "/v1/sigils:recall", []string{"Content-Type", "text/plain"}, 415, "unsupported_media_type", "Content-Type"},
	{"content type of a restore", "POST", "/v1/sigils:restore", []string{"Content-Type", "text/plain"}, 415, "unsupported_media_type", "Content-Type"},
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
	{"no verb", "GET", Somewhere + ":", nil, 404, "unknown_path", ""},
	{"slash", "GET", "/v1/sigils/", nil, 404, "unknown_path", ""},
	{"two slashes", "POST", "//v1/sigils", nil, 404, "unknown_path", ""},
	{"nothing but slashes", "GET", "//", nil, 404, "unknown_path", ""},
	{"dot segments", "POST", "/v1/x/../sigils", nil, 404, "unknown_path", ""},
	{"a long parameter of broken UTF-8", "GET", "/v1/sigils?" + strings.Repeat("%80", 300) + "=1", nil, 400, "unknown_parameter", "\uFFFD"},
	{"compressed", "POST", "/v1/sigils", []string{"Content-Encoding", "gzip"}, 415, "unsupported_media_type", "Content-Encoding"},
	{"verb of related", "GET", "/v1/sigils/019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55:pin/related", nil, 404, "unknown_path", ""},
	{"metrics that are not served", "GET", "/metrics", nil, 404, "unknown_path", ""},
}
