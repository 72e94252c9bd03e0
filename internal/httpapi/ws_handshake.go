package httpapi

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/sigil-dna/sigil"
)

// upgrades tells whether the request asks for a WebSocket.
func upgrades(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// handshake refuses with a problem what the library would refuse with a line of text.
func handshake(c *call) error {
	h := c.r.Header
	if !upgrades(c.r) {
		c.Header().Set("Upgrade", "websocket")
		return refusal("upgrade_required", "Upgrade", "must be websocket: this path is a live connection")
	}
	if origin := h.Get("Origin"); origin != "" {
		if u, err := url.Parse(origin); err != nil || !strings.EqualFold(u.Host, c.r.Host) {
			return refusal("cross_origin", "Origin", "a page of another origin may not open a live connection")
		}
	}
	key, err := base64.StdEncoding.DecodeString(h.Get("Sec-WebSocket-Key"))
	switch {
	case !strings.Contains(strings.ToLower(h.Get("Connection")), "upgrade"):
		return sigil.NewInvalid("invalid_handshake", "Connection", "must be Upgrade")
	case h.Get("Sec-WebSocket-Version") != "13":
		c.Header().Set("Sec-WebSocket-Version", "13")
		return sigil.NewInvalid("invalid_handshake", "Sec-WebSocket-Version", "must be 13")
	case err != nil || len(key) != 16:
		return sigil.NewInvalid("invalid_handshake", "Sec-WebSocket-Key", "must be 16 bytes in base64")
	}
	return nil
}
