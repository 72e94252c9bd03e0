// Package httpapi is the REST API of the engine. It reads requests into the parameters of the engine's verbs,
// and writes the results, or a problem from one table of codes (problem.go).
//
// It owns paths, headers, statuses, the reading of JSON from outside and the OpenAPI document (openapi.yaml).
// A test compares that document with the routes and with every answer seen in tests. The package does not
// know drivers, Prometheus, flags or sockets: the daemon passes an engine and a few funcs, and serves the
// API. It holds no lock across I/O and starts no goroutines; those of streams are in package live.
package httpapi

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/bus"
	"github.com/sigil-dna/sigil/internal/httpapi/draft"
	"github.com/sigil-dna/sigil/internal/httpapi/live"
)

// Options configure an API. Nil and the zero value mean the defaults.
type Options struct {
	// Version is shown in the OpenAPI document and by health checks; empty is "dev".
	Version string
	// Logger gets one line for each request, at level Debug if the status is below 500, else at level Error
	// with the cause. The line never contains a payload, a query or the id of a memory. Nil means
	// [slog.Default].
	Logger *slog.Logger
	// Ready returns why the service cannot accept requests now; /readyz calls it. If nil, it is always ready. The
	// error's text is logged; only the detail of a [*sigil.Error] is shown.
	Ready func() error
	// Metrics answers /metrics; nil makes it an unknown path.
	Metrics http.Handler
	// MCP answers /mcp; nil makes it an unknown path.
	MCP MCP
	// Console serves / and /assets/; if nil, a page there describes what can be done without one.
	Console Console
	// Observe is called for each answered request, on its goroutine. route is a path of the OpenAPI document,
	// "/mcp" or "unmatched", and method a standard one or "OTHER": both have few values, so that they can be labels.
	Observe func(route, method string, status int, took time.Duration)
	// Code configures signatures of code.
	Code Code
	// MaxBody is the maximum length in bytes of a body, and of one item in a batch. 0 means the engine's limit
	// for data plus 64 KiB for the other members.
	MaxBody int64
	// MaxBatchBody is the maximum length in bytes of a batch's body; 0 means 64 MiB. A batch is held in
	// memory.
	MaxBatchBody int64
	// MaxHeld is the maximum number of bytes of request bodies, and of answers with memories, held at once.
	// Further requests wait for a while and are then refused. 0 means 256 MiB.
	MaxHeld int64
	// RequestTimeout is how long after the whole request has arrived its context ends; for a sweep, it is five
	// times as long. It does not apply to streams. 0 means no limit. See also [Timed].
	RequestTimeout time.Duration
	// MaxSubscribers is the maximum number of readers that follow the journal at once, by any means; 0 is 1,000.
	MaxSubscribers int
	// MaxStreams is the maximum number of event streams and WebSockets at once, subscribed or not. Further
	// ones are refused, so that connections remain for other requests. 0 means no limit.
	MaxStreams int
	// Subscribers is called for each subscriber that comes (1) and goes (−1), Lagged for each that fell
	// behind, and Lagging for each that falls behind (1) and has caught up or gone (−1).
	Subscribers func(change int)
	Lagged      func()
	Lagging     func(change int)
	// Backups makes and lists backups; nil refuses both.
	Backups Backups
	// LoopbackOnly refuses requests whose Host is not localhost or a loopback address. Set it if the service listens
	// on loopback without credentials: otherwise a page in a browser could reach it under a name of its own that
	// resolves to 127.0.0.1.
	LoopbackOnly bool
	// AllowedHosts are further names that are accepted, without a port.
	AllowedHosts []string
}

// Console is a page and its files.
type Console interface {
	http.Handler
	// Has reports whether there is a file at path.
	Has(path string) bool
}

// API answers HTTP requests. It may be used from any goroutine. Its creator closes it.
type API struct {
	engine  *engine.Engine
	options Options
	mux     *http.ServeMux
	exact   map[string][]route // the routes whose paths have no wildcard, found faster than by the mux
	origins *http.CrossOriginProtection
	live    *live.Server
	drafts  draft.Reader
	memory  memory
}

// New returns the REST API of e. If o is nil, the defaults apply. While the store is not open yet, e is nil:
// then only requests that need no engine, such as health checks, are answered, and others get 503 with the
// error of Ready.
func New(e *engine.Engine, o *Options) *API {
	a := &API{engine: e, mux: http.NewServeMux(), exact: map[string][]route{}, origins: http.NewCrossOriginProtection()}
	if o != nil {
		a.options = *o
	}
	if a.options.Version == "" {
		a.options.Version = "dev"
	}
	if a.options.Logger == nil {
		a.options.Logger = slog.Default()
	}
	if a.options.MaxBody == 0 && e != nil {
		a.options.MaxBody = int64(e.Limits().Data) + 64<<10
	}
	if a.options.MaxBatchBody == 0 {
		a.options.MaxBatchBody = 64 << 20
	}
	a.memory.most = a.options.MaxHeld
	if a.memory.most == 0 {
		a.memory.most = 256 << 20
	}
	if e != nil {
		a.drafts = draft.Reader{Depth: e.Limits().Depth, Tags: e.Limits().Tags}
	}
	a.live = live.New(e, &live.Options{
		Logger: a.options.Logger, Observe: a.options.Observe, Drafts: a.drafts, Memory: &a.memory,
		MaxMessage: a.options.MaxBody, MaxStreams: a.options.MaxStreams,
		Bus: bus.Options{Subscribers: a.options.MaxSubscribers, Count: a.options.Subscribers, Lagged: a.options.Lagged, Behind: a.options.Lagging},
	})
	if e != nil {
		e.OnErase(a.live.Redact)
	}
	a.register()
	return a
}

// These headers are in every answer. All answers share the slices, which are never appended to.
var (
	nosniff = []string{"nosniff"}
	noStore = []string{"no-store"}
)

// ServeHTTP answers one request. A panic becomes a problem with status 500 or, if the answer has begun, a broken
// connection.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{ResponseWriter: w, r: r, api: a, begin: time.Now(), id: requestID(r.Header)}
	defer c.finish()

	h := c.Header()
	h["X-Request-Id"] = []string{c.id} // the names are in canonical form; Set would check that
	h["X-Content-Type-Options"] = nosniff
	h["Cache-Control"] = noStore
	if err := a.guard(r); err != nil && !probe(r) {
		c.fail(err)
		return
	}
	if r.URL.Path == mcpPath && a.options.MCP != nil {
		c.route = mcpPath
		if err := a.mcp(c); err != nil {
			c.fail(err)
		}
		return
	}
	if candidates, ok := a.exact[r.URL.Path]; ok && r.URL.RawPath == "" && r.Method != http.MethodConnect {
		if err := a.dispatch(c, candidates); err != nil {
			c.fail(err)
		}
		return
	}
	if r.Method == http.MethodOptions && r.RequestURI == "*" {
		c.options()
		return
	}
	if !plain(r) {
		c.fail(unknownPath())
		return
	}
	a.mux.ServeHTTP(c, r)
}
