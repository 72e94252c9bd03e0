package outbound

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"":                              0,
		"soon":                          0,
		"-1":                            0,
		"30":                            30 * time.Second,
		"18446744073709551615":          24 * time.Hour,
		"Mon, 30 Nov 2026 12:00:10 GMT": 10 * time.Second,
		"Mon, 30 Nov 2026 11:00:00 GMT": 0,
	} {
		if got := RetryAfter(value, now); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
}

func TestWithoutURL(t *testing.T) {
	cause := errors.New("refused")
	if got := WithoutURL(fmt.Errorf("sent: %w", &url.Error{Op: "Post", URL: "http://host/?key=value", Err: cause})); !errors.Is(got, cause) || strings.Contains(got.Error(), "key") {
		t.Errorf("got %v", got)
	}
	if got := WithoutURL(cause); !errors.Is(got, cause) {
		t.Errorf("got %v", got)
	}
}
