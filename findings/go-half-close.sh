#!/usr/bin/env bash
# Go: net/http treats a client that has closed only its sending side like one that has left.
#
# Expected: TCP lets each side close its own direction. A client that sends a request and closes its sending
# side, as `nc -N` does, waits for the answer and gets it. The documentation of Request.Context speaks of the
# client's connection closing, not of half of it.
#
# What happens with Go 1.26.8: the end of the client's data cancels the context of the request at once,
# although the client still reads. A handler that observes its context gives up, and the waiting client gets
# an error. It has been discussed upstream for years.
#
# Why it matters to users of Sigil: with `printf … | nc -N` in a script, and with old clients that end each
# request that way, it depended on chance whether they got an error or their answer.
#
# In Sigil: internal/httpapi/time.go lets a request that has fully arrived continue for 5 s after the end of
# the client's data (the decision "A client that closed its side is answered for 5 s" in docs/); streams end
# at once. TestAHalfClosedConnectionIsAnswered checks it.
#
# Needs: go (1.26.8, which go downloads as a module if it is another version). Exits with 0 if it still
# happens, 1 if not, 2 if it could not be tested.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

export GOMODCACHE="$work/mod" GOFLAGS=-modcacherw GOWORK=off GOTOOLCHAIN=go1.26.8
printf 'module finding\n\ngo 1.26.0\n' >go.mod
cat >main.go <<'EOF'
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"
)

func main() {
	// The handler works until it is told to stop, or until the client has everything that it waits for.
	enough := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		select {
		case <-r.Context().Done():
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, "the client has left: ", errors.Is(r.Context().Err(), context.Canceled))
		case <-enough:
			fmt.Fprint(w, "done")
		}
	}))
	defer server.Close()
	same := true
	for _, request := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\ntea",
	} {
		open := answer(server.URL, request, false, enough)
		half := answer(server.URL, request, true, enough)
		method, _, _ := strings.Cut(request, " ")
		fmt.Printf("%-4s sending side open:   expected 200 done, got %s\n", method, open)
		fmt.Printf("%-4s sending side closed: expected 200 done, got %s\n", method, half)
		same = same && open == "200 done" && half == "503 the client has left: true"
	}
	if !same {
		fmt.Println("changed")
		os.Exit(1)
	}
	fmt.Println("still so: a client that closed its sending side counts as gone, and reads that it is")
}

func answer(url, request string, half bool, enough chan struct{}) string {
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	check(err)
	defer conn.Close()
	_, err = io.WriteString(conn, request)
	check(err)
	if half {
		check(conn.(*net.TCPConn).CloseWrite())
	}
	// The handler would be done a second after the request.
	done := time.AfterFunc(time.Second, func() { enough <- struct{}{} })
	defer done.Stop()
	got, err := http.ReadResponse(bufio.NewReader(conn), nil)
	check(err)
	body, err := io.ReadAll(got.Body)
	check(err)
	return fmt.Sprint(got.StatusCode, " ", string(body))
}

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
}
EOF
go version || exit 2
go build -o finding . >go.log 2>&1 || { cat go.log; exit 2; }
./finding
