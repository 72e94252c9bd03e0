package httpapi_test

import (
	"testing"

	"github.com/sigil-dna/sigil/internal/httpapi"
)

// TestOnlyShortRequestsAreShort checks that requests which may take long, or have long answers, are not in the fast
// lane, which does not notice when a client leaves.
func TestOnlyShortRequestsAreShort(t *testing.T) {
	const id = "/v1/sigils/01890a5d-ac96-774b-bcce-b302099a8057"
	for _, r := range []struct {
		method, path, query string
		want                bool
	}{
		{"POST", "/v1/sigils", "", true},
		{"GET", id, "spiral=true", true},
		{"DELETE", id, "", true},
		{"DELETE", id, "erase=true", false},
		{"POST", "/v1/sigils:erase", "", false},
		{"POST", id + ":recall", "", true},
		{"POST", id + ":pin", "", true},
		{"POST", id + ":restore", "", true},
		{"POST", "/v1/sigils:restore", "", false},
		{"GET", "/v1/removed", "", false},
		{"POST", id + ":unpin", "", true},
		{"GET", id + "/related", "", true},
		{"GET", id + "/related", "limit=50&content=false", true},
		{"GET", id + "/related", "content=false&limit=100", true},
		{"GET", id + "/related", "limit=101", false},
		{"GET", id + "/related", "limit=1000", false},
		{"GET", id + "/related", "limit=0050", false},
		{"GET", "/v1/sigils", "limit=1", false},
		{"POST", "/v1/sigils:batch", "", false},
		{"POST", "/v1/sigils:recall", "", false},
		{"GET", id + "/explain", "", false},
		{"GET", id + ":recall", "", false},
		{"POST", id + "/related", "", false},
		{"GET", "/v1/sigils/a/b/related", "", false},
		{"GET", "/v1/events", "", false},
		{"GET", "/v1/forecast", "", false},
		{"POST", "/v1/sweeps/decay", "", false},
		{"GET", "/metrics", "", false},
		{"GET", "/", "", false},
	} {
		if got := httpapi.Short(r.method, r.path, r.query); got != r.want {
			t.Errorf("%s %s?%s: %v", r.method, r.path, r.query, got)
		}
	}
}
