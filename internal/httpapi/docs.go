package httpapi

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

//go:embed pages
var pages embed.FS

// document is the part of the OpenAPI document that its page shows.
type document struct {
	Info struct {
		Description string `json:"description"`
	} `json:"info"`
	Paths      map[string]map[string]json.RawMessage `json:"paths"`
	Components struct {
		Parameters    map[string]parameter `json:"parameters"`
		Responses     map[string]body      `json:"responses"`
		RequestBodies map[string]body      `json:"requestBodies"`
		Examples      map[string]example   `json:"examples"`
		Schemas       map[string]*schema   `json:"schemas"`
	} `json:"components"`
	Codes []struct {
		Code    string `json:"code"`
		Status  int    `json:"status"`
		Meaning string `json:"meaning"`
	} `json:"x-codes"`
}

type operation struct {
	Method, Path string
	ID           string          `json:"operationId"`
	Summary      string          `json:"summary"`
	Description  string          `json:"description"`
	Parameters   []parameter     `json:"parameters"`
	RequestBody  *body           `json:"requestBody"`
	Responses    map[string]body `json:"responses"`
}

type parameter struct {
	Ref         string  `json:"$ref"`
	Name        string  `json:"name"`
	In          string  `json:"in"`
	Required    bool    `json:"required"`
	Description string  `json:"description"`
	Example     any     `json:"example"`
	Usual       bool    `json:"x-usual"` // one that most requests have, though it is not required
	Schema      *schema `json:"schema"`
}

// Operations returns the operations in the order of the routes, with their references resolved.
func (d *document) Operations() ([]operation, error) {
	var all []operation
	for _, rt := range routes() {
		item := d.Paths[rt.path]
		op := operation{Method: rt.method, Path: rt.path}
		if err := json.Unmarshal(item[strings.ToLower(rt.method)], &op); err != nil {
			return nil, fmt.Errorf("%s %s: %w", rt.method, rt.path, err)
		}
		var shared []parameter
		if raw, ok := item["parameters"]; ok {
			if err := json.Unmarshal(raw, &shared); err != nil {
				return nil, fmt.Errorf("%s: %w", rt.path, err)
			}
		}
		op.Parameters = append(shared, op.Parameters...)
		for i, p := range op.Parameters {
			if p.Ref != "" {
				op.Parameters[i] = d.Components.Parameters[lastSegment(p.Ref)]
			}
		}
		if b := op.RequestBody; b != nil {
			if b.Ref != "" {
				*b = d.Components.RequestBodies[lastSegment(b.Ref)]
			}
			d.exemplify(b)
			for _, m := range b.Content {
				if m.Schema.Ref != "" {
					m.Schema.target = d.Components.Schemas[lastSegment(m.Schema.Ref)]
				}
			}
		}
		for status, r := range op.Responses {
			if r.Ref != "" {
				r = d.Components.Responses[lastSegment(r.Ref)]
			}
			d.exemplify(&r)
			op.Responses[status] = r
		}
		all = append(all, op)
	}
	return all, nil
}

// exemplify fills in the examples that b refers to.
func (d *document) exemplify(b *body) {
	for _, m := range b.Content {
		for i, e := range m.Examples {
			if e.Ref != "" {
				m.Examples[i] = d.Components.Examples[lastSegment(e.Ref)]
			}
		}
	}
}

// Curl returns a command that requests the operation of the service at origin, with the first example of its
// body.
func (o operation) Curl(origin string) string {
	path, query := o.Path, url.Values{}
	for _, p := range o.Parameters {
		switch {
		case p.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", fmt.Sprint(p.Example))
		case p.In == "query" && (p.Required || p.Usual):
			query.Set(p.Name, fmt.Sprint(p.Example))
		}
	}
	if len(query) > 0 {
		return "curl '" + origin + path + "?" + query.Encode() + "'"
	}
	switch {
	case o.RequestBody != nil:
		var compact bytes.Buffer
		if forms := o.RequestBody.Forms(); json.Compact(&compact, forms[0].Examples[0].Value) != nil {
			return ""
		}
		method := ""
		if o.Method != http.MethodPost {
			method = "-X " + o.Method + " "
		}
		return "curl " + method + "--json '" + strings.ReplaceAll(compact.String(), "'", `'\''`) + "' " + origin + path
	case o.Method != http.MethodGet:
		return "curl -X " + o.Method + " " + origin + path
	}
	return "curl " + origin + path
}

func lastSegment(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

// page is an HTML page and the policy under which a browser shows it: no scripts, no other origin, and only
// its own style sheet.
type page struct {
	html   []byte
	policy string
}

// The templates, and the style sheet that each page contains, are ours. A failure is a bug, which a test
// finds.
var (
	templates = template.Must(template.New("").Funcs(template.FuncMap{"prose": prose}).ParseFS(pages, "pages/*.html"))
	style, _  = pages.ReadFile("pages/style.css")
)

// render renders a page from pages/<name>.html.
func render(name string, data any) page {
	var b bytes.Buffer
	err := templates.ExecuteTemplate(&b, name+".html", struct {
		Style template.CSS
		Data  any
	}{template.CSS(style), data}) //nolint:gosec // the style sheet is ours
	if err != nil {
		panic(fmt.Errorf("page %s: %w", name, err))
	}
	sum := sha256.Sum256(style)
	return page{
		html: b.Bytes(),
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	}
}

func (c *call) page(p page) error {
	c.Header().Set("Content-Security-Policy", p.policy)
	c.Header().Set("Referrer-Policy", "no-referrer")
	c.bytesOf(http.StatusOK, "text/html; charset=utf-8", p.html)
	return nil
}

func (a *API) docs(c *call) error {
	return c.page(render("docs", struct {
		Version, Origin string
		*document
	}{a.options.Version, c.origin(), &openAPI().docs}))
}

// asset serves a file of the console.
func (a *API) asset(c *call) error {
	if a.options.Console == nil || !a.options.Console.Has(c.r.URL.Path) {
		return unknownPath()
	}
	a.options.Console.ServeHTTP(c, c.r)
	return nil
}

// landing serves the console or, without one, a page that shows how to begin, with the address that the
// reader already uses.
func (a *API) landing(c *call) error {
	if a.options.Console != nil {
		a.options.Console.ServeHTTP(c, c.r)
		return nil
	}
	return c.page(render("landing", struct{ Origin, Version string }{c.origin(), a.options.Version}))
}

// origin returns the address of the service as the client sees it, safe to use in a shell.
func (c *call) origin() string {
	switch {
	case strings.Trim(c.r.Host, letters+".:[]-") != "":
		return "http://127.0.0.1:7433" // the host is not safe in a shell
	case c.r.TLS != nil:
		return "https://" + c.r.Host
	}
	return "http://" + c.r.Host
}
