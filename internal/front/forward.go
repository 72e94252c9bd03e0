package front

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"strings"
)

// Forward returns a handler that passes requests on to the process that listens on addr. It closes each
// connection after its answer, so that clients move to that process.
//
// It sends each request once, on a new connection: the transport repeats a request only on a connection that
// it used before. So no request is carried out twice.
func Forward(addr string, log *slog.Logger) http.Handler {
	target := reachable(addr)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", target
			r.Out.URL.RawQuery = r.In.URL.RawQuery // unchanged, even if it is not well-formed
			r.Out.Header.Del("Expect")             // this server has already asked the client to continue
			for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
				if values, ok := r.In.Header[name]; ok {
					r.Out.Header[name] = values
				}
			}
		},
		Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true},
		FlushInterval: -1, // flush immediately: the answer may be a stream
		ErrorLog:      slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() != nil {
				return // the client has left
			}
			log.Warn("a request could not be passed on to the next process", "err", err)
			elsewhere(w, "the process that took over does not answer")
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		// A POST that accepts events, as each of MCP does, has one answer, which ends.
		if r.Header.Get("Upgrade") != "" || r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
			elsewhere(w, "the process that took over has this: connect again") // a stream has no end, but this process has
			return
		}
		ctx, end := patient(r.Context())
		defer end()
		proxy.ServeHTTP(w, r.WithContext(ctx))
	})
}

// elsewhere asks the client to try again on a new connection.
func elsewhere(w http.ResponseWriter, detail string) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Retry-After", "1")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = fmt.Fprintf(w, `{"type":"/docs#unavailable","title":"Service Unavailable","status":503,"code":"unavailable","detail":%q}`+"\n", detail)
}

// reachable returns an address at which this machine reaches a socket that listens on addr.
func reachable(addr string) string {
	at, err := netip.ParseAddrPort(addr)
	switch {
	case err != nil || !at.Addr().IsUnspecified():
		return addr
	case at.Addr().Is4():
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), at.Port()).String()
	}
	return net.JoinHostPort("::1", portOf(addr))
}

func portOf(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}
