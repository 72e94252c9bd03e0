package mcp_test

import (
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store/storetest"
)

// TestForgetSaysUntilWhenItCanBeUndone forgets with and without an undo window, and again.
func TestForgetSaysUntilWhenItCanBeUndone(t *testing.T) {
	in(t, func(t *testing.T, v *service, s *sdk.ClientSession) {
		first, _ := call(t, s, "remember", object{"text": "one"})
		answer, text := call(t, s, "forget", object{"id": first["id"]})
		if answer["undoable"] != false || answer["restorableUntil"] != nil {
			t.Errorf("without undo: %v", answer)
		}
		contains(t, text, "cannot be undone")

		configureUndo(t, v, 24*time.Hour)
		second, _ := call(t, s, "remember", object{"text": "two"})
		answer, text = call(t, s, "forget", object{"id": second["id"]})
		until, err := time.Parse(time.RFC3339, answer["restorableUntil"].(string))
		if left := until.Sub(v.engine.Now()); err != nil || answer["undoable"] != true || left > 24*time.Hour || left < 23*time.Hour {
			t.Errorf("with undo: %v (%v)", answer, err)
		}
		contains(t, text, "can be restored for another ", "sigil restore "+second["id"].(string), "sigil erase "+second["id"].(string))
		_, text = call(t, s, "explain", object{"id": second["id"]})
		contains(t, text, "It was forgotten at", "by a request. It can be restored for another ")
		if again, _ := call(t, s, "forget", object{"id": second["id"]}); again["restorableUntil"] != answer["restorableUntil"] {
			t.Errorf("again: %v, before: %v", again, answer)
		}
	})
}

// TestRestore restores what the list of removed memories has, and what cannot be restored.
func TestRestore(t *testing.T) {
	v := serve(t, storetest.NewUndoModel(), time.Minute)
	v.url += "?profile=full"
	s := v.client("2026-07-28")
	contains(t, refused(t, s, "removed", object{}), "undo_off", "Tell the user")
	configureUndo(t, v, 24*time.Hour)

	var ids []any
	for _, text := range []string{"one", "two", "three"} {
		m, _ := call(t, s, "remember", object{"text": text, "tags": []string{"n"}})
		ids = append(ids, m["id"])
		call(t, s, "forget", object{"id": m["id"]})
	}
	page, text := call(t, s, "removed", object{"limit": 2})
	list := page["removed"].([]any)
	if len(list) != 2 || page["next"] == nil {
		t.Fatalf("got %v", page)
	}
	contains(t, text, "three", "forgotten", "can be restored for another ", "call again with cursor")
	if rest, _ := call(t, s, "removed", object{"cursor": page["next"]}); len(rest["removed"].([]any)) != 1 || rest["next"] != nil {
		t.Errorf("the rest is %v", rest)
	}
	r := list[0].(object)
	if r["text"] != "three" || r["id"] != ids[2] || r["what"] != "forgotten" || r["why"] != "request" || r["restorableUntil"] == nil {
		t.Errorf("the last is %v", r)
	}

	answer, text := call(t, s, "restore", object{"ids": ids[:2]})
	if answer["restored"] != 2.0 {
		t.Errorf("got %v", answer)
	}
	contains(t, text, "2 restored", "is restored and fades in")
	if m, _ := call(t, s, "peek", object{"id": ids[0]}); memories(t, m)[0]["text"] != "one" {
		t.Errorf("peek found %v", m)
	}
	answer, text = call(t, s, "restore", object{"ids": []any{ids[0], ids[2]}})
	if answer["restored"] != 1.0 || answer["results"].([]any)[0].(object)["restored"] != false {
		t.Errorf("got %v", answer)
	}
	contains(t, text, "1 restored", "not_removed", "Nothing needs to be done")
	contains(t, refused(t, s, "restore", object{"ids": ids[:1]}), "not_removed")
	contains(t, refused(t, s, "restore", object{"ids": []any{}}), "invalid_ids")
	contains(t, refused(t, s, "restore", object{"ids": []any{"7"}}), "invalid_id")
	if page, _ := call(t, s, "removed", object{}); len(page["removed"].([]any)) != 0 {
		t.Errorf("still removed: %v", page)
	}
}

// TestAnnotationsOfTheFullProfile checks that restore, removed and erase promise no more than they do, and that all tools together are
// not too many words.
func TestAnnotationsOfTheFullProfile(t *testing.T) {
	v := serve(t, storetest.NewUndoModel(), time.Minute)
	v.url += "?profile=full"
	list, err := v.client("2026-07-28").ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	n := len(marshal(t, list)) / 4
	t.Logf("the list of tools has %d tokens", n)
	if n > 4500 {
		t.Errorf("the list of tools has %d tokens", n)
	}
	for _, tool := range list.Tools {
		a := tool.Annotations
		if tool.Name == "erase" && (a.ReadOnlyHint || !*a.DestructiveHint || a.IdempotentHint) {
			t.Errorf("%s: %+v", tool.Name, a)
		}
		if strings.Contains(marshal(t, tool), `"null"`) {
			t.Errorf("%s may be null: %s", tool.Name, marshal(t, tool))
		}
		if tool.Name == "restore" && (a.ReadOnlyHint || *a.DestructiveHint || !a.IdempotentHint) || tool.Name == "removed" && !a.ReadOnlyHint {
			t.Errorf("%s: %+v", tool.Name, a)
		}
	}
}

func configureUndo(t *testing.T, v *service, window time.Duration) {
	t.Helper()
	settings := v.engine.Settings()
	settings.Undo = engine.Undo{Window: window}
	v.engine.Configure(settings)
}
