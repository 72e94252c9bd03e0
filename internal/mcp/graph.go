package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// These are the tools of the protocol's reference memory server, with its names, arguments and answers, over our store: the
// profile graph. What is kept of a graph is in graphstore.go.

type entity struct {
	Name         string   `json:"name" jsonschema:"The name of the entity"`
	EntityType   string   `json:"entityType" jsonschema:"The type of the entity"`
	Observations []string `json:"observations" jsonschema:"An array of observation contents associated with the entity"`
}

type relation struct {
	From         string `json:"from" jsonschema:"The name of the entity where the relation starts"`
	To           string `json:"to" jsonschema:"The name of the entity where the relation ends"`
	RelationType string `json:"relationType" jsonschema:"The type of the relation"`
}

type graph struct {
	Entities  []entity   `json:"entities"`
	Relations []relation `json:"relations"`
}

type entities struct {
	Entities []entity `json:"entities"`
}

type relations struct {
	Relations []relation `json:"relations"`
}

type addObservations struct {
	Observations []observed `json:"observations"`
}

type observed struct {
	EntityName string   `json:"entityName" jsonschema:"The name of the entity to add the observations to"`
	Contents   []string `json:"contents" jsonschema:"An array of observation contents to add"`
}

type addedObservations struct {
	Results []added `json:"results"`
}

type added struct {
	EntityName        string   `json:"entityName"`
	AddedObservations []string `json:"addedObservations"`
}

type deleteEntities struct {
	EntityNames []string `json:"entityNames" jsonschema:"An array of entity names to delete"`
}

type deleteObservations struct {
	Deletions []deletion `json:"deletions"`
}

type deletion struct {
	EntityName   string   `json:"entityName" jsonschema:"The name of the entity containing the observations"`
	Observations []string `json:"observations" jsonschema:"An array of observations to delete"`
}

type deleted struct {
	Success bool   `json:"success"`
	Message string `json:"message"`
}

type searchNodes struct {
	Query string `json:"query" jsonschema:"The search query to match against entity names, types, and observation content"`
}

type openNodes struct {
	Names []string `json:"names" jsonschema:"An array of entity names to retrieve"`
}

// addGraph adds the tools of the profile graph.
func (s *Server) addGraph(server *sdk.Server) {
	writes := func(destructive *bool) *sdk.ToolAnnotations {
		return &sdk.ToolAnnotations{DestructiveHint: destructive, IdempotentHint: *destructive, OpenWorldHint: no()}
	}
	add(s, server, sdk.Tool{
		Name: "create_entities", Title: "Create Entities", Annotations: writes(no()),
		Description: "Create multiple new entities in the knowledge graph",
	}, func(ctx context.Context, c call, in entities) (out entities, text string, err error) {
		out.Entities, err = s.createEntities(ctx, c, in.Entities)
		return out, indented(out.Entities), err
	})
	add(s, server, sdk.Tool{
		Name: "create_relations", Title: "Create Relations", Annotations: writes(no()),
		Description: "Create multiple new relations between entities in the knowledge graph. Relations should be in active voice",
	}, func(ctx context.Context, c call, in relations) (out relations, text string, err error) {
		out.Relations, err = s.createRelations(ctx, c, in.Relations)
		return out, indented(out.Relations), err
	})
	add(s, server, sdk.Tool{
		Name: "add_observations", Title: "Add Observations", Annotations: writes(no()),
		Description: "Add new observations to existing entities in the knowledge graph",
	}, func(ctx context.Context, c call, in addObservations) (out addedObservations, text string, err error) {
		out.Results, err = s.addObservations(ctx, c, in.Observations)
		return out, indented(out.Results), err
	})
	add(s, server, sdk.Tool{
		Name: "delete_entities", Title: "Delete Entities", Annotations: writes(yes()),
		Description: "Delete multiple entities and their associated relations from the knowledge graph",
	}, func(ctx context.Context, c call, in deleteEntities) (deleted, string, error) {
		return gone("Entities", s.deleteEntities(ctx, c, in.EntityNames))
	})
	add(s, server, sdk.Tool{
		Name: "delete_observations", Title: "Delete Observations", Annotations: writes(yes()),
		Description: "Delete specific observations from entities in the knowledge graph",
	}, func(ctx context.Context, c call, in deleteObservations) (deleted, string, error) {
		return gone("Observations", s.deleteObservations(ctx, c, in.Deletions))
	})
	add(s, server, sdk.Tool{
		Name: "delete_relations", Title: "Delete Relations", Annotations: writes(yes()),
		Description: "Delete multiple relations from the knowledge graph",
	}, func(ctx context.Context, c call, in relations) (deleted, string, error) {
		return gone("Relations", s.deleteRelations(ctx, c, in.Relations))
	})
	add(s, server, sdk.Tool{
		Name: "read_graph", Title: "Read Graph", Annotations: readOnly(),
		Description: "Read the entire knowledge graph",
	}, func(ctx context.Context, c call, _ struct{}) (graph, string, error) {
		kept, err := s.load(ctx, c, graphTag)
		if err != nil {
			return graph{}, "", err
		}
		all := assemble(kept)
		return all, indented(all), nil
	})
	add(s, server, sdk.Tool{
		Name: "search_nodes", Title: "Search Nodes", Annotations: readOnly(),
		Description: "Search for nodes in the knowledge graph based on a query",
	}, func(ctx context.Context, c call, in searchNodes) (graph, string, error) {
		query := strings.ToLower(in.Query)
		has := func(text string) bool { return strings.Contains(strings.ToLower(text), query) }
		return s.selected(ctx, c, func(e *entity) bool {
			return has(e.Name) || has(e.EntityType) || slices.ContainsFunc(e.Observations, has)
		})
	})
	add(s, server, sdk.Tool{
		Name: "open_nodes", Title: "Open Nodes", Annotations: readOnly(),
		Description: "Open specific nodes in the knowledge graph by their names",
	}, func(ctx context.Context, c call, in openNodes) (graph, string, error) {
		return s.selected(ctx, c, func(e *entity) bool { return slices.Contains(in.Names, e.Name) })
	})
}

// selected returns the entities that want accepts, and the relations that begin or end at one of them.
func (s *Server) selected(ctx context.Context, c call, want func(*entity) bool) (graph, string, error) {
	kept, err := s.load(ctx, c, graphTag)
	if err != nil {
		return graph{}, "", err
	}
	all := assemble(kept)
	out := graph{Entities: []entity{}, Relations: []relation{}}
	names := map[string]bool{}
	for i := range all.Entities {
		if want(&all.Entities[i]) {
			out.Entities = append(out.Entities, all.Entities[i])
			names[all.Entities[i].Name] = true
		}
	}
	for _, r := range all.Relations {
		if names[r.From] || names[r.To] {
			out.Relations = append(out.Relations, r)
		}
	}
	return out, indented(out), nil
}

// gone returns the answer of a tool that deletes.
func gone(what string, err error) (deleted, string, error) {
	message := what + " deleted successfully"
	return deleted{Success: true, Message: message}, message, err
}

// indented returns JSON as the reference server writes it.
func indented(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err.Error() // of strings alone, which cannot fail
	}
	return strings.TrimSuffix(b.String(), "\n")
}
