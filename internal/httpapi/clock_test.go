package httpapi_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/engine"
	guard "github.com/sigil-dna/sigil/internal/clock"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/store/storetest"
)

// clocked is a store with its own clock.
type clocked struct {
	*storetest.Model
	clock *guard.Clock
}

func (s clocked) Clock() *guard.Clock { return s.clock }

func TestReadinessSaysWhatIsNotWellWithTheClock(t *testing.T) {
	var at time.Duration
	k := guard.New(guard.Reading{Time: start}, guard.Options{Monotonic: func() time.Duration { return at }, Logger: slog.New(slog.DiscardHandler)})
	f := newFace(t, config{})
	f.engine = engine.New(clocked{storetest.NewModel(), k}, nil)
	var log strings.Builder
	f.api = httpapi.New(f.engine, &httpapi.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})

	ready := func(want string) {
		t.Helper()
		if got := f.do("GET", "/readyz", "").want(200); !strings.HasPrefix(string(got.body), `{"status":"ok","version":"dev"`+want) {
			t.Errorf("got %s, want %s", got.body, want)
		}
	}
	ready("}")
	at = time.Second
	k.Observe(guard.Reading{At: at, Time: start.Add(at - time.Hour)})
	ready(`,"clock":{"state":"held","seconds":-3600,"confirmedIn":900}}`)
	held := f.do("POST", "/v1/sweeps/decay", "")
	held.problem(503, "clock_held", "")
	if after := held.header.Get("Retry-After"); after != "60" {
		t.Errorf("Retry-After is %q", after)
	}
	if log.Len() != 0 { // the clock has logged it, once
		t.Errorf("the refusal is logged: %s", &log)
	}
	f.encode(`{"data":1}`)
	at += guard.DefaultConfirm
	k.Observe(guard.Reading{At: at, Time: start.Add(at - time.Hour)})
	ready(`,"clock":{"state":"ahead","seconds":3600}}`)
	f.do("POST", "/v1/sweeps/decay", "").want(200)
	at += 2 * time.Hour
	ready("}")
	k.Observe(guard.Reading{At: at, Time: start.Add(at)}) // it was right before
	for _, want := range []string{"true", "false"} {
		if got := strings.TrimSpace(string(f.do("POST", "/v1/clock:confirm", "").want(200).body)); got != `{"confirmed":`+want+`,"aheadSeconds":0}` {
			t.Errorf("confirmed: %s, want %s", got, want)
		}
		ready("}")
	}
}
