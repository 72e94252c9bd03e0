//nolint:staticcheck // sampling, roots and logging are deprecated, and still in the suites
package mcp_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// These are the fixtures that ask the client for more, in the way of 2026-07-28: the answer to a call says what is
// missing, and the client calls again with it.

const askPrefix = "test_input_required_result_"

// accepted returns what the user answered to the question name, or nil.
func accepted(answers sdk.InputResponseMap, name string) map[string]any {
	if v, ok := answers[name].(*sdk.ElicitResult); ok && v != nil && v.Action == "accept" {
		return v.Content
	}
	return nil
}

// generated returns the text that the client's model made for the request name.
func generated(answers sdk.InputResponseMap, name string) (string, bool) {
	v, ok := answers[name].(*sdk.CreateMessageWithToolsResult)
	if !ok || v == nil {
		return "", false
	}
	for _, c := range v.Content {
		if text, ok := c.(*sdk.TextContent); ok {
			return text.Text, true
		}
	}
	return "", true
}

func question(text, member, kind string) *sdk.ElicitParams {
	return &sdk.ElicitParams{Message: text, RequestedSchema: object1(member, kind)}
}

func generate(text string) *sdk.CreateMessageParams {
	return &sdk.CreateMessageParams{Messages: []*sdk.SamplingMessage{{Role: "user", Content: words(text)}}, MaxTokens: 100}
}

// missing returns an answer that asks for more. state comes back with it.
func missing(state string, inputs sdk.InputRequestMap) (*sdk.CallToolResult, error) {
	return &sdk.CallToolResult{InputRequests: inputs, RequestState: state}, nil
}

// known reports whether a state is one that a fixture made. The suite changes states by appending to them.
func known(state string) bool {
	return state != "" && !strings.HasSuffix(state, "-TAMPERED")
}

var errState = &jsonrpc.Error{Code: jsonrpc.CodeInvalidParams, Message: "the requestState is not of this server"}

func addAsking(server *sdk.Server) {
	ask := func(name string, do func(*sdk.CallToolRequest, sdk.InputResponseMap) (*sdk.CallToolResult, error)) {
		tool(server, askPrefix+name, "", func(_ context.Context, req *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
			return do(req, req.Params.InputResponses)
		})
	}
	ask("elicitation", func(_ *sdk.CallToolRequest, got sdk.InputResponseMap) (*sdk.CallToolResult, error) {
		if name, _ := accepted(got, "user_name")["name"].(string); name != "" {
			return answered(words("Hello, " + name + "!"))
		}
		return missing("", sdk.InputRequestMap{"user_name": question("What is your name?", "name", "string")})
	})
	ask("sampling", func(_ *sdk.CallToolRequest, got sdk.InputResponseMap) (*sdk.CallToolResult, error) {
		if text, ok := generated(got, "capital_question"); ok {
			return answered(words("The model says: " + text))
		}
		return missing("", sdk.InputRequestMap{"capital_question": generate("What is the capital of France?")})
	})
	ask("list_roots", func(_ *sdk.CallToolRequest, got sdk.InputResponseMap) (*sdk.CallToolResult, error) {
		if v, ok := got["client_roots"].(*sdk.ListRootsResult); ok && v != nil {
			return answered(words(fmt.Sprintf("%d roots", len(v.Roots))))
		}
		return missing("", sdk.InputRequestMap{"client_roots": &sdk.ListRootsParams{}})
	})
	confirm := func(req *sdk.CallToolRequest, got sdk.InputResponseMap) (*sdk.CallToolResult, error) {
		state := req.Params.RequestState
		switch {
		case state != "" && !known(state):
			return nil, errState
		case accepted(got, "confirm") != nil && known(state):
			return answered(words("state-ok"))
		}
		return missing("waits for confirm", sdk.InputRequestMap{"confirm": question("Please confirm", "ok", "boolean")})
	}
	ask("request_state", confirm)
	ask("tampered_state", confirm)
	ask("multiple_inputs", func(_ *sdk.CallToolRequest, got sdk.InputResponseMap) (*sdk.CallToolResult, error) {
		name, _ := accepted(got, "user_name")["name"].(string)
		greeting, greeted := generated(got, "greeting")
		roots, listed := got["client_roots"].(*sdk.ListRootsResult)
		if name != "" && greeted && listed {
			return answered(words(fmt.Sprintf("%s %s, %d roots", greeting, name, len(roots.Roots))))
		}
		return missing("waits for three", sdk.InputRequestMap{
			"user_name": question("What is your name?", "name", "string"), "greeting": generate("Greet"), "client_roots": &sdk.ListRootsParams{},
		})
	})
	ask("multi_round", func(req *sdk.CallToolRequest, got sdk.InputResponseMap) (*sdk.CallToolResult, error) {
		state := req.Params.RequestState
		name, second := strings.CutPrefix(state, "name=")
		switch {
		case second:
			return answered(words(fmt.Sprintf("%s likes %v", name, accepted(got, "step2")["color"])))
		case state != "":
			return missing(fmt.Sprintf("name=%v", accepted(got, "step1")["name"]), sdk.InputRequestMap{"step2": question("Your favorite color?", "color", "string")})
		}
		return missing("waits for name", sdk.InputRequestMap{"step1": question("What is your name?", "name", "string")})
	})
	ask("capabilities", func(req *sdk.CallToolRequest, got sdk.InputResponseMap) (*sdk.CallToolResult, error) {
		inputs := sdk.InputRequestMap{}
		if c := req.ClientCapabilities(); c != nil && len(got) == 0 {
			if c.Elicitation != nil {
				inputs["user_name"] = question("What is your name?", "name", "string")
			}
			if c.Sampling != nil {
				inputs["greeting"] = generate("Greet")
			}
			if c.RootsV2 != nil {
				inputs["client_roots"] = &sdk.ListRootsParams{}
			}
		}
		if len(inputs) == 0 {
			return answered(words("There is nothing to ask."))
		}
		return missing("", inputs)
	})
	server.AddPrompt(&sdk.Prompt{Name: askPrefix + "prompt", Description: "Asks for a context"}, func(_ context.Context, req *sdk.GetPromptRequest) (*sdk.GetPromptResult, error) {
		if v := accepted(req.Params.InputResponses, "user_context"); v != nil {
			return &sdk.GetPromptResult{Messages: []*sdk.PromptMessage{{Role: "user", Content: words(fmt.Sprintf("Context: %v", v["context"]))}}}, nil
		}
		return &sdk.GetPromptResult{InputRequests: sdk.InputRequestMap{"user_context": question("Which context?", "context", "string")}}, nil
	})
}
