#!/usr/bin/env bash
# Server-sent events: a client of r3labs/sse ends without an error when the server ends the stream.
#
# Expected: a reader of server-sent events reconnects when a stream ends, with the last id that it has seen,
# as the WHATWG standard requires and as the library does when it cannot connect. If it cannot or does not
# want to, Subscribe returns an error.
#
# What happens with r3labs/sse 2.10.0: if the server ends the response normally, Subscribe returns nil and
# does not connect again, whatever the reconnection strategy is. If the connection breaks, it does connect
# again, with the last id; it also does if Subscribe is called again. It was reported upstream in 2023.
#
# Why it matters to users of Sigil: a daemon that stops or hands over ends each stream normally, with `event:
# reconnect`, so that readers come back and resume. A program with this library stops reading there, and sees
# no error.
#
# In Sigil: docs/live.md tells readers to call Subscribe again. Its own Go client reconnects
# (client.Follow; client/follow_test.go).
#
# Needs: go. Exits with 0 if it still happens, 1 if not, 2 if it could not be tested.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

export GOMODCACHE="$work/mod" GOFLAGS='-mod=mod -modcacherw' GOWORK=off
cat >go.mod <<'EOF'
module finding

go 1.26.0

require (
	github.com/r3labs/sse/v2 v2.10.0
	gopkg.in/cenkalti/backoff.v1 v1.1.0
)
EOF
cat >main.go <<'EOF'
package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"time"

	"github.com/r3labs/sse/v2"
	"gopkg.in/cenkalti/backoff.v1"
)

func main() {
	ended, endedAsks := subscribe(func() {}, 1)
	broken, brokenAsks := subscribe(func() { panic(http.ErrAbortHandler) }, 1)
	_, twiceAsks := subscribe(func() {}, 2)
	fmt.Println("stream ended in good order: expected another request, with Last-Event-ID 7; got", endedAsks, "and Subscribe returned", ended)
	fmt.Println("connection broken off:      expected another request, with Last-Event-ID 7; got", brokenAsks, "and Subscribe returned", broken)
	fmt.Println("Subscribe called twice:     expected another request, with Last-Event-ID 7; got", twiceAsks)
	if endedAsks != `[""]` || ended != "nil" || brokenAsks != `["" "7"]` || twiceAsks != brokenAsks {
		fmt.Println("changed")
		os.Exit(1)
	}
	fmt.Println("still so: at the end of a stream the client is done, without an error")
}

// subscribe reads a stream that sends one event and then ends, a number of times. It prints what Subscribe
// returned, and the Last-Event-ID of each request. The second request is refused, which ends the reading.
func subscribe(end func(), times int) (returned, asks string) {
	var ids []string
	var done atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ids = append(ids, r.Header.Get("Last-Event-ID"))
		if len(ids) > 1 {
			done.Store(true)
			w.WriteHeader(http.StatusNoContent)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "retry: 10\nid: 7\ndata: tea\n\n")
		_ = http.NewResponseController(w).Flush()
		end()
	}))
	client := sse.NewClient(server.URL)
	client.ReconnectStrategy = strategy{&done}
	var err error
	for range times {
		err = client.SubscribeRaw(func(*sse.Event) {})
	}
	server.Close() // waits for the handler
	if err == nil {
		return "nil", fmt.Sprintf("%q", ids)
	}
	return err.Error(), fmt.Sprintf("%q", ids)
}

// strategy connects again at once, until it is done.
type strategy struct{ done *atomic.Bool }

func (strategy) Reset() {}

func (s strategy) NextBackOff() time.Duration {
	if s.done.Load() {
		return backoff.Stop
	}
	return 10 * time.Millisecond
}
EOF
go build -o finding . >go.log 2>&1 || { cat go.log; exit 2; }
go list -m github.com/r3labs/sse/v2
./finding
