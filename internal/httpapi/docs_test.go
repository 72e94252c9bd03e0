package httpapi_test

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/internal/web"
)

// docsPage returns the text of /docs as a browser shows it.
func docsPage(t *testing.T) (raw, text string) {
	t.Helper()
	raw = string(newFace(t, config{}).do("GET", "/docs", "").want(http.StatusOK).body)
	return raw, html.UnescapeString(raw)
}

// TestDocsShowBodies checks that the page shows what a request needs: the types of its body, the members of each schema,
// and the examples.
func TestDocsShowBodies(t *testing.T) {
	raw, text := docsPage(t)
	for name, s := range openAPI().model.Components.Schemas.FromOldest() {
		from := strings.Index(raw, `id="schema-`+name+`"`)
		if from < 0 {
			t.Errorf("no schema %s", name)
			continue
		}
		section, _, _ := strings.Cut(raw[from:], "</section>")
		for member := range s.Schema().Properties.FromOldest() {
			if !strings.Contains(section, "<code>"+member+"</code>") {
				t.Errorf("%s has no %s", name, member)
			}
		}
	}
	for path, item := range openAPI().model.Paths.PathItems.FromOldest() {
		for method, op := range item.GetOperations().FromOldest() {
			if op.RequestBody == nil {
				continue
			}
			_, section, _ := strings.Cut(text, `<h3 id="`+op.OperationId+`">`)
			section, _, _ = strings.Cut(section, "</section>")
			for contentType, media := range op.RequestBody.Content.FromOldest() {
				if !strings.Contains(section, contentType) {
					t.Errorf("%s %s: no %s", method, path, contentType)
				}
				for name, e := range media.Examples.FromOldest() {
					if !strings.Contains(section, e.Summary) {
						t.Errorf("%s %s: no example %s", method, path, name)
					}
				}
			}
		}
	}
	if !strings.Contains(text, "{\n  \"data\": {\n    \"note\": \"The kettle is in the attic\"") {
		t.Error("the first example of a draft is not there as it is written")
	}
}

// TestDocsLinksLeadSomewhere checks that each link within the page has a target, and that no target occurs
// twice.
func TestDocsLinksLeadSomewhere(t *testing.T) {
	raw, _ := docsPage(t)
	places := map[string]int{}
	for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(raw, -1) {
		if places[m[1]]++; places[m[1]] > 1 {
			t.Errorf("%s is there twice", m[1])
		}
	}
	links := regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(raw, -1)
	for _, m := range links {
		if places[m[1]] == 0 {
			t.Errorf("%s leads nowhere", m[1])
		}
	}
	if len(links) < 100 {
		t.Errorf("only %d links", len(links))
	}
}

// TestDocsCommands sends the request of each command on the page.
func TestDocsCommands(t *testing.T) {
	_, text := docsPage(t)
	commands := regexp.MustCompile(`<pre tabindex="0">curl (?:-X (\w+) )?(?:--json '([^']*)' )?'?http://[^/]+(/[^<']*)'?</pre>`).FindAllStringSubmatch(text, -1)
	if want := len(httpapi.Routes()); len(commands) != want {
		t.Errorf("%d commands for %d operations", len(commands), want)
	}
	const named = "019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e55"
	key := newKey(t)
	for _, c := range commands {
		f := newFace(t, config{api: httpapi.Options{Code: httpapi.Code{Key: &key}, Console: web.New(), Backups: oneBackup{}, Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
		})}})
		method, body, path := c[1], c[2], strings.ReplaceAll(c[3], named, f.encode(`{"data":1}`).ID.String())
		if strings.HasPrefix(path, "/v1/code/") { // of the example of a signature
			f.do("POST", "/v1/code", exampleOf(t, "/v1/code")).want(http.StatusCreated)
		}
		if strings.HasSuffix(path, ":restore") && body == "" {
			f.do("DELETE", strings.TrimSuffix(path, ":restore"), "").want(http.StatusNoContent)
		}
		switch {
		case body != "" && method == "":
			method = http.MethodPost
		case method == "":
			method = http.MethodGet
		}
		if got := f.do(method, path, body); got.status >= 300 && path != "/v1/ws" {
			t.Errorf("%s: %d %s", c[0], got.status, got.body)
		}
	}
}
