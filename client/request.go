package client

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
)

const (
	jsonType    = "application/json"
	ndjsonType  = "application/x-ndjson"
	problemType = "application/problem+json"
)

// maxDrain is how many bytes of an unread answer are discarded so that its connection can be reused. For more, a new
// connection costs less.
const maxDrain = 64 << 10

// request is one request to the daemon.
type request struct {
	method string
	path   string // relative to the base; only literals and UUIDs, so that nothing needs escaping
	query  url.Values
	body   []byte
	// contentType is the type of the body; empty means [jsonType].
	contentType string
	// idempotencyKey is sent if it is not empty.
	idempotencyKey string
	brief          bool // ask for an answer that does not repeat what was sent
}

// do sends r and returns the whole answer if it is a success.
func (c *Client) do(ctx context.Context, r request) ([]byte, error) {
	answer, _, err := c.exchange(ctx, r)
	return answer, err
}

// exchange is like do, and returns the headers of the answer, too.
func (c *Client) exchange(ctx context.Context, r request) ([]byte, http.Header, error) {
	req, err := c.newRequest(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, nil, c.unanswered(ctx, err)
	}
	defer finish(resp)
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, nil, refused(r, resp)
	}
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, nil, c.brokeOff(ctx, err)
	}
	return answer, resp.Header, nil
}

func (c *Client) newRequest(ctx context.Context, r request) (*http.Request, error) {
	u := *c.base
	u.Path += r.path
	u.RawQuery = r.query.Encode()
	req, err := http.NewRequestWithContext(ctx, r.method, u.String(), bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	if r.contentType == "" {
		r.contentType = jsonType
	}
	if r.body != nil {
		req.Header.Set("Content-Type", r.contentType)
	}
	req.Header.Set("Accept", r.contentType+", "+problemType)
	req.Header.Set("User-Agent", c.agent)
	if c.tenant != "" {
		req.Header.Set("Sigil-Tenant", c.tenant)
	}
	if r.brief {
		req.Header.Set("Prefer", "return=minimal")
	}
	if r.idempotencyKey != "" {
		req.Header.Set("Idempotency-Key", r.idempotencyKey)
	}
	return req, nil
}

// call sends r and decodes the JSON value of its answer.
func call[T any](ctx context.Context, c *Client, r request) (answer T, err error) {
	raw, err := c.do(ctx, r)
	if err != nil {
		return answer, err
	}
	if err := json.Unmarshal(raw, &answer); err != nil {
		return answer, c.strange(err)
	}
	return answer, nil
}

// finish discards the rest of an answer and closes it, so that its connection can be reused.
func finish(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, maxDrain)
	resp.Body.Close()
}
