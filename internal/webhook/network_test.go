package webhook_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sigil-dna/sigil/internal/webhook"
)

// begin starts a hook that loses no time, and is stopped at the end of the test.
func begin(t *testing.T, j *journal, o webhook.Options) *webhook.Hook {
	o.Fast()
	h := webhook.New(j, o)
	h.Start()
	t.Cleanup(func() { stop(t, h) })
	return h
}

func serve(t *testing.T, h http.Handler) string {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestOrder(t *testing.T) {
	j, r := newJournal(t), newReceiver(t)
	j.write(250) // some batches
	h := begin(t, j, options(serve(t, r), &logs{}))
	r.takes(1, j.newest())
	before := j.newest()
	j.write(1)
	r.takes(before+1, j.newest())
	stop(t, h)
	stop(t, h) // again
	h.Start()  // does nothing
}

func TestFailuresAreTriedAgain(t *testing.T) {
	tests := []struct {
		name   string
		refuse func(w http.ResponseWriter, r *http.Request)
	}{
		{"500", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }},
		{"404", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}},
		{"time-out", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		{"broken off", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			j, r, log := newJournal(t), newReceiver(t), &logs{}
			var refused, failed, delivered atomic.Int64
			r.refuse = func(w http.ResponseWriter, q *http.Request) bool {
				if q.URL.Path != "/" {
					t.Errorf("a redirect was followed to %s", q.URL.Path)
				}
				if refused.Add(1) > 3 {
					return false
				}
				tt.refuse(w, q)
				return true
			}
			j.write(5)
			newest := j.newest()
			o := options(serve(t, r)+"/", log)
			o.Failed = func() { failed.Add(1) }
			o.Delivered = func(n int) { delivered.Add(int64(n)) }
			h := begin(t, j, o)
			r.takes(1, newest)
			j.write(1) // once it comes, the first has been counted
			r.takes(newest+1, j.newest())
			stop(t, h)
			deliveries, _ := r.heard()
			if same := slices.Compact(deliveries[:4]); len(same) != 1 || !strings.HasPrefix(same[0], "public-1-5-") {
				t.Errorf("the attempts were %q", deliveries)
			}
			if failed.Load() != 3 || delivered.Load() < int64(newest) {
				t.Errorf("%d attempts failed and %d events were delivered", failed.Load(), delivered.Load())
			}
			if log.count("level=ERROR") != 1 || log.count("level=INFO") != 1 {
				t.Errorf("logged %s", log.text.String())
			}
		})
	}
}

func TestRefusedConnection(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	j, r, log := newJournal(t), newReceiver(t), &logs{}
	j.write(5)
	failed := make(chan struct{}, 10_000)
	o := options("http://"+addr+"/?token=hush", log)
	o.Failed = func() { failed <- struct{}{} }
	begin(t, j, o)
	<-failed
	<-failed
	if l, err = net.Listen("tcp", addr); err != nil {
		t.Skip("another took the port: ", err)
	}
	s := httptest.NewUnstartedServer(r)
	_ = s.Listener.Close() // ours is in its place
	s.Listener = l
	s.Start()
	defer s.Close()
	r.takes(1, j.newest())
	if log.count("hush") > 0 {
		t.Error("the URL is in the log")
	}
}

// Nothing is missing after a restart, whenever it happens.
func TestRestart(t *testing.T) {
	j, r := newJournal(t), newReceiver(t)
	url := serve(t, r)
	next := uint64(1)
	for range 10 {
		h := begin(t, j, options(url, &logs{}))
		j.write(20)
		r.takes(next, j.newest()-10)
		next = j.newest() - 9
		stop(t, h)
	}
	begin(t, j, options(url, &logs{}))
	r.takes(next, j.newest())
}

func TestStopWhileADeliveryHangs(t *testing.T) {
	j, r := newJournal(t), newReceiver(t)
	entered := make(chan struct{}, 1)
	var hang atomic.Bool
	hang.Store(true)
	r.refuse = func(_ http.ResponseWriter, q *http.Request) bool {
		if !hang.Load() {
			return false
		}
		entered <- struct{}{}
		<-q.Context().Done()
		return true
	}
	url := serve(t, r)
	j.write(3)
	o := options(url, &logs{})
	h := webhook.New(j, o) // at its real pace: it would hang for 10 s
	h.Start()
	<-entered
	hang.Store(false)
	stop(t, h)
	begin(t, j, options(url, &logs{}))
	r.takes(1, j.newest())
}
