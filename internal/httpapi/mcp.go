package httpapi

import (
	"bytes"
	"io"
	"net/http"
	"strings"
)

// MCP answers requests of the Model Context Protocol. It limits neither the body nor the time of a request whose client
// stays, and checks neither Host nor Origin: the API has done that.
type MCP interface {
	Serve(w http.ResponseWriter, r *http.Request, tenant string)
}

// mcpPath is not in the OpenAPI document, since the protocol describes itself: its requests are JSON-RPC.
const mcpPath = "/mcp"

// mcp answers a request at mcpPath. It ends at once when its client leaves: to a client of the protocol, that cancels it.
func (a *API) mcp(c *call) error {
	if c.r.Method != http.MethodPost {
		allow := c.allow([]string{http.MethodPost})
		if c.r.Method == http.MethodOptions {
			c.WriteHeader(http.StatusNoContent)
			return nil
		}
		return refusal("method_not_allowed", "", "this path takes "+strings.Join(allow, ", "))
	}
	if a.engine == nil {
		return a.notYet()
	}
	var err error
	if c.tenant, err = tenant(c.r); err != nil {
		return err
	}
	defer c.bound(&route{leaves: true, slow: true})() // MCP limits each call, and lets few take so long
	body, err := c.body(a.options.MaxBody, 1)
	if err != nil {
		return err
	}
	c.r.Body, c.r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	a.options.MCP.Serve(c, c.r, c.tenant)
	return nil
}
