package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"regexp"
	"strings"

	"github.com/sigil-dna/sigil/internal/prove/apitest"
)

// mutation makes a valid request nearly valid, or returns false if it cannot. It sets wrong if the document
// certainly refuses the result.
type mutation struct {
	name   string
	mutate func(g *generator, x *exchange) bool
}

// policyMember finds a policy in a body, all of which are strings without escapes.
var policyMember = regexp.MustCompile(`"policy"\s*:\s*"[^"]*"`)

func ofBody(change func(g *generator, x *exchange) bool) func(g *generator, x *exchange) bool {
	return func(g *generator, x *exchange) bool {
		return x.body != "" && !strings.Contains(x.body, "\n{") && change(g, x) // not of more than a line
	}
}

// putBody replaces the body by one that must be refused.
func putBody(text func(g *generator, old string) string) func(g *generator, x *exchange) bool {
	return ofBody(func(g *generator, x *exchange) bool {
		x.body = text(g, x.body)
		x.wrong = !x.batch() && (x.body != "" || x.endpoint.bodyRequired)
		return true
	})
}

func (x *exchange) batch() bool {
	return strings.HasSuffix(x.path, ":batch") || strings.HasSuffix(x.path, ":import") || strings.HasSuffix(x.path, "sigils:recall") || strings.HasSuffix(x.path, "sigils:restore")
}

// member returns a mutation that adds a member to the object that is the body, or to the first of a batch.
func member(texts ...string) func(g *generator, x *exchange) bool {
	return ofBody(func(g *generator, x *exchange) bool {
		before, after, ok := strings.Cut(x.body, "{")
		if !ok || strings.Contains(before, secret) {
			return false
		}
		comma := ","
		if strings.HasPrefix(strings.TrimSpace(after), "}") {
			comma = ""
		}
		x.body, x.wrong = before+"{"+pick(g, texts...)+comma+after, !x.batch()
		return true
	})
}

func header(name string, wrong bool, values ...string) func(g *generator, x *exchange) bool {
	return func(g *generator, x *exchange) bool {
		x.set(name, pick(g, values...))
		x.wrong = wrong
		return true
	}
}

func parameters(wrong bool, texts ...string) func(g *generator, x *exchange) bool {
	return func(g *generator, x *exchange) bool {
		if x.query != "" {
			x.query += "&"
		}
		x.query += pick(g, texts...)
		x.wrong = wrong && !x.open()
		return true
	}
}

// open reports whether the path belongs to no tenant, and so ignores unknown parameters.
func (x *exchange) open() bool {
	for _, p := range x.endpoint.params {
		if p["name"] == "Sigil-Tenant" {
			return false
		}
	}
	return true
}

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.String()
}

var mutations = []mutation{
	{"a policy that is none", ofBody(func(g *generator, x *exchange) bool {
		none := `"policy":` + marshal(pick(g, "", "forever", "halflife h=0s", "halflife h=7", "halflife rate=1", "power s=1ns", "fsrs d=0", "classic threshold=2", "classic grace=-1s", "power floor=1"))
		if !policyMember.MatchString(x.body) {
			return false
		}
		x.body, x.wrong = policyMember.ReplaceAllLiteralString(x.body, none), !x.batch()
		return true
	})},
	{"cut short", putBody(func(g *generator, old string) string { return old[:g.IntN(max(1, len(strings.TrimSpace(old))-1))] })},
	{"a byte changed", ofBody(func(g *generator, x *exchange) bool {
		b := []byte(x.body)
		b[g.IntN(len(b))] = byte(g.IntN(256))
		x.body = string(b)
		return true
	})},
	{"trailing garbage", putBody(func(g *generator, old string) string { return old + pick(g, "x", "{}", "]", "\x00", "//") })},
	{"another kind of JSON", putBody(func(g *generator, _ string) string {
		return pick(g, "null", `"`+secret+`"`, "1e999", "true", "[[]", "\"\xff\"", "\ufeff{}")
	})},
	{"unknown member", member(`"unknown":1`, `"Data":"`+secret+`"`, `"__proto__":{}`, `"":0`, `"é\u0000":[]`, `"`+strings.Repeat("k", 500)+`":1`, `"`+strings.Repeat("é", 300)+`":1`)},
	{"member of the wrong kind", member(`"state":1`, `"state":null`, `"ttl":true`, `"ttl":[]`, `"pinned":"true"`, `"tags":{}`, `"tags":[1]`, `"ids":{}`, `"consciousnessState":[]`, `"metadata":1`, `"query":1`, `"limit":"x"`, `"anyTags":[1]`, `"weights":[]`, `"recall":0`, `"createdAfter":1`, `"from":"1"`, `"to":-1`)},
	{"member out of range", member(
		`"state":{"phi":1.0000001}`, `"state":{"phi":-1e-300}`, `"state":{"awareness":1e400}`, `"ttl":0`, `"ttl":-1`, `"ttl":1e300`, `"ttl":"36501d"`, `"ttl":"0s"`, `"ttl":"`+secret+`"`,
		`"tags":[""]`, `"tags":["`+strings.Repeat("é", 65)+`"]`, `"tags":["a"`+strings.Repeat(`,"a"`, 32)+`]`, `"state":{"x":"`+strings.Repeat("a", 5000)+`"}`, `"data":`+strings.Repeat("9", 400),
		`"query":" "`, `"query":"`+strings.Repeat("q", 4097)+`"`, `"minScore":4.1`, `"maxBytes":-1`, `"weights":{"strength":1.1}`, `"pattern":162`, `"fadingBefore":"0001-01-01T00:00:00Z"`,
	)},
	{"key twice", member(`"data":1,"data":2`, `"d\u0061ta":1,"data":2`, `"data":{"a":{"b":1,"b":2}}`, `"ids":[],"ids":[]`, `"state":{"x":1,"x":2}`)},
	{"odd text", member(`"data":"\ud800"`, `"data":"`+secret+"\xff"+`"`, `"data":{"\udfff":1}`, `"tags":["\ud800"]`, "\"data\":\"\x01\"", `"data":"\x"`)},
	{"too deep", member(`"data":`+apitest.Nested(65), `"data":`+strings.Repeat("[", 20_000), `"state":{"x":`+apitest.Nested(70)+`}`)},
	{"too long", putBody(func(_ *generator, old string) string { return old + strings.Repeat(" ", liveBatch+1) })},
	{"too long, a little", member(`"data":"` + strings.Repeat("a", liveData) + `"`)},
	{"no body", func(_ *generator, x *exchange) bool {
		x.wrong, x.body = x.body != "" && x.endpoint.bodyRequired && !strings.Contains(x.header("Content-Type"), "ndjson"), ""
		return true
	}},
	{"gzip", ofBody(func(g *generator, x *exchange) bool {
		x.set("Content-Encoding", pick(g, "gzip", "br", "deflate, gzip", "x"))
		if g.oneIn(2) {
			x.body = gzipped(x.body)
		}
		x.wrong = true
		return true
	})},
	{"a body where none is asked for", func(g *generator, x *exchange) bool {
		if len(x.endpoint.bodies) > 0 {
			return false
		}
		x.body, x.chunked = g.any(3), g.oneIn(2)
		return true
	}},

	{"content type", func(g *generator, x *exchange) bool {
		if len(x.endpoint.bodies) == 0 {
			return false
		}
		return header("Content-Type", true, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; charset=utf-16", "application/jsonx", "/", ";;", "\"", "application/xml")(g, x)
	}},
	{"tenant", func(g *generator, x *exchange) bool {
		return header("Sigil-Tenant", !x.open(), "", "a/b", "..", "-a", strings.Repeat("a", 65), "ü", "a b", "a\tb", "\xff")(g, x)
	}},
	{"tenant twice", func(_ *generator, x *exchange) bool {
		x.headers = append(x.headers, [2]string{"Sigil-Tenant", "a"}, [2]string{"sigil-tenant", "b"})
		x.wrong = !x.open()
		return true
	}},
	{"idempotency key", func(g *generator, x *exchange) bool {
		takes := false
		for _, p := range x.endpoint.params {
			takes = takes || p["name"] == "Idempotency-Key"
		}
		return header("Idempotency-Key", takes, "", "a\tb", "ü", strings.Repeat("k", 256), "\xff", "a\u00a0b")(g, x)
	}},
	{"origin", func(g *generator, x *exchange) bool {
		header(pick(g, "Origin", "Sec-Fetch-Site"), x.method != "GET", "cross-site", "https://evil.example")(g, x)
		if x.header("Origin") == "cross-site" || x.header("Sec-Fetch-Site") == "https://evil.example" {
			x.wrong = false
		}
		return true
	}},
	{"host", func(g *generator, x *exchange) bool {
		if x.path == "/livez" || x.path == "/readyz" || x.path == "/healthz" { // they answer under any
			return false
		}
		x.host, x.wrong = pick(g, "evil.example", "127.0.0.1.evil.example", "0.0.0.0", "[::]", "localhost:80:80", "2130706433"), true
		return true
	}},
	{"odd headers", func(g *generator, x *exchange) bool {
		for range 1 + g.IntN(3) {
			x.set(pick(g,
				"Accept", "Accept-Encoding", "Accept-Language", "Range", "If-None-Match", "If-Modified-Since", "Expect", "X-Request-Id",
				"X-HTTP-Method-Override", "Forwarded", "X-Forwarded-Host", "Cookie", "Authorization", "Te", "Trailer", "Upgrade", "Cache-Control",
			), pick(g,
				"*", "*/*", "gzip", "bytes=0-1", "text/html", "100-continue", "DELETE", "a b", strings.Repeat("x", 300), "\"", "ü\xff", "a=b; c=d", "websocket", "", "application/openmetrics-text; version=1.0.0", "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
			))
		}
		return true
	}},

	{"unknown parameter", parameters(true, "unknown=1", "Limit=1", "%00=1", "a%0d%0aX-Evil:1=1", "%ff=1", strings.Repeat("%80", 300)+"=1", strings.Repeat("%C3%A9", 150)+"=1", "limit%20=1", "=1")},
	{"query that is none", parameters(true, "limit=%zz", "%", "a;b=1", "limit=%4", "%%%=%")},
	{"parameter twice", func(g *generator, x *exchange) bool {
		name, _, ok := strings.Cut(x.query, "=")
		if !ok {
			return false
		}
		for _, p := range x.endpoint.params {
			if schema, ok := p["schema"].(object); ok && p["name"] == name && resolve(g.root, schema)["type"] == "array" {
				return false // it may be repeated
			}
		}
		return parameters(true, name+"=1", name+"=", name)(g, x)
	}},
	{"parameter out of range", func(g *generator, x *exchange) bool {
		for _, p := range x.endpoint.params {
			if p["in"] == "query" && g.oneIn(2) {
				x.query = fmt.Sprintf("%s=%s", p["name"], pick(g,
					"0", "-1", "1001", "1e3", "99999999999999999999", "0x10", "NaN", "Inf", "1.5", "162", "-0", "TRUE", "1", "yes", "null", "%00", "%F0%9F%98%80", "x", "+5", "_",
					"2026-13-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-01-31T12:00:00", "AQ", "AQAAAAAAAAAAAAAAAAAAAAB", strings.Repeat("A", 5000), "", "0.85", "1", "memory",
				))
				return true
			}
		}
		return false
	}},

	{"id", func(g *generator, x *exchange) bool {
		if !strings.Contains(x.endpoint.path, "{id}") {
			return false
		}
		x.path = strings.ReplaceAll(x.endpoint.path, "{id}", pick(g, "x", "%00", "%ff", "..", "%2e%2e", "a%2Fb", "019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e5", "%7B019a5f3e7c007a3b8d213f0a9c6b1e55%7D", strings.Repeat("a", 3000), ":", "019a5f3e-7c00-7a3b-8d21-3f0a9c6b1e5g", "%E2%80%AE", "urn:uuid:x", "%"))
		x.wrong = true
		return true
	}},
	{"hash", func(g *generator, x *exchange) bool {
		if !strings.Contains(x.endpoint.path, "{hash}") {
			return false
		}
		sum := strings.Repeat("0aF", 22)[:64]
		x.path = strings.ReplaceAll(x.endpoint.path, "{hash}", pick(g, "x", "%00", "..%2f", sum, strings.ToLower(sum)[:63], strings.ToLower(sum)+"a", "sha256:"+strings.ToLower(sum), "%E2%80%AE", strings.Repeat("a", 3000)))
		x.wrong = true
		return true
	}},
	{"member about code", func(g *generator, x *exchange) bool {
		done := strings.HasPrefix(x.endpoint.path, "/v1/code") && member(
			`"name":""`, `"name":"../`+secret+`"`, `"name":1`, `"content":"%"`, `"content":"YQ"`, `"content":null`, `"sha256":"`+strings.Repeat("A", 64)+`"`, `"size":-1`, `"size":1.5`, `"size":"1"`,
			`"detached":[]`, `"header":{}`, `"blocks":true`, `"publicKey":"`+secret+`"`, `"publicKeys":[1]`, `"publicKeys":"`+secret+`"`,
		)(g, x)
		if strings.HasSuffix(x.path, ":verify") && strings.Contains(x.body, `"name":"../`) {
			x.wrong = false // a file may be anywhere when it is verified
		}
		return done
	}},
	{"another path", func(g *generator, x *exchange) bool {
		x.path = pick(g, "/"+x.path, x.path+"/", x.path+"/x", x.path+":fly", x.path+"%3Apin", "/v1/.."+x.path, "/./"+x.path[1:], strings.ToUpper(x.path)+"X", x.path+"%20", x.path+"//", "/v2", "/v1", "/%2e%2e/"+x.path, "//evil.example"+x.path, "/api/consciousness/", "/openapi.yaml", "/favicon.ico", "/debug/pprof/")
		x.wrong = true
		return true
	}},
	{"the same path, spelled otherwise", func(_ *generator, x *exchange) bool {
		if i := strings.IndexAny(x.path, "gsli"); i > 0 {
			x.path = fmt.Sprintf("%s%%%02X%s", x.path[:i], x.path[i], x.path[i+1:])
		}
		return true
	}},
	{"method", func(g *generator, x *exchange) bool {
		x.method = pick(g, "PUT", "PATCH", "OPTIONS", "TRACE", "BREW", "get", "HEAD", "DELETE", "CONNECT", "POST", "GET", "PROPFIND")
		return true
	}},
}

func (x *exchange) header(name string) string {
	for _, h := range x.headers {
		if strings.EqualFold(h[0], name) {
			return h[1]
		}
	}
	return ""
}

// nearly makes a valid request nearly valid, by one mutation or two.
func (g *generator) nearly(x *exchange) {
	var names []string
	wrong := false
	for range 1 + g.IntN(10)/8 {
		m := mutations[g.IntN(len(mutations))]
		for !m.mutate(g, x) {
			m = mutations[g.IntN(len(mutations))]
		}
		names, wrong = append(names, m.name), x.wrong
	}
	x.valid, x.wrong, x.mutation = false, wrong && len(names) == 1, strings.Join(names, ", ")
}
