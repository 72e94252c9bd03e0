package client_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/client"
)

// A stream that is cut off inside an event is gone on with after the last whole one: nothing is missed or repeated.
func TestAStreamCutOffInsideAnEvent(t *testing.T) {
	whole := func(position int) string {
		return fmt.Sprintf("id: %d\ndata: {\"position\":%d}\n\n", position, position)
	}
	third := whole(3)
	for cut := range len(third) {
		t.Run(fmt.Sprintf("after %q", third[:cut]), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			var asked []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = append(asked, r.URL.Query().Get("after")) // one request after the other
				w.Header().Set("Content-Type", "text/event-stream")
				if len(asked) == 1 {
					fmt.Fprint(w, "retry: 1000\nid: 1\n\n"+whole(2)+third[:cut])
					_ = http.NewResponseController(w).Flush()
					panic(http.ErrAbortHandler)
				}
				fmt.Fprint(w, "retry: 1000\nid: 2\n\n"+third)
			}))
			defer server.Close()
			c, err := client.New(server.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer c.CloseIdleConnections()
			var got []uint64
			for e, err := range c.Follow(ctx, nil) {
				if err != nil {
					t.Fatal(err)
				}
				if got = append(got, e.Position); e.Position >= 3 {
					break
				}
			}
			if !slices.Equal(got, []uint64{2, 3}) || !slices.Equal(asked, []string{"", "2"}) {
				t.Errorf("got %d, asked after %q", got, asked)
			}
		})
	}
}
