package daemon_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
)

func TestStartServesAndStopEndsAll(t *testing.T) {
	s, file := storetest.NewModel(), filepath.Join(t.TempDir(), "addr")
	d := start(t, config(t, "--addr-file="+file), on(s))
	if text, err := os.ReadFile(file); err != nil || string(text) != d.Addr()+"\n" {
		t.Errorf("addr-file holds %q (%v), want %q", text, err, d.Addr())
	}
	if status, body := ask(t, d, "GET", "/readyz", ""); status != http.StatusOK {
		t.Errorf("/readyz: %d %s", status, body)
	}
	if status, body := ask(t, d, "POST", "/v1/sigils", `{"data":1}`); status != http.StatusCreated {
		t.Errorf("encode: %d %s", status, body)
	}
	if status, body := ask(t, d, "GET", "/metrics", ""); status != http.StatusOK || !strings.Contains(body, "sigil_encode_total 1\n") ||
		!strings.Contains(body, `http_request_duration_seconds_count{code="201",route="POST /v1/sigils"} 1`) ||
		!strings.Contains(body, `sigil_build_info{goversion="`+runtime.Version()+`",version="test"} 1`) {
		t.Errorf("/metrics: %d %s", status, body)
	}

	stop(t, d)
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("addr-file is still there (%v)", err)
	}
	if _, _, err := request(t.Context(), d.Addr(), "GET", "/livez", ""); err == nil {
		t.Error("it still answers")
	}
	if !closed(s) {
		t.Error("the store is still open")
	}
	stop(t, d) // twice is once
	if err := d.Start(t.Context()); !errors.Is(err, sigil.ErrClosed) {
		t.Errorf("Start after Stop: %v, want ErrClosed", err)
	}
}

func TestStopBeforeStart(t *testing.T) {
	d := daemon.New(config(t).Config, on(storetest.NewModel()))
	stop(t, d)
	if err := d.Start(t.Context()); !errors.Is(err, sigil.ErrClosed) {
		t.Errorf("Start after Stop: %v, want ErrClosed", err)
	}
}

func TestStartTwiceIsOnce(t *testing.T) {
	opened := make(chan struct{}, 10)
	d := daemon.New(config(t).Config, &daemon.Options{Open: func(daemon.Config, daemon.Hooks) (store.Store, error) {
		opened <- struct{}{}
		return storetest.NewModel(), nil
	}})
	defer stop(t, d)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := d.Start(t.Context()); err != nil {
				t.Errorf("Start: %v", err)
			}
		})
	}
	wg.Wait()
	if len(opened) != 1 {
		t.Errorf("the store was opened %d times", len(opened))
	}
}

func TestStopBreaksOffAStart(t *testing.T) {
	s, opening, open := storetest.NewModel(), make(chan struct{}), make(chan struct{})
	d := daemon.New(config(t).Config, &daemon.Options{Open: func(daemon.Config, daemon.Hooks) (store.Store, error) {
		close(opening)
		<-open
		return s, nil
	}})
	started, stopped := make(chan error, 1), make(chan error, 1)
	go func() { started <- d.Start(t.Context()) }()
	wait(t, "the start", opening)
	go func() { stopped <- d.Stop(context.Background()) }()
	eventually(t, "the stop", d.Stopping)
	close(open)
	if err := wait(t, "Start", started); !errors.Is(err, context.Canceled) {
		t.Errorf("Start: %v, want it canceled", err)
	}
	if err := wait(t, "Stop", stopped); err != nil {
		t.Errorf("Stop: %v", err)
	}
	if !closed(s) {
		t.Error("the store is still open")
	}
}

// An open that hangs does not delay the end, and is cleaned up when it returns.
func TestStopGivesUpOnAStart(t *testing.T) {
	s, opening, open := storetest.NewModel(), make(chan struct{}), make(chan struct{})
	d := daemon.New(config(t).Config, &daemon.Options{Grace: time.Millisecond, Open: func(daemon.Config, daemon.Hooks) (store.Store, error) {
		close(opening)
		<-open
		return s, nil
	}})
	started := make(chan error, 1)
	go func() { started <- d.Start(t.Context()) }()
	wait(t, "the start", opening)
	if err := wait(t, "Stop", stopping(d, time.Millisecond)); err == nil || !strings.Contains(err.Error(), "still starting") {
		t.Errorf("Stop: %v", err)
	}
	close(open)
	if err := wait(t, "Start", started); !errors.Is(err, context.Canceled) {
		t.Errorf("Start: %v, want it canceled", err)
	}
	if !closed(s) {
		t.Error("the store is still open")
	}
}

func TestAddrFileRemovedBySomebody(t *testing.T) {
	file := filepath.Join(t.TempDir(), "addr")
	d := start(t, config(t, "--addr-file="+file), on(storetest.NewModel()))
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	stop(t, d)
}

// eventually polls for something that no channel reports.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !is(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

// Starts and stops run concurrently: in any order, all of them end and release everything.
func TestStartAndStopAtOnce(t *testing.T) {
	for range 100 {
		s := storetest.NewModel()
		opened := false
		d := daemon.New(config(t).Config, &daemon.Options{Open: func(daemon.Config, daemon.Hooks) (store.Store, error) {
			opened = true
			return s, nil
		}})
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				if i%2 == 0 {
					stop(t, d)
					return
				}
				if err := d.Start(t.Context()); err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, sigil.ErrClosed) {
					t.Errorf("Start: %v", err)
				}
			})
		}
		wg.Wait()
		if opened && !closed(s) {
			t.Fatal("the store is still open")
		}
	}
}

func TestFailedStartLeavesNothing(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	refused := errors.New("no")

	tests := []struct {
		name string
		ctx  context.Context
		args []string
		open error
		want string
	}{
		{"address taken", t.Context(), []string{"--addr=" + taken.Addr().String()}, nil, "address already in use"},
		{"nowhere to write the address", t.Context(), []string{"--addr-file=" + filepath.Join(t.TempDir(), "none", "addr")}, nil, "addr-file"},
		{"no store", t.Context(), nil, refused, "store: no"},
		{"context ended", ended, nil, nil, "context canceled"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, opened := storetest.NewModel(), false
			d := daemon.New(config(t, append(tt.args, "--decay-schedule=* * * * * *")...).Config, &daemon.Options{
				Open: func(daemon.Config, daemon.Hooks) (store.Store, error) {
					opened = true
					return s, tt.open
				},
			})
			err := d.Start(tt.ctx)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Start: %v, want %q", err, tt.want)
			}
			if again := d.Start(t.Context()); again == nil || again.Error() != err.Error() {
				t.Errorf("a second Start: %v, want what the first said", again)
			}
			if opened && tt.open == nil && !closed(s) {
				t.Error("the store is still open")
			}
			if addr := d.Addr(); addr != "" {
				if _, _, err := request(t.Context(), addr, "GET", "/livez", ""); err == nil {
					t.Error("it still answers")
				}
			}
			stop(t, d)
		})
	}
}

// The context of Start limits the start, not the daemon's life.
func TestDaemonOutlivesItsStartContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	d := daemon.New(config(t).Config, on(storetest.NewModel()))
	if err := d.Start(ctx); err != nil {
		t.Fatal(err)
	}
	defer stop(t, d)
	cancel()
	if status, body := ask(t, d, "POST", "/v1/sigils", `{"data":1}`); status != http.StatusCreated {
		t.Errorf("encode: %d %s", status, body)
	}
}

func TestConfigureNeedsAStart(t *testing.T) {
	l := config(t)
	if err := daemon.New(l.Config, nil).Configure(l.Config); !errors.Is(err, sigil.ErrUnavailable) {
		t.Errorf("Configure: %v, want ErrUnavailable", err)
	}
}

func TestFatalStore(t *testing.T) {
	var hooks daemon.Hooks
	d := start(t, config(t), &daemon.Options{Open: func(_ daemon.Config, h daemon.Hooks) (store.Store, error) {
		hooks = h
		return storetest.NewModel(), nil
	}})
	if d.Err() != nil {
		t.Fatalf("failed from the start: %v", d.Err())
	}
	broken := errors.New("the disk is broken")
	hooks.Fatal(broken)
	hooks.Fatal(errors.New("and again"))
	wait(t, "the failure", d.Failed())
	if !errors.Is(d.Err(), broken) {
		t.Errorf("Err is %v, want %v", d.Err(), broken)
	}
	if status, body := ask(t, d, "GET", "/readyz", ""); status != http.StatusServiceUnavailable || strings.Contains(body, "disk is broken") {
		t.Errorf("/readyz: %d %s", status, body)
	}
}
