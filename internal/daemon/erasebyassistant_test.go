package daemon_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/wire"
)

// assistantErases erases a memory with the sentinel by MCP, in two calls. The first shows it, and the second is told of progress.
func assistantErases(t *testing.T, d *daemon.Daemon, id sigil.ID) (answer wire.Erased) {
	t.Helper()
	type answered struct {
		Method string
		Result struct {
			StructuredContent struct{ Outcome, Confirm, Receipt string }
		}
	}
	erase := func(confirm string) (last answered, messages int) {
		body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"erase","arguments":{"ids":[%q]%s},"_meta":{"progressToken":"p"}}}`, id, confirm)
		r, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+d.Addr()+"/mcp?profile=full", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/json, text/event-stream")
		w, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Body.Close()
		whole, err := io.ReadAll(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		if shows := strings.Contains(string(whole), sentinel); shows != (confirm == "") {
			t.Errorf("shows the sentinel: %v: %s", shows, whole)
		}
		for line := range strings.Lines(string(whole)) {
			text, ok := strings.CutPrefix(line, "data:")
			if !ok {
				continue
			}
			last = answered{}
			if err := json.Unmarshal([]byte(text), &last); err != nil {
				t.Fatalf("%v: %s", err, whole)
			}
			messages++
		}
		if last.Method != "" || last.Result.StructuredContent.Outcome == "" {
			t.Fatalf("answered %s", whole)
		}
		return last, messages
	}
	first, _ := erase("")
	if first.Result.StructuredContent.Outcome != "unconfirmed" {
		t.Fatalf("the first call: %+v", first)
	}
	second, messages := erase(fmt.Sprintf(`,"confirm":%q`, first.Result.StructuredContent.Confirm))
	if second.Result.StructuredContent.Outcome != "erased" || messages < 4 {
		t.Fatalf("the second call, with %d messages: %+v", messages, second)
	}
	receipt := json.RawMessage(second.Result.StructuredContent.Receipt)
	if err := json.Unmarshal(receipt, &answer); err != nil { // which has the counts, too
		t.Fatal(err)
	}
	answer.Receipt = receipt
	return answer
}
