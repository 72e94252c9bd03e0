package mcp_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
)

// starting is a store that finds nothing until somebody has asked so often whether it still builds its index.
type starting struct {
	*storetest.Model

	left atomic.Int64
}

func (s *starting) Indexing() bool { return s.left.Add(-1) >= 0 }

func (s *starting) Search(ctx context.Context, q store.SearchQuery) (store.Found, error) {
	if s.left.Load() > 0 {
		return store.Found{Incomplete: true}, nil
	}
	return s.Model.Search(ctx, q)
}

// TestRecallWaitsForTheIndex recalls just after a start, as the first call of a conversation does whose daemon was started for it.
func TestRecallWaitsForTheIndex(t *testing.T) {
	s := &starting{Model: storetest.NewModel()}
	c := serve(t, s, time.Minute).client(versions[0])
	call(t, c, "remember", object{"text": "Ada prefers tea"})
	for _, tool := range []string{"recall", "peek"} {
		s.left.Store(3)
		out, text := call(t, c, tool, object{"query": "tea"})
		if found := out["memories"].([]any); len(found) != 1 || out["incomplete"] == true {
			t.Errorf("%s while the index was built: %s", tool, text)
		}
	}
}

// TestRecallDoesNotWaitLong recalls while the index takes longer than a client should wait.
func TestRecallDoesNotWaitLong(t *testing.T) {
	s := &starting{Model: storetest.NewModel()}
	s.left.Store(1 << 40)
	c := serve(t, s, 100*time.Millisecond).client(versions[0])
	res, err := c.CallTool(t.Context(), &sdk.CallToolParams{Name: "recall", Arguments: object{"query": "tea"}})
	if err != nil {
		t.Fatal(err)
	}
	if out := res.StructuredContent.(object); res.IsError || out["incomplete"] != true {
		t.Errorf("answered %v", res.Content[0].(*sdk.TextContent).Text)
	}
}
