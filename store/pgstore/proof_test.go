package pgstore_test

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sigil-dna/sigil/internal/prove/model"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pgstore"
)

// TestMachine runs random histories of an engine on PostgreSQL and on the model side by side, SIGIL_STEPS steps in
// all, by default 200.
//
// If it fails it prints a seed. To repeat only that history:
//
//	go test ./store/pgstore -run TestMachine -rapid.seed=SEED
func TestMachine(t *testing.T) { histories(t, model.Machine) }

// TestStandstills does that with histories of tenants that are not used for long.
func TestStandstills(t *testing.T) { histories(t, model.Standstills) }

func histories(t *testing.T, history func(*rapid.T, model.Driver, func())) {
	t.Helper()
	want := 200
	if s := os.Getenv("SIGIL_STEPS"); s != "" {
		var err error
		if want, err = strconv.Atoi(s); err != nil {
			t.Fatalf("SIGIL_STEPS: %v", err)
		}
	}
	for name, value := range map[string]string{"rapid.steps": "100", "rapid.checks": "1", "rapid.shrinktime": "10s"} {
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	steps := 0
	for steps < want {
		t.Run("", func(t *testing.T) {
			url := database(t)
			rapid.Check(t, func(rt *rapid.T) {
				execute(t, url, empty)
				history(rt, &server{url: url}, func() { steps++ })
			})
		})
		if t.Failed() {
			return
		}
	}
	t.Logf("%d steps", steps)
}

// server is a database with a store in it, whose process can be killed.
type server struct {
	url    string
	open   *pgstore.Store
	checks int
}

func (s *server) Open() (store.Store, error) {
	opened, err := pgstore.Open(context.Background(), s.url, &pgstore.Options{Logger: slog.New(slog.DiscardHandler), Undo: true})
	if err != nil {
		return nil, err
	}
	s.open = opened
	return opened, nil
}

func (s *server) Settle() {
	if err := s.open.Flush(context.Background()); err != nil {
		panic(err)
	}
}

// Crash kills the process, not the database, for which other tests cut the power.
func (s *server) Crash(open store.Store, kept int, _ uint64) error {
	p, ok := open.(*pgstore.Store)
	if !ok {
		return errors.New("another store")
	}
	if kept > 50 { // just before, it wrote what was behind
		if err := p.Flush(context.Background()); err != nil {
			return err
		}
	}
	p.Abandon()
	return nil
}

func (s *server) Check(ctx context.Context, open store.Store) error {
	p, ok := open.(*pgstore.Store)
	if !ok {
		return errors.New("another store")
	}
	if err := p.Verify(ctx); err != nil {
		return err
	}
	if s.checks++; s.checks%8 != 0 {
		return nil
	}
	found, err := pgstore.Check(ctx, s.url, quietly) // of what is written
	if err == nil && found.Wrong > 0 {
		err = errors.New(strings.Join(found.Sentences(), "\n"))
	}
	return err
}

func TestHistories(t *testing.T) {
	databases := map[string]string{}
	model.Histories(t, model.OverEngines(func(t *testing.T, place string) store.Store {
		if databases[place] == "" {
			databases[place] = database(t)
		}
		return open(t, databases[place], nil)
	}))
}
