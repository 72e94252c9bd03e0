package mcp

import (
	"context"
	"fmt"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
)

// addUndo adds the tools of the profile full for what was removed.
func (s *Server) addUndo(server *sdk.Server) {
	add(s, server, sdk.Tool{
		Name: "restore", Title: "Restore",
		Description: "Bring back memories that faded, were evicted or were forgotten, while that is possible.",
		// Idempotent: a memory that is there already is left as it is.
		Annotations: &sdk.ToolAnnotations{DestructiveHint: no(), IdempotentHint: true, OpenWorldHint: no()},
	}, s.restore)
	add(s, server, sdk.Tool{
		Name: "removed", Title: "Removed",
		Description: "List memories that can be restored, the one removed last first.",
		Annotations: readOnly(),
	}, s.removed)
}

type restoreInput struct {
	IDs []string `json:"ids" jsonschema:"of 1 to 50 memories"`
}

type restoreOutput struct {
	Namespace string         `json:"namespace"`
	Restored  int            `json:"restored"`
	Results   []restoredItem `json:"results" jsonschema:"in the order of ids"`
}

// restoredItem is the result for one memory.
type restoredItem struct {
	ID       string `json:"id"`
	Restored bool   `json:"restored"`
	FadesAt  string `json:"fadesAt,omitempty"`
	Error    string `json:"error,omitempty"`
}

// restore brings memories back. If only one was asked for and cannot be restored, that is the error of the call.
func (s *Server) restore(ctx context.Context, c call, in restoreInput) (out restoreOutput, text string, err error) {
	if len(in.IDs) == 0 {
		return out, "", sigil.NewInvalid("invalid_ids", "ids", "must not be empty")
	}
	ids, err := c.ids(in.IDs)
	if err != nil {
		return out, "", err
	}
	results, err := s.engine.RestoreMany(ctx, c.tenant, ids)
	if err == nil && len(results) == 1 {
		err = results[0].Err
	}
	if err != nil {
		return out, "", err
	}
	out = restoreOutput{Namespace: c.tenant, Results: make([]restoredItem, len(results))}
	now := s.engine.Now()
	for i := range results {
		r := &results[i]
		item := restoredItem{ID: ids[i].String(), Restored: r.Err == nil}
		if r.Err != nil {
			item.Error = s.failure(ctx, "restore", r.Err).Error()
			text += fmt.Sprintf("\n- %s: %s.", item.ID, item.Error)
		} else {
			out.Restored++
			item.FadesAt = moment(r.Memory.FadesAt)
			text += fmt.Sprintf("\n- %s is restored and %s.", item.ID, fades(r.Memory.FadesAt, now))
		}
		out.Results[i] = item
	}
	return out, fmt.Sprintf("%d restored in namespace %s.", out.Restored, c.tenant) + text, nil
}

type removedInput struct {
	Limit  int    `json:"limit,omitempty" jsonschema:"20 if missing, at most 50"`
	Cursor string `json:"cursor,omitempty" jsonschema:"next of the previous page"`
}

type removedOutput struct {
	Namespace string    `json:"namespace"`
	Removed   []removed `json:"removed"`
	Next      string    `json:"next,omitempty" jsonschema:"cursor of the next page"`
}

// removed is a memory that was removed and can be restored.
type removed struct {
	ID              string   `json:"id"`
	Text            string   `json:"text"`
	Format          string   `json:"format" jsonschema:"text, or json if it is a JSON value other than a string"`
	Cut             bool     `json:"cut,omitempty" jsonschema:"only the start"`
	Tags            []string `json:"tags,omitempty"`
	What            string   `json:"what" jsonschema:"forgotten, faded or evicted"`
	Why             string   `json:"why"`
	RemovedAt       string   `json:"removedAt"`
	RestorableUntil string   `json:"restorableUntil"`
}

// removed lists what can be restored.
func (s *Server) removed(ctx context.Context, c call, in removedInput) (out removedOutput, text string, err error) {
	limit, err := limited(in.Limit, defaultFading)
	if err != nil {
		return out, "", err
	}
	page, err := s.engine.Removed(ctx, c.tenant, engine.RemovedQuery{Limit: limit, Cursor: in.Cursor})
	if err != nil {
		return out, "", err
	}
	out = removedOutput{Namespace: c.tenant, Removed: make([]removed, len(page.Removed)), Next: page.Next}
	text = fmt.Sprintf("%d can be restored in namespace %s.", len(page.Removed), c.tenant)
	if out.Next != "" {
		text = fmt.Sprintf("%d of those that can be restored in namespace %s. There are more: call again with cursor.", len(page.Removed), c.tenant)
	}
	now := s.engine.Now()
	for i := range page.Removed {
		r := &page.Removed[i]
		m := shown(&r.Memory, longestText)
		out.Removed[i] = removed{
			ID: m.ID, Text: m.Text, Format: m.Format, Cut: m.Cut, Tags: m.Tags, What: string(r.Kind), Why: r.Reason,
			RemovedAt: moment(r.At), RestorableUntil: moment(r.Until),
		}
		text += fmt.Sprintf("\n- %s (%s, %s, %s)", oneLine(&m), m.ID, r.Kind, restorable(r.Until, now))
	}
	return out, text, nil
}

// restorable returns for how long a memory can be restored, in words.
func restorable(until, now time.Time) string {
	return "can be restored for another " + span(until.Sub(now))
}
