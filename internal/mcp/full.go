package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi/shape"
)

// profiles are the sets of tools that a client can choose by the parameter of that name in the URL.
var profiles = []string{"default", "full", "graph"}

// addFull adds the tools that only the profile full has: those for looking after memories, which most conversations do not
// need, and whose descriptions would cost each of them.
func (s *Server) addFull(server *sdk.Server) {
	add(s, server, sdk.Tool{
		Name: "list", Title: "List",
		Description: "List memories, newest first or in another order. Refreshes nothing.",
		Annotations: readOnly(),
	}, s.list)
	add(s, server, sdk.Tool{
		Name: "export", Title: "Export",
		Description: "Write out memories whole, page by page, as lines of JSON that sigil import reads. Refreshes nothing.",
		Annotations: readOnly(),
	}, s.export)
	add(s, server, sdk.Tool{
		Name: "stats", Title: "Counts",
		Description: "Count the memories, and say how long they live.",
		Annotations: readOnly(),
	}, s.stats)
	s.addUndo(server)
	s.addErase(server)
}

type listInput struct {
	Sort   string   `json:"sort,omitempty" jsonschema:"created (if missing), fades, recalled or recalls"`
	Tags   []string `json:"tags,omitempty" jsonschema:"only memories with all of these"`
	Limit  int      `json:"limit,omitempty" jsonschema:"20 if missing, at most 50"`
	Cursor string   `json:"cursor,omitempty" jsonschema:"next of the previous page"`
}

type listOutput struct {
	Namespace string   `json:"namespace"`
	Memories  []memory `json:"memories"`
	Next      string   `json:"next,omitempty" jsonschema:"cursor of the next page"`
}

func (s *Server) list(ctx context.Context, c call, in listInput) (out listOutput, text string, err error) {
	page, err := s.pageOf(ctx, c, engine.ListQuery{Limit: in.Limit, Cursor: in.Cursor, Sort: sigil.Sort(in.Sort), Tags: in.Tags})
	if err != nil {
		return out, "", err
	}
	out = listOutput{Namespace: c.tenant, Memories: make([]memory, len(page.Memories)), Next: page.Next}
	text = fmt.Sprintf("%d listed in namespace %s.", len(page.Memories), c.tenant)
	now := s.engine.Now()
	for i := range page.Memories {
		m := &page.Memories[i]
		out.Memories[i] = shown(m, longestText)
		text += "\n" + line(&out.Memories[i], now, m.FadesAt)
	}
	if out.Next != "" {
		text += "\nThere are more: call again with cursor."
	}
	return out, text, nil
}

// pageOf returns a page of a list, 20 long if no limit is given.
func (s *Server) pageOf(ctx context.Context, c call, q engine.ListQuery) (page engine.Page, err error) {
	if q.Limit, err = limited(q.Limit, defaultFading); err != nil {
		return page, err
	}
	return s.engine.List(ctx, c.tenant, q)
}

type exportInput struct {
	Limit  int    `json:"limit,omitempty" jsonschema:"20 if missing, at most 50"`
	Cursor string `json:"cursor,omitempty" jsonschema:"next of the previous page"`
}

type exportOutput struct {
	Namespace string `json:"namespace"`
	Count     int    `json:"count"`
	Lines     string `json:"lines" jsonschema:"a JSON object for each memory, one a line"`
	Next      string `json:"next,omitempty" jsonschema:"cursor of the next page"`
}

// export returns memories as sigil export writes them, without header and footer.
func (s *Server) export(ctx context.Context, c call, in exportInput) (out exportOutput, text string, err error) {
	limit, err := limited(in.Limit, defaultFading)
	if err != nil {
		return out, "", err
	}
	page, err := s.engine.Export(ctx, c.tenant, in.Cursor, limit)
	if err != nil {
		return out, "", err
	}
	out = exportOutput{Namespace: c.tenant, Count: len(page.Memories), Next: page.Next}
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	encoder.SetEscapeHTML(false)
	for i := range page.Memories {
		if err := encoder.Encode(shape.ExportedLine(&page.Memories[i])); err != nil {
			return out, "", err
		}
	}
	out.Lines = lines.String()
	text = fmt.Sprintf("%d exported from namespace %s.", out.Count, c.tenant)
	if out.Next != "" {
		text += " There are more: call again with cursor."
	}
	return out, text, nil
}

func (s *Server) stats(ctx context.Context, c call, _ struct{}) (out stats, text string, err error) {
	v, err := s.engine.Stats(ctx, c.tenant)
	if err != nil {
		return out, "", err
	}
	out = statsOf(&v)
	return out, fmt.Sprintf("%d memories in namespace %s, %d of them kept. Untouched, one lives for %s.", out.Memories, out.Namespace, out.Kept, out.Lifetime), nil
}
