package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
)

const (
	memoryURI  = "sigil://memory/"
	statsURI   = "sigil://stats"
	fadingURI  = "sigil://fading"
	jsonType   = "application/json"
	maxChoices = 100 // of a completion, by the protocol
)

func (s *Server) addResources(server *sdk.Server) {
	server.AddResourceTemplate(&sdk.ResourceTemplate{
		Name: "memory", Title: "A memory", URITemplate: memoryURI + "{id}", MIMEType: jsonType,
		Description: "One memory by its id, whole, or its newest version. Reading it refreshes nothing.",
	}, s.readMemory)
	server.AddResource(&sdk.Resource{
		Name: "stats", Title: "Counts", URI: statsURI, MIMEType: jsonType, Description: "How many memories there are, and how long they live.",
	}, s.readStats)
	server.AddResource(&sdk.Resource{
		Name: "fading", Title: "What fades", URI: fadingURI, MIMEType: jsonType, Description: "What fades within seven days, soonest first.",
	}, s.readFading)
}

// readMemory reads a memory. An error of the protocol is returned as it is: wrapped, it would lose its code.
func (s *Server) readMemory(ctx context.Context, req *sdk.ReadResourceRequest) (*sdk.ReadResourceResult, error) {
	c := call{tenant: tenantOf(ctx)}
	key, err := c.memory(strings.TrimPrefix(req.Params.URI, memoryURI))
	if err != nil {
		return nil, sdk.ResourceNotFoundError(req.Params.URI)
	}
	m, err := s.newest(ctx, key, false)
	if errors.Is(err, sigil.ErrNotFound) || errors.As(err, new(advice)) { // advice: its newest version is gone
		return nil, sdk.ResourceNotFoundError(req.Params.URI)
	}
	if err != nil {
		return nil, s.failure(ctx, "resource", err)
	}
	v := struct {
		Namespace string `json:"namespace"`
		Corrected string `json:"corrected,omitempty"` // the id that was asked for
		memory
	}{Namespace: c.tenant, memory: shown(&m, 0)}
	if m.ID != key.ID {
		v.Corrected = key.ID.String()
	}
	return contents(req.Params.URI, v)
}

// stats is what the resource of that name has. Its position is text: a number may be over 2^53.
type stats struct {
	Namespace    string `json:"namespace"`
	Memories     int    `json:"memories"`
	Kept         int    `json:"kept"`
	Crystallized int    `json:"crystallized"`
	Bytes        string `json:"bytes"`
	NextFade     string `json:"nextFade,omitempty"`
	Policy       string `json:"policy"`
	Lifetime     string `json:"lifetime"`
	Position     string `json:"position"`
}

func (s *Server) readStats(ctx context.Context, req *sdk.ReadResourceRequest) (*sdk.ReadResourceResult, error) {
	v, err := s.engine.Stats(ctx, tenantOf(ctx))
	if err != nil {
		return nil, s.failure(ctx, "resource", err)
	}
	return contents(req.Params.URI, statsOf(&v))
}

func statsOf(v *engine.Stats) stats {
	return stats{
		Namespace: v.Tenant, Memories: v.Memories, Kept: v.Pinned, Crystallized: v.Crystallized, Bytes: fmt.Sprint(v.Bytes),
		NextFade: moment(v.NextFade), Policy: v.Policy.String(), Lifetime: lifetime(v.Policy), Position: fmt.Sprint(v.Position),
	}
}

func (s *Server) readFading(ctx context.Context, req *sdk.ReadResourceRequest) (*sdk.ReadResourceResult, error) {
	out, _, err := s.whatFades(ctx, call{tenant: tenantOf(ctx)}, fadesInput{Limit: maxHits})
	if err != nil {
		return nil, s.failure(ctx, "resource", err)
	}
	return contents(req.Params.URI, out)
}

func contents(uri string, v any) (*sdk.ReadResourceResult, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return &sdk.ReadResourceResult{Contents: []*sdk.ResourceContents{{URI: uri, MIMEType: jsonType, Text: string(text)}}}, nil
}

// complete completes the id of a memory, among the newest. Anything else has no values to choose from.
func (s *Server) complete(ctx context.Context, req *sdk.CompleteRequest) (*sdk.CompleteResult, error) {
	res := &sdk.CompleteResult{Completion: sdk.CompletionResultDetails{Values: []string{}}}
	p := req.Params
	if p.Ref == nil || p.Ref.URI != memoryURI+"{id}" || p.Argument.Name != "id" {
		return res, nil
	}
	page, err := s.engine.List(ctx, tenantOf(ctx), engine.ListQuery{Limit: s.engine.Limits().Page, NoData: true})
	if err != nil {
		return nil, s.failure(ctx, "completion", err)
	}
	d := &res.Completion
	for i := range page.Memories {
		id := page.Memories[i].ID.String()
		if !strings.HasPrefix(id, strings.ToLower(p.Argument.Value)) {
			continue
		}
		if len(d.Values) == maxChoices {
			d.HasMore = true
			break
		}
		d.Values = append(d.Values, id)
	}
	d.HasMore = d.HasMore || page.Next != ""
	return res, nil
}

// lifetime formats how long an untouched memory lives: for so long.
func lifetime(p sigil.Policy) string {
	if p.Lifetime() == sigil.Never {
		return "ever"
	}
	return sigil.FormatDuration(p.Lifetime())
}
