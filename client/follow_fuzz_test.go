package client_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/wire"
)

// FuzzFollow reads any answer as a stream. Follow yields its entries, and then either reconnects or ends with an error.
func FuzzFollow(f *testing.F) {
	for _, seed := range []string{
		"retry: 1000\nid: 5\n\nid: 6\ndata: {\"position\":6,\"kind\":\"encoded\"}\n\n", ":\n\n", "data\n\n", "data: {\n\n", "\n\n", "",
		"event: reconnect\ndata: {\"after\":7}\n\n", "event: problem\ndata: {\"status\":410,\"code\":\"position_gone\",\"oldest\":9}\n\n",
		"event: recalled\ndata: {\"memories\":[{\"id\":7}]}\n\n", "event: lagged\ndata: {}\n\nid: x\ndata: {\"position\":1}\r\n\r\n", "data: {\"position\":\ndata: 8}\n\n", strings.Repeat("data: x\n", 100),
	} {
		f.Add(200, []byte(seed))
	}
	f.Add(410, []byte(`{"status":410,"code":"position_gone","oldest":3}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 {
			status = 200
		}
		c, err := client.New("", &client.Options{HTTPClient: &http.Client{Transport: answering{status, http.Header{"Content-Type": {"application/problem+json"}}, body}}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		lost := 0
		ended := false
		for _, err := range c.Follow(ctx, &client.FollowOptions{OnRecall: func(wire.Recalls) {}, OnDisconnect: func(err error, wait time.Duration) {
			if lost++; err == nil || wait <= 0 {
				t.Errorf("OnDisconnect was called with %v and %s, want an error and a wait over 0", err, wait)
			}
			cancel()
		}}) {
			ended = err != nil
		}
		if !ended {
			t.Error("Follow ended without an error")
		}
	})
}
