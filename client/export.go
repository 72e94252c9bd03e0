package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"

	"github.com/sigil-dna/sigil/wire"
)

// Aliases of the types that only exports and imports have.
type (
	// ExportedMemory is [wire.ExportedMemory].
	ExportedMemory = wire.ExportedMemory
	// ExportPage is [wire.ExportPage].
	ExportPage = wire.ExportPage
	// ImportItem is [wire.ImportItem].
	ImportItem = wire.ImportItem
	// TenantList is [wire.TenantList].
	TenantList = wire.TenantList
)

// Tenants returns the names of all tenants of the daemon's store.
func (c *Client) Tenants(ctx context.Context) (wire.TenantList, error) {
	return call[wire.TenantList](ctx, c, request{method: http.MethodGet, path: "/v1/tenants"})
}

// Export returns one page of the tenant's memories with all that [Client.Import] needs, newest first, without refreshing them.
// limit 0 is the daemon's default, and an empty cursor is the first page.
func (c *Client) Export(ctx context.Context, cursor string, limit int) (wire.ExportPage, error) {
	query := url.Values{}
	setLimit(query, limit)
	setCursor(query, cursor)
	return call[wire.ExportPage](ctx, c, request{method: http.MethodGet, path: "/v1/sigils:export", query: query})
}

// ExportAll returns all memories of the tenant as [Client.Export] does, page by page as the loop reaches them. An error ends
// the loop, as its last pair. A memory that is there from the first page to the last is returned once.
func (c *Client) ExportAll(ctx context.Context) iter.Seq2[wire.ExportedMemory, error] {
	return entries("", func(cursor string) ([]wire.ExportedMemory, *string, error) {
		page, err := c.Export(ctx, cursor, 0)
		return page.Memories, page.Next, err
	})
}

// ExportVersions is like Export, but returns former versions: what the tenant's live memories have superseded, chain by chain and each from the
// newest version on, as Import needs them after the memories. LeftOut counts those that were passed over, since the newest one of their chain
// is not live.
func (c *Client) ExportVersions(ctx context.Context, cursor string, limit int) (wire.ExportPage, error) {
	query := url.Values{"superseded": {"true"}}
	setLimit(query, limit)
	setCursor(query, cursor)
	return call[wire.ExportPage](ctx, c, request{method: http.MethodGet, path: "/v1/sigils:export", query: query})
}

// Import brings memories back with their ids, ages, recalls and deadlines, each given as JSON on one line, as [Client.Export]
// and a file have it, and returns a result for each, in order. All must be of the client's tenant. When it returns, those
// that were inserted are durable. Former versions come after the memories that superseded them. [ImportError] returns the errors of others. It can be repeated: a memory that is there is the same, and stays as it is. With dryRun
// nothing is changed. If Import returns an error instead of items, all were refused or, if the error is
// [ErrUnreachable], the outcome is unknown.
func (c *Client) Import(ctx context.Context, memories []json.RawMessage, dryRun bool) ([]wire.ImportItem, error) {
	if len(memories) == 0 {
		return nil, nil
	}
	query := url.Values{}
	if dryRun {
		query.Set("dryRun", "true")
	}
	answer, err := c.do(ctx, request{
		method: http.MethodPost, path: "/v1/sigils:import", query: query, body: append(bytes.Join(asBytes(memories), []byte("\n")), '\n'), contentType: ndjsonType,
	})
	if err != nil {
		return nil, err
	}
	items := make([]wire.ImportItem, 0, len(memories))
	for dec := json.NewDecoder(bytes.NewReader(answer)); dec.More(); {
		var item wire.ImportItem
		if err := dec.Decode(&item); err != nil {
			return nil, c.strange(err)
		}
		items = append(items, item)
	}
	if len(items) != len(memories) {
		return nil, c.strange(fmt.Errorf("%d items for an import of %d", len(items), len(memories)))
	}
	return items, nil
}

func asBytes(all []json.RawMessage) [][]byte {
	b := make([][]byte, len(all))
	for i := range all {
		b[i] = all[i]
	}
	return b
}
