package client

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/wire"
)

// EraseQuery chooses the memories of an erasure. Exactly one of IDs, Tags, Text and All is set.
type EraseQuery struct {
	IDs  []sigil.ID // these, at most the daemon's maximum batch; those that there are not are passed over
	Tags []string   // those that have all of these, removed ones, too
	Text string     // live ones that match a query by their words
	All  bool       // all of the tenant, removed ones, too
	// DryRun only counts.
	DryRun bool
	// By is the caller or the reason, for the receipt: at most 256 bytes of text on one line.
	By string
}

// Erase erases memories for good: nothing of them stays, and they cannot be restored. When it returns, that is durable, and their bytes
// have left the files that the store reaches; the receipt says where else they may be. After a failed call some may
// be erased: the same call again erases the rest. It may take longer than other calls, as files are rewritten.
//
// While a request with an idempotency key runs whose answer is to be dropped, it returns [sigil.ErrConflict] with the code
// "idempotency_in_flight": try again.
func (c *Client) Erase(ctx context.Context, q EraseQuery) (wire.Erased, error) {
	body, err := json.Marshal(struct {
		IDs    []sigil.ID `json:"ids,omitempty"`
		Tags   []string   `json:"tags,omitempty"`
		Text   string     `json:"query,omitempty"`
		All    bool       `json:"all,omitempty"`
		DryRun bool       `json:"dryRun,omitempty"`
		By     string     `json:"by,omitempty"`
	}(q))
	if err != nil {
		return wire.Erased{}, err
	}
	return call[wire.Erased](ctx, c, request{method: http.MethodPost, path: "/v1/sigils:erase", body: body})
}

// EraseOne erases one memory, live or removed, like [Client.Erase]. If there is none, it returns [sigil.ErrNotFound].
func (c *Client) EraseOne(ctx context.Context, id sigil.ID) (wire.Erased, error) {
	return call[wire.Erased](ctx, c, request{method: http.MethodDelete, path: at(id), query: map[string][]string{"erase": {"true"}}})
}

// ReceiptKey returns the key with which the receipts of the daemon's store are verified.
func (c *Client) ReceiptKey(ctx context.Context) (wire.ReceiptKey, error) {
	return call[wire.ReceiptKey](ctx, c, request{method: http.MethodGet, path: "/v1/receipts/key"})
}
