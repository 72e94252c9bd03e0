package relay_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sigil-dna/sigil/internal/relay"
)

// daemon answers requests in the process.
type daemon func(*http.Request) (*http.Response, error)

func (d daemon) RoundTrip(r *http.Request) (*http.Response, error) { return d(r) }

// TestProgressIsPatience has an answer take longer than a message is tried, with and without progress meanwhile.
func TestProgressIsPatience(t *testing.T) {
	for _, steps := range []int{0, 3} {
		synctest.Test(t, func(t *testing.T) {
			const patience = 30 * time.Second
			answer := func(r *http.Request) (*http.Response, error) {
				body, w := io.Pipe()
				go func() {
					for i := range 3 {
						select {
						case <-time.After(patience - time.Second):
						case <-r.Context().Done():
							w.CloseWithError(context.Cause(r.Context()))
							return
						}
						if i < steps {
							_, _ = fmt.Fprintf(w, "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progress\":%d}}\n\n", i+1)
						}
					}
					_, _ = fmt.Fprint(w, "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n")
					w.Close()
				}()
				return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/event-stream"}}, Body: body}, nil
			}
			var out strings.Builder
			err := relay.Run(t.Context(), relay.Options{
				In: strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"tools/call"}` + "\n"), Out: &out,
				HTTP: &http.Client{Transport: daemon(answer)}, Patience: patience,
				Find: func(context.Context) (string, error) { return "http://127.0.0.1", nil },
			})
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			if done := strings.Contains(lines[len(lines)-1], `"result":{}`); err != nil || len(lines) != steps+1 || done != (steps > 0) {
				t.Errorf("%v with %d steps: %q", err, steps, lines)
			}
		})
	}
}
