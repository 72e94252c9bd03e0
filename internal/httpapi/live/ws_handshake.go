package live

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/sigil-dna/sigil"
)

// Upgrades reports whether the request asks for a WebSocket.
func Upgrades(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// handshake returns an error, shown as a problem, for requests that the library would refuse with a line of
// text.
func handshake(w http.ResponseWriter, r *http.Request) error {
	h := r.Header
	if !Upgrades(r) {
		w.Header().Set("Upgrade", "websocket")
		return sigil.NewInvalid("upgrade_required", "Upgrade", "must be websocket: this path is a live connection")
	}
	if origin := h.Get("Origin"); origin != "" {
		if u, err := url.Parse(origin); err != nil || !strings.EqualFold(u.Host, r.Host) {
			return sigil.NewInvalid("cross_origin", "Origin", "a page of another origin may not open a live connection")
		}
	}
	key, err := base64.StdEncoding.DecodeString(h.Get("Sec-WebSocket-Key"))
	switch {
	case !strings.Contains(strings.ToLower(h.Get("Connection")), "upgrade"):
		return sigil.NewInvalid("invalid_handshake", "Connection", "must be Upgrade")
	case h.Get("Sec-WebSocket-Version") != "13":
		w.Header().Set("Sec-WebSocket-Version", "13")
		return sigil.NewInvalid("invalid_handshake", "Sec-WebSocket-Version", "must be 13")
	case err != nil || len(key) != 16:
		return sigil.NewInvalid("invalid_handshake", "Sec-WebSocket-Key", "must be 16 bytes in base64")
	}
	return nil
}
