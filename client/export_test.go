package client_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

func TestImport(t *testing.T) {
	c, last := fake(t, 200, "application/x-ndjson",
		`{"status":201,"outcome":"inserted"}`+"\n"+`{"status":409,"problem":{"code":"exists","field":"data","detail":"is not that"}}`+"\n")
	lines := []json.RawMessage{json.RawMessage(`{"id":1}`), json.RawMessage(`{"id":2}`)}
	items, err := c.Import(t.Context(), lines, false)
	if err != nil {
		t.Fatal(err)
	}
	if last.line != "POST /v1/sigils:import" || last.body != "{\"id\":1}\n{\"id\":2}\n" || last.header.Get("Content-Type") != "application/x-ndjson" {
		t.Errorf("sent %s %q", last.line, last.body)
	}
	if items[0].Outcome != "inserted" || client.ImportError(items[0]) != nil || !errors.Is(client.ImportError(items[1]), sigil.ErrConflict) {
		t.Errorf("got %+v", items)
	}
	if _, err := c.Import(t.Context(), lines, true); err != nil || last.line != "POST /v1/sigils:import?dryRun=true" {
		t.Errorf("sent %s: %v", last.line, err)
	}
	if _, err := c.Import(t.Context(), lines[:1], false); err == nil || !strings.Contains(err.Error(), "2 items for an import of 1") {
		t.Errorf("an answer of another length: %v", err)
	}
	if items, err := c.Import(t.Context(), nil, false); items != nil || err != nil {
		t.Errorf("empty: %v, %v", items, err)
	}
}

func TestExport(t *testing.T) {
	c, last := fake(t, 200, "application/json", `{"memories":[{"tenant":"acme","data":1.50,"vector":[127,-3]}],"next":null}`)
	page, err := c.Export(t.Context(), "abc", 5)
	if err != nil || last.line != "GET /v1/sigils:export?cursor=abc&limit=5" || string(page.Memories[0].Data) != "1.50" || page.Memories[0].Vector[1] != -3 {
		t.Errorf("sent %s, got %+v, %v", last.line, page, err)
	}
	n := 0
	for m, err := range c.ExportAll(t.Context()) {
		if n++; err != nil || m.Tenant != "acme" {
			t.Errorf("got %+v, %v", m, err)
		}
	}
	if n != 1 || last.line != "GET /v1/sigils:export" {
		t.Errorf("%d memories, sent %s", n, last.line)
	}
	c, last = fake(t, 200, "application/json", `{"tenants":["acme"],"store":"01a226a0-8a19-7000-8de3-e34f42ed3e4d","position":7}`)
	if list, err := c.Tenants(t.Context()); err != nil || last.line != "GET /v1/tenants" || list.Tenants[0] != "acme" || list.Position != 7 {
		t.Errorf("sent %s, got %+v, %v", last.line, list, err)
	}
}
