package mcp_test

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/mcp"
	"github.com/sigil-dna/sigil/store/storetest"
)

// BenchmarkRemember measures what the protocol adds to an encode.
func BenchmarkRemember(b *testing.B) {
	s := mcp.New(engine.New(storetest.NewModel(), nil), mcp.Options{})
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		r := httptest.NewRequest("POST", "/mcp", strings.NewReader(fmt.Sprintf(
			`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"remember","arguments":{"text":"fact %d of many"}}}`, n, n,
		)))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/json, text/event-stream")
		w := httptest.NewRecorder()
		if s.Serve(w, r, sigil.DefaultTenant); !strings.Contains(w.Body.String(), "created") {
			b.Fatal(w.Body)
		}
	}
}
