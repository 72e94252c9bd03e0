package forgeteval_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sigil-dna/sigil/internal/clock"
	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/internal/prove/forgeteval"
	"github.com/sigil-dna/sigil/internal/prove/pgtest"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pebblestore"
	"github.com/sigil-dna/sigil/store/pgstore"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// TestForgetEval runs three cases of each family on both stores, or all if SIGIL_FORGET_EVAL is set. With SIGIL_FORGET_TABLE it
// writes the table of scores into that page.
func TestForgetEval(t *testing.T) {
	each := 3
	if os.Getenv("SIGIL_FORGET_EVAL") != "" {
		each = 0
	}
	stores := []string{"embedded", "PostgreSQL"}
	scores := map[string][]forgeteval.Score{}
	for _, name := range stores {
		t.Run(name, func(t *testing.T) {
			s := &stage{t: t, data: t.TempDir()}
			s.open = func() (store.Store, error) {
				return pebblestore.Open(s.data, &pebblestore.Options{Undo: true, Logger: slog.New(slog.DiscardHandler)})
			}
			if name == "PostgreSQL" {
				url := pgtest.Database(t)
				s.open = func() (store.Store, error) {
					return pgstore.Open(context.Background(), url, &pgstore.Options{Undo: true, Logger: slog.New(slog.DiscardHandler)})
				}
			}
			s.start()
			defer s.stop()
			scores[name] = forgeteval.Run(t, s, each)
			for _, score := range scores[name] {
				if score.Failed > 0 {
					t.Errorf("%s: %d of %d cases failed:\n%s", score.Family, score.Failed, score.Cases, strings.Join(score.Failures[:min(5, score.Failed)], "\n"))
				}
			}
		})
	}
	table := forgeteval.Table(stores, scores)
	t.Logf("the table:\n%s", table)
	if page := os.Getenv("SIGIL_FORGET_TABLE"); page != "" {
		if err := write(page, os.Getenv("SIGIL_FORGET_AT")+"\n\n"+table); err != nil {
			t.Error(err)
		}
	}
}

// write puts text between the two markers of a page.
func write(page, text string) error {
	const begin, end = "<!-- scores -->\n", "<!-- end of scores -->"
	old, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(old), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return fmt.Errorf("%s has no place for the scores", page)
	}
	return os.WriteFile(page, []byte(before+begin+text+end+after), 0o644)
}

// stage is a daemon in this process, on a clock that only the test moves.
type stage struct {
	t      *testing.T
	data   string
	open   func() (store.Store, error)
	passed atomic.Int64
	daemon *daemon.Daemon
}

// clocked is a store with the clock of the stage.
type clocked struct {
	store.Store
	clock *clock.Clock
}

func (c clocked) Clock() *clock.Clock { return c.clock }

func (s *stage) read() clock.Reading {
	at := time.Duration(s.passed.Load())
	return clock.Reading{At: at, Time: time.UnixMilli(1_772_366_400_000).Add(at)}
}

func (s *stage) start() {
	s.t.Helper()
	loaded, err := daemon.Load([]string{"--addr=127.0.0.1:0", "--decay-schedule=off", "--crystallize-schedule=off", "--data=" + s.data}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	s.daemon = daemon.New(loaded.Config, &daemon.Options{Version: "test", Open: func(daemon.Config, daemon.Hooks) (store.Store, error) {
		opened, err := s.open()
		if err != nil {
			return nil, err
		}
		return clocked{opened, clock.New(s.read(), clock.Options{
			Read: s.read, Monotonic: func() time.Duration { return time.Duration(s.passed.Load()) }, Slept: func() time.Duration { return 0 },
			Logger: slog.New(slog.DiscardHandler),
		})}, nil
	}})
	if err := s.daemon.Start(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) stop() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.daemon.Stop(ctx); err != nil {
		s.t.Errorf("stop: %v", err)
	}
}

func (s *stage) URL() string { return "http://" + s.daemon.Addr() }

func (s *stage) Restart() {
	s.stop()
	s.start()
}

func (s *stage) Pass(d time.Duration) { s.passed.Add(int64(d)) }
