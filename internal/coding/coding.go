// Package coding reads which content codings a client accepts.
package coding

import (
	"net/http"
	"strconv"
	"strings"
)

// AcceptsGzip reports whether a request with header h accepts answers compressed by gzip (RFC 9110, 12.5.3).
func AcceptsGzip(h http.Header) bool {
	others := false // whether "*" accepts codings that are not listed
	for _, line := range h["Accept-Encoding"] {
		for part := range strings.SplitSeq(line, ",") {
			coding, params, _ := strings.Cut(part, ";")
			coding = strings.ToLower(strings.TrimSpace(coding))
			wanted := !zeroWeight(params)
			switch coding {
			case "gzip", "x-gzip":
				return wanted
			case "*":
				others = wanted
			}
		}
	}
	return others
}

// zeroWeight reports whether the parameters of a coding make it unacceptable, such as "q=0" or "Q=0.000".
func zeroWeight(params string) bool {
	name, value, ok := strings.Cut(strings.TrimSpace(params), "=")
	if !ok || !strings.EqualFold(strings.TrimSpace(name), "q") {
		return false
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	return err == nil && q <= 0
}
