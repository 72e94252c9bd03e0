package coding_test

import (
	"net/http"
	"testing"

	"github.com/sigil-dna/sigil/internal/coding"
)

func TestAcceptsGzip(t *testing.T) {
	for _, tt := range []struct {
		lines []string
		want  bool
	}{
		{nil, false},
		{[]string{""}, false},
		{[]string{"gzip"}, true},
		{[]string{"GZip"}, true},
		{[]string{"x-gzip"}, true},
		{[]string{"gzip, deflate, br, zstd"}, true},
		{[]string{"deflate, br;q=1.0 , gzip ; q=0.5"}, true},
		{[]string{"br", "gzip"}, true},
		{[]string{"deflate, br"}, false},
		{[]string{"identity"}, false},
		{[]string{"gzip;q=0"}, false},
		{[]string{"gzip; Q=0.000, *"}, false},
		{[]string{"*"}, true},
		{[]string{"*;q=0"}, false},
		{[]string{"*;q=0, gzip"}, true},
		{[]string{"gzipped"}, false},
	} {
		if got := coding.AcceptsGzip(http.Header{"Accept-Encoding": tt.lines}); got != tt.want {
			t.Errorf("%q: %t, want %t", tt.lines, got, tt.want)
		}
	}
}
