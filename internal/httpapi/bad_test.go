package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/sigil-dna/sigil/internal/prove/apitest"
)

func TestBadInput(t *testing.T) {
	f := newFace(t, config{})
	for _, tt := range apitest.Bodies {
		t.Run(tt.Name, func(t *testing.T) {
			f.t = t
			name := strings.NewReplacer("STATE", "state")
			f.do("POST", "/v1/sigils", name.Replace(tt.Body)).problem(tt.Status, tt.Code, name.Replace(tt.Field))
			f.nothingStored()
		})
	}
	for _, tt := range apitest.Fields {
		t.Run(tt.Name, func(t *testing.T) {
			f.t = t
			status := 400
			if tt.Code == "too_many_tags" {
				status = 413
			}
			f.do("POST", "/v1/sigils", `{"data":1,"`+tt.Field+`":`+tt.Value+`}`).problem(status, tt.Code, tt.At)
			f.nothingStored()
		})
	}
}

func TestBadInputOfOldClients(t *testing.T) {
	f := newFace(t, config{})
	refused := func(t *testing.T, body string, status int, code, field string) {
		t.Helper()
		for _, path := range apitest.OldPaths {
			got := f.do("POST", path, body).want(status)
			p := parse[struct{ Error, Code string }](got)
			if p.Code != code || !strings.HasPrefix(p.Error, field+": ") {
				t.Fatalf("got %s, want code %q, field %q", got.body, code, field)
			}
			f.nothingStored()
		}
	}
	for _, tt := range apitest.Bodies {
		t.Run(tt.Name, func(t *testing.T) {
			f.t = t
			name := strings.NewReplacer("STATE", "consciousnessState")
			refused(t, name.Replace(tt.Body), tt.Status, tt.Code, name.Replace(tt.Field))
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

func TestBadSearches(t *testing.T) {
	f := newFace(t, config{})
	for _, tt := range apitest.Searches {
		t.Run(tt.Name, func(t *testing.T) {
			f.t = t
			f.do("POST", "/v1/sigils:search", tt.Body).problem(400, tt.Code, tt.Field)
		})
	}
}

func TestBadRequests(t *testing.T) {
	f := newFace(t, config{})
	for _, tt := range apitest.Requests {
		t.Run(tt.Name, func(t *testing.T) {
			f.t = t
			body := ""
			if tt.Method == "POST" {
				body = `{"data":"secret"}`
			}
			got := f.do(tt.Method, tt.Target, body, tt.Headers...)
			got.problem(tt.Status, tt.Code, tt.Field)
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
		{"GET", apitest.OldPaths[0] + "?limit=0", nil, 400, "invalid_limit"},
		{"GET", apitest.OldPaths[1] + "?limit=1001", nil, 400, "invalid_limit"},
		{"GET", apitest.OldPaths[1] + "?cursor=nope", nil, 400, "invalid_cursor"},
		{"GET", apitest.OldPaths[0] + "?offset=1", nil, 400, "unknown_parameter"},
		{"GET", apitest.OldPaths[0], []string{"Sigil-Tenant", "a b"}, 400, "invalid_tenant"},
		{"POST", apitest.OldPaths[0], []string{"Content-Type", "text/plain"}, 415, "unsupported_media_type"},
		{"POST", apitest.OldPaths[0], []string{"Idempotency-Key", ""}, 400, "invalid_idempotency_key"},
		{"DELETE", apitest.OldPaths[0], nil, 405, "method_not_allowed"},
		{"GET", apitest.OldPaths[1] + "/x", nil, 404, "unknown_path"},
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
		"/v1/sigils": "GET, HEAD, OPTIONS, POST", "/v1/sigils/x": "DELETE, GET, HEAD, OPTIONS, PATCH",
		"/v1/sigils/x:pin": "OPTIONS, POST", "/v1/sigils:batch": "OPTIONS, POST", "/v1/sigils:search": "GET, HEAD, OPTIONS, POST", "/livez": "GET, HEAD, OPTIONS",
		apitest.OldPaths[0]: "GET, HEAD, OPTIONS, POST",
	} {
		if got := f.do("OPTIONS", target, "").want(204).header.Get("Allow"); got != want {
			t.Errorf("OPTIONS %s: %q, want %q", target, got, want)
		}
		if got := f.do("TRACE", target, "").want(405).header.Get("Allow"); got != want {
			t.Errorf("%s allows %q, want %q", target, got, want)
		}
	}
	f.do("OPTIONS", "/v1/nothing", "").problem(404, "unknown_path", "")
	for _, method := range []string{"OPTIONS", "GET", "PATCH"} { // no method makes it a job
		f.do(method, "/v1/sweeps/lawn", "").problem(404, "unknown_path", "job")
	}

	// The target "*" means the whole service, and only OPTIONS accepts it.
	if got := f.do("OPTIONS", "*", "").want(204).header.Get("Allow"); got != "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT" {
		t.Errorf("OPTIONS *: %q", got)
	}
	f.do("GET", "*", "").problem(404, "unknown_path", "")
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

// A header that occurs twice could be read in two ways, so it is not read at all.
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
