package httpapi

import (
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/sigil-dna/sigil"
)

// route is one operation. Its path is the one in the OpenAPI document; a verb may follow "{id}:".
type route struct {
	method, path string
	params       []string // the query parameters it accepts; others are refused
	lists        []string // those of params that may be repeated
	open         bool     // it has no tenant, as health and documents
	endless      bool     // it may be a stream
	// short means that a small request is soon answered with a small answer, so that it may be served on a
	// connection that does not notice when the client leaves.
	short bool
	// slow means that the time limit is longer, and slowIf names a parameter which, if true, makes it longer.
	slow   bool
	slowIf string
	// leaves means that a client that leaves cancels the request at once.
	leaves bool
	serve  func(*API, *call) error
}

// routes returns all operations. A test compares them with those of the OpenAPI document.
func routes() []route {
	all := []route{
		{method: "POST", path: "/v1/sigils", short: true, serve: (*API).encode},
		{method: "POST", path: "/v1/sigils:batch", serve: (*API).encodeBatch},
		{method: "POST", path: "/v1/sigils:import", serve: (*API).importMemories, params: []string{"dryRun"}},
		{method: "GET", path: "/v1/sigils:export", serve: (*API).export, params: []string{"limit", "cursor", "superseded"}},
		{method: "GET", path: "/v1/tenants", serve: (*API).tenants},
		{method: "POST", path: "/v1/sigils:recall", serve: (*API).recallMany},
		{method: "POST", path: "/v1/sigils:restore", serve: (*API).restoreMany},
		{method: "POST", path: "/v1/sigils:erase", slow: true, serve: (*API).eraseMany},
		{method: "GET", path: "/v1/sigils", serve: (*API).list, params: []string{"limit", "cursor", "crystallized", "pinned", "pattern", "fadingAfter", "fadingBefore", "content", "tag", "q", "sort"}, lists: []string{"tag"}},
		{method: "POST", path: "/v1/sigils:search", serve: (*API).search},
		{
			method: "GET", path: "/v1/sigils:search", serve: (*API).searchSimply,
			params: []string{
				"q", "like", "vector", "limit", "cursor", "tag", "anyTag", "notTag", "crystallized", "pinned", "pattern",
				"createdAfter", "createdBefore", "fadingAfter", "fadingBefore", "minScore", "weights.words", "weights.meaning", "weights.freshness", "weights.strength",
				"maxBytes", "highlight", "explain", "content",
			},
			lists: []string{"tag", "anyTag", "notTag"},
		},
		{method: "GET", path: "/v1/sigils/{id}", short: true, serve: (*API).peek, params: []string{"spiral"}},
		{method: "DELETE", path: "/v1/sigils/{id}", short: true, slowIf: "erase", serve: (*API).forget, params: []string{"erase"}},
		{method: "PATCH", path: "/v1/sigils/{id}", serve: (*API).changeMemory},
		{method: "POST", path: "/v1/sigils/{id}:recall", short: true, serve: (*API).recall},
		{method: "POST", path: "/v1/sigils/{id}:correct", short: true, serve: (*API).correct},
		{method: "GET", path: "/v1/sigils/{id}/history", serve: (*API).history, params: []string{"limit", "cursor", "content"}},
		{method: "POST", path: "/v1/sigils/{id}:restore", short: true, serve: (*API).restore},
		{method: "POST", path: "/v1/sigils/{id}:pin", short: true, serve: (*API).pin},
		{method: "POST", path: "/v1/sigils/{id}:unpin", short: true, serve: (*API).unpin},
		{method: "GET", path: "/v1/removed", serve: (*API).removed, params: []string{"limit", "cursor", "content"}},
		{method: "GET", path: "/v1/receipts/key", serve: (*API).receiptKey},
		{method: "GET", path: "/v1/sigils/{id}/related", short: true, serve: (*API).related, params: []string{"limit", "min", "content"}},
		{method: "GET", path: "/v1/sigils/{id}/explain", serve: (*API).explain},
		{method: "GET", path: "/v1/forecast", serve: (*API).forecast, params: []string{"within", "policy", "limit", "bins", "tag"}, lists: []string{"tag"}},
		{method: "GET", path: "/v1/crystals", serve: (*API).crystals, params: []string{"limit", "cursor", "kind", "lattice"}},
		{method: "GET", path: "/v1/patterns", serve: (*API).patterns},
		{method: "GET", path: "/v1/identity", serve: (*API).identity},
		{method: "GET", path: "/v1/stats", serve: (*API).stats},
		{method: "GET", path: "/v1/events", serve: (*API).events, params: []string{"after", "limit", "latest", "recalls", "tenant"}, endless: true},
		{method: "GET", path: "/v1/ws", serve: (*API).socket, params: []string{"after", "recalls", "tenant"}, endless: true},
		{method: "POST", path: "/v1/code:sign", serve: (*API).codeSign},
		{method: "POST", path: "/v1/code:verify", serve: (*API).codeVerify},
		{method: "POST", path: "/v1/code", serve: (*API).codeRegister},
		{method: "GET", path: "/v1/code", serve: (*API).codeList, params: []string{"limit", "cursor", "signer"}},
		{method: "GET", path: "/v1/code/{hash}", serve: (*API).codeLookup, params: []string{"limit", "cursor"}},
		{method: "DELETE", path: "/v1/code/{hash}", serve: (*API).codeRevoke, params: []string{"id", "reason"}},
		{method: "POST", path: "/v1/sweeps/{job}", slow: true, serve: (*API).sweep},
		{method: "GET", path: "/v1/policy", serve: (*API).policy},
		{method: "PUT", path: "/v1/policy", serve: (*API).setPolicy},
		{method: "DELETE", path: "/v1/policy", serve: (*API).unsetPolicy, params: []string{"dryRun"}},
		{method: "POST", path: "/v1/clock:confirm", serve: (*API).confirmClock},
		{method: "POST", path: "/v1/backups", slow: true, leaves: true, serve: (*API).makeBackup},
		{method: "GET", path: "/v1/backups", serve: (*API).backups},
		{method: "GET", path: "/v1/embeddings", serve: (*API).embeddings},
		{method: "POST", path: "/v1/embeddings:rebuild", slow: true, serve: (*API).rebuildEmbeddings},
		{method: "POST", path: "/v1/embeddings:stop", serve: (*API).stopEmbeddings},
		{method: "POST", path: "/v1/embeddings:resume", serve: (*API).resumeEmbeddings},

		{method: "GET", path: "/livez", serve: (*API).alive, open: true},
		{method: "GET", path: "/healthz", serve: (*API).alive, open: true},
		{method: "GET", path: "/health", serve: (*API).alive, open: true},
		{method: "GET", path: "/readyz", serve: (*API).ready, open: true},
		{method: "GET", path: "/metrics", serve: (*API).metrics, open: true},
		{method: "GET", path: "/openapi.json", serve: (*API).openAPI, open: true},
		{method: "GET", path: "/docs", serve: (*API).docs, open: true},
		{method: "GET", path: "/", serve: (*API).landing, open: true},
		{method: "GET", path: "/assets/{file}", serve: (*API).asset, open: true},
	}
	for _, prefix := range oldPrefixes {
		all = append(
			all,
			route{method: "POST", path: prefix + "/sigils", serve: (*API).oldEncode},
			route{method: "GET", path: prefix + "/sigils", serve: (*API).oldList, params: []string{"limit", "cursor"}},
		)
	}
	return all
}

// Short reports whether a request, if its body is small, is soon answered with a small answer. Most are;
// lists, batches and streams are not.
func Short(method, path, query string) bool {
	for i := range shortRoutes {
		if rt := &shortRoutes[i]; rt.method == method && rt.matches(path) {
			return (rt.verb != "/related" || fewNeighbors(query)) && (rt.slowIf == "" || !strings.Contains(query, rt.slowIf))
		}
	}
	return false
}

// shortRoute is a short route, with its path split at the id.
type shortRoute struct {
	method, path string
	id           bool
	verb         string
	slowIf       string
}

var shortRoutes = func() (all []shortRoute) {
	for _, rt := range routes() {
		if rt.short {
			before, after, id := strings.Cut(rt.path, "{id}")
			all = append(all, shortRoute{method: rt.method, path: before, id: id, verb: after, slowIf: rt.slowIf})
		}
	}
	return all
}()

func (rt *shortRoute) matches(path string) bool {
	if !rt.id {
		return path == rt.path
	}
	rest, ok := strings.CutPrefix(path, rt.path)
	if !ok {
		return false
	}
	id, ok := strings.CutSuffix(rest, rt.verb)
	return ok && strings.IndexByte(id, '/') < 0 && strings.IndexByte(id, ':') < 0
}

// fewNeighbors reports whether a query asks for at most 100 neighbors, or has no limit.
func fewNeighbors(query string) bool {
	_, limit, ok := strings.Cut(query, "limit=")
	limit, _, _ = strings.Cut(limit, "&")
	return !ok || len(limit) <= len("99") || limit == "100"
}

// register adds the routes to the mux, with one pattern for all routes that share a path. [API.dispatch]
// chooses among these by verb and method, so that every refusal is a problem.
func (a *API) register() {
	byPattern := map[string][]route{"/": nil} // "/" matches what no other pattern does
	for _, rt := range routes() {
		pattern, _ := cutVerb(rt.path)
		if pattern == "/" {
			pattern = "/{$}"
		}
		byPattern[pattern] = append(byPattern[pattern], rt)
	}
	for pattern, candidates := range byPattern {
		if !strings.ContainsAny(pattern, "{}") && pattern != "/" {
			a.exact[pattern] = candidates
		}
		a.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			c := w.(*call) // ServeHTTP passed it to the mux
			if err := a.dispatch(c, candidates); err != nil {
				c.fail(err)
			}
		})
	}
}

// cutVerb splits "/v1/sigils/{id}:pin" into "/v1/sigils/{id}" and "pin". The mux cannot do that: its
// wildcards are whole segments.
func cutVerb(path string) (before, verb string) {
	if before, verb, ok := strings.Cut(path, "}:"); ok {
		return before + "}", verb
	}
	return path, ""
}

// dispatch serves the candidate that matches the request's verb and method.
func (a *API) dispatch(c *call, candidates []route) error {
	wildcard := "id"
	if c.r.PathValue("hash") != "" {
		wildcard = "hash"
	}
	id, verb, colon := strings.Cut(c.r.PathValue(wildcard), ":")
	if colon && verb == "" {
		return unknownPath()
	}
	if err := knownJob(c.r); err != nil {
		return err
	}
	var allow []string
	for _, rt := range candidates {
		if _, v := cutVerb(rt.path); v != verb {
			continue
		}
		c.route = rt.path
		if rt.method == c.r.Method || rt.method == http.MethodGet && c.r.Method == http.MethodHead {
			if colon {
				c.r.SetPathValue(wildcard, id)
			}
			return a.serve(c, rt)
		}
		if allow = append(allow, rt.method); rt.method == http.MethodGet {
			allow = append(allow, http.MethodHead)
		}
	}
	if allow == nil {
		return unknownPath()
	}
	allow = c.allow(allow)
	if c.r.Method == http.MethodOptions {
		c.WriteHeader(http.StatusNoContent)
		return nil
	}
	return refusal("method_not_allowed", "", "this path takes "+strings.Join(allow, ", "))
}

// allow sets the header Allow to methods and OPTIONS, and returns them sorted.
func (c *call) allow(methods []string) []string {
	methods = append(slices.Clone(methods), http.MethodOptions)
	slices.Sort(methods)
	methods = slices.Compact(methods)
	c.Header().Set("Allow", strings.Join(methods, ", "))
	return methods
}

// options answers OPTIONS *, which asks about the whole service, with the methods of all routes.
func (c *call) options() {
	methods := []string{http.MethodHead}
	for _, rt := range routes() {
		methods = append(methods, rt.method)
	}
	c.allow(methods)
	c.WriteHeader(http.StatusNoContent)
}

func unknownPath() error {
	return refusal("unknown_path", "", "unknown path; /docs lists all paths")
}

// plain reports whether a path has no double slashes or dot segments. The mux would redirect them to the
// cleaned path, and many clients turn a redirected POST into a GET.
func plain(r *http.Request) bool {
	p := r.URL.EscapedPath()
	clean := path.Clean(p)
	return r.RequestURI != "*" && strings.HasPrefix(p, "/") && (p == clean || p == clean+"/" && clean != "/")
}

// knownJob returns an error if the path names a job that does not exist. It is called before all other
// checks, since an unknown path is 404 whatever else is wrong with the request.
func knownJob(r *http.Request) error {
	switch sigil.Job(r.PathValue("job")) {
	case "", sigil.DecayJob, sigil.CrystallizeJob:
		return nil
	}
	return refusal("unknown_path", "job", "must be decay or crystallize")
}

func (a *API) serve(c *call, rt route) (err error) {
	if !rt.open {
		if a.engine == nil {
			return a.notYet()
		}
		if c.tenant, err = tenant(c.r); err != nil {
			return err
		}
		if c.query, err = readQuery(c.r.URL.RawQuery, rt.params, rt.lists); err != nil {
			return err
		}
		if c.query.values.Has("tenant") { // from a browser, which cannot set headers of a stream
			c.tenant = c.query.text("tenant")
			if err := sigil.CheckTenant(c.tenant); err != nil {
				return err
			}
		}
	}
	if !rt.endless {
		rt.slow = rt.slow || rt.slowIf != "" && c.query.values.Get(rt.slowIf) == "true"
		defer c.bound(&rt)()
	}
	return rt.serve(a, c)
}
