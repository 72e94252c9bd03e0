package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/pb33f/go-yaml"
	schemas "github.com/pb33f/libopenapi-validator/schema_validation"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"

	"github.com/sigil-dna/sigil/internal/codesign"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/internal/prove/apitest"
	"github.com/sigil-dna/sigil/internal/web"
	"github.com/sigil-dna/sigil/wire"
)

// TestExamplesOfRequests sends every example of a request in the document, alone and with each example of a
// parameter, and expects the first answer of the document.
func TestExamplesOfRequests(t *testing.T) {
	sent := 0
	for path, item := range openAPI().model.Paths.PathItems.FromOldest() {
		for method, op := range item.GetOperations().FromOldest() {
			t.Run(method+" "+path, func(t *testing.T) {
				for _, body := range bodies(t, op) {
					params := append([]*v3.Parameter{nil}, slices.Concat(item.Parameters, op.Parameters)...)
					for _, p := range params {
						sendExample(t, method, path, op, body, p)
						sent++
					}
				}
			})
		}
	}
	if sent < 80 {
		t.Errorf("only %d were sent", sent)
	}
}

type exampleBody struct{ contentType, text string }

// bodies returns the examples of a request's body, or an empty one if it has none.
func bodies(t *testing.T, op *v3.Operation) (all []exampleBody) {
	t.Helper()
	if op.RequestBody == nil {
		return []exampleBody{{}}
	}
	for contentType, media := range op.RequestBody.Content.FromOldest() {
		if media.Examples.Len() == 0 {
			t.Errorf("%s has no example", contentType)
		}
		for _, example := range media.Examples.FromOldest() {
			text := example.Value.Value // of a string
			if example.Value.Kind != yaml.ScalarNode {
				text = asJSON(t, example.Value)
			}
			all = append(all, exampleBody{contentType, text})
		}
	}
	return all
}

// exampleOf returns the first example of what can be posted to a path.
func exampleOf(t *testing.T, path string) string {
	t.Helper()
	return bodies(t, openAPI().model.Paths.PathItems.GetOrZero(path).Post)[0].text
}

func asJSON(t *testing.T, node *yaml.Node) string {
	t.Helper()
	var v any
	if err := node.Decode(&v); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func sendExample(t *testing.T, method, path string, op *v3.Operation, body exampleBody, p *v3.Parameter) {
	t.Helper()
	key, err := codesign.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	f := newFace(t, config{api: httpapi.Options{Code: httpapi.Code{Key: &key}, Console: web.New(), Backups: oneBackup{}, Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
	})}})
	memory := f.encode(`{"data":1}`).ID.String()
	target := strings.ReplaceAll(path, "{id}", memory)
	target = strings.ReplaceAll(strings.ReplaceAll(target, "{job}", "decay"), "{file}", "console.js")
	if strings.Contains(target, "{hash}") {
		target = strings.ReplaceAll(target, "{hash}", parse[wire.CodeSignature](f.do("POST", "/v1/code", exampleOf(t, "/v1/code")).want(http.StatusCreated)).SHA256)
	}
	if strings.HasSuffix(path, "}:restore") {
		f.do("DELETE", "/v1/sigils/"+memory, "").want(http.StatusNoContent)
	}
	headers := []string{"Content-Type", body.contentType}
	query := url.Values{}
	for _, needed := range op.Parameters {
		_, usual := needed.Extensions.Get("x-usual")
		usual = usual && (p == nil || p.Name != "like") // which is instead of it
		if needed.In == "query" && (usual || needed.Required != nil && *needed.Required) {
			query.Set(needed.Name, needed.Example.Value)
		}
	}
	if p != nil && p.Example != nil {
		switch p.In {
		case "query":
			query[p.Name] = []string{p.Example.Value}
			if p.Example.Kind == yaml.SequenceNode {
				query[p.Name] = nil
				for _, item := range p.Example.Content {
					query.Add(p.Name, item.Value)
				}
			}
			if p.Explode != nil && !*p.Explode {
				query.Set(p.Name, strings.Join(query[p.Name], ","))
			}
			if p.Name == "like" {
				query.Set(p.Name, memory)
			}
		case "header":
			if p.Name == "Sigil-Tenant" && strings.Contains(path, "{id}") && p.Example.Value != tenant {
				t.Fatal("the example is of another tenant")
			}
			headers = append(headers, p.Name, p.Example.Value)
		}
	} else if p != nil && p.Name != "cursor" {
		t.Errorf("%s has no example", p.Name)
	}
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	r := httptest.NewRequestWithContext(t.Context(), strings.ToUpper(method), target, strings.NewReader(body.text))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	if body.contentType == "" {
		r.Header.Del("Content-Type")
	}
	got := f.send(r, body.text)
	promised := op.Responses.Codes.First()
	if _, creates := op.Responses.Codes.Get("201"); creates { // 200 is for what was there before
		for promised.Key() != "201" {
			promised = promised.Next()
		}
	}
	if op.OperationId == "forget" { // 200 is for erasing
		promised = promised.Next()
	}
	if promised.Key() == "101" { // the request is not one for a WebSocket
		promised = promised.Next()
	}
	if path == "/v1/ws" {
		got.want(http.StatusUpgradeRequired)
		return
	}
	if promised := promised.Key(); http.StatusText(got.status) == "" || promised != itoa(got.status) {
		t.Errorf("%s %s: got %d, want %s: %s", method, target, got.status, promised, got.body)
	}
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

// TestExamplesOfAnswers checks the examples of answers against their schemas.
func TestExamplesOfAnswers(t *testing.T) {
	checked := 0
	check := schemas.NewSchemaValidator()
	hold := func(name string, r *v3.Response) {
		for contentType, media := range r.Content.FromOldest() {
			for key, example := range media.Examples.FromOldest() {
				checked++
				if ok, errs := check.ValidateSchemaString(media.Schema.Schema(), asJSON(t, example.Value)); !ok {
					for _, err := range errs {
						for _, e := range err.SchemaValidationErrors {
							t.Errorf("%s of %s, %s: %s at %s", key, name, contentType, e.Reason, e.FieldPath)
						}
					}
				}
			}
		}
	}
	for name, r := range openAPI().model.Components.Responses.FromOldest() {
		hold(name, r)
	}
	for path, item := range openAPI().model.Paths.PathItems.FromOldest() {
		for method, op := range item.GetOperations().FromOldest() {
			for status, r := range op.Responses.Codes.FromOldest() {
				hold(method+" "+path+" "+status, r)
			}
		}
	}
	if checked < 3 {
		t.Errorf("only %d were found", checked)
	}
}

// deaf is a test that records its failures and continues.
type deaf struct {
	testing.TB
	failures int
}

func (d *deaf) Helper()               {}
func (d *deaf) Errorf(string, ...any) { d.failures++ }

// TestContractIsHeld tests the check: it finds what is not in the document.
func TestContractIsHeld(t *testing.T) {
	good := newFace(t, config{}).do("POST", "/v1/sigils", `{"data":{"any":1}}`).want(201)
	header := func(body string) reply {
		r := good
		r.body = []byte(body)
		return r
	}
	for name, tt := range map[string]struct {
		method, target, body string
		got                  reply
		want                 bool
	}{
		"as it is":             {"POST", "/v1/sigils", `{"data":1}`, good, true},
		"another verb":         {"POST", "/v1/sigils/x:fly", "", good, false},
		"a member too many":    {"POST", "/v1/sigils", `{"data":1}`, header(strings.Replace(string(good.body), `"tags"`, `"more":1,"tags"`, 1)), false},
		"a member missing":     {"POST", "/v1/sigils", `{"data":1}`, header(strings.Replace(string(good.body), `,"tags":[]`, ``, 1)), false},
		"a request unheard of": {"POST", "/v1/sigils", `{"data":1,"more":1}`, good, false},
		"behind a colon":       {"POST", apitest.Somewhere + ":recall", "", header(`{}`), false},
		"another status":       {"GET", "/v1/sigils", "", good, false},
	} {
		d := &deaf{TB: t}
		r := httptest.NewRequestWithContext(t.Context(), tt.method, tt.target, strings.NewReader(tt.body))
		if tt.body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		if checkAgainstContract(d, r, tt.body, tt.got); (d.failures == 0) != tt.want {
			t.Errorf("%s: %d failures", name, d.failures)
		}
	}
}
