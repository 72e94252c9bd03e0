package httpapi_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/wire"
)

// TestFollowReplaced continues after an entry that the store has another one for, as after a restore of an older copy that wrote
// since: the reader is told, however it reads. With the entry's own token it goes on.
func TestFollowReplaced(t *testing.T) {
	s := onSocket(t, httpapi.Options{})
	s.keep(3)
	page := parse[wire.EventPage](s.do("GET", "/v1/events?limit=2", "").want(200))
	token := page.Events[1].Token
	if page.Token != token || !strings.HasPrefix(token, "2-") || len(token) != len("2-0123456789abcdef") {
		t.Fatalf("the page's token is %q, and that of its last entry %q", page.Token, token)
	}
	if rest := parse[wire.EventPage](s.do("GET", "/v1/events?after="+token, "").want(200)); len(rest.Events) != 1 || rest.Next != 3 {
		t.Errorf("after %s: %+v", token, rest)
	}
	if end := parse[wire.EventPage](s.do("GET", "/v1/events?after=0", "").want(200)); len(end.Events) != 3 {
		t.Errorf("after 0: %d entries", len(end.Events))
	}
	last := parse[wire.EventPage](s.do("GET", "/v1/events?latest=true&limit=1", "").want(200)).Token
	if end := parse[wire.EventPage](s.do("GET", "/v1/events?after="+last, "").want(200)); end.Token != last || end.Next != 3 {
		t.Errorf("at the end: %+v, want the token %s", end, last)
	}
	other := "2-" + strings.Repeat("0", 15) + "1"
	for _, header := range [][]string{nil, {"Accept", "text/event-stream"}} {
		p := s.do("GET", "/v1/events?after="+other, "", header...).problem(410, "position_ahead", "after")
		if p.Newest == nil || *p.Newest != 3 {
			t.Errorf("%q: the newest is %v", header, p.Newest)
		}
	}
	s.do("GET", "/v1/events?latest=true&after="+other, "").problem(410, "position_ahead", "after")
	s.do("GET", "/v1/events", "", "Accept", "text/event-stream", "Last-Event-ID", other).problem(410, "position_ahead", "after")
	s.do("GET", "/v1/events", "", "Accept", "text/event-stream", "Last-Event-ID", "2-").problem(400, "invalid_parameter", "Last-Event-ID")
	if rest, err := s.client.EventsAfter(t.Context(), token, 0); err != nil || len(rest.Events) != 1 || rest.Token != last {
		t.Errorf("a page after %s: %+v, %v", token, rest, err)
	}
	if _, err := s.client.EventsAfter(t.Context(), other, 0); !errors.Is(err, sigil.ErrGone) {
		t.Errorf("a page after another entry: %v", err)
	}
	live := s.client.Live()
	defer live.Close()
	follow := map[string]func(token string) func(func(wire.Event, error) bool){
		"server-sent events": func(token string) func(func(wire.Event, error) bool) {
			return s.client.Follow(t.Context(), &client.FollowOptions{Token: token})
		},
		"WebSocket": func(token string) func(func(wire.Event, error) bool) {
			return live.Events(t.Context(), &client.FollowOptions{Token: token})
		},
	}
	for name, entries := range follow {
		for e, err := range entries(other) {
			var refused *client.Error
			if !errors.Is(err, sigil.ErrGone) || !errors.As(err, &refused) || refused.Problem.Code != "position_ahead" || refused.Problem.Newest == nil || *refused.Problem.Newest != 3 {
				t.Errorf("%s: %v, %v", name, e, err)
			}
		}
		for e, err := range entries(token) {
			if err != nil || e.Position != 3 || e.Token != last {
				t.Errorf("%s, after its own token: %+v, %v", name, e, err)
			}
			break
		}
	}
}

func TestIdentityHasTheEpoch(t *testing.T) {
	s := onSocket(t, httpapi.Options{})
	if id := parse[wire.Identity](s.do("GET", "/v1/identity", "").want(200)); id.Epoch != id.Store {
		t.Errorf("the epoch of a store that was never restored is %s, and its id %s", id.Epoch, id.Store)
	}
}
