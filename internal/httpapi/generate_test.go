package httpapi_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/sigil-dna/sigil"
)

// object is a part of the OpenAPI document.
type object = map[string]any

// endpoint is one operation of the document, with its references resolved.
type endpoint struct {
	id, method, path string
	params           []object
	bodies           map[string]object // schema by content type
	bodyRequired     bool
	examples         []string // of bodies that are JSON
}

func (e *endpoint) searches() bool { return e.path == "/v1/sigils:search" }

// form names the endpoints whose cursors have the same form.
func (e *endpoint) form() string {
	if e.searches() || e.id == "removed" || e.id == "history" {
		return e.path
	}
	return ""
}

// resolve follows a reference.
func resolve(root object, v any) object {
	o, _ := v.(object)
	for {
		ref, ok := o["$ref"].(string)
		if !ok {
			return o
		}
		o = root
		for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
			o, _ = o[name].(object)
		}
	}
}

// endpoints reads all operations from the document as it is served, in a fixed order.
func endpoints(raw []byte) (root object, all []endpoint) {
	if err := json.Unmarshal(raw, &root); err != nil {
		panic(err)
	}
	paths := root["paths"].(object)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item := paths[path].(object)
		for _, method := range slices.Sorted(maps.Keys(item)) {
			op, ok := item[method].(object)
			if !ok {
				continue // the parameters that all operations share
			}
			e := endpoint{id: op["operationId"].(string), method: strings.ToUpper(method), path: path, bodies: map[string]object{}}
			for _, params := range []any{item["parameters"], op["parameters"]} {
				list, _ := params.([]any)
				for _, p := range list {
					e.params = append(e.params, resolve(root, p))
				}
			}
			body := resolve(root, op["requestBody"])
			e.bodyRequired, _ = body["required"].(bool)
			content, _ := body["content"].(object)
			for contentType, media := range content {
				e.bodies[contentType] = resolve(root, media.(object)["schema"])
				examples, _ := media.(object)["examples"].(object)
				for _, name := range slices.Sorted(maps.Keys(examples)) {
					if contentType == "application/json" {
						e.examples = append(e.examples, marshal(examples[name].(object)["value"]))
					}
				}
			}
			all = append(all, e)
		}
	}
	return root, all
}

// secret is in every text that is data; no refusal may repeat it.
const secret = "s3cr3t"

// generator draws values and requests that the document allows.
type generator struct {
	*rand.Rand
	root    object
	tenant  string
	ids     map[string][]string // that answers gave, by tenant
	cursors map[string][]string // that answers gave, by the form of the list
}

func (g *generator) oneIn(n int) bool { return g.IntN(n) == 0 }

func pick[T any](g *generator, from ...T) T { return from[g.IntN(len(from))] }

// value returns JSON that a schema allows.
func (g *generator) value(schema object) string {
	schema = resolve(g.root, schema)
	if v, ok := schema["const"]; ok {
		return marshal(v)
	}
	if all, ok := schema["enum"].([]any); ok {
		return marshal(pick(g, all...))
	}
	kind, _ := schema["type"].(string)
	if kinds, ok := schema["type"].([]any); ok {
		kind = pick(g, kinds...).(string)
	}
	if examples, ok := schema["examples"].([]any); ok && kind == "string" {
		if s, ok := examples[0].(string); ok && strings.HasPrefix(s, "halflife ") && g.oneIn(2) {
			return marshal(g.policy())
		}
		return marshal(pick(g, examples...))
	}
	switch kind {
	case "null":
		return "null"
	case "boolean":
		return pick(g, "true", "false")
	case "integer":
		least, most := bound(schema, "minimum", -1000), bound(schema, "maximum", 1<<40)
		return strconv.FormatInt(int64(pick(g, least, most, least+g.Int64N(max(1, most-least)), min(most, least+g.Int64N(20)))), 10)
	case "number":
		return g.number(schema)
	case "string":
		return marshal(g.text(schema))
	case "array":
		items := make([]string, g.size(schema, "minItems", "maxItems", 4))
		for i := range items {
			items[i] = g.value(resolve(g.root, schema["items"]))
		}
		if schema["contains"] != nil { // only vectors have it: a number that is not 0
			items[g.IntN(len(items))] = "1"
		}
		return "[" + strings.Join(items, g.space()+",") + "]"
	case "object":
		return g.object(schema)
	}
	return g.any(4)
}

func bound(schema object, name string, unless int64) int64 {
	if f, ok := schema[name].(float64); ok {
		if f >= 1<<63 {
			return 1<<63 - 1
		}
		return int64(f)
	}
	return unless
}

func (g *generator) number(schema object) string {
	least, most := 0.0, 1e6
	if f, ok := schema["minimum"].(float64); ok {
		least = f
	}
	if f, ok := schema["exclusiveMinimum"].(float64); ok {
		least = f + 1e-3
	}
	if f, ok := schema["maximum"].(float64); ok {
		most = f
	}
	f := pick(g, least, most, least+g.Float64()*(most-least))
	return pick(g, marshal(f), strconv.FormatFloat(f, 'e', -1, 64), strconv.FormatFloat(f, 'f', -1, 64))
}

// policy draws a policy.
func (g *generator) policy() string {
	p := pick(g, "classic", fmt.Sprintf("classic rate=%v period=%ds", 0.001+g.Float64()/10, 1+g.IntN(60)), fmt.Sprintf("halflife h=%dh", 1+g.IntN(1000)),
		fmt.Sprintf("power s=%dd d=%v", 1+g.IntN(9), 0.3+0.7*g.Float64()), fmt.Sprintf("fsrs s=%dh threshold=%v", 1+g.IntN(99), 0.5+g.Float64()/4))
	return p + pick(g, "", fmt.Sprintf(" grace=%dm", g.IntN(99)), fmt.Sprintf(" floor=%v", g.Float64()))
}

// size draws a length within a schema's bounds: mostly small, sometimes the maximum.
func (g *generator) size(schema object, least, most string, small int) int {
	from := int(bound(schema, least, 0))
	to := int(bound(schema, most, int64(from+small)))
	if to <= 256 && g.oneIn(20) {
		return to
	}
	return from + g.IntN(min(to-from, small)+1)
}

func (g *generator) text(schema object) string {
	if schema["format"] == "uuid" {
		return g.someID()
	}
	if schema["format"] == "date-time" {
		return time.UnixMilli(g.Int64N(4e12)).UTC().Format(pick(g, time.RFC3339, time.RFC3339Nano))
	}
	n := g.size(schema, "minLength", "maxLength", 12)
	if schema["contentEncoding"] == "base64" {
		return base64.StdEncoding.EncodeToString([]byte(strings.Repeat("b", n)))
	}
	if pattern, ok := schema["pattern"].(string); ok {
		s := rapid.StringMatching(pattern).Example(g.IntN(1 << 30))
		if short := s[:min(len(s), max(n, 1))]; regexp.MustCompile(pattern).MatchString(short) {
			return short
		}
		return s
	}
	return strings.Repeat("t", n)
}

// someID returns the id of a memory that exists or existed, and sometimes an unknown one.
func (g *generator) someID() string {
	known := g.ids[g.tenant]
	if len(known) == 0 || g.oneIn(5) {
		id := sigil.NewID(time.UnixMilli(g.Int64N(1 << 42)))
		return pick(g, id.String(), strings.ToUpper(id.String()))
	}
	return pick(g, known...)
}

func (g *generator) object(schema object) string {
	properties, _ := schema["properties"].(object)
	required, _ := schema["required"].([]any)
	without := object{}
	if all, ok := schema["anyOf"].([]any); ok {
		one := resolve(g.root, pick(g, all...))
		more, _ := one["required"].([]any)
		required = slices.Concat(required, more)
		without, _ = one["properties"].(object)
	}
	var members []string
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		if without[name] == false {
			continue
		}
		if slices.Contains(required, any(name)) || g.oneIn(3) {
			members = append(members, g.space()+marshal(name)+g.space()+":"+g.space()+g.value(resolve(g.root, properties[name])))
		}
	}
	if open, _ := schema["additionalProperties"].(bool); open && g.oneIn(3) {
		members = append(members, fmt.Sprintf(`"x%d":%s`, g.IntN(100), g.any(2)))
	}
	g.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	return "{" + strings.Join(members, ",") + g.space() + "}"
}

func (g *generator) space() string { return pick(g, "", "", "", " ", "\n\t") }

// any returns any JSON value that a float64 and UTF-8 can hold.
func (g *generator) any(depth int) string {
	switch n := g.IntN(9); {
	case n < 2 && depth > 0:
		items := make([]string, g.IntN(4))
		for i := range items {
			items[i] = g.any(depth - 1)
		}
		return "[" + strings.Join(items, ",") + "]"
	case n < 4 && depth > 0:
		members := make([]string, g.IntN(4))
		for i := range members {
			members[i] = fmt.Sprintf(`"%s%d":%s`, pick(g, "k", "é", `\u00e9`, "\U0001f600", `\"`, ""), i, g.any(depth-1))
		}
		return "{" + strings.Join(members, g.space()+",") + "}"
	case n == 4:
		return pick(g, "0", "-0", "1.50", "1e308", "-1E-7", "12345678901234567890.123", "5e-324", strings.Repeat("9", 300))
	case n == 5:
		return pick(g, "true", "false", "null")
	}
	return `"` + secret + pick(g, "", `\u0000`, `\ud834\udd1e`, "\u2028", "日本", `\/\b`, "\x7f", strings.Repeat("long ", 200)) + `"`
}

func marshal(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// valid draws a request of e that the document allows.
func (g *generator) valid(e *endpoint) *exchange {
	g.tenant = pick(g, "public", "public", "other")
	x := &exchange{endpoint: e, method: e.method, path: e.path, host: "127.0.0.1", valid: true}
	query := url.Values{}
	for _, p := range e.params {
		name, schema := p["name"].(string), resolve(g.root, p["schema"])
		if required, _ := p["required"].(bool); !required && name != "Sigil-Tenant" && !g.oneIn(3) {
			continue
		}
		switch p["in"] {
		case "path":
			x.path = strings.ReplaceAll(x.path, "{"+name+"}", unquote(g.value(schema)))
		case "query":
			if p["explode"] == false {
				query.Set(name, strings.Trim(strings.Join(strings.Fields(g.value(schema)), ""), "[]"))
			} else if items, ok := schema["items"].(object); ok {
				for range g.IntN(3) {
					query.Add(name, unquote(g.value(items)))
				}
			} else if text := g.parameter(e, name, schema); text != "" {
				query.Set(name, text)
			}
		case "header":
			if name == "Sigil-Tenant" {
				if g.tenant == sigil.DefaultTenant && g.oneIn(2) {
					continue
				}
				x.set(name, g.tenant)
				continue
			}
			if name != "Idempotency-Key" {
				x.set(name, unquote(g.value(schema)))
				continue
			}
			x.idempotent = true
			x.set(name, pick(g, strings.TrimSpace("k" + unquote(g.value(schema)) + "k")[:1]+strconv.Itoa(g.IntN(50)), strings.TrimSpace("k"+unquote(g.value(schema)))))
		}
	}
	if e.id == "searchSimply" {
		g.oneToSearchFor(query)
	}
	if sigil.Sort(query.Get("sort")).ByFigures() || query.Has("superseded") {
		query.Del("cursor") // the known ones are those of lists by age
	}
	x.query = query.Encode()
	if len(e.bodies) > 0 {
		contentType := pick(g, slices.Sorted(maps.Keys(e.bodies))...)
		x.set("Content-Type", contentType)
		x.body = g.value(e.bodies[contentType])
		if contentType == "application/json" && g.oneIn(4) { // which a schema alone seldom hits upon, such as a signature
			x.body = pick(g, e.examples...)
		}
		if contentType == "application/x-ndjson" {
			x.body = asLines(x.body)
		}
		x.chunked = g.oneIn(5)
	}
	return x
}

// oneToSearchFor has a query either what is like a memory, or words or a vector, which the document says in words only.
func (g *generator) oneToSearchFor(query url.Values) {
	switch {
	case query.Has("like"):
		query.Del("q")
		query.Del("vector")
	case !query.Has("q") && !query.Has("vector"):
		query.Set("q", "kettle")
	}
}

func (g *generator) parameter(e *endpoint, name string, schema object) string {
	if name != "cursor" {
		return unquote(g.value(schema))
	}
	known := g.cursors[e.form()]
	if len(known) == 0 {
		return ""
	}
	return pick(g, known...)
}

// unquote returns a JSON string's text, and other JSON unchanged.
func unquote(raw string) string {
	var s string
	if json.Unmarshal([]byte(raw), &s) == nil {
		return s
	}
	return raw
}

// asLines returns the values of an array as NDJSON.
func asLines(array string) string {
	var items []json.RawMessage
	if err := json.Unmarshal([]byte(array), &items); err != nil {
		panic(err)
	}
	var lines strings.Builder
	for _, item := range items {
		lines.WriteString(strings.NewReplacer("\n", " ", "\t", " ").Replace(string(item)) + "\n")
	}
	return lines.String()
}
