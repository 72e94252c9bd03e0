package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/wire"
)

const someID = "01890a5d-ac96-774b-bcce-b302099a8057"

// seen is a request as a fake daemon saw it.
type seen struct {
	line, body string
	header     http.Header
}

// fake starts a daemon that gives every request the same answer, and returns a client of it. last is the newest
// request; tests make one call after the other.
func fake(t *testing.T, status int, contentType, answer string) (c *client.Client, last *seen) {
	t.Helper()
	last = &seen{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*last = seen{r.Method + " " + r.RequestURI, string(body), r.Header}
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		io.WriteString(w, answer)
	}))
	t.Cleanup(s.Close)
	return newClient(t, s.URL, nil), last
}

func newClient(t *testing.T, addr string, o *client.Options) *client.Client {
	t.Helper()
	c, err := client.New(addr, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

func ptr[T any](v T) *T { return &v }

// TestRequests checks the request that each method sends.
func TestRequests(t *testing.T) {
	id := sigil.ID{}
	if err := id.UnmarshalText([]byte(someID)); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name       string
		call       func(context.Context, *client.Client) error
		line, body string
	}{
		{"encode", func(ctx context.Context, c *client.Client) error {
			_, err := c.Encode(ctx, sigil.Draft{Data: json.RawMessage("{\"n\": 12345678901234567890,\n\"h\":\"<&>\"}")})
			return err
		}, "POST /v1/sigils", `{"data":{"n":12345678901234567890,"h":"<&>"}}` + "\n"},
		{"encode with all", func(ctx context.Context, c *client.Client) error {
			_, err := c.Encode(ctx, sigil.Draft{
				Data: json.RawMessage(`1`), State: &sigil.State{Phi: 1}, TTL: 90 * time.Second, Pinned: true, Tags: []string{"a"},
			})
			return err
		}, "POST /v1/sigils", `{"data":1,"state":{"phi":1,"coherence":0,"awareness":0,"emotionalResonance":0},"ttl":"90s","pinned":true,"tags":["a"]}` + "\n"},
		{"recall", func(ctx context.Context, c *client.Client) error { _, err := c.Recall(ctx, id); return err }, "POST /v1/sigils/" + someID + ":recall", ""},
		{"recall many", func(ctx context.Context, c *client.Client) error {
			_, err := c.RecallMany(ctx, []sigil.ID{id, id})
			return err
		}, "POST /v1/sigils:recall", `{"ids":["` + someID + `","` + someID + `"]}`},
		{"peek", func(ctx context.Context, c *client.Client) error { _, err := c.Peek(ctx, id); return err }, "GET /v1/sigils/" + someID, ""},
		{"forget", func(ctx context.Context, c *client.Client) error { return c.Forget(ctx, id) }, "DELETE /v1/sigils/" + someID, ""},
		{"restore", func(ctx context.Context, c *client.Client) error { _, err := c.Restore(ctx, id); return err }, "POST /v1/sigils/" + someID + ":restore", ""},
		{"correct", func(ctx context.Context, c *client.Client) error {
			_, err := c.Correct(ctx, id, sigil.Draft{Data: json.RawMessage(`1`), Tags: []string{}})
			return err
		}, "POST /v1/sigils/" + someID + ":correct", `{"data":1,"tags":[]}` + "\n"},
		{"history", func(ctx context.Context, c *client.Client) error {
			_, err := c.History(ctx, id, client.HistoryQuery{Limit: 7, Cursor: "abc", NoContent: true})
			return err
		}, "GET /v1/sigils/" + someID + "/history?content=false&cursor=abc&limit=7", ""},
		{"restore many", func(ctx context.Context, c *client.Client) error {
			_, err := c.RestoreMany(ctx, []sigil.ID{id, id})
			return err
		}, "POST /v1/sigils:restore", `{"ids":["` + someID + `","` + someID + `"]}`},
		{"restore a span", func(ctx context.Context, c *client.Client) error { _, err := c.RestoreSpan(ctx, 7, 9); return err }, "POST /v1/sigils:restore", `{"from":7,"to":9}`},
		{"removed", func(ctx context.Context, c *client.Client) error {
			_, err := c.Removed(ctx, client.RemovedQuery{})
			return err
		}, "GET /v1/removed", ""},
		{"removed with all", func(ctx context.Context, c *client.Client) error {
			_, err := c.Removed(ctx, client.RemovedQuery{Limit: 7, Cursor: "abc", NoContent: true})
			return err
		}, "GET /v1/removed?content=false&cursor=abc&limit=7", ""},
		{"pin", func(ctx context.Context, c *client.Client) error { _, err := c.Pin(ctx, id); return err }, "POST /v1/sigils/" + someID + ":pin", ""},
		{"unpin", func(ctx context.Context, c *client.Client) error { _, err := c.Unpin(ctx, id); return err }, "POST /v1/sigils/" + someID + ":unpin", ""},
		{"change", func(ctx context.Context, c *client.Client) error {
			_, err := c.Change(ctx, id, sigil.Change{Tags: new([]string{"a"}), TTL: new(time.Duration(0)), Life: new(time.Hour), Pinned: new(false)})
			return err
		}, "PATCH /v1/sigils/" + someID, `{"life":"1h","pinned":false,"tags":["a"],"ttl":null}`},
		{"change nothing", func(ctx context.Context, c *client.Client) error {
			_, err := c.Change(ctx, id, sigil.Change{})
			return err
		}, "PATCH /v1/sigils/" + someID, `{}`},
		{"list", func(ctx context.Context, c *client.Client) error {
			_, err := c.List(ctx, client.ListQuery{})
			return err
		}, "GET /v1/sigils", ""},
		{"list with all", func(ctx context.Context, c *client.Client) error {
			_, err := c.List(ctx, client.ListQuery{
				Limit: 7, Cursor: "abc", Crystallized: ptr(false), Pinned: ptr(true), Pattern: ptr(0),
				Tags: []string{"a&b", "ü"}, Text: `"x" -y`, Sort: sigil.SortFades, NoContent: true,
				FadingAfter: time.UnixMilli(7), FadingBefore: time.Date(2026, 7, 1, 2, 0, 0, 5e6, time.FixedZone("", 7200)),
			})
			return err
		}, "GET /v1/sigils?content=false&crystallized=false&cursor=abc&fadingAfter=1970-01-01T00%3A00%3A00.007Z&fadingBefore=2026-07-01T00%3A00%3A00.005Z&limit=7&pattern=0&pinned=true&q=%22x%22+-y&sort=fades&tag=a%26b&tag=%C3%BC", ""},
		{"search", func(ctx context.Context, c *client.Client) error {
			_, err := c.Search(ctx, client.SearchQuery{Text: "tea"})
			return err
		}, "POST /v1/sigils:search", `{"query":"tea"}`},
		{"search with all", func(ctx context.Context, c *client.Client) error {
			_, err := c.Search(ctx, client.SearchQuery{
				Text: "<tea>", Limit: 7, Cursor: "abc", Tags: []string{"a"}, AnyTags: []string{"b"}, NotTags: []string{"c"},
				Crystallized: ptr(false), Pinned: ptr(true), Pattern: ptr(0), CreatedAfter: time.UnixMilli(5), CreatedBefore: time.UnixMilli(6),
				FadingAfter: time.UnixMilli(7), FadingBefore: time.UnixMilli(8),
				MinScore: 0.5, Weights: &client.SearchWeights{Words: ptr(0.0), Freshness: 1}, MaxBytes: 9, Recall: true, Highlight: true, Explain: true, NoContent: true,
			})
			return err
		}, "POST /v1/sigils:search", `{"query":"\u003ctea\u003e","limit":7,"cursor":"abc","tags":["a"],"anyTags":["b"],"notTags":["c"],"pinned":true,"crystallized":false,"pattern":0,` +
			`"createdAfter":"1970-01-01T00:00:00.005Z","createdBefore":"1970-01-01T00:00:00.006Z","fadingAfter":"1970-01-01T00:00:00.007Z","fadingBefore":"1970-01-01T00:00:00.008Z",` +
			`"minScore":0.5,"weights":{"words":0,"freshness":1},"maxBytes":9,"recall":true,"highlight":true,"explain":true,"content":false}`},
		{"related", func(ctx context.Context, c *client.Client) error {
			_, err := c.Related(ctx, id, client.RelatedQuery{Limit: 3, Min: ptr(0.0), Content: true})
			return err
		}, "GET /v1/sigils/" + someID + "/related?content=true&limit=3&min=0", ""},
		{"related without content", func(ctx context.Context, c *client.Client) error {
			_, err := c.Related(ctx, id, client.RelatedQuery{})
			return err
		}, "GET /v1/sigils/" + someID + "/related?content=false", ""},
		{"neighbors", func(ctx context.Context, c *client.Client) error {
			_, err := c.Neighbors(ctx, id, client.RelatedQuery{Limit: 3})
			return err
		}, "GET /v1/sigils/" + someID + "/related?limit=3", ""},
		{"crystals", func(ctx context.Context, c *client.Client) error {
			_, err := c.Crystals(ctx, client.CrystalQuery{Kind: sigil.CrystalOfMemory, Lattice: true})
			return err
		}, "GET /v1/crystals?kind=memory&lattice=true", ""},
		{"patterns", func(ctx context.Context, c *client.Client) error { _, err := c.Patterns(ctx); return err }, "GET /v1/patterns", ""},
		{"stats", func(ctx context.Context, c *client.Client) error { _, err := c.Stats(ctx); return err }, "GET /v1/stats", ""},
		{"identity", func(ctx context.Context, c *client.Client) error { _, err := c.Identity(ctx); return err }, "GET /v1/identity", ""},
		{"sweep", func(ctx context.Context, c *client.Client) error { _, err := c.Sweep(ctx, sigil.DecayJob); return err }, "POST /v1/sweeps/decay", ""},
		{"embeddings", func(ctx context.Context, c *client.Client) error { _, err := c.Embeddings(ctx); return err }, "GET /v1/embeddings", ""},
		{"backup", func(ctx context.Context, c *client.Client) error { _, err := c.Backup(ctx, ""); return err }, "POST /v1/backups", ""},
		{"backup with a name", func(ctx context.Context, c *client.Client) error { _, err := c.Backup(ctx, "a"); return err }, "POST /v1/backups", `{"name":"a"}`},
		{"backups", func(ctx context.Context, c *client.Client) error { _, err := c.Backups(ctx); return err }, "GET /v1/backups", ""},
		{"reembed", func(ctx context.Context, c *client.Client) error { _, err := c.Reembed(ctx); return err }, "POST /v1/embeddings:rebuild", ""},
		{"stop embedding", func(ctx context.Context, c *client.Client) error { _, err := c.StopEmbedding(ctx); return err }, "POST /v1/embeddings:stop", ""},
		{"resume embedding", func(ctx context.Context, c *client.Client) error { _, err := c.ResumeEmbedding(ctx); return err }, "POST /v1/embeddings:resume", ""},
		{"confirm the clock", func(ctx context.Context, c *client.Client) error { _, err := c.ConfirmClock(ctx); return err }, "POST /v1/clock:confirm", ""},
		{"events", func(ctx context.Context, c *client.Client) error { _, err := c.Events(ctx, 1<<63, 5); return err }, "GET /v1/events?after=9223372036854775808&limit=5", ""},
		{"events after a token", func(ctx context.Context, c *client.Client) error {
			_, err := c.EventsAfter(ctx, "42-0f3c5a7e9b1d2468", 0)
			return err
		}, "GET /v1/events?after=42-0f3c5a7e9b1d2468", ""},
		{"sign code", func(ctx context.Context, c *client.Client) error {
			_, err := c.CodeSign(ctx, client.CodeSign{Name: "a.py", Content: []byte("1")})
			return err
		}, "POST /v1/code:sign", `{"name":"a.py","content":"MQ=="}`},
		{"verify code", func(ctx context.Context, c *client.Client) error {
			_, err := c.CodeVerify(ctx, client.CodeVerify{SHA256: "00", Size: ptr[int64](0), Header: "h", PublicKeys: []string{"k"}})
			return err
		}, "POST /v1/code:verify", `{"sha256":"00","size":0,"header":"h","publicKeys":["k"]}`},
		{"register code", func(ctx context.Context, c *client.Client) error {
			_, err := c.CodeRegister(ctx, client.CodeRegister{PublicKey: "k", Detached: "d"})
			return err
		}, "POST /v1/code", `{"publicKey":"k","detached":"d"}`},
		{"codes", func(ctx context.Context, c *client.Client) error {
			_, err := c.Codes(ctx, client.CodeQuery{Limit: 3, Cursor: "abc", Signer: "E7620F1842B4E81F"})
			return err
		}, "GET /v1/code?cursor=abc&limit=3&signer=E7620F1842B4E81F", ""},
		{"codes of a body", func(ctx context.Context, c *client.Client) error {
			_, err := c.Codes(ctx, client.CodeQuery{Hash: sigil.Hash{31: 1}})
			return err
		}, "GET /v1/code/" + strings.Repeat("0", 63) + "1", ""},
		{"revoke code", func(ctx context.Context, c *client.Client) error {
			_, err := c.CodeRevoke(ctx, sigil.Hash{31: 1}, id, "lost key")
			return err
		}, "DELETE /v1/code/" + strings.Repeat("0", 63) + "1?id=" + someID + "&reason=lost+key", ""},
		{"revoke code of a body", func(ctx context.Context, c *client.Client) error {
			_, err := c.CodeRevoke(ctx, sigil.Hash{31: 1}, sigil.ID{}, "")
			return err
		}, "DELETE /v1/code/" + strings.Repeat("0", 63) + "1", ""},
		{"ready", func(ctx context.Context, c *client.Client) error { return c.Ready(ctx) }, "GET /readyz", ""},
	}
	c, last := fake(t, 200, "application/json", `{"results":[{},{}]}`)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.call(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			if last.line != tt.line || last.body != tt.body {
				t.Errorf("sent\n%s\n%s\nwant\n%s\n%s", last.line, last.body, tt.line, tt.body)
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	var got http.Header
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		io.WriteString(w, `{}`)
	}))
	defer s.Close()
	c := newClient(t, s.URL+"/behind/", &client.Options{Tenant: "acme", UserAgent: "test/1", HTTPClient: s.Client()})
	if _, err := c.Encode(t.Context(), sigil.Draft{Data: json.RawMessage(`{}`), IdempotencyKey: "k 1"}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Sigil-Tenant": "acme", "User-Agent": "test/1", "Idempotency-Key": "k 1", "Content-Type": "application/json",
	} {
		if got.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.Get(name), want)
		}
	}
}

func TestView(t *testing.T) {
	c, _ := fake(t, 200, "application/json", `{
		"id":"`+someID+`","tenant":"public","data":{"n":12345678901234567890.10},"state":{"phi":0.9,"mood":"x"},
		"createdAt":"2026-07-01T12:00:00.250Z","lastAccessed":"2026-07-01T12:00:01.000Z",
		"fadesAt":"2026-07-01T12:01:36.000Z","ttl":"1h0m0s","tags":["a"],"accessCount":18446744073709551615}`)
	v, err := c.Peek(t.Context(), sigil.ID{}) // the daemon writes Go's form of a duration
	if err != nil {
		t.Fatal(err)
	}
	if ttl, err := sigil.ParseDuration(*v.TTL); err != nil || ttl != time.Hour {
		t.Errorf("ttl %v, %v", ttl, err)
	}
	if string(v.Data) != `{"n":12345678901234567890.10}` || v.ID.String() != someID || v.AccessCount != 1<<64-1 {
		t.Errorf("got %s, %s, %d", v.Data, v.ID, v.AccessCount)
	}
	if !v.CreatedAt.Equal(time.Date(2026, 7, 1, 12, 0, 0, 250e6, time.UTC)) || v.FadesAt.String() != "2026-07-01T12:01:36.000Z" {
		t.Errorf("times: %s, %s", v.CreatedAt, v.FadesAt)
	}
	if v.State.Phi != 0.9 || v.State.Coherence != 0.5 || string(v.State.Extra["mood"]) != `"x"` || *v.TTL != "1h0m0s" {
		t.Errorf("state %+v, ttl %v", v.State, v.TTL)
	}

	c, _ = fake(t, 200, "application/json", `{"fadesAt":null,"ttl":null}`)
	if v, err = c.Peek(t.Context(), sigil.ID{}); err != nil || v.FadesAt != nil || v.TTL != nil {
		t.Errorf("null: %v, %v, %v", v.FadesAt, v.TTL, err)
	}
}

func TestAll(t *testing.T) {
	var cursors []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cursor := r.URL.Query().Get("cursor")
		cursors = append(cursors, cursor)
		switch cursor {
		case "":
			io.WriteString(w, `{"memories":[{"pattern":1},{"pattern":2}],"next":"two"}`)
		case "two":
			io.WriteString(w, `{"memories":[{"pattern":3}],"next":null}`)
		case "bad":
			w.WriteHeader(500)
		}
	}))
	defer s.Close()
	c := newClient(t, s.URL, nil)
	all := c.All(t.Context(), client.ListQuery{})
	for range 2 { // an iterator can be used again
		var got []int
		for v, err := range all {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, v.Pattern)
		}
		if len(got) != 3 || got[2] != 3 {
			t.Errorf("got %v", got)
		}
	}
	for range all { // a caller that stops requests no further page
		break
	}
	if got := strings.Join(cursors, ","); got != ",two,,two," {
		t.Errorf("asked for %q", got)
	}
	n := 0
	for _, err := range c.All(t.Context(), client.ListQuery{Cursor: "bad"}) {
		n++
		if !errors.Is(err, sigil.ErrInternal) {
			t.Error(err)
		}
	}
	if n != 1 {
		t.Errorf("%d pairs for one error", n)
	}
}

func TestNew(t *testing.T) {
	for addr, want := range map[string]string{
		"":                        "http://127.0.0.1:7433",
		"localhost:1":             "http://localhost:1",
		":7433":                   "http://127.0.0.1:7433",
		"[::1]:80":                "http://[::1]:80",
		"https://me:pw@host/sub/": "https://me:xxxxx@host/sub",
	} {
		if c := newClient(t, addr, nil); c.String() != want {
			t.Errorf("%q is %s, want %s", addr, c, want)
		}
	}
	for _, addr := range []string{"ftp://host", "http://", "http://host?q=1", "host:port:x", "http://h/#f", "http://user:pass word@h"} {
		_, err := client.New(addr, nil)
		if !errors.Is(err, sigil.ErrInvalid) || strings.Contains(err.Error(), "pass") {
			t.Errorf("%q: %v", addr, err)
		}
	}
	if _, err := client.New("", &client.Options{Tenant: "no spaces"}); !errors.Is(err, sigil.ErrInvalid) {
		t.Errorf("tenant: %v", err)
	}
}

// TestRecallManyAsksForWhatWasLeft uses a daemon whose answers hold two memories.
func TestRecallManyAsksForWhatWasLeft(t *testing.T) {
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		var body struct{ IDs []sigil.ID }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		page := wire.BatchPage{Results: make([]wire.BatchItem, len(body.IDs))}
		for i, id := range body.IDs {
			if page.Results[i] = (wire.BatchItem{Status: 200, Memory: &wire.Memory{ID: id}}); i >= 2 {
				page.Results[i] = wire.BatchItem{Status: 413, Problem: &wire.Problem{Status: 413, Code: "answer_full"}}
			}
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(page)
	}))
	defer s.Close()
	ids := make([]sigil.ID, 5)
	for i := range ids {
		ids[i][15] = byte(i)
	}
	items, err := newClient(t, s.URL, nil).RecallMany(t.Context(), ids)
	if err != nil || len(items) != len(ids) || asked != 3 {
		t.Fatalf("%d items in %d requests, %v", len(items), asked, err)
	}
	for i, item := range items {
		if item.Memory == nil || item.Memory.ID != ids[i] {
			t.Errorf("item %d: %+v", i, item)
		}
	}
}
