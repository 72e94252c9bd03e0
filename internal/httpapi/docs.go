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
	"strings"
)

//go:embed pages
var pages embed.FS

// document is what the page of it shows.
type document struct {
	Info struct {
		Description string `json:"description"`
	} `json:"info"`
	Paths      map[string]map[string]json.RawMessage `json:"paths"`
	Components struct {
		Parameters map[string]parameter `json:"parameters"`
		Responses  map[string]response  `json:"responses"`
	} `json:"components"`
	Codes []struct {
		Code    string `json:"code"`
		Status  int    `json:"status"`
		Meaning string `json:"meaning"`
	} `json:"x-codes"`
}

type operation struct {
	Method, Path string
	Summary      string              `json:"summary"`
	Description  string              `json:"description"`
	Parameters   []parameter         `json:"parameters"`
	Responses    map[string]response `json:"responses"`
}

type parameter struct {
	Ref         string `json:"$ref"`
	Name        string `json:"name"`
	In          string `json:"in"`
	Description string `json:"description"`
}

type response struct {
	Ref         string `json:"$ref"`
	Description string `json:"description"`
}

// Operations gives the operations in the order of the routes, with what they refer to in its place.
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
		for status, r := range op.Responses {
			if r.Ref != "" {
				op.Responses[status] = d.Components.Responses[lastSegment(r.Ref)]
			}
		}
		all = append(all, op)
	}
	return all, nil
}

func lastSegment(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }

// page is one HTML page and the policy under which a browser shows it: no script, no other origin,
// and only its own style sheet.
type page struct {
	html   []byte
	policy string
}

// The templates, and the style sheet that each page has in it, are ours: a failure is a bug, which a
// test finds.
var (
	templates = template.Must(template.ParseFS(pages, "pages/*.html"))
	style, _  = pages.ReadFile("pages/style.css")
)

// render makes a page of pages/<name>.html.
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
		Version string
		*document
	}{a.options.Version, &openAPI().docs}))
}

// asset serves a part of the console.
func (a *API) asset(c *call) error {
	if a.options.Console == nil || !a.options.Console.Has(c.r.URL.Path) {
		return unknownPath()
	}
	a.options.Console.ServeHTTP(c, c.r)
	return nil
}

// landing is the console, or shows how to begin, with the address that the reader already uses.
func (a *API) landing(c *call) error {
	if a.options.Console != nil {
		a.options.Console.ServeHTTP(c, c.r)
		return nil
	}
	origin := "http://" + c.r.Host
	if c.r.TLS != nil {
		origin = "https://" + c.r.Host
	}
	if strings.Trim(c.r.Host, letters+".:[]-") != "" {
		origin = "http://127.0.0.1:7433" // a host that a shell may not take as it is
	}
	return c.page(render("landing", struct{ Origin, Version string }{origin, a.options.Version}))
}
