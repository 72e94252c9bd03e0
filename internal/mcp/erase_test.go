package mcp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/receipt"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
)

// full serves the profile full, with removed memories kept.
func full(t *testing.T, s store.Store) *service {
	t.Helper()
	v := serve(t, s, time.Minute)
	v.url += "?profile=full"
	configureUndo(t, v, 24*time.Hour)
	return v
}

// person is the user of a client that can ask: what was asked, and what is answered.
type person struct {
	asked  []string
	answer func(asked int) *sdk.ElicitResult
}

func agrees(int) *sdk.ElicitResult {
	return &sdk.ElicitResult{Action: "accept", Content: object{"erase": true}}
}

// with connects a client that asks a person.
func (v *service) with(p *person, version string) *sdk.ClientSession {
	v.t.Helper()
	c := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, &sdk.ClientOptions{
		ElicitationHandler: func(_ context.Context, req *sdk.ElicitRequest) (*sdk.ElicitResult, error) {
			p.asked = append(p.asked, req.Params.Message)
			return p.answer(len(p.asked)), nil
		},
	})
	s, err := c.Connect(v.t.Context(), &sdk.StreamableClientTransport{Endpoint: v.url, HTTPClient: v.http}, &sdk.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		v.t.Fatal(err)
	}
	v.t.Cleanup(func() { _ = s.Close() })
	return s
}

// remember keeps texts with the tag n, and returns their ids.
func remember(t *testing.T, s *sdk.ClientSession, texts ...string) (ids []any) {
	t.Helper()
	for _, text := range texts {
		m, _ := call(t, s, "remember", object{"text": text, "tags": []string{"n"}})
		ids = append(ids, m["id"])
	}
	return ids
}

// verified returns the receipt of an answer, which must be of these counts.
func (v *service) verified(answer object, memories, removed int) receipt.Receipt {
	v.t.Helper()
	text, _ := answer["receipt"].(string)
	named, err := v.engine.Key(v.t.Context())
	if err != nil {
		v.t.Fatal(err)
	}
	key, err := receipt.ParseKey(named)
	if err != nil {
		v.t.Fatal(err)
	}
	r, err := receipt.Verify([]byte(text), key)
	if err != nil {
		v.t.Fatalf("%v: %q", err, text)
	}
	if r.Counts.Memories != memories || r.Counts.Removed != removed || answer["memories"] != float64(memories) || answer["removed"] != float64(removed) {
		v.t.Errorf("receipt %+v, answer %v", r, answer)
	}
	return r
}

// TestEraseInTwoSteps erases by clients that cannot ask: those of 2025-11-25, and one of 2026-07-28 that does not say so.
func TestEraseInTwoSteps(t *testing.T) {
	for _, one := range []struct {
		version string
		person  *person
	}{{"2025-11-25", nil}, {"2026-07-28", nil}, {"2025-11-25", &person{answer: agrees}}} {
		t.Run(fmt.Sprint(one.version, one.person != nil), func(t *testing.T) {
			v := full(t, storetest.NewUndoModel())
			s := v.client(one.version)
			if one.person != nil {
				s = v.with(one.person, one.version)
			}
			ids := remember(t, s, "Ada lives in Turin", "Grace keeps bees", "Edsger walks")
			call(t, s, "forget", object{"id": ids[1]})
			right, _ := call(t, s, "correct", object{"id": ids[0], "text": "Ada lives in Milan"})

			args := object{"tags": []any{"n"}}
			first, text := call(t, s, "erase", args)
			token, _ := first["confirm"].(string)
			if first["outcome"] != "unconfirmed" || first["memories"] != 2.0 || first["removed"] != 2.0 || token == "" || first["receipt"] != nil || len(first["first"].([]any)) != 4 {
				t.Fatalf("got %v", first)
			}
			contains(t, text, "Nothing is erased yet", "Ada lives in Milan", ", live)", "Grace keeps bees", ", forgotten)", "Ada lives in Turin", ", corrected)", token, "ask", "4 memories (2 live, 2 forgotten, faded, evicted or corrected before)")
			call(t, s, "peek", object{"id": right["id"]})

			for _, wrong := range []object{
				{"tags": []any{"n"}, "confirm": "yes"},
				{"tags": []any{"n"}, "confirm": token + "A"},
				{"ids": ids, "confirm": token},
				{"query": "Ada", "confirm": token},
			} {
				contains(t, refused(t, s, "erase", wrong), "invalid_confirm", "confirm", "Nothing was erased", "ask again")
			}
			later := remember(t, s, "Barbara sails")
			args["confirm"] = token
			contains(t, refused(t, s, "erase", args), "choice_changed", "Nothing was erased", "without confirm")
			call(t, s, "peek", object{"id": right["id"]})
			if _, err := v.engine.Erase(t.Context(), sigil.DefaultTenant, engine.EraseQuery{IDs: []sigil.ID{id(t, later[0])}}); err != nil {
				t.Fatal(err)
			}

			done, text := call(t, s, "erase", args)
			if done["outcome"] != "erased" || done["first"] != nil || done["confirm"] != nil {
				t.Errorf("got %v", done)
			}
			if r := v.verified(done, 2, 2); r.Request != "tags" || r.By != "an assistant, by a second call" || strings.Contains(done["receipt"].(string), "Ada") {
				t.Errorf("receipt %+v", r)
			}
			contains(t, text, "Erased 4 memories", "for good", "sigil receipt verify", done["receipt"].(string))
			contains(t, refused(t, s, "restore", object{"ids": ids[1:2]}), "not_restorable")
			contains(t, refused(t, s, "peek", object{"id": right["id"]}), "not_found")
			again, text := call(t, s, "erase", args)
			if again["outcome"] != "nothing" || again["receipt"] != nil {
				t.Errorf("again: %v", again)
			}
			contains(t, text, "an earlier call has erased it")
			if one.person != nil && len(one.person.asked) > 0 {
				t.Errorf("asked %q", one.person.asked)
			}
		})
	}
}

func id(t *testing.T, v any) sigil.ID {
	t.Helper()
	id, err := sigil.ParseID(v.(string))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestEraseAsksTheUser erases by a client that can ask: whatever the model says, its user decides.
func TestEraseAsksTheUser(t *testing.T) {
	v := full(t, storetest.NewUndoModel())
	p := &person{}
	s := v.with(p, "2026-07-28")
	ids := remember(t, s, "Ada lives in Turin", "Grace keeps bees")
	args := object{"ids": ids[:1]}
	token, err := v.engine.Choose(t.Context(), sigil.DefaultTenant, engine.EraseQuery{IDs: []sigil.ID{id(t, ids[0])}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, no := range []*sdk.ElicitResult{
		{Action: "decline"},
		{Action: "cancel"},
		{Action: "accept", Content: object{"erase": false}},
		{Action: "decline", Content: object{"erase": true}},
	} {
		for _, confirm := range []any{nil, token.Token} { // a token of another client does not save the question
			with := object{"ids": ids[:1]}
			if confirm != nil {
				with["confirm"] = confirm
			}
			asked := len(p.asked)
			p.answer = func(int) *sdk.ElicitResult { return no }
			answer, text := call(t, s, "erase", with)
			if answer["outcome"] != "declined" || len(p.asked) != asked+1 {
				t.Errorf("%+v: %v", no, answer)
			}
			contains(t, text, "nothing was erased", "Do not ask again")
		}
	}
	call(t, s, "peek", object{"id": ids[0]})
	contains(t, p.asked[0], "Erase 1 memory of namespace public for good? This cannot be undone.", "Ada lives in Turin", ids[0].(string))

	p.answer = agrees
	done, _ := call(t, s, "erase", args)
	if r := v.verified(done, 1, 0); r.By != "an assistant, confirmed by its user" || done["outcome"] != "erased" {
		t.Errorf("receipt %+v of %v", r, done)
	}
	contains(t, refused(t, s, "peek", object{"id": ids[0]}), "not_found")
	asked := len(p.asked)
	if again, text := call(t, s, "erase", args); again["outcome"] != "nothing" || !strings.Contains(text, "Nothing in namespace public") || len(p.asked) != asked {
		t.Errorf("again: %v", again)
	}

	// A memory comes while the user thinks: the user is asked again, with it.
	p.asked = nil
	p.answer = func(asked int) *sdk.ElicitResult {
		if asked == 1 {
			if _, err := v.engine.Encode(t.Context(), sigil.DefaultTenant, sigil.Draft{Data: json.RawMessage(`"Edsger walks"`), Tags: []string{"n"}}); err != nil {
				t.Error(err)
			}
		}
		return agrees(asked)
	}
	done, _ = call(t, s, "erase", object{"tags": []any{"n"}})
	v.verified(done, 2, 0)
	if len(p.asked) != 2 || strings.Contains(p.asked[0], "Edsger") {
		t.Fatalf("asked %q", p.asked)
	}
	contains(t, p.asked[1], "has changed since you were asked", "Erase 2 memories", "Edsger walks")
}

// TestEraseByHand sends what a client sends that answers without having been asked.
func TestEraseByHand(t *testing.T) {
	v := full(t, storetest.NewUndoModel())
	ids := remember(t, v.client("2026-07-28"), "Ada lives in Turin")
	send := func(version, capabilities, more string) string {
		_, body, _ := v.post("POST", fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"erase","arguments":{"ids":["%s"]},
"_meta":{"io.modelcontextprotocol/protocolVersion":"%s","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":%s}%s}}`,
			ids[0], version, capabilities, more), "Mcp-Protocol-Version", version, "Mcp-Method", "tools/call", "Mcp-Name", "erase")
		return body
	}
	const yes = `,"inputResponses":{"erase":{"action":"accept","content":{"erase":true}}}`
	asks := send("2026-07-28", `{"elicitation":{}}`, "")
	contains(t, asks, `"resultType":"input_required"`, `"elicitation/create"`, `"requestState":"`, `"content":[]`, "Ada lives in Turin")
	contains(t, send("2026-07-28", `{"elicitation":{}}`, yes), "input_required")
	contains(t, send("2026-07-28", `{"elicitation":{}}`, yes+`,"requestState":"made up"`), "input_required")
	contains(t, send("2026-07-28", `{"elicitation":{"url":{}}}`, yes), `"outcome":"unconfirmed"`)
	contains(t, send("2026-07-28", `{}`, yes), `"outcome":"unconfirmed"`)
	contains(t, send("2025-11-25", `{"elicitation":{}}`, yes), `"outcome":"unconfirmed"`)
	if _, err := v.engine.Peek(t.Context(), sigil.Key{Tenant: sigil.DefaultTenant, ID: id(t, ids[0])}); err != nil {
		t.Fatal(err)
	}
	_, state, _ := strings.Cut(asks, `"requestState":"`)
	state, _, _ = strings.Cut(state, `"`)
	contains(t, send("2026-07-28", `{"elicitation":{"form":{}}}`, yes+`,"requestState":"`+state+`"`), `"outcome":"erased"`)
}

// TestEraseIsRefused makes the mistakes that a model makes, and asks for all there is.
func TestEraseIsRefused(t *testing.T) {
	v := full(t, storetest.NewUndoModel())
	s := v.client("2026-07-28")
	ids := remember(t, s, "Ada lives in Turin")
	many := make([]any, 51)
	for i := range many {
		many[i] = ids[0]
	}
	for _, c := range []struct {
		args object
		want []string
	}{
		{object{}, []string{"invalid_erase", "tags or query", "call again"}},
		{object{"ids": []any{}}, []string{"invalid_erase"}},
		{object{"query": " "}, []string{"invalid_erase"}},
		{object{"ids": ids, "tags": []any{"n"}}, []string{"invalid_erase"}},
		{object{"ids": ids, "query": "Ada"}, []string{"invalid_erase"}},
		{object{"ids": many}, []string{"invalid_ids", "50"}},
		{object{"ids": []any{"7"}}, []string{"invalid_id", "recall"}},
		{object{"tags": []any{""}}, []string{"invalid_tag"}},
		{object{"all": true}, []string{"invalid_arguments", "all"}},
		{object{"confirm": "yes"}, []string{"invalid_erase"}},
		{object{"ids": ids, "confirm": "yes"}, []string{"invalid_confirm", "without confirm"}},
	} {
		contains(t, refused(t, s, "erase", c.args), c.want...)
	}
	for i := range 1001 {
		if _, err := v.engine.Encode(t.Context(), sigil.DefaultTenant, sigil.Draft{Data: fmt.Appendf(nil, `"%d"`, i), Tags: []string{"many"}}); err != nil {
			t.Fatal(err)
		}
	}
	contains(t, refused(t, s, "erase", object{"tags": []any{"many"}}), "erase_too_large", "1001", "1000", "sigil erase", "tell the user")
	answer, _ := call(t, s, "erase", object{"ids": []any{sigil.NewID(time.Now()).String()}})
	if answer["outcome"] != "nothing" {
		t.Errorf("got %v", answer)
	}
	v.url = "http://" + v.addr + "/mcp"
	if _, err := v.client("2026-07-28").CallTool(t.Context(), &sdk.CallToolParams{Name: "erase", Arguments: object{"ids": ids}}); err == nil {
		t.Error("the profile default erases")
	}
}

// TestEraseIsOfOneTenant uses ids and tokens of another tenant.
func TestEraseIsOfOneTenant(t *testing.T) {
	v := full(t, storetest.NewUndoModel())
	ids := remember(t, v.client("2026-07-28"), "Ada lives in Turin")
	erase := func(tenant, confirm string) string {
		_, body, _ := v.post("POST", fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"erase","arguments":{"ids":["%s"]%s}}}`, ids[0], confirm), "Sigil-Tenant", tenant)
		return body
	}
	contains(t, erase("work", ""), `"outcome":"nothing"`, `"namespace":"work"`)
	_, token, _ := strings.Cut(erase("public", ""), `"confirm":"`)
	token, _, _ = strings.Cut(token, `"`)
	contains(t, erase("work", `,"confirm":"`+token+`"`), "invalid_confirm")
	contains(t, erase("public", `,"confirm":"`+token+`"`), `"outcome":"erased"`)
}

// half is a store whose erasures do not get to the end of the files.
type half struct{ *storetest.Model }

func (h half) Erase(ctx context.Context, keys []sigil.Key, event func(sigil.Meta, bool) sigil.Event) (store.Erasure, error) {
	store.Progress(ctx, "half is done")
	done, err := h.Model.Erase(ctx, keys, event)
	return done, errors.Join(err, context.DeadlineExceeded)
}

// TestAnUnfinishedErasureSaysSo has the time of a call end while the files are rewritten.
func TestAnUnfinishedErasureSaysSo(t *testing.T) {
	v := full(t, half{storetest.NewUndoModel()})
	s := v.client("2026-07-28")
	args := object{"ids": remember(t, s, "Ada lives in Turin")}
	first, _ := call(t, s, "erase", args)
	args["confirm"] = first["confirm"]
	contains(t, refused(t, s, "erase", args), "erase_unfinished", "1 memory", "no receipt", "Tell the user")
}

// TestEraseReportsProgress asks for progress, and gets what the store says, before the answer.
func TestEraseReportsProgress(t *testing.T) {
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			v := full(t, slow{storetest.NewUndoModel()})
			got := make(chan *sdk.ProgressNotificationParams, 10)
			c := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, &sdk.ClientOptions{
				ProgressNotificationHandler: func(_ context.Context, req *sdk.ProgressNotificationClientRequest) { got <- req.Params },
			})
			s, err := c.Connect(t.Context(), &sdk.StreamableClientTransport{Endpoint: v.url, HTTPClient: v.http}, &sdk.ClientSessionOptions{ProtocolVersion: version})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			args := object{"ids": remember(t, s, "Ada lives in Turin")}
			first, _ := call(t, s, "erase", args)
			args["confirm"] = first["confirm"]
			params := &sdk.CallToolParams{Name: "erase", Arguments: args}
			params.SetProgressToken("p")
			res, err := s.CallTool(t.Context(), params)
			if err != nil || res.IsError {
				t.Fatalf("%v %+v", err, res)
			}
			for i := range 2 {
				p := wait(t, "progress", got)
				if p.ProgressToken != "p" || p.Progress != float64(i+1) || p.Total != 0 || p.Message != fmt.Sprintf("step %d", i+1) {
					t.Errorf("got %+v", p)
				}
			}
		})
	}
}

// slow is a store that reports two steps of an erasure.
type slow struct{ *storetest.Model }

func (s slow) Erase(ctx context.Context, keys []sigil.Key, event func(sigil.Meta, bool) sigil.Event) (store.Erasure, error) {
	store.Progress(ctx, "step 1")
	defer store.Progress(ctx, "step 2")
	return s.Model.Erase(ctx, keys, event)
}
