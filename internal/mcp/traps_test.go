package mcp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
)

// trap adds a tool that returns v to a server of the library, and counts its runs.
func trap[Out any](server *sdk.Server, name string, v Out, err error, ran *int) {
	sdk.AddTool(server, &sdk.Tool{Name: name}, func(context.Context, *sdk.CallToolRequest, struct{}) (*sdk.CallToolResult, Out, error) {
		*ran++
		return nil, v, err
	})
}

type enum int

func (enum) MarshalText() ([]byte, error) { return []byte("one"), nil }

// TestTraps shows what the library does with answers of types that ours do not have. If an update mends one of these, it is
// noticed here.
func TestTraps(t *testing.T) {
	ran := 0
	server := sdk.NewServer(&sdk.Implementation{Name: "traps", Version: "1"}, nil)
	trap(server, "bytes", struct{ V []byte }{[]byte("x")}, nil, &ran)
	trap(server, "raw", struct{ V json.RawMessage }{json.RawMessage(`{"a":1}`)}, nil, &ran)
	trap(server, "number", struct{ V json.Number }{"1"}, nil, &ran)
	trap(server, "uuid", struct{ V uuid.UUID }{uuid.Nil}, nil, &ran)
	trap(server, "enum", struct{ V enum }{1}, nil, &ran)
	trap(server, "map", struct{ V map[string]int }{nil}, nil, &ran)
	trap(server, "big", struct{ V int64 }{1<<53 + 1}, nil, &ran)
	refusal := &jsonrpc.Error{Code: -32002, Message: "busy"}
	trap(server, "error", struct{}{}, refusal, &ran)
	trap(server, "wrapped", struct{}{}, fmt.Errorf("about: %w", refusal), &ran)
	w := httptest.NewServer(sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return server }, &sdk.StreamableHTTPOptions{Stateless: true}))
	defer w.Close()
	c, err := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), &sdk.StreamableClientTransport{Endpoint: w.URL, HTTPClient: w.Client()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()

	failed := func(name string) (res *sdk.CallToolResult, err error) {
		before := ran
		res, err = c.CallTool(t.Context(), &sdk.CallToolParams{Name: name})
		if ran != before+1 {
			t.Errorf("%s did not run", name)
		}
		return res, err
	}
	for _, name := range []string{"bytes", "raw", "number", "uuid", "enum", "map"} {
		if res, err := failed(name); err == nil {
			t.Errorf("%s: now works: %v", name, res.StructuredContent)
		}
	}
	if res, _ := failed("big"); strings.Contains(marshal(t, res.StructuredContent), "9007199254740993") {
		t.Errorf("big: now works")
	}
	var got *jsonrpc.Error
	if _, err := failed("error"); !errors.As(err, &got) || got.Code != -32002 {
		t.Errorf("error: %v", err)
	}
	if res, err := failed("wrapped"); err != nil || !res.IsError {
		t.Errorf("wrapped: now has a code: %v", err)
	}
	r, _ := http.NewRequestWithContext(t.Context(), "POST", w.URL, strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`))
	for name, value := range map[string]string{"Content-Type": "application/json", "Accept": "application/json, text/event-stream", "Origin": "http://evil.example"} {
		r.Header.Set(name, value)
	}
	resp, err := w.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("a foreign origin is now refused: %d", resp.StatusCode)
	}
	if list, err := c.ListTools(t.Context(), nil); err != nil || list.CacheScope != "public" {
		t.Errorf("a list is now cacheable as %q (%v)", list.CacheScope, err)
	}
}

// post sends a body to the protocol's path, with headers as name, value, name, value.
func (v *service) post(method, body string, headers ...string) (status int, answer string, header http.Header) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.url, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	for i := 0; i < len(headers); i += 2 {
		if r.Header.Set(headers[i], headers[i+1]); headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	w := httptest.NewRecorder()
	resp, err := v.http.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := w.Body.ReadFrom(resp.Body); err != nil {
		v.t.Fatal(err)
	}
	return resp.StatusCode, w.Body.String(), resp.Header
}

const listTools = `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`

// TestForeignOrigin sends what a page in a browser can send.
func TestForeignOrigin(t *testing.T) {
	v := serve(t, nil, time.Minute)
	port := v.addr[strings.LastIndexByte(v.addr, ':'):]
	for _, c := range []struct {
		status  int
		headers []string
	}{
		{403, []string{"Origin", "http://evil.example"}},
		{403, []string{"Origin", "null"}},
		{403, []string{"Origin", "http://localhost:1"}}, // another program on this machine
		{403, []string{"Origin", "https://localhost" + port}},
		{403, []string{"Sec-Fetch-Site", "cross-site"}},
		{403, []string{"Host", "evil.example"}}, // a name that resolves to this machine
		{403, []string{"Host", "evil.example" + port, "Origin", "http://evil.example" + port}},
		{200, nil},
		{200, []string{"Origin", "http://" + v.addr}},
		{200, []string{"Origin", "http://localhost" + port, "Sec-Fetch-Site", "cross-site"}},
		{200, []string{"Host", "localhost" + port, "Origin", "http://127.0.0.1" + port}},
		{200, []string{"Host", "localhost" + port, "Origin", "http://localhost" + port}},
		{200, []string{"Host", "[::1]" + port, "Origin", "http://localhost" + port}},
	} {
		if status, body, _ := v.post("POST", listTools, c.headers...); status != c.status {
			t.Errorf("%v: %d %.200s", c.headers, status, body)
		}
	}
}

// TestHTTP checks what is answered before the library sees a request.
func TestHTTP(t *testing.T) {
	v := serve(t, nil, time.Minute)
	for _, method := range []string{"GET", "DELETE", "PUT"} {
		if status, body, header := v.post(method, ""); status != 405 || header.Get("Allow") != "OPTIONS, POST" || !strings.Contains(body, "method_not_allowed") {
			t.Errorf("%s: %d %s", method, status, body)
		}
	}
	if status, _, header := v.post("OPTIONS", ""); status != 204 || header.Get("Allow") != "OPTIONS, POST" || header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("OPTIONS: %d %v", status, header)
	}
	if status, body, _ := v.post("POST", strings.Repeat(" ", 2<<20)); status != 413 || !strings.Contains(body, "body_too_large") {
		t.Errorf("too large: %d %s", status, body)
	}
	if status, body, _ := v.post("POST", listTools, "Sigil-Tenant", "\t!"); status != 400 || !strings.Contains(body, "invalid_tenant") {
		t.Errorf("tenant: %d %s", status, body)
	}
	for _, body := range []string{"", "{", "[]", "1", `{"jsonrpc":"2.0","method":"no/such"}`, `{"jsonrpc":"2.0","id":1,"method":"tools/call"}`} {
		if status, body, _ := v.post("POST", body); status != 400 {
			t.Errorf("%d %s", status, body)
		}
	}
}

// TestUnknownMethod checks that a method that does not exist is refused by the code that clients look for.
func TestUnknownMethod(t *testing.T) {
	v := serve(t, nil, time.Minute)
	for version, want := range map[string]int{"": 200, "2025-11-25": 200, "2026-07-28": 404} {
		status, body, header := v.post("POST", `{"jsonrpc":"2.0","id":"a","method":"no/such"}`, "Mcp-Protocol-Version", version, "Mcp-Method", "no/such")
		if status != want || header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s", version, status, header.Get("Content-Type"))
		}
		contains(t, body, `"id":"a"`, `"code":-32601`, "no/such")
	}
}

// TestTenants checks that a call sees only the tenant of its request.
func TestTenants(t *testing.T) {
	v := serve(t, nil, time.Minute)
	remember := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"remember","arguments":{"text":"tea at five"}}}`
	recall := `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"recall","arguments":{"query":"tea"}}}`
	_, body, _ := v.post("POST", remember, "Sigil-Tenant", "work")
	contains(t, body, `"namespace":"work"`)
	_, body, _ = v.post("POST", recall)
	contains(t, body, `"namespace":"public"`, `"memories":[]`)
	_, body, _ = v.post("POST", recall, "Sigil-Tenant", "work")
	contains(t, body, `"namespace":"work"`, "tea at five")
}

// TestRepeatedCall checks that a call that is repeated under its key is done once.
func TestRepeatedCall(t *testing.T) {
	v := serve(t, nil, time.Minute)
	remember := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"remember","arguments":{"text":"tea at five"}}}`
	_, first, _ := v.post("POST", remember, "Idempotency-Key", "a")
	_, again, _ := v.post("POST", remember, "Idempotency-Key", "a")
	contains(t, first, `"outcome":"created"`)
	contains(t, again, `"outcome":"created"`)
	_, other, _ := v.post("POST", remember, "Idempotency-Key", "b")
	contains(t, other, `"outcome":"reinforced"`)
}

// TestBigNumbers checks that a number over 2^53 keeps its digits.
func TestBigNumbers(t *testing.T) {
	in(t, func(t *testing.T, v *service, s *sdk.ClientSession) {
		const big = "9007199254740993"
		m, err := v.engine.Encode(t.Context(), sigil.DefaultTenant, sigil.Draft{Data: json.RawMessage(`{"account":` + big + `}`)})
		if err != nil {
			t.Fatal(err)
		}
		found, _ := call(t, s, "recall", object{"id": m.ID.String()})
		if got := memories(t, found)[0]; got["text"] != `{"account":`+big+`}` || got["format"] != "json" {
			t.Errorf("got %v", got)
		}
		why, _ := call(t, s, "explain", object{"id": m.ID.String()})
		if got := why["history"].([]any)[0].(object)["position"]; got != "1" {
			t.Errorf("position %v", got)
		}
		call(t, s, "remember", object{"text": big})
		found, _ = call(t, s, "peek", object{"query": big})
		if got := memories(t, found); len(got) == 0 || !strings.Contains(marshal(t, got), `"`+big+`"`) {
			t.Errorf("got %v", got)
		}
	})
}

// TestCacheScope checks that nothing may be cached for others.
func TestCacheScope(t *testing.T) {
	in(t, func(t *testing.T, _ *service, s *sdk.ClientSession) {
		check := func(what string, scope string, ttl int, list bool, err error) {
			if err != nil || scope != "private" || list != (ttl > 0) {
				t.Errorf("%s: %q for %d ms (%v)", what, scope, ttl, err)
			}
		}
		tools, err := s.ListTools(t.Context(), nil)
		check("tools", tools.CacheScope, tools.TTLMs, true, err)
		prompts, err := s.ListPrompts(t.Context(), nil)
		check("prompts", prompts.CacheScope, prompts.TTLMs, true, err)
		resources, err := s.ListResources(t.Context(), nil)
		check("resources", resources.CacheScope, resources.TTLMs, true, err)
		templates, err := s.ListResourceTemplates(t.Context(), nil)
		check("templates", templates.CacheScope, templates.TTLMs, true, err)
		read, err := s.ReadResource(t.Context(), &sdk.ReadResourceParams{URI: "sigil://stats"})
		check("stats", read.CacheScope, read.TTLMs, false, err)
	})
}

// TestErrorCodes checks that errors of the protocol keep their codes.
func TestErrorCodes(t *testing.T) {
	in(t, func(t *testing.T, _ *service, s *sdk.ClientSession) {
		for _, uri := range []string{"sigil://memory/7", "sigil://memory/" + sigil.NewID(time.Now()).String(), "sigil://nothing"} {
			var got *jsonrpc.Error
			if _, err := s.ReadResource(t.Context(), &sdk.ReadResourceParams{URI: uri}); !errors.As(err, &got) || got.Code != jsonrpc.CodeInvalidParams {
				t.Errorf("%s: %v", uri, err)
			}
		}
		var got *jsonrpc.Error
		if _, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: "no_such"}); !errors.As(err, &got) || got.Code != jsonrpc.CodeInvalidParams {
			t.Errorf("unknown tool: %v", err)
		}
	})
}

// waiting is a store whose encodes wait until their context ends.
type waiting struct {
	*storetest.Model
	entered, left chan error
}

func (s *waiting) Insert(ctx context.Context, _ string, _ []store.Item, _ store.Quota, _ func(sigil.Meta, string) sigil.Event) (store.Inserted, error) {
	s.entered <- nil
	<-ctx.Done()
	s.left <- context.Cause(ctx)
	return store.Inserted{}, ctx.Err()
}

// TestHangUp hangs up while a call is in progress. That cancels it in 2026-07-28. Before, it is a limit of time that does.
func TestHangUp(t *testing.T) {
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			slow := &waiting{storetest.NewModel(), make(chan error, 1), make(chan error, 1)}
			timeout, want := 2*patience, context.Canceled
			if version == "2025-11-25" {
				timeout, want = time.Second, context.DeadlineExceeded
			}
			s := serve(t, slow, timeout).client(version)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			done := make(chan error, 1)
			go func() {
				_, err := s.CallTool(ctx, &sdk.CallToolParams{Name: "remember", Arguments: object{"text": "x"}})
				done <- err
			}()
			wait(t, "the call", slow.entered)
			cancel()
			if err := wait(t, "the end of the call", slow.left); !errors.Is(err, want) {
				t.Errorf("ended by %v, want %v", err, want)
			}
			if err := wait(t, "the client", done); !errors.Is(err, context.Canceled) {
				t.Errorf("the client got %v", err)
			}
		})
	}
}

func wait[T any](t *testing.T, what string, done <-chan T) T {
	t.Helper()
	select {
	case v := <-done:
		return v
	case <-time.After(patience):
		t.Fatalf("waited %v for %s", patience, what)
		panic("not reached")
	}
}

// broken is a store that panics.
type broken struct{ *storetest.Model }

func (broken) Search(context.Context, store.SearchQuery) (store.Found, error) { panic("broken") }

// TestPanic checks that a panic in a tool is an error of the call, and nothing else.
func TestPanic(t *testing.T) {
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			s := serve(t, broken{storetest.NewModel()}, time.Minute).client(version)
			if _, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: "recall", Arguments: object{"query": "x"}}); err == nil || !strings.Contains(err.Error(), "internal error") {
				t.Errorf("got %v", err)
			}
			call(t, s, "remember", object{"text": "goes on"})
		})
	}
}
