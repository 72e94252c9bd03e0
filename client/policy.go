package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/sigil-dna/sigil/wire"
)

// Policy returns the policy that the tenant's memories get at each encode, recall and unpin.
func (c *Client) Policy(ctx context.Context) (wire.TenantPolicy, error) {
	return call[wire.TenantPolicy](ctx, c, request{method: http.MethodGet, path: "/v1/policy"})
}

// SetPolicy sets the policy that the tenant has of its own, as [sigil.ParsePolicy] reads it. The tenant's memories are brought under it behind the answer; those that
// are then past their deadlines fade. A dry run changes nothing, and its answer has the effect on the tenant's memories. For a text that is no policy the error is
// [sigil.ErrInvalid] ("invalid_policy").
func (c *Client) SetPolicy(ctx context.Context, policy string, dryRun bool) (wire.TenantPolicy, error) {
	body, err := json.Marshal(wire.SetPolicy{Policy: policy, DryRun: dryRun})
	if err != nil {
		return wire.TenantPolicy{}, err
	}
	return call[wire.TenantPolicy](ctx, c, request{method: http.MethodPut, path: "/v1/policy", body: body})
}

// UnsetPolicy takes the tenant's own policy away, so that it has the daemon's, like [Client.SetPolicy].
func (c *Client) UnsetPolicy(ctx context.Context, dryRun bool) (wire.TenantPolicy, error) {
	query := url.Values{}
	if dryRun {
		query.Set("dryRun", "true")
	}
	return call[wire.TenantPolicy](ctx, c, request{method: http.MethodDelete, path: "/v1/policy", query: query})
}
