package mcp

import (
	"context"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// addPrompts adds the prompts, which a user chooses by name.
func addPrompts(server *sdk.Server) {
	prompt(server, "start", "Start of a session", "Recall what is known about a topic, before work on it begins.",
		`Before we begin, recall what you know. Call recall with the names and words of the topic, and once more with what you know of me and how I like to work. Then tell me in a few sentences what you remembered, and what of it looks out of date. The topic: `,
		"topic", "what the session is about")
	prompt(server, "end", "End of a session", "Remember what of this conversation will matter later.",
		`Our session ends. Go through this conversation and call remember for each fact, preference, decision (with its reason) and open question that will matter in a later one: one fact each, in a full sentence with names and dates. Leave out secrets and what only mattered today. If something contradicts a memory that you recalled, call correct with the id of that memory. Then list what you remembered.`, "", "")
	prompt(server, "review", "Review of what fades", "Go through the memories that fade soon, and decide with the user which to keep.",
		`Call what_fades. For each memory say in one line what it is and whether it still matters. Then ask me which to keep: recall those that should live on for now, call keep for those that must never fade, and leave the rest alone. Change nothing before I have answered.`, "", "")
}

// prompt adds a prompt whose text is followed by an argument, if it has one.
func prompt(server *sdk.Server, name, title, description, text, argument, about string) {
	p := &sdk.Prompt{Name: name, Title: title, Description: description}
	if argument != "" {
		p.Arguments = []*sdk.PromptArgument{{Name: argument, Description: about}}
	}
	server.AddPrompt(p, func(_ context.Context, req *sdk.GetPromptRequest) (*sdk.GetPromptResult, error) {
		whole := text
		if argument != "" {
			if value := req.Params.Arguments[argument]; value != "" {
				whole += value
			} else {
				whole += "what I ask next."
			}
		}
		return &sdk.GetPromptResult{Description: description, Messages: []*sdk.PromptMessage{{Role: "user", Content: &sdk.TextContent{Text: whole}}}}, nil
	})
}
