package httpapi_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/store/storetest"
)

// FuzzEncodeBody sends any body to each path that encodes: it is kept whole or refused whole, and
// never a failure of the service.
func FuzzEncodeBody(f *testing.F) {
	for _, tt := range bad {
		if len(tt.body) < 1000 {
			f.Add([]byte(strings.NewReplacer("STATE", "state").Replace(tt.body)))
			f.Add([]byte(strings.NewReplacer("STATE", "consciousnessState").Replace(tt.body)))
		}
	}
	for _, tt := range badV1 {
		f.Add([]byte(`{"data":1,"` + tt.field + `":` + tt.value + `}`))
	}
	f.Add([]byte(`{"data":{"a":[1e3,"\ud834\udd1e",null]},"state":{"phi":0.1,"mood":"x"},"ttl":"1d12h","pinned":true,"tags":["t"]}`))
	f.Add([]byte(`{"data":1,"consciousnessState":{"phi":1},"metadata":{}}`))
	f.Add([]byte("{\"data\":1}\n\n{\"data\":2}"))
	f.Add([]byte(`[{"data":1},{"data":2,"ttl":5}]`))

	f.Fuzz(func(t *testing.T, body []byte) {
		for _, to := range []struct{ path, contentType string }{
			{"/v1/sigils", "application/json"},
			{"/api/consciousness/sigils", "application/json"},
			{"/v1/sigils:batch", "application/json"},
			{"/v1/sigils:batch", "application/x-ndjson"},
			{"/v1/sigils:recall", "application/json"},
		} {
			e := engine.New(storetest.NewModel(), nil)
			r := httptest.NewRequestWithContext(t.Context(), "POST", to.path, bytes.NewReader(body))
			r.Header.Set("Content-Type", to.contentType)
			w := httptest.NewRecorder()
			httpapi.New(e, &httpapi.Options{MaxBody: 1 << 16}).ServeHTTP(w, r)
			stats, err := e.Stats(t.Context(), tenant)
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
			if w.Code == http.StatusCreated {
				comesBack(t, body, w.Body.Bytes())
			}
		}
	})
}

// comesBack asserts that an answer's data is the request's, in every character that means something.
func comesBack(t *testing.T, request, answer []byte) {
	t.Helper()
	var sent struct{ Data json.RawMessage }
	var got sigil.View
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
