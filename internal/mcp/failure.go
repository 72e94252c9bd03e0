package mcp

import (
	"context"
	"errors"
	"fmt"
	"strings"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/sigil-dna/sigil"
)

// advice is an error that says already what to do next.
type advice string

func (a advice) Error() string { return string(a) }

// failure returns the error that a model reads: what is wrong, and what to do next. Failures of the service are logged,
// and their causes stay in the log.
func (s *Server) failure(ctx context.Context, tool string, err error) error {
	var told advice
	if errors.As(err, &told) {
		return told
	}
	var known *sigil.Error
	if !errors.As(err, &known) && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, sigil.ErrInternal) {
		s.log.ErrorContext(ctx, "mcp: a tool failed", "tool", tool, "cause", err)
		return errors.New("internal: the service failed, and its log has the cause. Tell the user; call again only once")
	}
	if known == nil {
		return errors.New("timeout: the call was not answered in time. Call again; what was remembered before is only reinforced")
	}
	return fmt.Errorf("%s: %s. %s", known.Code, strings.TrimSuffix(detail(tool, known), "."), next(tool, known))
}

// detail returns what is wrong. The detail of a wrong argument continues its name, any other is a sentence.
func detail(tool string, err *sigil.Error) string {
	switch {
	case err.Code == "superseded":
		return "the memory was corrected, and " + err.SupersededBy.String() + " has taken its place"
	case err.Code == "not_found" && tool == "explain":
		return "nothing is known of this id: it is wrong, or its memory was erased, or has gone so long ago that its entries are dropped"
	case err.Field != "" && (errors.Is(err.Kind, sigil.ErrInvalid) || errors.Is(err.Kind, sigil.ErrTooLarge)):
		return err.Field + " " + err.Detail
	}
	return err.Detail
}

// next returns what to do about an error of a tool.
func next(tool string, err *sigil.Error) string {
	switch {
	case err.Code == "superseded" && tool == "forget":
		return "Nothing was forgotten. Forget " + err.SupersededBy.String() + " only if what it says is unwanted, too: its older versions go with it"
	case err.Code == "superseded" && tool == "restore":
		return "To go back to what it said, correct " + err.SupersededBy.String() + " with the old text, which explain shows"
	case err.Code == "not_found" && tool == "explain":
		return "Call recall with a query to find what is there"
	case err.Code == "quota_full":
		return "Forget memories that are no longer needed, or let pinned ones fade with keep (keep: false), then call again"
	case err.Code == "invalid_id":
		return "Take the id from an answer of remember, recall or peek, whole"
	case err.Code == "search_off":
		return "Tell the user: the service was started without search. A memory can be read by its id"
	case err.Code == "invalid_confirm", err.Code == "choice_changed", err.Code == "choice_expired":
		return "Nothing was erased. Call erase without confirm, show the user what it lists, and ask again"
	case err.Code == "erase_too_large":
		return "Nothing was erased. Choose fewer, or tell the user"
	case err.Code == "superseded":
		return "Call again with the id " + err.SupersededBy.String()
	case err.Code == "not_removed":
		return "Nothing needs to be done: recall or peek reads it by its id"
	case err.Code == "not_restorable":
		return "Call explain with the id to learn what became of it, or removed to list what can be restored"
	case err.Code == "undo_off":
		return "Tell the user: the service keeps nothing of what was removed"
	case errors.Is(err.Kind, sigil.ErrNotFound):
		return "Call explain with the id to learn what became of it, or recall with a query to find what is there"
	case errors.Is(err.Kind, sigil.ErrTooLarge):
		return "Shorten it, or split it into several memories, then call again"
	case errors.Is(err.Kind, sigil.ErrFull):
		return "Tell the user: the disk is full. Reading still works"
	case errors.Is(err.Kind, sigil.ErrUnavailable), errors.Is(err.Kind, sigil.ErrClosed):
		return "Call again in a second; if that fails too, tell the user"
	case errors.Is(err.Kind, sigil.ErrConflict):
		return "Call again"
	}
	return "Correct it and call again"
}

// wrongArguments is how the library begins the error of arguments that do not fit a tool's schema.
const wrongArguments = `validating "arguments": `

// adviseOnArguments adds what to do next to the library's own error.
func adviseOnArguments(res *sdk.CallToolResult) {
	if !res.IsError || len(res.Content) != 1 {
		return
	}
	text, ok := res.Content[0].(*sdk.TextContent)
	if !ok || !strings.HasPrefix(text.Text, wrongArguments) {
		return
	}
	res.Content = []sdk.Content{&sdk.TextContent{
		Text: "invalid_arguments: " + strings.TrimPrefix(text.Text, wrongArguments) + ". Correct the arguments by the tool's input schema and call again",
	}}
}
