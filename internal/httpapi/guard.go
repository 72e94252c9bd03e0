package httpapi

import (
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/httpapi/draft"
)

// guard refuses requests that a web page may have sent without its user's knowledge.
func (a *API) guard(r *http.Request) error {
	if a.options.LoopbackOnly && !a.allowed(r.Host) {
		return refusal("forbidden_host", "Host", "must be localhost, a loopback address or a name of --allowed-host: this service listens without credentials")
	}
	if err := a.origins.Check(r); err != nil && !ownPage(r) {
		return refusal("cross_origin", "Origin", "a page of another origin may not change anything here")
	}
	return nil
}

// ownPage reports whether the page that sent a request is of this service under another loopback name: its Origin and the
// request's Host are both localhost, 127.0.0.1 or [::1], with the same port. To a browser, these are different origins.
func ownPage(r *http.Request) bool {
	origin, err := url.Parse(r.Header.Get("Origin"))
	if err != nil {
		return false
	}
	host := &url.URL{Host: r.Host}
	names := []string{"localhost", "127.0.0.1", "::1"}
	return origin.Scheme == "http" && origin.Port() == host.Port() &&
		slices.Contains(names, origin.Hostname()) && slices.Contains(names, host.Hostname())
}

// probe reports whether a request only asks whether the service is up, as load balancers do under any host name or
// none. The answer is the same for everybody and reveals nothing that is stored.
func probe(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && (r.URL.Path == "/livez" || r.URL.Path == "/readyz" || r.URL.Path == "/healthz")
}

// allowed reports whether host, with or without a port, is a loopback name or address, or one of the allowed names.
func (a *API) allowed(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	if addr, err := netip.ParseAddr(host); err == nil && addr.IsLoopback() {
		return true
	}
	for _, name := range a.options.AllowedHosts {
		if strings.EqualFold(host, name) {
			return true
		}
	}
	return false
}

const (
	maxRequestID = 64
	letters      = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
)

// requestID returns the client's id for the request if it is acceptable, or else a new one.
func requestID(h http.Header) string {
	id := h.Get("X-Request-Id")
	if id == "" || len(id) > maxRequestID || strings.Trim(id, letters+"._-") != "" {
		return newRequestID()
	}
	return id
}

// newRequestID returns 26 letters and digits. It is meant to be found in a log, and need not be secret.
func newRequestID() string {
	var b [26]byte
	for part := range 2 {
		n := rand.Uint64()
		for i := range 13 {
			b[13*part+i] = letters[26+n%32] // A to Z, 0 to 5
			n /= 32
		}
	}
	return string(b[:])
}

// tenant returns the request's tenant. Once there are credentials, they will decide it here.
func tenant(r *http.Request) (string, error) {
	names := r.Header["Sigil-Tenant"]
	switch len(names) {
	case 0:
		return sigil.DefaultTenant, nil
	case 1:
		return names[0], sigil.CheckTenant(names[0])
	}
	return "", sigil.NewInvalid("invalid_tenant", "tenant", "is in more than one Sigil-Tenant header")
}

// idempotencyKey returns the request's Idempotency-Key, of at most max bytes, or "" if there is none.
func idempotencyKey(r *http.Request, max int) (string, error) {
	keys := r.Header["Idempotency-Key"]
	if len(keys) == 0 {
		return "", nil
	}
	if len(keys) > 1 || !draft.ValidKey(keys[0], max) {
		return "", draft.InvalidKey("Idempotency-Key", max)
	}
	return keys[0], nil
}
