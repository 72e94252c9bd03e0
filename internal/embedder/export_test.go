package embedder

import "net/http"

// Through sends through t instead of the network.
func (e *Endpoint) Through(t http.RoundTripper) { e.transport = t }

// Address returns the URL that requests go to.
func (e *Endpoint) Address() (string, error) { return e.address() }
