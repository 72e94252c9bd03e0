package mcp

import (
	"context"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// asking is the first version of the protocol in which an answer can be a question, with which the client calls again. Before, a
// server asks by a request of its own, which one without sessions cannot.
const asking = "2026-07-28"

// question is what the user must answer before a call is done. The client then repeats the call, with the answer and state.
type question struct {
	name, state string
	params      *sdk.ElicitParams
}

// result returns the answer that asks.
func (q *question) result() *sdk.CallToolResult {
	return &sdk.CallToolResult{
		Content:       []sdk.Content{}, // nil would be null, which no client expects
		InputRequests: sdk.InputRequestMap{q.name: q.params}, RequestState: q.state,
	}
}

// canAsk reports whether the client can put a question to its user: it says so with each request.
func (c call) canAsk() bool {
	if c.req == nil || c.req.Session == nil {
		return false
	}
	p, can := c.req.Session.InitializeParams(), c.req.ClientCapabilities()
	if p == nil || p.ProtocolVersion < asking || can == nil || can.Elicitation == nil {
		return false
	}
	return can.Elicitation.Form != nil || can.Elicitation.URL == nil // neither means forms
}

// progress returns a function that tells the client what is done, or nil if it does not want to know.
func (c call) progress(ctx context.Context) func(done string) {
	if c.req == nil || c.req.Session == nil {
		return nil
	}
	token := c.req.Params.GetProgressToken()
	if token == nil {
		return nil
	}
	steps := 0.0
	return func(done string) {
		steps++
		// A client that has gone misses nothing.
		_ = c.req.Session.NotifyProgress(ctx, &sdk.ProgressNotificationParams{ProgressToken: token, Progress: steps, Message: done})
	}
}
