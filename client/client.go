package client

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/sigil-dna/sigil"
)

// DefaultAddr is the address that a daemon listens on by default.
const DefaultAddr = "127.0.0.1:7433"

// maxIdle is how many connections to the daemon are kept open for reuse. With the standard library's 2, most concurrent
// callers would have to connect anew.
const maxIdle = 64

// Client speaks to one daemon as one tenant. Its methods may be called from any goroutine.
type Client struct {
	base   *url.URL
	tenant string
	agent  string
	http   *http.Client
}

// Options configure a Client; the zero value is the defaults.
type Options struct {
	// Tenant is whose memories the client encodes and sees. If it is empty, the daemon decides: the tenant of the
	// credentials, or [sigil.DefaultTenant].
	Tenant string
	// HTTPClient sends the requests, and decides about timeouts, TLS and credentials. If nil, the client uses its own,
	// which has no timeout; limit calls with their context.
	HTTPClient *http.Client
	// UserAgent names the program; empty means "sigil-go".
	UserAgent string
}

// New returns a client of the daemon at baseURL: "https://host:port", with a path if the daemon is behind one, or plain
// "host:port" for http. An empty baseURL means [DefaultAddr], and nil options the defaults. New does no I/O: the first
// call notices if no daemon is running.
//
// Its errors are [sigil.ErrInvalid].
func New(baseURL string, o *Options) (*Client, error) {
	if o == nil {
		o = &Options{}
	}
	base, err := parseBase(baseURL)
	if err != nil {
		return nil, err
	}
	if o.Tenant != "" {
		if err := sigil.CheckTenant(o.Tenant); err != nil {
			return nil, err
		}
	}
	c := &Client{base: base, tenant: o.Tenant, agent: o.UserAgent, http: o.HTTPClient}
	if c.agent == "" {
		c.agent = "sigil-go"
	}
	if c.http == nil {
		c.http = &http.Client{Transport: newTransport()}
	}
	return c, nil
}

// CloseIdleConnections closes the connections kept for reuse; the client remains usable.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

// String returns the daemon's address as the client uses it, without a password.
func (c *Client) String() string { return c.base.Redacted() }

func newTransport() *http.Transport {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok { // other code has replaced it: use the nearest equivalent
		t = &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
	}
	t = t.Clone()
	t.MaxIdleConnsPerHost = maxIdle
	t.DisableCompression = true // with a daemon nearby it costs more than it saves
	return t
}

func parseBase(s string) (*url.URL, error) {
	invalid := func(detail string) error { return sigil.NewInvalid("invalid_address", "address", detail) }
	if s == "" {
		s = DefaultAddr
	}
	if !strings.Contains(s, "://") {
		s = "http://" + s
	}
	u, err := url.Parse(s)
	if err != nil { // err is dropped: it repeats the input, which may contain a password
		return nil, invalid("is neither host:port nor a URL")
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, invalid("must begin with http:// or https://, or be host:port")
	case u.Host == "":
		return nil, invalid("names no host")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, invalid("must not have a query or fragment")
	}
	if u.Hostname() == "" { // ":7433", as a daemon's listen address is often written
		u.Host = net.JoinHostPort("127.0.0.1", u.Port())
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = ""
	return u, nil
}
