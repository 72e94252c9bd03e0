package mcp

import (
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// instructions tell a model what this is for. They are part of every session's context, so they are short.
const instructions = `Sigil keeps memories across conversations. A memory fades unless it is recalled: what is used stays, what is not goes.

Recall at the start of a task, and whenever the user refers to something that you do not know: who they are, what they like, what was decided, how something was done. Query with the names and words that the memory would have.
Remember, without being asked, what will matter in a later conversation: facts about people and projects, preferences, decisions and their reasons, what was tried and failed. One fact for each memory, in a full sentence with names and dates, so that it can be found and understood alone: "Ada prefers tea over coffee (2026-11-29)", not "she said she likes it". Do not remember secrets, nor what only matters now.
If a memory is wrong or no longer true, correct it. If it is unwanted, forget it. If something must never fade, keep it.
Recall what you use; peek if you only look around, so that what nobody needs can fade.`

func (s *Server) addTools(server *sdk.Server) {
	add(s, server, sdk.Tool{
		Name: "remember", Title: "Remember",
		Description: "Keep a fact for later conversations. Says when it fades. A fact that is there already is reinforced instead of kept twice.",
		Annotations: &sdk.ToolAnnotations{DestructiveHint: no(), OpenWorldHint: no()},
	}, s.remember)
	add(s, server, sdk.Tool{
		Name: "recall", Title: "Recall",
		Description: "Find memories by words and meaning, best first, or read one by id. What it returns is refreshed: it fades later.",
		// Not read-only: it refreshes, which is the difference to peek.
		Annotations: &sdk.ToolAnnotations{DestructiveHint: no(), OpenWorldHint: no()},
	}, s.recall)
	add(s, server, sdk.Tool{
		Name: "peek", Title: "Peek",
		Description: "The same as recall, but changes nothing: what it returns fades as before. For looking around.",
		Annotations: readOnly(),
	}, s.peek)
	add(s, server, sdk.Tool{
		Name: "correct", Title: "Correct",
		Description: "Replace a memory that is wrong or no longer true. The old text is found no more, and stays in the history.",
		Annotations: &sdk.ToolAnnotations{DestructiveHint: no(), OpenWorldHint: no()},
	}, s.correct)
	add(s, server, sdk.Tool{
		Name: "forget", Title: "Forget",
		Description: "Forget a memory that is unwanted. Says until when it can be restored: ask the user if in doubt.",
		// Destructive: a memory that nobody restores in time is gone for good.
		Annotations: &sdk.ToolAnnotations{DestructiveHint: yes(), IdempotentHint: true, OpenWorldHint: no()},
	}, s.forget)
	add(s, server, sdk.Tool{
		Name: "keep", Title: "Keep",
		Description: "Keep a memory from fading, or with keep: false let it fade again.",
		Annotations: &sdk.ToolAnnotations{DestructiveHint: no(), IdempotentHint: true, OpenWorldHint: no()},
	}, s.keep)
	add(s, server, sdk.Tool{
		Name: "explain", Title: "Explain",
		Description: "Say why a memory is alive or gone, when it fades, and what happened to it.",
		Annotations: readOnly(),
	}, s.explain)
	add(s, server, sdk.Tool{
		Name: "what_fades", Title: "What fades",
		Description: "Forecast what fades soon unless it is recalled or kept, soonest first.",
		Annotations: readOnly(),
	}, s.whatFades)
}

// readOnly returns the annotations of a tool that changes nothing.
func readOnly() *sdk.ToolAnnotations {
	return &sdk.ToolAnnotations{ReadOnlyHint: true, DestructiveHint: no(), IdempotentHint: true, OpenWorldHint: no()}
}

func yes() *bool { v := true; return &v }
func no() *bool  { return new(bool) }
