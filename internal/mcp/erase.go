package mcp

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
)

// An erasure needs a second word. A client that can ask its user does that; to any other, the first call says what would go, and only
// a second one, with the token of the first, erases. Both are bound to exactly what was shown. A model sets arguments only: it can
// neither answer for the user, nor make a token.

const (
	// maxErased is the most memories that a call erases. More, or all of a tenant, are erased by a person.
	maxErased = 1000
	// maxShown is how many of them are shown before.
	maxShown = 20
	// agreed is the member of the user's answer that must be true.
	agreed = "erase"
)

// addErase adds the tool that erases.
func (s *Server) addErase(server *sdk.Server) {
	addAsking(s, server, sdk.Tool{
		Name: eraseTool, Title: "Erase for good",
		Description: "Erase memories for good, everywhere, if the user asks for that: they cannot be restored, unlike with forget. Unless the client asks the user itself, the first call erases nothing: it lists what would go, for the user to agree to.",
		Annotations: &sdk.ToolAnnotations{DestructiveHint: yes(), OpenWorldHint: no()},
	}, s.erase)
}

type eraseInput struct {
	IDs     []string `json:"ids,omitempty" jsonschema:"of 1 to 50 memories, live or removed"`
	Tags    []string `json:"tags,omitempty" jsonschema:"instead of ids: all memories with all of these, removed ones too"`
	Query   string   `json:"query,omitempty" jsonschema:"instead of ids: all live memories that have these words"`
	Confirm string   `json:"confirm,omitempty" jsonschema:"what the first call returned, after the user has agreed"`
}

type eraseOutput struct {
	Namespace string `json:"namespace"`
	Outcome   string `json:"outcome" jsonschema:"erased; unconfirmed: nothing is erased yet; declined by the user; or nothing, since there is nothing to erase"`
	Memories  int    `json:"memories" jsonschema:"live ones that are or would be erased"`
	Removed   int    `json:"removed" jsonschema:"the same of forgotten, faded, evicted and corrected ones"`
	// First are those that would be erased, at most maxShown.
	First        []erasable `json:"first,omitempty"`
	Confirm      string     `json:"confirm,omitempty"`
	ConfirmUntil string     `json:"confirmUntil,omitempty"`
	Remains      []string   `json:"remains,omitempty" jsonschema:"where the bytes may still be"`
	Receipt      string     `json:"receipt,omitempty" jsonschema:"JSON, signed by the store, without content"`
}

// erasable is a memory that would be erased.
type erasable struct {
	ID   string `json:"id"`
	Text string `json:"text"`
	Cut  bool   `json:"cut,omitempty" jsonschema:"only the start"`
	What string `json:"what" jsonschema:"live, forgotten, faded, evicted, or corrected: an older version"`
}

// erase erases memories after a confirmation.
func (s *Server) erase(ctx context.Context, c call, in eraseInput) (out eraseOutput, text string, ask *question, err error) {
	q, err := c.chosenBy(in)
	if err != nil {
		return out, "", nil, err
	}
	switch {
	case !c.canAsk() && in.Confirm == "":
		out, text, err = s.unconfirmed(ctx, c, q)
		return out, text, nil, err
	case !c.canAsk():
		q.Token, q.By = in.Confirm, "an assistant, by a second call"
	default:
		answer, asked := c.req.Params.InputResponses[agreed].(*sdk.ElicitResult)
		if !asked || answer == nil || c.req.Params.RequestState == "" {
			return s.askToErase(ctx, c, q, "")
		}
		if yes, _ := answer.Content[agreed].(bool); answer.Action != "accept" || !yes {
			out = eraseOutput{Namespace: c.tenant, Outcome: "declined"}
			return out, "The user did not agree, and nothing was erased. Do not ask again unless the user brings it up.", nil, nil
		}
		q.Token, q.By = c.req.Params.RequestState, "an assistant, confirmed by its user"
	}
	out, text, err = s.eraseChosen(ctx, c, q)
	if c.canAsk() && notChosen(err) {
		return s.askToErase(ctx, c, q, "What would go has changed since you were asked, or that was too long ago. ")
	}
	return out, text, nil, asArgument(err)
}

// chosenBy returns the query of a call. It never chooses a whole tenant: the engine refuses one that chooses nothing.
func (c call) chosenBy(in eraseInput) (q engine.EraseQuery, err error) {
	ways := 0
	for _, set := range []bool{len(in.IDs) > 0, len(in.Tags) > 0, strings.TrimSpace(in.Query) != ""} {
		if set {
			ways++
		}
	}
	if ways != 1 {
		return q, sigil.NewInvalid("invalid_erase", "ids", "or tags or query must choose the memories, and only one of them")
	}
	q.Tags, q.Text = in.Tags, in.Query
	q.IDs, err = c.ids(in.IDs)
	return q, err
}

// unconfirmed returns what a query would erase, and a token for it.
func (s *Server) unconfirmed(ctx context.Context, c call, q engine.EraseQuery) (out eraseOutput, text string, err error) {
	choice, err := s.choose(ctx, c, q)
	if err != nil {
		return out, "", err
	}
	out = eraseOutput{Namespace: c.tenant, Outcome: "unconfirmed", Memories: choice.Counts.Memories, Removed: choice.Counts.Removed}
	if choice.Token == "" {
		out.Outcome = "nothing"
		return out, fmt.Sprintf("Nothing in namespace %s is chosen by that, and nothing was erased. Take the ids from recall, removed or explain, whole.", c.tenant), nil
	}
	var list string
	out.First, list = shownChosen(choice.First)
	out.Confirm, out.ConfirmUntil = choice.Token, moment(choice.Until)
	return out, fmt.Sprintf("Nothing is erased yet. This would erase %s of namespace %s for good:%s%s\n"+
		"Show this list to the user and ask. Only if the user agrees, call erase again with the same arguments and confirm: %q, before %s. For what is only unwanted, forget is enough: that can be undone.",
		howMany(choice.Counts.Memories, choice.Counts.Removed), c.tenant, list, more(&choice), choice.Token, out.ConfirmUntil), nil
}

// askToErase returns the question whether to erase what a query chooses.
func (s *Server) askToErase(ctx context.Context, c call, q engine.EraseQuery, before string) (out eraseOutput, text string, ask *question, err error) {
	q.Token = ""
	choice, err := s.choose(ctx, c, q)
	if err != nil {
		return out, "", nil, err
	}
	if choice.Token == "" {
		out, text, err = s.unconfirmed(ctx, c, q)
		return out, text, nil, err
	}
	_, list := shownChosen(choice.First)
	return out, "", &question{state: choice.Token, name: agreed, params: &sdk.ElicitParams{
		Mode: "form",
		Message: fmt.Sprintf("%sErase %s of namespace %s for good? This cannot be undone.%s%s",
			before, howMany(choice.Counts.Memories, choice.Counts.Removed), c.tenant, list, more(&choice)),
		RequestedSchema: &jsonschema.Schema{Type: "object", Required: []string{agreed}, Properties: map[string]*jsonschema.Schema{
			agreed: {Type: "boolean", Title: "Erase for good", Description: "This cannot be undone."},
		}},
	}}, nil
}

// choose returns what a query chooses, which must not be too much for an assistant.
func (s *Server) choose(ctx context.Context, c call, q engine.EraseQuery) (engine.Choice, error) {
	choice, err := s.engine.Choose(ctx, c.tenant, q, maxShown)
	if n := choice.Counts.Memories + choice.Counts.Removed; err == nil && n > maxErased {
		return choice, sigil.NewTooLarge("erase_too_large", "", fmt.Sprintf("that chooses %d memories, and an assistant may erase %d at a time: a person can erase them with the command sigil erase", n, maxErased))
	}
	return choice, err
}

// eraseChosen erases what the query's token was made for.
func (s *Server) eraseChosen(ctx context.Context, c call, q engine.EraseQuery) (out eraseOutput, text string, err error) {
	if q.Token == "" {
		return out, "", errors.New("mcp: an erasure without a confirmation")
	}
	q.Progress = c.progress(ctx)
	done, err := s.engine.Erase(ctx, c.tenant, q)
	n := done.Counts.Memories + done.Counts.Removed
	if err != nil && n > 0 {
		s.log.ErrorContext(ctx, "mcp: an erasure has not ended", "cause", err)
		return out, "", advice(fmt.Sprintf("erase_unfinished: the call has erased %s of namespace %s for good, but the bytes may still be in the service's files, and there is no receipt. Tell the user: the next erasure, or the next start of the service, goes on with the files",
			howMany(done.Counts.Memories, done.Counts.Removed), c.tenant))
	}
	if err != nil {
		return out, "", err
	}
	out = eraseOutput{Namespace: c.tenant, Outcome: "erased", Memories: done.Counts.Memories, Removed: done.Counts.Removed, Remains: done.Remains}
	if n == 0 {
		out.Outcome, out.Remains = "nothing", nil
		return out, "Nothing of what was confirmed is there any more: an earlier call has erased it, or it was removed for good. Nothing was erased by this call, so it has no receipt.", nil
	}
	out.Receipt = string(done.Receipt)
	text = fmt.Sprintf("Erased %s of namespace %s for good. No search, list or history has any of it, and the service cannot bring it back.", howMany(done.Counts.Memories, done.Counts.Removed), c.tenant)
	if len(out.Remains) > 0 {
		text += " The service does not reach these places, which may still have it:\n- " + strings.Join(out.Remains, "\n- ")
	}
	return out, text + "\nTell the user, and give them this receipt to keep. It has no content, and sigil receipt verify checks it:\n" + out.Receipt +
		"\nThis conversation still has what was erased. Do not remember it again.", nil
}

// notChosen reports whether an erasure was refused since its token is not of what would go now.
func notChosen(err error) bool {
	switch sigil.CodeOf(err) {
	case "invalid_token", "choice_changed", "choice_expired":
		return true
	}
	return false
}

// asArgument returns an error about a token as one about the argument that has it.
func asArgument(err error) error {
	var known *sigil.Error
	if notChosen(err) && errors.As(err, &known) {
		of := *known
		if of.Field = ""; known.Code == "invalid_token" {
			of.Code, of.Field, of.Detail = "invalid_confirm", "confirm", "must be what a call with the same ids, tags or query has returned"
		}
		return &of
	}
	return err
}

// howMany returns the number of memories, in words.
func howMany(live, removed int) string {
	switch {
	case removed == 0 && live == 1:
		return "1 memory"
	case removed == 0:
		return fmt.Sprintf("%d memories", live)
	case live == 0 && removed == 1:
		return "1 memory that was removed before"
	case live == 0:
		return fmt.Sprintf("%d memories that were removed before", removed)
	}
	return fmt.Sprintf("%d memories (%d live, %d forgotten, faded, evicted or corrected before)", live+removed, live, removed)
}

// shownChosen returns memories as an answer has them, and as lines of text.
func shownChosen(first []engine.Chosen) (all []erasable, lines string) {
	for i := range first {
		m := shown(&first[i].Memory, longestText)
		one := erasable{ID: m.ID, Text: m.Text, Cut: m.Cut, What: "live"}
		if how := first[i].Removed; how != nil {
			one.What = string(how.Kind)
		}
		all = append(all, one)
		lines += fmt.Sprintf("\n- %s (%s, %s)", oneLine(&m), one.ID, one.What)
	}
	return all, lines
}

// more returns a line about the memories that are not shown, if there are any.
func more(c *engine.Choice) string {
	if rest := c.Counts.Memories + c.Counts.Removed - len(c.First); rest > 0 {
		return fmt.Sprintf("\nand %d more that are not shown.", rest)
	}
	return ""
}
