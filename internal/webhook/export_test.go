package webhook

import (
	"net/http"
	"time"
)

// Fast makes failures cost a test no time, and answers that do not come a little.
func (o *Options) Fast() {
	o.pace = pace{
		lease: 30 * time.Second, renew: 10 * time.Second, look: time.Millisecond, attempt: 200 * time.Millisecond,
		least: time.Millisecond, most: time.Millisecond, finishing: time.Second,
	}
}

// Through sends through t instead of the network.
func (o *Options) Through(t http.RoundTripper) { o.transport = t }
