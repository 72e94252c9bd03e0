package mcp_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// read reads a resource, which must be JSON.
func read(t *testing.T, s *sdk.ClientSession, uri string) (v object) {
	t.Helper()
	res, err := s.ReadResource(t.Context(), &sdk.ReadResourceParams{URI: uri})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Contents) != 1 || res.Contents[0].MIMEType != "application/json" || res.Contents[0].URI != uri {
		t.Fatalf("got %s", marshal(t, res))
	}
	if err := json.Unmarshal([]byte(res.Contents[0].Text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// TestResourceOfACorrectedMemory reads the newest version by the id of an older one, as long as it is there.
func TestResourceOfACorrectedMemory(t *testing.T) {
	in(t, func(t *testing.T, _ *service, s *sdk.ClientSession) {
		old, _ := call(t, s, "remember", object{"text": "Ada lives in Turin"})
		right, _ := call(t, s, "correct", object{"id": old["id"], "text": "Ada lives in Milan"})
		uri := "sigil://memory/" + old["id"].(string)
		if m := read(t, s, uri); m["id"] != right["id"] || m["text"] != "Ada lives in Milan" || m["corrected"] != old["id"] {
			t.Errorf("got %v", m)
		}
		call(t, s, "forget", object{"id": right["id"]})
		if _, err := s.ReadResource(t.Context(), &sdk.ReadResourceParams{URI: uri}); err == nil || !strings.Contains(err.Error(), "not found") {
			t.Errorf("got %v", err)
		}
	})
}

// TestResources reads every resource, and completes the id of a memory.
func TestResources(t *testing.T) {
	in(t, func(t *testing.T, _ *service, s *sdk.ClientSession) {
		long := strings.Repeat("tea ", 5000)
		answer, _ := call(t, s, "remember", object{"text": long})
		id := answer["id"].(string)
		found, _ := call(t, s, "peek", object{"query": "tea"})
		if m := memories(t, found)[0]; m["cut"] != true || len(m["text"].(string)) >= len(long) {
			t.Errorf("got %d bytes", len(m["text"].(string)))
		}
		if m := read(t, s, "sigil://memory/"+id); m["text"] != long || m["cut"] != nil || m["namespace"] != "public" || m["recalls"] != 0.0 {
			t.Errorf("got %v", m)
		}
		if v := read(t, s, "sigil://stats"); v["memories"] != 1.0 || v["position"] != "1" || v["lifetime"] == "" {
			t.Errorf("got %v", v)
		}
		if v := read(t, s, "sigil://fading"); v["count"] != 0.0 || len(memories(t, v)) != 0 {
			t.Errorf("got %v", v)
		}
		complete := func(value string) []string {
			res, err := s.Complete(t.Context(), &sdk.CompleteParams{
				Ref:      &sdk.CompleteReference{Type: "ref/resource", URI: "sigil://memory/{id}"},
				Argument: sdk.CompleteParamsArgument{Name: "id", Value: value},
			})
			if err != nil {
				t.Fatal(err)
			}
			return res.Completion.Values
		}
		for _, value := range []string{"", id[:8], strings.ToUpper(id), id} {
			if got := complete(value); !slices.Equal(got, []string{id}) {
				t.Errorf("%q: %v", value, got)
			}
		}
		if got := complete("zz"); len(got) != 0 {
			t.Errorf("got %v", got)
		}
	})
}

// TestPrompts reads every prompt.
func TestPrompts(t *testing.T) {
	in(t, func(t *testing.T, _ *service, s *sdk.ClientSession) {
		list, err := s.ListPrompts(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, p := range list.Prompts {
			names = append(names, p.Name)
			res, err := s.GetPrompt(t.Context(), &sdk.GetPromptParams{Name: p.Name, Arguments: map[string]string{"topic": "the garden"}})
			if err != nil {
				t.Fatal(err)
			}
			if text := res.Messages[0].Content.(*sdk.TextContent).Text; len(res.Messages) != 1 || strings.Contains(text, "the garden") != (p.Name == "start") {
				t.Errorf("%s: %s", p.Name, text)
			}
		}
		slices.Sort(names)
		if !slices.Equal(names, []string{"end", "review", "start"}) {
			t.Errorf("got %v", names)
		}
	})
}
