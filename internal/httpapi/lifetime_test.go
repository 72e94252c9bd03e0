package httpapi_test

import (
	"encoding/json"
	"testing"

	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/store/storetest"
)

// memoriesIn returns the memories anywhere in a value: the objects with tags.
func memoriesIn(v any) (all []map[string]any) {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			all = append(all, memoriesIn(one)...)
		}
	case map[string]any:
		if _, is := v["tags"]; is {
			return []map[string]any{v}
		}
		for _, one := range v {
			all = append(all, memoriesIn(one)...)
		}
	}
	return all
}

// saysHowLong asserts that an answer has memories, and that each says when it fades, how long it lives untouched, and its policy.
func saysHowLong(t *testing.T, what string, answer []byte) {
	t.Helper()
	var v any
	if err := json.Unmarshal(answer, &v); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	all := memoriesIn(v)
	if len(all) == 0 {
		t.Errorf("%s has no memory: %s", what, answer)
	}
	for _, m := range all {
		if m["fadesAt"] == nil || m["life"] == nil || m["policy"] != "classic rate=0.001 period=5s threshold=0.95" {
			t.Errorf("%s: %v", what, m)
		}
	}
}

// Every answer with a memory says how long it lives.
func TestEveryMemorySaysHowLongItLives(t *testing.T) {
	f := newFace(t, config{})
	m := f.encode(`{"data":"tea at four"}`)
	at := "/v1/sigils/" + m.ID.String()
	for _, ask := range []struct{ method, path, body string }{
		{"POST", "/v1/sigils", `{"data":"tea at four","onDuplicate":"reinforce"}`},
		{"POST", "/v1/sigils:batch", `[{"data":1},{"data":2}]`},
		{"GET", at, ""},
		{"POST", at + ":recall", ""},
		{"POST", "/v1/sigils:recall", `{"ids":["` + m.ID.String() + `"]}`},
		{"GET", "/v1/sigils", ""},
		{"GET", "/v1/sigils?content=false&sort=fades", ""},
		{"GET", "/v1/sigils:search?q=tea", ""},
		{"POST", "/v1/sigils:search", `{"query":"tea","recall":true}`},
		{"GET", at + "/related?min=0", ""},
		{"GET", at + "/explain", ""},
		{"GET", at + "/history", ""},
		{"PATCH", at, `{"tags":["a"]}`},
		{"POST", at + ":unpin", ""},
	} {
		got := f.do(ask.method, ask.path, ask.body)
		if got.status >= 300 {
			t.Fatalf("%s %s: %d %s", ask.method, ask.path, got.status, got.body)
		}
		saysHowLong(t, ask.method+" "+ask.path, got.body)
	}
	c := f.correct(m.ID, `{"data":"tea at five"}`)
	f.do("DELETE", "/v1/sigils/"+c.ID.String(), "").want(204)
	saysHowLong(t, "restore", f.do("POST", "/v1/sigils/"+c.ID.String()+":restore", "").want(200).body)
}

// So does every answer over a WebSocket.
func TestEveryMemoryOverAWebSocketSaysHowLongItLives(t *testing.T) {
	for id, answer := range burst(t, storetest.NewModel(), engine.Options{}, `{"id":"1","op":"encode","sigil":{"data":1}}`, `{"id":"2","op":"encode","sigil":{"data":2}}`) {
		if answer.Memory == nil || answer.Memory.FadesAt == nil || answer.Memory.Life == nil || answer.Memory.Policy == "" {
			t.Errorf("%s: %+v", id, answer.Memory)
		}
	}
}
