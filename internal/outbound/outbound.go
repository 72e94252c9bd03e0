// Package outbound has what the requests of a daemon to others have in common: those of webhooks and to embedders.
package outbound

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// RetryAfter parses the Retry-After header, which has seconds or a date. It returns 0 for anything else, and at most a day
// of seconds.
func RetryAfter(value string, now time.Time) time.Duration {
	const most = 24 * 60 * 60
	if seconds, err := strconv.ParseUint(value, 10, 64); err == nil {
		return time.Duration(min(seconds, most)) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// WithoutURL removes the URL from an error: readers of logs need not see its query.
func WithoutURL(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}
