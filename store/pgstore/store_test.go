package pgstore_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/prove/pgtest"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pgstore"
	"github.com/sigil-dna/sigil/store/storetest"
)

func TestMain(m *testing.M) { pgtest.Main(leaks{m}) }

// leaks finds goroutines that the tests left, while the server still runs.
type leaks struct{ m *testing.M }

func (l leaks) Run() int {
	code := l.m.Run()
	if code == 0 {
		// The goroutine that waits for the server belongs to pgtest.
		if err := goleak.Find(goleak.IgnoreAnyFunction("github.com/sigil-dna/sigil/internal/prove/pgtest.(*Cluster).Start.func2")); err != nil {
			println(err.Error())
			return 1
		}
	}
	return code
}

func open(t *testing.T, url string, o *pgstore.Options) *pgstore.Store {
	t.Helper()
	if o == nil {
		o = &pgstore.Options{}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler) // it would warn that the test's database does not sync
	}
	if o.Timeout == 0 {
		o.Timeout = time.Minute // a busy machine fails no test
	}
	s, err := pgstore.Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// emptied has databases with the schema and nothing in it, for reuse: creating one takes longer than most
// tests.
var emptied struct {
	mu sync.Mutex
	// +checklocks:mu
	urls []string
}

// database returns the URL of an empty database.
func database(t *testing.T) string {
	t.Helper()
	emptied.mu.Lock()
	defer emptied.mu.Unlock()
	var url string
	if n := len(emptied.urls); n > 0 {
		url = emptied.urls[n-1]
		emptied.urls = emptied.urls[:n-1]
	} else {
		url = newDatabase(t)
	}
	t.Cleanup(func() {
		execute(t, url, empty)
		emptied.mu.Lock()
		defer emptied.mu.Unlock()
		emptied.urls = append(emptied.urls, url)
	})
	return url
}

// newDatabase returns the URL of a database without the schema.
func newDatabase(t *testing.T) string {
	t.Helper()
	c := pgtest.Shared(t)
	name, err := c.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c.URL(name)
}

const empty = `do $$ begin
  if to_regclass('sigil.head') is not null then
    delete from sigil.memories; delete from sigil.journal; delete from sigil.tenants; delete from sigil.crystals;
    delete from sigil.answers; delete from sigil.flushes; delete from sigil.claims; delete from sigil.policies; delete from sigil.head; delete from sigil.links;
  end if;
  if to_regclass('sigil.signatures') is not null then
    delete from sigil.signatures;
  end if;
  if to_regclass('sigil.words') is not null then
    delete from sigil.words; delete from sigil.searched;
  end if;
  if to_regclass('sigil.tenant_clocks') is not null then
    delete from sigil.tenant_clocks;
  end if;
  if to_regclass('sigil.tenant_policies') is not null then
    delete from sigil.tenant_policies;
  end if;
  if to_regclass('sigil.signer') is not null then
    delete from sigil.signer;
  end if;
  if to_regclass('sigil.removals') is not null then
    delete from sigil.removals; delete from sigil.removed;
  end if;
  if to_regclass('sigil.vectors') is not null then
    delete from sigil.vectors; delete from sigil.own_vectors;
  end if;
end $$`

func execute(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background()) // nothing is lost
	if _, err := conn.Exec(context.Background(), sql); err != nil {
		t.Fatal(err)
	}
}

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, database(t), nil) })
}

func TestPutBack(t *testing.T) {
	urls := map[string]string{} // by the test's folder
	copies := 0
	storetest.RunPutBack(t, func(t *testing.T, dir string) store.Store {
		if urls[dir] == "" {
			urls[dir] = newDatabase(t)
		}
		return open(t, urls[dir], nil)
	}, func(t *testing.T, from, to string) {
		copies++
		c := pgtest.Shared(t)
		name := fmt.Sprintf("put_back_%d", copies)
		of, err := pgx.ParseConfig(urls[from])
		if err != nil {
			t.Fatal(err)
		}
		execute(t, c.URL("postgres"), "create database "+name+" template "+of.Database)
		urls[to] = c.URL(name)
	})
}

// An operator who put back the server's files, which the server cannot tell, asks for another epoch.
func TestEpochOnRequest(t *testing.T) {
	url := database(t)
	epoch := func() (id, epoch sigil.ID) {
		s := open(t, url, nil)
		defer s.Close() // nothing is behind
		return s.Info().ID, s.Info().Epoch
	}
	id, first := epoch()
	if first != id {
		t.Errorf("the epoch of a new store is %s, want its id %s", first, id)
	}
	if _, again := epoch(); again != first {
		t.Errorf("the epoch changed from %s to %s", first, again)
	}
	execute(t, url, "update sigil.head set origin = ''")
	same, second := epoch()
	if second == first || same != id {
		t.Errorf("asked for an epoch: %s, as before; the id is %s, and was %s", second, same, id)
	}
	if _, again := epoch(); again != second {
		t.Errorf("the epoch changed from %s to %s", second, again)
	}
}

func TestReopen(t *testing.T) {
	databases := map[string]string{} // by the test's folder
	storetest.RunReopen(t, func(t *testing.T, dir string) store.Store {
		if databases[dir] == "" {
			databases[dir] = database(t)
		}
		return open(t, databases[dir], nil)
	})
}

// A store keeps a policy in the form that earlier versions read, and finds what they wrote.
func TestPoliciesAreKeptAsEarlierVersionsReadThem(t *testing.T) {
	week, err := sigil.ParsePolicy("halflife h=7d")
	if err != nil {
		t.Fatal(err)
	}
	url := database(t)
	for range 2 {
		s := open(t, url, nil)
		e := engine.New(s, &engine.Options{Settings: engine.Settings{Policy: week}})
		if _, err := e.Encode(t.Context(), "a", sigil.Draft{Data: []byte("1")}); err != nil {
			t.Fatal(err)
		}
		if got := query(t, url, "select string_agg(policy, ';') from sigil.policies"); got != "halflife h=168h0m0s threshold=0.95" {
			t.Errorf("%v is kept as %q", week, got)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAPolicyOfANewerProgramIsRefusedByName opens a database with a policy that this program does not know.
func TestAPolicyOfANewerProgramIsRefusedByName(t *testing.T) {
	url := database(t)
	if err := open(t, url, nil).Close(); err != nil {
		t.Fatal(err)
	}
	execute(t, url, "insert into sigil.policies (number, policy) values (0, 'tide h=1h')")
	s, err := pgstore.Open(t.Context(), url, nil)
	if err == nil {
		s.Close()
	}
	if !errors.Is(err, sigil.ErrFormat) || errors.Is(err, sigil.ErrInvalid) || !strings.Contains(fmt.Sprint(err), `"tide h=1h"`) {
		t.Errorf("got %v, want ErrFormat with the policy's name", err)
	}
}

// query returns the first column of the only row.
func query(t *testing.T, url, sql string) (value string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background()) // nothing is lost
	if err := conn.QueryRow(context.Background(), sql).Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}
