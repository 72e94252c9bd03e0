// Package mcp lets assistants use the engine by the Model Context Protocol: tools, resources and prompts, over
// stateless streamable HTTP.
//
// It knows the engine's verbs and the protocol's library, and no sockets, paths or credentials: the API passes it
// each request with its tenant. What it answers has no numbers over 2^53, no raw JSON and no maps, since the library
// changes or refuses those after the work is done. It starts no goroutines; the library runs handlers on its own,
// where a panic would end the process, so they are recovered here.
package mcp

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
)

// Options configure a Server. The zero value means the defaults.
type Options struct {
	Version string       // of the program, as clients see it; empty means "dev"
	Logger  *slog.Logger // nil means [slog.Default]
	// Timeout is how long one call may take; 0 means no limit. A client of a protocol before 2026-07-28 that hangs up does
	// not end its call, so only this does.
	Timeout time.Duration
	// EraseTimeout is how long a call of erase may take; 0 means Timeout.
	EraseTimeout time.Duration
	// Called, if not nil, is told of each call of a tool that there is, also of one that was refused for its arguments. It is called from any
	// goroutine.
	Called func(tool string, failed bool, took time.Duration)
}

// Server answers requests of the protocol. It may be used from any goroutine, and needs no end.
type Server struct {
	engine       *engine.Engine
	log          *slog.Logger
	timeout      time.Duration
	eraseTimeout time.Duration
	called       func(tool string, failed bool, took time.Duration)
	tools        map[string]bool // by name, of all profiles
	handler      http.Handler
}

// listTime is how long clients may keep the lists of tools, resources and prompts, which change only with the program.
const listTime = 5 * time.Minute

// New returns a server over e.
func New(e *engine.Engine, o Options) *Server {
	s := &Server{engine: e, log: o.Logger, timeout: o.Timeout, eraseTimeout: cmp.Or(o.EraseTimeout, o.Timeout), called: o.Called, tools: map[string]bool{}}
	if s.log == nil {
		s.log = slog.Default()
	}
	byProfile := map[string]*sdk.Server{}
	for _, profile := range profiles {
		options := s.options()
		if profile == "graph" { // which has only tools
			options.Instructions, options.CompletionHandler = "", nil
			options.Capabilities.Resources, options.Capabilities.Prompts = nil, nil
		}
		server := s.server(o.Version, options)
		switch profile {
		case "graph":
			s.addGraph(server)
		case "full":
			s.addFull(server)
			fallthrough
		default:
			s.addTools(server)
			s.addResources(server)
			addPrompts(server)
		}
		byProfile[profile] = server
	}
	byProfile[""] = byProfile["default"]
	s.handle(byProfile)
	return s
}

// handle makes the handler of the library's servers, which are chosen by the parameter profile.
func (s *Server) handle(byProfile map[string]*sdk.Server) {
	s.handler = sdk.NewStreamableHTTPHandler(func(r *http.Request) *sdk.Server { return byProfile[r.URL.Query().Get("profile")] }, &sdk.StreamableHTTPOptions{
		// A session would end with the process, also in a hand-over, and 2026-07-28 has none.
		Stateless:                    true,
		PropagateRequestCancellation: true,
		DisableLocalhostProtection:   true, // the API checks Host and Origin, and knows --allowed-host
		MaxRequestBodyBytes:          -1,   // the API has read the body, within its limit
	})
}

// options returns the options of a server of the library.
func (s *Server) options() *sdk.ServerOptions {
	return &sdk.ServerOptions{
		Instructions: instructions,
		// Lists never change while a program runs. Without listChanged no client keeps a stream open to wait for it.
		Capabilities: &sdk.ServerCapabilities{
			Tools: &sdk.ToolCapabilities{}, Resources: &sdk.ResourceCapabilities{}, Prompts: &sdk.PromptCapabilities{},
		},
		CompletionHandler: s.complete,
		SetCacheable: func(_ context.Context, req sdk.Request, c *sdk.Cacheable) {
			c.CacheScope = "private" // the library's default is public, also for what a memory says
			if _, read := req.(*sdk.ReadResourceRequest); !read {
				c.TTLMs = int(listTime.Milliseconds())
			}
		},
	}
}

// server returns a server of the library that offers nothing yet. An empty version means "dev".
func (s *Server) server(version string, o *sdk.ServerOptions) *sdk.Server {
	if version == "" {
		version = "dev"
	}
	server := sdk.NewServer(&sdk.Implementation{Name: "sigil", Title: "Sigil memory", Version: version}, o)
	server.AddReceivingMiddleware(s.guard)
	return server
}

// eraseTool is the name of the tool that may take longer than others.
const eraseTool = "erase"

type tenantKey struct{}

// Serve answers one HTTP request of a tenant. The body must be limited.
func (s *Server) Serve(w http.ResponseWriter, r *http.Request, tenant string) {
	if p := r.URL.Query().Get("profile"); p != "" && !slices.Contains(profiles, p) {
		http.Error(w, "the parameter profile must be "+strings.Join(profiles, " or "), http.StatusBadRequest)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "the body cannot be read", http.StatusBadRequest)
		return
	}
	r = r.WithContext(context.WithValue(r.Context(), tenantKey{}, tenant))
	r.Body = io.NopCloser(bytes.NewReader(body))
	u := &unknownMethods{ResponseWriter: w, request: body}
	defer u.release()
	s.handler.ServeHTTP(u, r)
}

// tenantOf returns the tenant of a call.
func tenantOf(ctx context.Context) string {
	tenant, _ := ctx.Value(tenantKey{}).(string)
	return tenant
}

// guard limits the time of each call and turns a panic into an error.
func (s *Server) guard(next sdk.MethodHandler) sdk.MethodHandler {
	return func(ctx context.Context, method string, req sdk.Request) (res sdk.Result, err error) {
		if limit := s.limit(req); limit > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, limit)
			defer cancel()
		}
		defer func() {
			if p := recover(); p != nil {
				s.log.ErrorContext(ctx, "mcp: panic", "method", method, "cause", fmt.Sprint(p), "stack", string(debug.Stack()))
				res, err = nil, fmt.Errorf("an internal error; the service's log has the cause")
			}
		}()
		begin := time.Now()
		res, err = next(ctx, method, req)
		s.count(req, res, err, time.Since(begin))
		if called, ok := res.(*sdk.CallToolResult); ok && err == nil {
			adviseOnArguments(called)
		}
		return res, err
	}
}

// limit returns how long a call may take, or 0.
func (s *Server) limit(req sdk.Request) time.Duration {
	if call, ok := req.(*sdk.CallToolRequest); ok && call.Params.Name == eraseTool {
		return s.eraseTimeout
	}
	return s.timeout
}

// count reports a call of a tool that there is: names that clients invent are not told of, of which there are any number.
func (s *Server) count(req sdk.Request, res sdk.Result, err error, took time.Duration) {
	call, ok := req.(*sdk.CallToolRequest)
	if !ok || s.called == nil || !s.tools[call.Params.Name] {
		return
	}
	answer, ok := res.(*sdk.CallToolResult)
	s.called(call.Params.Name, err != nil || ok && answer.IsError, took)
}

// call is one call of a tool.
type call struct {
	tenant string
	key    string // the idempotency key of the request, or ""
	req    *sdk.CallToolRequest
}

// add adds a tool. do returns what is answered and a short text of it. Its error is answered as the tool's, with what to
// do next.
func add[In, Out any](s *Server, server *sdk.Server, t sdk.Tool, do func(context.Context, call, In) (Out, string, error)) {
	addAsking(s, server, t, func(ctx context.Context, c call, in In) (out Out, text string, _ *question, err error) {
		out, text, err = do(ctx, c, in)
		return out, text, nil, err
	})
}

// addAsking adds a tool that may have a question instead of an answer.
func addAsking[In, Out any](s *Server, server *sdk.Server, t sdk.Tool, do func(context.Context, call, In) (Out, string, *question, error)) {
	t.InputSchema, t.OutputSchema = schema[In](), schema[Out]()
	s.tools[t.Name] = true
	sdk.AddTool(server, &t, func(ctx context.Context, req *sdk.CallToolRequest, in In) (*sdk.CallToolResult, Out, error) {
		c := call{tenant: tenantOf(ctx), req: req}
		if req.Extra != nil {
			c.key = req.Extra.Header.Get("Idempotency-Key")
		}
		out, text, ask, err := do(ctx, c, in)
		if err != nil {
			return nil, out, s.failure(ctx, t.Name, err)
		}
		if ask != nil {
			return ask.result(), out, nil
		}
		return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: text}}}, out, nil
	})
}

// schema returns the schema of a type, without the null that the library allows for lists.
func schema[T any]() *jsonschema.Schema {
	v, err := jsonschema.For[T](nil)
	if err != nil {
		panic(err) // a type of ours that no JSON has
	}
	withoutNull(v)
	return v
}

func withoutNull(v *jsonschema.Schema) {
	if v == nil {
		return
	}
	if len(v.Types) == 2 && v.Types[0] == "null" {
		v.Type, v.Types = v.Types[1], nil
	}
	withoutNull(v.Items)
	for _, p := range v.Properties {
		withoutNull(p)
	}
}

// memory returns the key of a memory whose id a client gave.
func (c call) memory(id string) (sigil.Key, error) {
	parsed, err := sigil.ParseID(id)
	return sigil.Key{Tenant: c.tenant, ID: parsed}, err
}

// ids returns the ids that a client gave, which must not be too many.
func (c call) ids(texts []string) ([]sigil.ID, error) {
	if len(texts) > maxHits {
		return nil, sigil.NewInvalid("invalid_ids", "ids", fmt.Sprintf("must be 1 to %d", maxHits))
	}
	ids := make([]sigil.ID, len(texts))
	for i, text := range texts {
		key, err := c.memory(text)
		if err != nil {
			return nil, err
		}
		ids[i] = key.ID
	}
	return ids, nil
}
