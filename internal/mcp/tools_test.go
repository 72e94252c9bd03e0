package mcp_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/mcp"
	"github.com/sigil-dna/sigil/store/storetest"
	"github.com/sigil-dna/sigil/wire"
)

// TestRememberWithALife remembers a text for a year, and then the same text for longer.
func TestRememberWithALife(t *testing.T) {
	in(t, func(t *testing.T, v *service, s *sdk.ClientSession) {
		for _, days := range []string{"365", "400"} {
			_, text := call(t, s, "remember", object{"text": "The spare key is with Ada", "life": days + "d"})
			contains(t, text, "fades in "+days+"d")
		}
	})
}

// TestDay calls every tool as an assistant would, in both versions of the protocol.
func TestDay(t *testing.T) {
	in(t, func(t *testing.T, v *service, s *sdk.ClientSession) {
		first, text := call(t, s, "remember", object{"text": "Ada prefers tea over coffee", "tags": []string{"taste"}})
		id, _ := first["id"].(string)
		if first["namespace"] != "public" || first["outcome"] != "created" || first["fadesAt"] == "" || first["duplicateOf"] != nil {
			t.Fatalf("got %v", first)
		}
		contains(t, text, "Remembered in namespace public as "+id, "fades in 3")

		again, text := call(t, s, "remember", object{"text": "Ada prefers tea over coffee", "ttl": "90d"})
		if again["id"] != id || again["outcome"] != "reinforced" || again["duplicateOf"] != id {
			t.Fatalf("got %v", again)
		}
		contains(t, text, "reinforced", "ttl is as before")
		call(t, s, "remember", object{"text": "Grace keeps bees in the garden"})

		// A recall refreshes, a peek does not.
		for _, tool := range []string{"peek", "recall", "peek"} {
			found, text := call(t, s, tool, object{"query": "what does Ada drink: tea?"})
			m := memories(t, found)[0]
			if m["id"] != id || m["text"] != "Ada prefers tea over coffee" || m["format"] != "text" {
				t.Fatalf("got %v", m)
			}
			contains(t, text, "Ada prefers tea over coffee", id)
		}
		if m, _ := call(t, s, "peek", object{"id": id}); memories(t, m)[0]["recalls"] != 2.0 { // by remember, and by recall
			t.Errorf("got %v", m)
		}
		if m, _ := call(t, s, "recall", object{"id": id}); memories(t, m)[0]["recalls"] != 3.0 || m["refreshed"] != true {
			t.Errorf("got %v", m)
		}
		if m, _ := call(t, s, "peek", object{"query": "tea bees", "tags": []string{"taste"}}); len(memories(t, m)) != 1 {
			t.Errorf("got %v", m)
		}
		if m, text := call(t, s, "recall", object{"query": "submarine"}); len(memories(t, m)) != 0 || !strings.Contains(text, "Nothing found") {
			t.Errorf("got %v %s", m, text)
		}

		kept, text := call(t, s, "keep", object{"id": id})
		if kept["kept"] != true || kept["fadesAt"] != nil {
			t.Errorf("got %v", kept)
		}
		contains(t, text, "never fades")
		fading, _ := call(t, s, "what_fades", object{"within": "60d"})
		if fading["count"] != 1.0 || memories(t, fading)[0]["text"] != "Grace keeps bees in the garden" {
			t.Errorf("got %v", fading)
		}
		if kept, _ := call(t, s, "keep", object{"id": id, "keep": false}); kept["kept"] != false || kept["fadesAt"] == nil {
			t.Errorf("got %v", kept)
		}

		right, text := call(t, s, "correct", object{"id": id, "text": "Grace keeps bees on the roof"})
		if right["supersedes"] != id || right["id"] == id {
			t.Errorf("got %v", right)
		}
		contains(t, text, "takes the place of "+id)
		for _, tool := range []string{"peek", "recall"} {
			found, text := call(t, s, tool, object{"id": id})
			if m := memories(t, found)[0]; m["id"] != right["id"] || m["text"] != "Grace keeps bees on the roof" || found["corrected"] != id {
				t.Errorf("got %v", found)
			}
			contains(t, text, id+" in namespace public was corrected", right["id"].(string), "roof")
		}
		contains(t, refused(t, s, "keep", object{"id": id}), "superseded", "Call again with the id "+right["id"].(string))
		contains(t, refused(t, s, "forget", object{"id": id}), "superseded", "Nothing was forgotten", right["id"].(string))
		contains(t, refused(t, s, "correct", object{"id": id, "text": "Grace keeps no bees"}), "superseded", right["id"].(string))
		contains(t, refused(t, s, "correct", object{"id": right["id"], "text": ""}), "invalid_text")
		if m, text := call(t, s, "peek", object{"query": "bees roof"}); memories(t, m)[0]["id"] != right["id"] || strings.Contains(text, id) {
			t.Errorf("got %v", m)
		}
		why, text := call(t, s, "explain", object{"id": id})
		if history := why["history"].([]any); why["live"] != false || len(history) != 4 { // encoded, pinned, unpinned, corrected
			t.Errorf("got %v", why)
		}
		contains(t, text, "has taken its place.\nAll versions, the newest first:\n- Grace keeps bees on the roof ("+right["id"].(string)+", live)\n- Ada prefers tea over coffee ("+id+", until ")
		old := id
		id = right["id"].(string)
		call(t, s, "keep", object{"id": id})
		call(t, s, "keep", object{"id": id, "keep": false})
		why, _ = call(t, s, "explain", object{"id": id})
		if history := why["history"].([]any); why["live"] != true || len(history) != 3 { // encoded, pinned, unpinned
			t.Errorf("got %v", why)
		}
		if chain := why["versions"].([]any); len(chain) != 2 || chain[0].(object)["until"] != nil || chain[1].(object)["id"] != old || chain[1].(object)["until"] == nil {
			t.Errorf("got %v", chain)
		}
		call(t, s, "forget", object{"id": id})
		_, text = call(t, s, "forget", object{"id": id})
		contains(t, text, "already")
		if why, _ = call(t, s, "explain", object{"id": id}); why["live"] != false {
			t.Errorf("got %v", why)
		}
		contains(t, refused(t, s, "recall", object{"id": id}), "not_found", "explain")
		contains(t, refused(t, s, "recall", object{"id": old}), "was corrected", id, "Call explain with that id")
		if why, text = call(t, s, "explain", object{"id": old}); why["versions"] != nil || why["fadesAt"] != nil {
			t.Errorf("got %v", why)
		}
		contains(t, text, id+" has taken its place", "No version of it is live any more")

		_, text = call(t, s, "remember", object{"text": "It rains today", "policy": "halflife h=1h"})
		contains(t, text, "Remembered", "fades in 4h")
		_, text = call(t, s, "remember", object{"text": "It rains today", "policy": "halflife h=2h"})
		contains(t, text, "reinforced", "policy is as before", "fades in 4h")
	})
}

// TestErrorsSayWhatToDo makes every mistake that a model makes.
func TestErrorsSayWhatToDo(t *testing.T) {
	in(t, func(t *testing.T, _ *service, s *sdk.ClientSession) {
		for _, c := range []struct {
			tool string
			args object
			want []string
		}{
			{"remember", object{}, []string{"invalid_arguments", "text", "call again"}},
			{"remember", object{"text": ""}, []string{"invalid_text", "Correct it"}},
			{"remember", object{"text": "x", "unknown": 1}, []string{"invalid_arguments", "unknown"}},
			{"remember", object{"text": "x", "ttl": "soon"}, []string{"invalid_ttl", "7d"}},
			{"remember", object{"text": "x", "life": "0s"}, []string{"invalid_life", "7d"}},
			{"remember", object{"text": "x", "policy": "never"}, []string{"invalid_policy", "halflife"}},
			{"remember", object{"text": strings.Repeat("x", 1<<20)}, []string{"data_too_large", "Shorten it"}},
			{"recall", object{}, []string{"query", "id"}},
			{"recall", object{"query": "x", "id": "y"}, []string{"not both"}},
			{"recall", object{"query": "x", "limit": 51}, []string{"invalid_limit", "50"}},
			{"recall", object{"query": "x", "cursor": "made up"}, []string{"invalid_cursor"}},
			{"peek", object{"id": "7"}, []string{"invalid_id", "remember, recall or peek"}},
			{"forget", object{"id": sigil.NewID(time.Now()).String()}, []string{"not_found", "recall with a query"}},
			{"keep", object{"id": sigil.NewID(time.Now()).String()}, []string{"not_found"}},
			{"explain", object{"id": sigil.NewID(time.Now()).String()}, []string{"not_found", "nothing is known of this id"}},
			{"what_fades", object{"within": "never"}, []string{"invalid_within"}},
		} {
			contains(t, refused(t, s, c.tool, c.args), c.want...)
		}
	})
}

// TestAnnotations checks that no tool promises more than it does.
func TestAnnotations(t *testing.T) {
	in(t, func(t *testing.T, _ *service, s *sdk.ClientSession) {
		list, err := s.ListTools(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if n := len(marshal(t, list)) / 4; n > 2500 {
			t.Errorf("the list of tools has %d tokens", n)
		} else {
			t.Logf("the list of tools has %d tokens", n)
		}
		readOnly := map[string]bool{"remember": false, "recall": false, "peek": true, "correct": false, "forget": false, "keep": false, "explain": true, "what_fades": true}
		if len(list.Tools) != len(readOnly) {
			t.Errorf("%d tools", len(list.Tools))
		}
		for _, tool := range list.Tools {
			a := tool.Annotations
			if want, ok := readOnly[tool.Name]; !ok || a.ReadOnlyHint != want || *a.OpenWorldHint || *a.DestructiveHint != (tool.Name == "forget") {
				t.Errorf("%s: %+v", tool.Name, a)
			}
			if tool.InputSchema == nil || tool.OutputSchema == nil || tool.Description == "" {
				t.Errorf("%s has no schema or description", tool.Name)
			}
			if strings.Contains(marshal(t, tool), `"null"`) {
				t.Errorf("%s may be null: %s", tool.Name, marshal(t, tool))
			}
		}
		contains(t, s.InitializeResult().Instructions, "Recall", "Remember")
	})
}

// TestFullProfile checks the tools that only a client gets which asks for them.
func TestFullProfile(t *testing.T) {
	v := serve(t, nil, time.Minute)
	v.url += "?profile=full"
	s := v.client("2026-07-28")
	list, err := s.ListTools(t.Context(), nil)
	if err != nil || len(list.Tools) != 14 {
		t.Fatalf("%d tools (%v)", len(list.Tools), err)
	}
	for _, text := range []string{"one", "two", "three"} {
		call(t, s, "remember", object{"text": text, "tags": []string{"n"}})
	}
	page, _ := call(t, s, "list", object{"limit": 2, "tags": []string{"n"}})
	if got := memories(t, page); len(got) != 2 || got[0]["text"] != "three" || page["next"] == nil {
		t.Errorf("got %v", page)
	}
	page, _ = call(t, s, "list", object{"limit": 2, "tags": []string{"n"}, "cursor": page["next"]})
	if got := memories(t, page); len(got) != 1 || got[0]["text"] != "one" || page["next"] != nil {
		t.Errorf("got %v", page)
	}
	if counts, _ := call(t, s, "stats", object{}); counts["memories"] != 3.0 || counts["position"] != "3" {
		t.Errorf("got %v", counts)
	}
	contains(t, refused(t, s, "list", object{"sort": "best"}), "invalid_sort")
	var lines []string
	for args := (object{"limit": 2}); ; args["cursor"] = page["next"] {
		page, _ = call(t, s, "export", args)
		lines = append(lines, strings.Split(strings.TrimSpace(page["lines"].(string)), "\n")...)
		if page["next"] == nil {
			break
		}
	}
	if len(lines) != 3 {
		t.Errorf("exported %q", lines)
	}
	for i, text := range []string{"one", "two", "three"} {
		if m := (wire.Memory{}); json.Unmarshal([]byte(lines[2-i]), &m) != nil || string(m.Data) != `"`+text+`"` || m.Tags[0] != "n" {
			t.Errorf("exported %s", lines[2-i])
		}
	}
	v.url = "http://" + v.addr + "/mcp?profile=all"
	if status, body, _ := v.post("POST", listTools); status != 400 || !strings.Contains(body, "default or full") {
		t.Errorf("%d %s", status, body)
	}
}

// TestCallsAreCounted makes calls that work, are refused by their tool or for their arguments, or name no tool.
func TestCallsAreCounted(t *testing.T) {
	var mu sync.Mutex
	counts := map[string]int{}
	s := mcp.New(engine.New(storetest.NewModel(), nil), mcp.Options{Logger: slog.New(slog.DiscardHandler), Called: func(tool string, failed bool, _ time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		counts[fmt.Sprint(tool, failed)]++
	}})
	for _, params := range []string{
		`{"name":"remember","arguments":{"text":"tea"}}`, `{"name":"peek","arguments":{}}`, `{"name":"peek","arguments":{"query":1}}`,
		`{"name":"invented","arguments":{}}`,
	} {
		r := httptest.NewRequest("POST", "/mcp", strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":`+params+`}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/json, text/event-stream")
		s.Serve(httptest.NewRecorder(), r, sigil.DefaultTenant)
	}
	if want := map[string]int{"rememberfalse": 1, "peektrue": 2}; !maps.Equal(counts, want) {
		t.Errorf("got %v, want %v", counts, want)
	}
}

// TestVersions corrects a memory more often than explain shows, and asks for it by its first id.
func TestVersions(t *testing.T) {
	in(t, func(t *testing.T, _ *service, s *sdk.ClientSession) {
		m, _ := call(t, s, "remember", object{"text": "Ada has 0 bees"})
		first, id := m["id"], m["id"]
		for i := 1; i <= 21; i++ {
			right, _ := call(t, s, "correct", object{"id": id, "text": fmt.Sprintf("Ada has %d bees", i)})
			id = right["id"]
		}
		if found, _ := call(t, s, "recall", object{"id": first}); memories(t, found)[0]["id"] != id || found["corrected"] != first {
			t.Errorf("got %v", found)
		}
		why, text := call(t, s, "explain", object{"id": first})
		if chain := why["versions"].([]any); len(chain) != 20 || chain[0].(object)["text"] != "Ada has 21 bees" || chain[19].(object)["text"] != "Ada has 2 bees" {
			t.Errorf("got %v", chain)
		}
		contains(t, text, "and older ones.")
	})
}
