//nolint:staticcheck // sampling, roots and logging are deprecated, and still in the suites
package mcp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// These are the tools, resources and prompts that the conformance suite uses by name. What each must answer is in the
// suite's descriptions of its scenarios.

// The image is one red pixel, the sound one silent sample.
var (
	pixel   = []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00\rIDATx\xdac\xfc\xcf\xc0\xf0\x1f\x00\x05\x05\x02\x00_\xc8\xf1\xd2\x00\x00\x00\x00IEND\xaeB`\x82")
	silence = []byte("RIFF&\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00@\x1f\x00\x00\x80>\x00\x00\x02\x00\x10\x00data\x02\x00\x00\x00\x00\x00")
)

// answered returns the answer of a tool.
func answered(content ...sdk.Content) (*sdk.CallToolResult, error) {
	return &sdk.CallToolResult{Content: content}, nil
}

func words(text string) sdk.Content { return &sdk.TextContent{Text: text} }

func image() sdk.Content { return &sdk.ImageContent{Data: pixel, MIMEType: "image/png"} }

func embedded(uri string) sdk.Content {
	return &sdk.EmbeddedResource{Resource: &sdk.ResourceContents{URI: uri, MIMEType: "text/plain", Text: "This is an embedded resource"}}
}

// tool adds a tool whose schema is JSON; "" is one without arguments.
func tool(server *sdk.Server, name, schema string, do func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error)) {
	if schema == "" {
		schema = `{"type":"object"}`
	}
	sdk.AddTool(server, &sdk.Tool{Name: name, Description: name, InputSchema: json.RawMessage(schema)}, func(ctx context.Context, req *sdk.CallToolRequest, _ any) (*sdk.CallToolResult, any, error) {
		res, err := do(ctx, req)
		return res, nil, err
	})
}

// static adds a tool that always answers the same.
func static(server *sdk.Server, name string, content ...sdk.Content) {
	tool(server, name, "", func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) { return answered(content...) })
}

// addFixtures adds everything.
func addFixtures(server *sdk.Server) {
	static(server, "test_simple_text", words("This is a simple text response for testing."))
	static(server, "test_image_content", image())
	static(server, "test_audio_content", &sdk.AudioContent{Data: silence, MIMEType: "audio/wav"})
	static(server, "test_embedded_resource", embedded("test://embedded-resource"))
	static(server, "test_multiple_content_types", words("Multiple content types test:"), image(), embedded("test://mixed-content-resource"))
	static(server, "test_streaming_elicitation", words("nothing but this is sent"))
	tool(server, "test_error_handling", "", func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		return nil, errors.New("this tool intentionally returns an error for testing")
	})
	tool(server, "test_tool_with_progress", "", progress)
	tool(server, "test_tool_with_logging", "", logThrice)
	tool(server, "test_logging_tool", "", logThrice)
	tool(server, "json_schema_2020_12_tool", schema2020, func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		return answered(words("called"))
	})
	tool(server, "test_x_mcp_header", `{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},"level":{"type":"integer"}}}`,
		func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
			return answered(words("called"))
		})
	tool(server, "test_missing_capability", "", needSampling)
	tool(server, "test_trigger_tool_change", "", func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		static(server, "added_by_test_trigger_tool_change", words("here"))
		return answered(words("changed"))
	})
	tool(server, "test_trigger_prompt_change", "", func(context.Context, *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		prompt(server, "added_by_test_trigger_prompt_change", nil, words("here"))
		return answered(words("changed"))
	})
	addAsking(server)
	addFixtureResources(server)
	addFixturePrompts(server)
}

func progress(ctx context.Context, req *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
	token := req.Params.GetProgressToken()
	for _, done := range []float64{0, 50, 100} {
		err := req.Session.NotifyProgress(ctx, &sdk.ProgressNotificationParams{ProgressToken: token, Progress: done, Total: 100, Message: fmt.Sprintf("Completed step %.0f of 100", done)})
		if err != nil {
			return nil, err
		}
	}
	return answered(words(fmt.Sprint(token)))
}

func logThrice(ctx context.Context, req *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
	for _, text := range []string{"started", "processing data", "completed"} {
		if err := req.Session.Log(ctx, &sdk.LoggingMessageParams{Level: "info", Data: "Tool execution " + text}); err != nil {
			return nil, err
		}
	}
	return answered(words("logged"))
}

// schema2020 has words of JSON Schema 2020-12, which a list of tools must show as they are.
const schema2020 = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"type": "object",
	"$defs": {"address": {"$anchor": "addressDef", "type": "object", "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}},
	"properties": {
		"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"}, "contactMethod": {"type": "string", "enum": ["phone", "email"]},
		"phone": {"type": "string"}, "email": {"type": "string"}
	},
	"allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
	"if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
	"then": {"required": ["phone"]},
	"else": {"required": ["email"]},
	"additionalProperties": false
}`

// needSampling refuses a client that does not declare sampling.
func needSampling(_ context.Context, req *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
	if c := req.ClientCapabilities(); c != nil && c.Sampling != nil {
		return answered(words("The client declares sampling."))
	}
	data, err := json.Marshal(sdk.MissingRequiredClientCapabilityData{RequiredCapabilities: &sdk.ClientCapabilities{Sampling: &sdk.SamplingCapabilities{}}})
	if err != nil {
		return nil, err
	}
	return nil, &jsonrpc.Error{Code: sdk.CodeMissingRequiredClientCapabilities, Message: "the client must declare sampling", Data: data}
}

func addFixtureResources(server *sdk.Server) {
	read := func(media string, fill func(*sdk.ResourceContents)) sdk.ResourceHandler {
		return func(_ context.Context, req *sdk.ReadResourceRequest) (*sdk.ReadResourceResult, error) {
			c := &sdk.ResourceContents{URI: req.Params.URI, MIMEType: media}
			fill(c)
			return &sdk.ReadResourceResult{Contents: []*sdk.ResourceContents{c}}, nil
		}
	}
	text := func(text string) func(*sdk.ResourceContents) {
		return func(c *sdk.ResourceContents) { c.Text = text }
	}
	server.AddResource(&sdk.Resource{Name: "static-text", Description: "A text", URI: "test://static-text", MIMEType: "text/plain"},
		read("text/plain", text("This is the content of the static text resource.")))
	server.AddResource(&sdk.Resource{Name: "static-binary", Description: "An image", URI: "test://static-binary", MIMEType: "image/png"},
		read("image/png", func(c *sdk.ResourceContents) { c.Blob = pixel }))
	server.AddResource(&sdk.Resource{Name: "watched-resource", Description: "A text to subscribe to", URI: "test://watched-resource", MIMEType: "text/plain"},
		read("text/plain", text("Watched resource content")))
	server.AddResourceTemplate(&sdk.ResourceTemplate{Name: "template", Description: "A text by id", URITemplate: "test://template/{id}/data", MIMEType: "application/json"},
		read("application/json", func(c *sdk.ResourceContents) {
			id := strings.TrimSuffix(strings.TrimPrefix(c.URI, "test://template/"), "/data")
			c.Text = fmt.Sprintf(`{"id":%q,"templateTest":true,"data":"Data for ID: %s"}`, id, id)
		}))
}

func prompt(server *sdk.Server, name string, args []string, content ...sdk.Content) {
	p := &sdk.Prompt{Name: name, Description: name}
	for _, arg := range args {
		p.Arguments = append(p.Arguments, &sdk.PromptArgument{Name: arg, Description: arg, Required: true})
	}
	server.AddPrompt(p, func(_ context.Context, req *sdk.GetPromptRequest) (*sdk.GetPromptResult, error) {
		res := &sdk.GetPromptResult{}
		for _, c := range content {
			switch v := c.(type) {
			case *sdk.TextContent:
				for _, arg := range args {
					v = &sdk.TextContent{Text: strings.ReplaceAll(v.Text, "{"+arg+"}", req.Params.Arguments[arg])}
				}
				c = v
			case *sdk.EmbeddedResource:
				c = embedded(req.Params.Arguments[args[0]])
			}
			res.Messages = append(res.Messages, &sdk.PromptMessage{Role: "user", Content: c})
		}
		return res, nil
	})
}

func addFixturePrompts(server *sdk.Server) {
	prompt(server, "test_simple_prompt", nil, words("This is a simple prompt for testing."))
	prompt(server, "test_prompt_with_arguments", []string{"arg1", "arg2"}, words("Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"))
	prompt(server, "test_prompt_with_embedded_resource", []string{"resourceUri"}, embedded(""), words("Please process the embedded resource above."))
	prompt(server, "test_prompt_with_image", nil, image(), words("Please analyze the image above."))
}

// object1 is the schema of an object with one required member.
func object1(name, kind string) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "object", Properties: map[string]*jsonschema.Schema{name: {Type: kind}}, Required: []string{name}}
}
