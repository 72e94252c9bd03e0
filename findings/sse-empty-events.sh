#!/usr/bin/env bash
# Server-sent events: Go clients return an event for a block that has no data.
#
# Expected, from the WHATWG standard: a block with `id` and `retry` but no `data` sets the last event id and
# the pause before a reconnection. It is not an event: a reader's handler is not called.
#
# What happens: r3labs/sse 2.10.0, tmaxmax/go-sse 0.12.0 and launchdarkly/eventsource 1.11.0 all call the
# reader with an event whose data is empty, before the first real one. eventsource 5.1.5 for Node.js follows
# the standard.
#
# Why it matters to users of Sigil: each stream begins with such a block, so that a reader that is
# disconnected before the first event resumes where it began. A Go program that decodes each event's data as
# JSON fails on it.
#
# In Sigil: internal/httpapi/live/sse.go writes the block, and docs/live.md tells readers to skip events
# without data. Its own Go client does so (client/follow.go; FuzzFollow has such blocks among its seeds).
#
# Needs: go, node, npm. Exits with 0 if it still happens, 1 if not, 2 if it could not be tested.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

echo '{"private": true}' >package.json
npm install --no-audit --no-fund --silent --cache "$work/cache" eventsource@5.1.5 >npm.log 2>&1 || { cat npm.log; exit 2; }
cat >reader.mjs <<'EOF'
import { EventSource } from "eventsource";
const source = new EventSource(process.argv[2]);
source.onmessage = (event) => {
  console.log(JSON.stringify(event.data));
  source.close();
};
EOF
export GOMODCACHE="$work/mod" GOFLAGS='-mod=mod -modcacherw' GOWORK=off
cat >go.mod <<'EOF'
module finding

go 1.26.0

require (
	github.com/launchdarkly/eventsource v1.11.0
	github.com/r3labs/sse/v2 v2.10.0
	github.com/tmaxmax/go-sse v0.12.0
)
EOF
cat >main.go <<'EOF'
package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"time"

	launchdarkly "github.com/launchdarkly/eventsource"
	r3labs "github.com/r3labs/sse/v2"
	tmaxmax "github.com/tmaxmax/go-sse"
)

func main() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "retry: 1000\nid: 7\n\n", "id: 8\ndata: tea\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	same := true
	// read shows the data of events, up to the first that has data.
	read := func(who, before string, begin func(ctx context.Context, event func(data string))) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		data := make(chan string)
		go begin(ctx, func(one string) {
			select {
			case data <- one:
			case <-ctx.Done():
			}
		})
		var got []string
		for len(got) == 0 || got[len(got)-1] == `""` {
			select {
			case one := <-data:
				got = append(got, fmt.Sprintf("%q", one))
			case <-time.After(time.Minute):
				check(fmt.Errorf("%s: nothing came within a minute", who))
			}
		}
		seen := strings.Join(got, ", ")
		fmt.Printf("%-32s expected %q, got %s\n", who, "tea", seen)
		same = same && seen == before+`"tea"`
	}
	read("eventsource 5.1.5 (Node.js)", "", func(ctx context.Context, event func(string)) {
		out, err := exec.CommandContext(ctx, "node", "reader.mjs", server.URL).Output()
		check(err)
		for line := range strings.Lines(string(out)) {
			event(strings.Trim(line, "\"\n"))
		}
	})
	read("r3labs/sse 2.10.0", `"", `, func(ctx context.Context, event func(string)) {
		_ = r3labs.NewClient(server.URL).SubscribeRawWithContext(ctx, func(e *r3labs.Event) { event(string(e.Data)) })
	})
	read("tmaxmax/go-sse 0.12.0", `"", `, func(ctx context.Context, event func(string)) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
		check(err)
		conn := tmaxmax.NewConnection(request)
		conn.SubscribeToAll(func(e tmaxmax.Event) { event(e.Data) })
		_ = conn.Connect()
	})
	read("launchdarkly/eventsource 1.11.0", `"", `, func(_ context.Context, event func(string)) {
		stream, err := launchdarkly.Subscribe(server.URL, "")
		check(err)
		defer stream.Close()
		for range 2 {
			event((<-stream.Events).Data())
		}
	})
	if !same {
		fmt.Println("changed")
		os.Exit(1)
	}
	fmt.Println("still so: the Go clients hand out an event without data")
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
}
EOF
go build -o finding . >go.log 2>&1 || { cat go.log; exit 2; }
./finding
