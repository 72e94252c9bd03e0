// Package apifuzz_test has the fuzz targets of the HTTP API, apart from its other tests, whose imports take
// minutes to build for the fuzzer.
package apifuzz_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/internal/prove/apitest"
	"github.com/sigil-dna/sigil/store/storetest"
	"github.com/sigil-dna/sigil/wire"
)

// codes are those of the document, with their statuses.
var codes = sync.OnceValue(func() map[string][]int {
	return apitest.Codes(httpapi.New(engine.New(storetest.NewModel(), nil), nil))
})

// FuzzEncodeBody sends any body to each path that encodes, or searches: it is kept whole or refused whole, and never a
// failure of the service. A refusal names the field and repeats no text of the body.
func FuzzEncodeBody(f *testing.F) {
	for _, tt := range apitest.Bodies {
		if len(tt.Body) < 1000 {
			f.Add([]byte(strings.NewReplacer("STATE", "state").Replace(tt.Body)))
			f.Add([]byte(strings.NewReplacer("STATE", "consciousnessState").Replace(tt.Body)))
		}
	}
	for _, tt := range apitest.Fields {
		f.Add([]byte(`{"data":1,"` + tt.Field + `":` + tt.Value + `}`))
	}
	f.Add([]byte(`{"data":{"a":[1e3,"\ud834\udd1e",null]},"state":{"phi":0.1,"mood":"x"},"ttl":"1d12h","pinned":true,"tags":["t"]}`))
	f.Add([]byte(`{"data":1,"consciousnessState":{"phi":1},"metadata":{}}`))
	f.Add([]byte(`{": "`))
	f.Add([]byte(`{"AAAAAAAAAAAA"0`))
	f.Add([]byte("{\"data\":1}\n{ \"data\":1, \"an AAAAAAAAAAAA\" : 1}"))
	f.Add([]byte("{\"data\":1}\n\n{\"data\":2}"))
	f.Add([]byte(`[{"data":1},{"data":2,"ttl":5}]`))
	f.Add([]byte(`{"ids":["019c13ec-9e00-723f-a84f-af9076740c71",7]}`))
	f.Add([]byte(`{"from":0,"to":18446744073709551615}`))

	for _, tt := range apitest.Searches {
		if len(tt.Body) < 1000 {
			f.Add([]byte(tt.Body))
		}
	}
	f.Add([]byte(`{"query":"\"green tea\" -milk ket* tag:x","weights":{"words":0.5},"createdAfter":"2026-01-31T12:00:00Z","tags":["t"],"highlight":true}`))

	f.Fuzz(func(t *testing.T, body []byte) {
		for _, to := range []struct{ path, contentType string }{
			{"/v1/sigils", "application/json"},
			{"/api/consciousness/sigils", "application/json"},
			{"/v1/sigils:batch", "application/json"},
			{"/v1/sigils:batch", "application/x-ndjson"},
			{"/v1/sigils:recall", "application/json"},
			{"/v1/sigils:restore", "application/json"},
			{"/v1/sigils:search", "application/json"},
		} {
			e := engine.New(storetest.NewUndoModel(), &engine.Options{Settings: engine.Settings{Undo: engine.DefaultUndo()}})
			r := httptest.NewRequestWithContext(t.Context(), "POST", to.path, bytes.NewReader(body))
			r.Header.Set("Content-Type", to.contentType)
			w := httptest.NewRecorder()
			httpapi.New(e, &httpapi.Options{MaxBody: 1 << 16}).ServeHTTP(w, r)
			stats, err := e.Stats(t.Context(), sigil.DefaultTenant)
			if err != nil {
				t.Fatal(err)
			}
			var answer any
			switch {
			case w.Code >= 500 || w.Code < 200:
				t.Errorf("%s: %d %s", to.path, w.Code, w.Body)
			case w.Code >= 400 && stats.Position != 0:
				t.Errorf("%s: refused and kept: %s", to.path, w.Body)
			case w.Code == http.StatusCreated && stats.Memories != 1:
				t.Errorf("%s: kept %d memories", to.path, stats.Memories)
			case to.contentType == "application/json" && json.Unmarshal(w.Body.Bytes(), &answer) != nil:
				t.Errorf("%s: answered %s", to.path, w.Body)
			}
			if w.Code >= 400 {
				refusedWell(t, to.path, body, w)
			}
			if w.Code == http.StatusCreated {
				comesBack(t, body, w.Body.Bytes())
			}
		}
	})
}

// comesBack asserts that an answer's data is the request's, in every significant character.
func comesBack(t *testing.T, request, answer []byte) {
	t.Helper()
	var sent struct{ Data json.RawMessage }
	var got wire.Memory
	var compact bytes.Buffer
	if err := json.Unmarshal(request, &sent); err != nil {
		t.Fatalf("kept what is no JSON: %v", err)
	}
	if err := json.Unmarshal(answer, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Compact(&compact, sent.Data); err != nil || !bytes.Equal(compact.Bytes(), got.Data) {
		t.Errorf("%s came back as %s", sent.Data, got.Data)
	}
}

// refusedWell asserts that a refusal of a body has a code of the document, names a field, and repeats no value of the
// body. (A key may be repeated: it locates the mistake.)
func refusedWell(t *testing.T, path string, body []byte, w *httptest.ResponseRecorder) {
	t.Helper()
	var p struct{ Code, Field, Detail, Error string }
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("%s: answered %s", path, w.Body)
	}
	if strings.HasPrefix(path, "/api/") {
		if i := strings.LastIndex(p.Error, ": "); i > 0 { // a field may have one in it
			p.Field, p.Detail = p.Error[:i], p.Error[i+2:]
		}
	}
	if !slices.Contains(codes()[p.Code], w.Code) || p.Field == "" || p.Detail == "" {
		t.Errorf("%s: answered %d %s", path, w.Code, w.Body)
	}
	named := names(body)
	for _, at := range longText.FindAllString(string(body), -1) {
		if strings.Contains(w.Body.String(), at) && !strings.Contains(named, at) {
			t.Errorf("%s: repeats %q: %s", path, at, w.Body)
		}
	}
}

// names returns every key of a body, one per line, up to where the body, or a line of it, stops being JSON.
func names(body []byte) string {
	var all strings.Builder
	for _, part := range append(bytes.Split(body, []byte("\n")), body) {
		d := jsontext.NewDecoder(bytes.NewReader(part), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
		for token, err := d.ReadToken(); err == nil; token, err = d.ReadToken() {
			if in, length := d.StackIndex(d.StackDepth()); in == jsontext.KindBeginObject && length%2 == 1 {
				all.WriteString(token.String() + "\n")
			}
		}
	}
	return all.String()
}

// longText finds values that are too long to occur in an answer by chance, and too short to be cut.
var longText = regexp.MustCompile(`\b[A-Z]{12,40}\b`)

// FuzzRequest sends any query, headers and rest of a path to the paths that read them. An answer is either what the
// document describes, or a refusal that names what is wrong.
func FuzzRequest(f *testing.F) {
	for _, tt := range apitest.Requests {
		path, query, _ := strings.Cut(tt.Target, "?")
		header := ""
		if len(tt.Headers) > 1 {
			header = tt.Headers[1]
		}
		f.Add(uint8(0), path, query, header, header, "")
		f.Add(uint8(len(query)), "x", query, "public", "key", header)
	}
	f.Add(uint8(1), "x", "limit=2&cursor=AQAAAAAAAAAAAAAAAAAAAAA", "public", "", "application/json")
	f.Add(uint8(2), "x", strings.Repeat("%80", 201)+"=1", "a\r\nX-Evil: 1", "a\x00", "application/json;a=\"\r\n\"")
	body, registered := registration(f)
	f.Add(uint8(11), "x", "limit=1&signer="+registered.Signer, "public", "key", "application/json")
	f.Add(uint8(12), "x", "id="+registered.ID.String()+"&reason=lost%20key", "public", "key", "application/json")
	f.Add(uint8(12), "x", "reason=%0a", "public", "key", "")
	f.Add(uint8(0), "/v1/code/nope", "id=nope&signer=nope", "public", "key", "")
	paths := []string{"", "/v1/sigils", "/v1/crystals", "/v1/events", "/v1/stats", apitest.Somewhere, apitest.Somewhere + "/related", "/v1/sigils:batch", "/v1/sigils:search", apitest.Somewhere + ":pin", apitest.OldPaths[0], "/livez", "/v1/code", "/v1/code/" + registered.SHA256}
	e := engine.New(storetest.NewModel(), nil)
	api := httpapi.New(e, &httpapi.Options{MaxBody: 1 << 16, Logger: slog.New(slog.DiscardHandler)})
	if w := ask(f, api, http.MethodPost, "/v1/code", body); w.Code != http.StatusCreated {
		f.Fatalf("register: %d %s", w.Code, w.Body)
	}
	f.Fuzz(func(t *testing.T, which uint8, path, query, tenant, key, contentType string) {
		target := paths[int(which)%len(paths)]
		if target == "" {
			target = path
		}
		for _, method := range []string{"GET", "POST", "DELETE"} {
			r := httptest.NewRequestWithContext(t.Context(), method, "/", strings.NewReader(`{"data":1,"nothing":1}`))
			r.URL.Path, r.URL.RawQuery, r.RequestURI = target, query, target
			r.Header = http.Header{"Sigil-Tenant": {tenant}, "Idempotency-Key": {key}, "Content-Type": {contentType}, "X-Request-Id": {key}, "Origin": {tenant}}
			w := httptest.NewRecorder()
			api.ServeHTTP(w, r)
			if w.Code >= 500 || w.Code < 200 || w.Code >= 300 && w.Code < 400 {
				t.Fatalf("%s %q?%q: %d %s", method, target, query, w.Code, w.Body)
			}
			for name, values := range w.Header() {
				for _, v := range values {
					if strings.ContainsAny(v, "\r\n\x00") {
						t.Errorf("the header %s is %q", name, v)
					}
				}
			}
			if w.Code < 400 {
				continue
			}
			var p struct{ Code, Field, Error string }
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || !utf8.Valid(w.Body.Bytes()) {
				t.Fatalf("%s %q: answered %s", method, target, w.Body)
			}
			if !slices.Contains(codes()[p.Code], w.Code) || p.Field == "" && p.Error == "" && w.Code != 404 && w.Code != 405 {
				t.Errorf("%s %q?%q: answered %d %s", method, target, query, w.Code, w.Body)
			}
		}
	})
}

// FuzzProblem renders any error: as a problem in JSON with the status of its kind and code, whatever its texts
// contain; and none of its text gets into a header.
func FuzzProblem(f *testing.F) {
	kinds := []error{
		sigil.ErrInvalid, sigil.ErrTooLarge, sigil.ErrNotFound, sigil.ErrConflict, sigil.ErrFull, sigil.ErrUnavailable, sigil.ErrClosed,
		sigil.ErrInternal, sigil.ErrLocked, sigil.ErrFormat, context.Canceled, context.DeadlineExceeded, errors.New("other"),
	}
	statuses := []int{400, 413, 404, 409, 507, 503, 503, 500, 500, 500, 499, 503, 500}
	for i := range kinds {
		f.Add(uint8(i), "invalid_json", "data/a", "is wrong", "r-1")
		f.Add(uint8(i), "", strings.Repeat("\x80", 300), "\r\n\r\n<script>", "a\r\nb")
	}
	f.Add(uint8(0), "quota_full", "a\"b", "\xff\u2028", strings.Repeat("x", 65))
	model := storetest.NewModel()
	f.Fuzz(func(t *testing.T, kind uint8, code, field, detail, id string) {
		i := int(kind) % len(kinds)
		var err error = &sigil.Error{Kind: kinds[i], Code: code, Field: field, Detail: detail, Err: errors.New("HUSH-HUSH")}
		if i >= 10 {
			err = fmt.Errorf("%s: %w", detail, kinds[i]) // nobody's own error
		}
		for _, path := range []string{apitest.Somewhere, apitest.OldPaths[0]} {
			e := engine.New(apitest.Failing{Store: model, Err: err}, nil)
			r := httptest.NewRequestWithContext(t.Context(), "GET", path, nil)
			if path == apitest.OldPaths[0] {
				r = httptest.NewRequestWithContext(t.Context(), "POST", path, strings.NewReader(`{"data":1}`))
			}
			r.Header["X-Request-Id"] = []string{id}
			w := httptest.NewRecorder()
			httpapi.New(e, &httpapi.Options{Logger: slog.New(slog.DiscardHandler)}).ServeHTTP(w, r)
			// If the code is more specific than the kind, it decides.
			if w.Code != statuses[i] && !slices.Contains(codes()[code], w.Code) {
				t.Errorf("%v: status %d, want %d", err, w.Code, statuses[i])
			}
			var p struct {
				Status            int
				Code, Error, Type string
			}
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || !utf8.Valid(w.Body.Bytes()) || path == apitest.Somewhere && p.Status != w.Code {
				t.Fatalf("answered %d %q: %v", w.Code, w.Body, err)
			}
			if bytes.Contains(w.Body.Bytes(), []byte("HUSH-HUSH")) || w.Code == 500 && (p.Code != "internal" || len(detail) > 12 && bytes.Contains(w.Body.Bytes(), []byte(detail))) {
				t.Errorf("it tells the cause: %s", w.Body)
			}
			for name, values := range w.Header() {
				if strings.ContainsAny(strings.Join(values, ""), "\r\n\x00") {
					t.Errorf("the header %s is %q", name, values)
				}
			}
		}
	})
}
