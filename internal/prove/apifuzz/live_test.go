package apifuzz_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/store/storetest"
	"github.com/sigil-dna/sigil/wire"
)

// FuzzLiveRequest sends any message on a live connection: it is answered, never with a failure of the
// service, and the connection continues.
func FuzzLiveRequest(f *testing.F) {
	for _, seed := range []string{
		`{"id":1,"op":"encode","sigil":{"data":{"a":[1e3,"\ud834\udd1e",null]},"ttl":"1d12h","tags":["t"]},"idempotencyKey":"k"}`,
		`{"id":"a","op":"recall","memory":"019c13ec-9e00-723f-a84f-af9076740c71"}`, `{"id":2.5e1,"op":"forget","memory":"x"}`,
		`{"id":3,"op":"restore","memory":"019c13ec-9e00-723f-a84f-af9076740c71"}`,
		`{"id":3,"op":"subscribe","after":18446744073709551615}`, `{"id":4,"op":"unsubscribe"}`, `{"id":1,"id":2}`, `[]`, ``, `{`, `null`, "\xff",
		`{"op":"encode","sigil":{"data":1}}`, `{"id":null,"op":1}`, `{"id":5,"op":"encode","sigil":[],"after":1}`,
	} {
		f.Add([]byte(seed))
	}
	api := httpapi.New(engine.New(storetest.NewModel(), nil), &httpapi.Options{Logger: slog.New(slog.DiscardHandler)})
	server := httptest.NewServer(api)
	f.Cleanup(func() {
		api.Close()
		server.Close()
	})
	f.Fuzz(func(t *testing.T, message []byte) {
		conn, _, err := websocket.Dial(t.Context(), server.URL+"/v1/ws", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.CloseNow()
		conn.SetReadLimit(-1)
		for _, m := range [][]byte{message, []byte(`{"id":"last","op":"unsubscribe"}`)} {
			if err := conn.Write(t.Context(), websocket.MessageText, m); err != nil {
				t.Fatal(err)
			}
		}
		for answered := 0; answered < 2; {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			_, data, err := conn.Read(ctx)
			cancel()
			if err != nil {
				t.Fatalf("after %q: %v", message, err)
			}
			var m wire.LiveMessage
			if err := json.Unmarshal(data, &m); err != nil {
				t.Fatalf("%v: %s", err, data)
			}
			if m.Status >= 500 {
				t.Errorf("%q is answered %s", message, data)
			}
			if m.Type == wire.LiveAnswer {
				answered++
			}
		}
	})
}
