// Command front is one address for several daemons. It sends requests to them in turn, and to the next one if
// one cannot be reached. It is for trying things out (make cluster), not for production.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"sync/atomic"
	"time"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: front ADDRESS DAEMON...")
		os.Exit(2)
	}
	server := &http.Server{Addr: os.Args[1], Handler: inTurn(os.Args[2:]), ReadHeaderTimeout: 10 * time.Second}
	if err := server.ListenAndServe(); err != nil {
		fmt.Fprintln(os.Stderr, "front:", err)
		os.Exit(1)
	}
}

// inTurn sends each request to the next daemon that can be reached.
func inTurn(daemons []string) http.Handler {
	var turn atomic.Uint64
	transport := &http.Transport{
		// A connection that is kept would also be used for the next request, so one daemon would get all of
		// them.
		DisableKeepAlives: true,
		// A connection that cannot be made has taken nothing of the request, so another daemon may get it.
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var errs []error
			for range daemons {
				to := daemons[turn.Add(1)%uint64(len(daemons))]
				conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, network, to)
				if err == nil {
					return conn, nil
				}
				errs = append(errs, err)
			}
			return nil, errors.Join(errs...)
		},
	}
	return &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", "daemons"
			r.Out.Host = r.In.Host
		},
	}
}
