package httpapi_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	validation "github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/content"
	"github.com/pb33f/libopenapi-validator/errors"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"

	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/internal/prove/apitest"
	"github.com/sigil-dna/sigil/store/storetest"
)

// served is the OpenAPI document as a client gets it, with all forms of each body where a validator reads
// them.
type served struct {
	raw   []byte
	model *v3.Document
	check validator.Validator
	codes map[string][]int // statuses by code

	mu sync.Mutex // the validator's documentation promises nothing of concurrent use
}

var openAPI = sync.OnceValue(func() *served {
	w := httptest.NewRecorder()
	api := httpapi.New(engine.New(storetest.NewModel(), nil), nil)
	api.ServeHTTP(w, httptest.NewRequest("GET", "/openapi.json", nil))
	s := &served{raw: apitest.WithVariants(w.Body.Bytes()), codes: apitest.Codes(api)}
	document, err := libopenapi.NewDocument(s.raw)
	if err != nil {
		panic(err)
	}
	model, err := document.BuildV3Model()
	if err != nil {
		panic(err)
	}
	s.model = &model.Model
	// The check is strict: members that are not in the document are found, unless any may be there. The path of a member
	// whose name has a bracket or a dot goes on with a bracket.
	check, errs := validator.NewValidator(
		document, validation.WithFormatAssertions(), validation.WithStrictMode(), validation.WithStrictIgnorePaths(
			"$.body.data.**", "$.body.**.data.**", "$.body.state.*", "$.body.**.state.*",
			"$.body.consciousnessState.*", "$.body.**.consciousnessState.*", "$.body.metadata.*", "$.body.released.*", "$.body[*].memory.data.**", "$.body[*].memory.state.*", "$.body[*].data.**", "$.body[*].state.*", "$.headers.*", "$.cookies.*",
			"$.body.data[**", "$.body.**.data[**", "$.body[*].data[**", "$.body[*].memory.data[**", "$.body.state[**", "$.body.**.state[**",
			"$.body[*].state[**", "$.body[*].memory.state[**", "$.body.consciousnessState[**", "$.body.**.consciousnessState[**", "$.body.metadata[**",
		),
		validation.WithBodyDecoder("application/x-ndjson", content.DecoderFunc(decodeLines)),
	)
	if errs != nil {
		panic(errs)
	}
	s.check = check
	return s
})

// decodeLines returns an array of the values of lines, the form in which the document's schema describes them.
func decodeLines(in *content.DecodeInput) (any, error) {
	values := []any{}
	for dec := json.NewDecoder(in.Body); ; {
		var v any
		if err := dec.Decode(&v); err == io.EOF {
			return values, nil
		} else if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
}

// find returns the document's item for the path of a request, or nil, and its template. The validator does not find a
// wildcard that is only a part of a segment.
func (s *served) find(r *http.Request) (*v3.PathItem, string) {
	for path, item := range s.model.Paths.PathItems.FromOldest() {
		if _, ok := item.GetOperations().Get(strings.ToLower(r.Method)); ok && matches(path, plainly(r.URL.EscapedPath())) {
			return item, path
		}
	}
	return nil, ""
}

// plainly returns a path with no more escapes than its segments need, as the server reads it.
func plainly(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if plain, err := url.PathUnescape(segment); err == nil {
			segments[i] = url.PathEscape(plain)
		}
	}
	return strings.Join(segments, "/")
}

// matches reports whether a path fits a template: {id} stands for anything without a slash or colon.
func matches(template, path string) bool {
	before, rest, ok := strings.Cut(template, "{")
	if !ok {
		return template == path
	}
	_, after, _ := strings.Cut(rest, "}")
	middle, ok := strings.CutPrefix(path, before)
	if !ok {
		return false
	}
	middle, ok = strings.CutSuffix(middle, after)
	return ok && !strings.ContainsAny(middle, "/:")
}

// checkAgainstContract checks one exchange against the document: the answer always, the request if it was
// accepted.
func checkAgainstContract(t testing.TB, r *http.Request, body string, got reply) {
	t.Helper()
	for _, name := range []string{"X-Request-Id", "X-Content-Type-Options", "Cache-Control"} {
		if got.header.Get(name) == "" {
			t.Errorf("%s %s: no %s", r.Method, r.URL, name)
		}
	}
	if got.header.Get("Content-Encoding") == "gzip" {
		got.body = unzip(t, got.body)
	}
	s := openAPI()
	if got.status >= 400 {
		s.checkCode(t, got)
	}
	if r.Method == http.MethodHead || got.status == 499 {
		return // as GET; for nobody
	}
	item, path := s.find(r)
	if item == nil {
		options := r.Method == http.MethodOptions && got.status == http.StatusNoContent && len(got.body) == 0 && got.header.Get("Allow") != ""
		if !options && got.status != http.StatusNotFound && got.status != http.StatusMethodNotAllowed && got.status != http.StatusForbidden {
			t.Errorf("%s %s is answered with %d and is not in the document", r.Method, r.URL.Path, got.status)
		}
		return
	}
	if path == "/openapi.json" {
		return // the document does not describe itself
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if got.status < 400 && !bytes.Contains(got.body, []byte(`"problem":`)) { // a batch may be good in parts
		r.Body = io.NopCloser(strings.NewReader(body))
		if ok, errs := s.check.ValidateHttpRequestSyncWithPathItem(r, item, path); !ok {
			report(t, "request", r, []byte(body), errs)
		}
	}
	answer := &http.Response{StatusCode: got.status, Header: got.header, Body: io.NopCloser(bytes.NewReader(got.body))}
	if ok, errs := s.check.GetResponseBodyValidator().ValidateResponseBodyWithPathItem(r, answer, item, path); !ok {
		report(t, "answer", r, got.body, errs)
	}
}

// checkCode checks that the code of an error is in the document's list, with this status.
func (s *served) checkCode(t testing.TB, got reply) {
	t.Helper()
	var p struct{ Type, Code string }
	if err := json.Unmarshal(got.body, &p); err != nil {
		t.Errorf("%v in %s", err, got.body)
	}
	if !slices.Contains(s.codes[p.Code], got.status) {
		t.Errorf("code %q with status %d is not among x-codes", p.Code, got.status)
	}
	if p.Type != "" && p.Type != "/docs#"+p.Code {
		t.Errorf("type is %q", p.Type)
	}
}

func report(t testing.TB, what string, r *http.Request, body []byte, errs []*errors.ValidationError) {
	t.Helper()
	for _, err := range errs {
		// Members of a state are not checked, since any are allowed, except names with brackets: the validator
		// does not find them in the paths that it is given.
		if why := err.Message + err.Reason; strings.Contains(why, "is not declared in schema") && strings.Contains(why, "tate['") {
			continue
		}
		t.Errorf("%s of %s %s is not as the document has it: %s (%s)\n%s", what, r.Method, r.URL, err.Message, err.Reason, body)
		for _, e := range err.SchemaValidationErrors {
			t.Errorf("  %s at %s", e.Reason, e.FieldPath)
		}
	}
}

func TestDocumentIsValid(t *testing.T) {
	document, err := libopenapi.NewDocument(newFace(t, config{}).do("GET", "/openapi.json", "").want(http.StatusOK).body)
	if err != nil {
		t.Fatal(err)
	}
	asServed, errs := validator.NewValidator(document)
	if errs != nil {
		t.Fatal(errs)
	}
	for _, check := range []validator.Validator{asServed, openAPI().check} {
		_, errs := check.ValidateDocument()
		for _, err := range errs {
			t.Errorf("%s: %s", err.Message, err.Reason)
			for _, e := range err.SchemaValidationErrors {
				t.Errorf("  %s at %s", e.Reason, e.FieldPath)
			}
		}
	}
	if v := openAPI().model.Version; v != "3.1.0" {
		t.Errorf("it is of OpenAPI %s", v)
	}
	if v := openAPI().model.Info.Version; v != "dev" {
		t.Errorf("its version is %q", v)
	}
}

func TestDocumentHasTheVersion(t *testing.T) {
	f := newFace(t, config{api: httpapi.Options{Version: `1.2.3 "odd"`}})
	got := f.do("GET", "/openapi.json", "").want(http.StatusOK)
	var d struct{ Info struct{ Version string } }
	if err := json.Unmarshal(got.body, &d); err != nil || d.Info.Version != `1.2.3 "odd"` {
		t.Errorf("got version %q, %v", d.Info.Version, err)
	}
}

// TestDocumentHasTheRoutes compares paths, methods and query parameters in both directions.
func TestDocumentHasTheRoutes(t *testing.T) {
	documented := map[string][]string{}
	for path, item := range openAPI().model.Paths.PathItems.FromOldest() {
		for method, op := range item.GetOperations().FromOldest() {
			params := []string{}
			for _, p := range slices.Concat(item.Parameters, op.Parameters) {
				if p.In == "query" {
					params = append(params, p.Name)
				}
			}
			slices.Sort(params)
			documented[strings.ToUpper(method)+" "+path] = params
		}
	}
	routes := httpapi.Routes()
	for _, name := range slices.Sorted(maps.Keys(routes)) {
		params, ok := documented[name]
		if !ok {
			t.Errorf("%s is not in the document", name)
		} else if !slices.Equal(params, routes[name]) {
			t.Errorf("%s takes %q, and %q in the document", name, routes[name], params)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(documented)) {
		if _, ok := routes[name]; !ok {
			t.Errorf("%s is in the document and not served", name)
		}
	}
}

// TestDocumentHasTheCodes compares the list of codes with the descriptions of the answers that name them, and
// finds each on the page that a problem's type refers to.
func TestDocumentHasTheCodes(t *testing.T) {
	var named strings.Builder
	for _, r := range openAPI().model.Components.Responses.FromOldest() {
		named.WriteString(r.Description)
	}
	docs := string(newFace(t, config{}).do("GET", "/docs", "").want(http.StatusOK).body)
	anywhere := []string{"method_not_allowed", "canceled", "invalid_metadata", "already_subscribed"} // of no path, for nobody, of the old face, within a connection
	for code := range openAPI().codes {
		if !strings.Contains(named.String(), "`"+code+"`") && !slices.Contains(anywhere, code) {
			t.Errorf("%s is in no answer's description", code)
		}
		if !strings.Contains(docs, `id="`+code+`"`) {
			t.Errorf("/docs has no anchor for %s", code)
		}
	}
	for part := range strings.SplitSeq(named.String(), "`") {
		if _, ok := openAPI().codes[part]; !ok && strings.Contains(part, "_") && !strings.Contains(part, " ") {
			t.Errorf("%s is in an answer's description and not in x-codes", part)
		}
	}
}
