package client_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

func TestEncodeBatch(t *testing.T) {
	c, last := fake(t, 200, "application/x-ndjson",
		`{"status":201,"memory":{"data":[1,2]}}`+"\n"+`{"status":400,"problem":{"code":"duplicate_key","field":"data/a","detail":"occurs twice"}}`+"\n")
	items, err := c.EncodeBatch(t.Context(), []sigil.Draft{
		{Data: json.RawMessage("[1,\n2]"), IdempotencyKey: "k"},
		{Data: json.RawMessage(`{"a":1,"a":2}`), IdempotencyKey: "l", Tags: []string{"t"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"data":[1,2],"idempotencyKey":"k"}` + "\n" + `{"data":{"a":1,"a":2},"tags":["t"],"idempotencyKey":"l"}` + "\n"; last.body != want || last.line != "POST /v1/sigils:batch" {
		t.Errorf("sent %s %q", last.line, last.body)
	}
	if last.header.Get("Content-Type") != "application/x-ndjson" || last.header["Idempotency-Key"] != nil {
		t.Errorf("headers %v", last.header)
	}
	if len(items) != 2 || string(items[0].Memory.Data) != "[1,2]" || !errors.Is(client.ItemError(items[1]), sigil.ErrInvalid) {
		t.Errorf("got %+v", items)
	}

	odd := `"\ <k>`
	if _, err := c.ImportBatch(t.Context(), []sigil.Draft{{Data: json.RawMessage(`1`), IdempotencyKey: odd}, {Data: json.RawMessage(`2`)}}); err != nil {
		t.Error(err)
	}
	var sent struct {
		Data           int
		IdempotencyKey string
	}
	first, second, _ := strings.Cut(last.body, "\n")
	if err := json.Unmarshal([]byte(first), &sent); err != nil || sent.Data != 1 || sent.IdempotencyKey != odd || second != `{"data":2}`+"\n" {
		t.Errorf("sent %s", last.body)
	}

	if _, err := c.EncodeBatch(t.Context(), []sigil.Draft{{Data: json.RawMessage(`1`)}}); err == nil || !strings.Contains(err.Error(), "2 items for a batch of 1") {
		t.Errorf("an answer of another length: %v", err)
	}
	if items, err := c.EncodeBatch(t.Context(), nil); items != nil || err != nil {
		t.Errorf("empty: %v, %v", items, err)
	}
}

// TestHarmlessDrafts checks that a draft which would change the meaning of the request is refused before it is sent.
func TestHarmlessDrafts(t *testing.T) {
	c, last := fake(t, 500, "text/plain", "must not be asked")
	ok := json.RawMessage(`1`)
	for _, tt := range []struct {
		name  string
		draft sigil.Draft
		field string
	}{
		{"no data", sigil.Draft{}, "data"},
		{"blank", sigil.Draft{Data: json.RawMessage("  ")}, "data"},
		{"breaks out", sigil.Draft{Data: json.RawMessage(`1,"pinned":true`)}, "data"},
		{"two lines", sigil.Draft{Data: json.RawMessage("1\n2")}, "data"},
		{"NaN", sigil.Draft{Data: ok, State: &sigil.State{Phi: math.NaN()}}, "state.phi"},
		{"extra", sigil.Draft{Data: ok, State: &sigil.State{Extra: map[string]json.RawMessage{"x": json.RawMessage("}")}}}, "state"},
		{"tag", sigil.Draft{Data: ok, Tags: []string{"fine", "\xff"}}, "tags/1"},
		{"key", sigil.Draft{Data: ok, IdempotencyKey: "a\r\nb"}, "Idempotency-Key"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := c.Encode(t.Context(), tt.draft)
			var e *sigil.Error
			if !errors.As(err, &e) || e.Field != tt.field || !errors.Is(err, sigil.ErrInvalid) {
				t.Errorf("alone: %v", err)
			}
			_, err = c.EncodeBatch(t.Context(), []sigil.Draft{{Data: ok}, tt.draft})
			if !errors.As(err, &e) || !errors.Is(err, sigil.ErrInvalid) {
				t.Errorf("in a batch: %v", err)
			}
			if e.Field != "1/"+tt.field {
				t.Errorf("in a batch: field %s", e.Field)
			}
		})
	}
	if _, err := c.EncodeBatch(t.Context(), []sigil.Draft{{Data: ok, IdempotencyKey: "a"}, {Data: ok}, {Data: ok, IdempotencyKey: "a"}}); !errors.Is(err, sigil.ErrInvalid) || !strings.Contains(err.Error(), "2/") {
		t.Errorf("a key twice: %v", err)
	}
	if last.line != "" {
		t.Errorf("sent %s", last.line)
	}
}
