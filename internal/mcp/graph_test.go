package mcp_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// graphClient connects a client to the profile graph.
func graphClient(t *testing.T) *sdk.ClientSession {
	t.Helper()
	v := serve(t, nil, time.Minute)
	v.url += "?profile=graph"
	return v.client("2025-11-25")
}

func anEntity(name, kind string, observations ...string) object {
	return object{"name": name, "entityType": kind, "observations": append([]string{}, observations...)}
}

func aRelation(from, kind, to string) object {
	return object{"from": from, "relationType": kind, "to": to}
}

// sketch returns a graph as lines, in its order.
func sketch(g object) string {
	var b strings.Builder
	for _, e := range g["entities"].([]any) {
		e := e.(object)
		fmt.Fprintf(&b, "%v (%v): %v\n", e["name"], e["entityType"], e["observations"])
	}
	for _, r := range g["relations"].([]any) {
		r := r.(object)
		fmt.Fprintf(&b, "%v %v %v\n", r["from"], r["relationType"], r["to"])
	}
	return b.String()
}

// TestGraph does what a client of the reference memory server does, and gets its answers.
func TestGraph(t *testing.T) {
	s := graphClient(t)
	list, err := s.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, tool := range list.Tools {
		names = append(names, tool.Name)
	}
	want := []string{"add_observations", "create_entities", "create_relations", "delete_entities", "delete_observations", "delete_relations", "open_nodes", "read_graph", "search_nodes"}
	if slices.Sort(names); !slices.Equal(names, want) {
		t.Errorf("tools %v", names)
	}
	read := func(want string) {
		t.Helper()
		g, _ := call(t, s, "read_graph", object{})
		if got := sketch(g); got != want {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	}

	read("")
	_, text := call(t, s, "create_entities", object{"entities": []object{anEntity("Ada", "person", "likes <tea>"), anEntity("Acme", "company")}})
	contains(t, text, "[\n  {\n    \"name\": \"Ada\",\n    \"entityType\": \"person\",\n    \"observations\": [\n      \"likes <tea>\"\n    ]\n  },")
	again, _ := call(t, s, "create_entities", object{"entities": []object{anEntity("Ada", "cat", "purrs"), anEntity("Bob", "person")}})
	if got := marshal(t, again["entities"]); got != `[{"entityType":"person","name":"Bob","observations":[]}]` {
		t.Errorf("created %s", got)
	}
	works, dangling := aRelation("Ada", "works at", "Acme"), aRelation("nobody", "knows", "no one")
	call(t, s, "create_relations", object{"relations": []object{works, dangling}})
	if got, _ := call(t, s, "create_relations", object{"relations": []object{works}}); len(got["relations"].([]any)) != 0 {
		t.Errorf("a second one: %v", got)
	}
	more, _ := call(t, s, "add_observations", object{"observations": []object{{"entityName": "Ada", "contents": []string{"likes <tea>", "is 36"}}}})
	if got := marshal(t, more["results"]); got != `[{"addedObservations":["is 36"],"entityName":"Ada"}]` {
		t.Errorf("added %s", got)
	}
	contains(t, refused(t, s, "add_observations", object{"observations": []object{
		{"entityName": "Ada", "contents": []string{"not kept"}}, {"entityName": "Eve", "contents": []string{"x"}},
	}}), "Entity with name Eve not found")
	read("Ada (person): [likes <tea> is 36]\nAcme (company): []\nBob (person): []\nAda works at Acme\nnobody knows no one\n")

	found, _ := call(t, s, "search_nodes", object{"query": "TEA"})
	if got := sketch(found); got != "Ada (person): [likes <tea> is 36]\nAda works at Acme\n" {
		t.Errorf("found %s", got)
	}
	opened, _ := call(t, s, "open_nodes", object{"names": []string{"Acme", "Eve"}})
	if got := sketch(opened); got != "Acme (company): []\nAda works at Acme\n" {
		t.Errorf("opened %s", got)
	}

	call(t, s, "delete_observations", object{"deletions": []object{{"entityName": "Ada", "observations": []string{"is 36", "is 37"}}}})
	_, text = call(t, s, "delete_relations", object{"relations": []object{dangling}})
	if text != "Relations deleted successfully" {
		t.Errorf("said %s", text)
	}
	read("Ada (person): [likes <tea>]\nAcme (company): []\nBob (person): []\nAda works at Acme\n")
	call(t, s, "delete_entities", object{"entityNames": []string{"Ada", "Eve"}})
	read("Acme (company): []\nBob (person): []\n")
	call(t, s, "create_entities", object{"entities": []object{anEntity("Ada", "ship")}})
	read("Acme (company): []\nBob (person): []\nAda (ship): []\n")
}

// TestGraphAtOnce creates 1,000 entities by as many calls at once, and one name by many: all of the former are kept, and one
// of the latter, whole.
func TestGraphAtOnce(t *testing.T) {
	s := graphClient(t)
	const n, rivals = 1000, 50
	var working sync.WaitGroup
	var mu sync.Mutex
	created := 0
	for i := range n + rivals {
		e := anEntity(fmt.Sprintf("entity %d", i), "thing", "observed")
		if i >= n {
			e = anEntity("rival", fmt.Sprintf("type %d", i), fmt.Sprintf("observation of type %d", i))
		}
		working.Go(func() {
			res, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: "create_entities", Arguments: object{"entities": []object{e}}})
			if err != nil || res.IsError {
				t.Errorf("%d: %v", i, err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			created += len(res.StructuredContent.(object)["entities"].([]any))
		})
	}
	working.Wait()
	g, _ := call(t, s, "read_graph", object{})
	all := g["entities"].([]any)
	if len(all) != n+1 || created != n+1 {
		t.Errorf("%d entities, %d created", len(all), created)
	}
	for _, e := range all {
		if e := e.(object); e["name"] == "rival" && fmt.Sprintf("[observation of %v]", e["entityType"]) != fmt.Sprint(e["observations"]) || e["entityType"] == "" {
			t.Errorf("got %v", e)
		}
	}
}
