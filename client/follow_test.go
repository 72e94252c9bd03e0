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
	"github.com/sigil-dna/sigil/wire"
)

// TestAStreamCutOffInsideAnEvent cuts a stream at every byte of an event. The client continues after the last whole
// event, so that none is missed or repeated.
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
				asked = append(asked, r.URL.Query().Get("after")) // requests do not overlap
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

// TestRecallsAreAskedFor reads a stream that has a message about recalls. Only a reader that wants recalls asks for them,
// and a reader that does not want them skips the message.
func TestRecallsAreAskedFor(t *testing.T) {
	for name, wanted := range map[string]bool{"wanted": true, "not wanted": false} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if asked := r.URL.Query().Get("recalls"); (asked == "true") != wanted || r.URL.Query().Has("recalls") != wanted {
					t.Errorf("asked for recalls=%q", asked)
				}
				w.Header().Set("Content-Type", "text/event-stream")
				fmt.Fprintf(w, "retry: 1000\nid: 1\n\nevent: recalled\ndata: {\"memories\":[{\"id\":%q,\"accessCount\":3,\"fadesAt\":null}],\"more\":true}\n\nid: 2\ndata: {\"position\":2}\n\n", someID)
			}))
			defer server.Close()
			c, err := client.New(server.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer c.CloseIdleConnections()
			var told []wire.Recalls
			o := &client.FollowOptions{}
			if wanted {
				o.OnRecall = func(r wire.Recalls) { told = append(told, r) }
			}
			for e, err := range c.Follow(t.Context(), o) {
				if err != nil || e.Position != 2 {
					t.Fatalf("%+v, %v", e, err)
				}
				break
			}
			if !wanted {
				return
			}
			if len(told) != 1 || len(told[0].Memories) != 1 || !told[0].More || told[0].Memories[0].ID.String() != someID || told[0].Memories[0].AccessCount != 3 {
				t.Errorf("told %+v", told)
			}
		})
	}
}
