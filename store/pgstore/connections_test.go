package pgstore_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/store/pgstore"
)

// limited returns the URL of an empty database for a role that may have n connections, and a direct one.
func limited(t *testing.T, n int) (through, direct string) {
	t.Helper()
	direct = database(t)
	role := "limited" + fmt.Sprint(time.Now().UnixNano())
	execute(t, direct, fmt.Sprintf("create role %s login superuser; alter role %s nosuperuser connection limit %d; grant sigil to %s; alter role %s set role = 'sigil'", role, role, n, role, role))
	return strings.Replace(direct, "sigil@", role+"@", 1), direct
}

// TestFewConnections makes many calls as a role that is allowed fewer connections than the store would open: calls
// wait for each other, and none fails.
func TestFewConnections(t *testing.T) {
	for _, n := range []int{2, 3, 4} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			through, _ := limited(t, n)
			s := open(t, through, nil)
			e := engineOn(s)
			var running sync.WaitGroup
			for c := range 24 {
				running.Go(func() {
					for i := range 8 {
						m, err := e.Encode(t.Context(), sigil.DefaultTenant, sigil.Draft{Data: fmt.Appendf(nil, "[%d,%d]", c, i)})
						if err == nil {
							_, err = e.Pin(t.Context(), m.Key)
						}
						if err == nil {
							_, err = e.Peek(t.Context(), m.Key)
						}
						if err != nil {
							t.Error(err)
						}
					}
				})
			}
			running.Wait()
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestMostConnections counts the connections: the option overrides the URL, which overrides the default.
func TestMostConnections(t *testing.T) {
	for name, tt := range map[string]struct {
		inURL  string
		option int
		want   int
	}{
		"default": {"", 0, 16},
		"URL":     {"&pool_max_conns=3", 0, 3},
		"option":  {"&pool_max_conns=3", 5, 5},
	} {
		t.Run(name, func(t *testing.T) {
			direct := database(t)
			s := open(t, direct+tt.inURL+"&application_name=counted", &pgstore.Options{MaxConns: tt.option})
			defer s.Close() // nothing is behind
			var running sync.WaitGroup
			for range 64 {
				running.Go(func() {
					if _, err := s.Stats(t.Context(), sigil.DefaultTenant, s.Now()); err != nil {
						t.Error(err)
					}
				})
			}
			most := 0
			done := make(chan struct{})
			go func() { running.Wait(); close(done) }()
			for under := true; under; {
				most = max(most, sessions(t, direct))
				select {
				case <-done:
					under = false
				default:
				}
			}
			if most = max(most, sessions(t, direct)); most > tt.want {
				t.Errorf("%d connections, want at most %d", most, tt.want)
			}
			if got := s.MaxConns(); got != tt.want {
				t.Errorf("at most %d connections, want %d", got, tt.want)
			}
		})
	}
	if _, err := pgstore.Open(t.Context(), database(t)+"&pool_max_conns=1", nil); sigil.CodeOf(err) != "invalid_store" {
		t.Error(err)
	}
}

// sessions counts the sessions of the store whose application name is counted.
func sessions(t *testing.T, direct string) (n int) {
	t.Helper()
	rows := query(t, direct, "select count(*)::text from pg_stat_activity where application_name = 'counted' and datname = current_database()")
	_, err := fmt.Sscan(rows, &n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestNoConnectionLeft opens a store for a role whose connections are all in use. The error says what to do about it.
func TestNoConnectionLeft(t *testing.T) {
	through, _ := limited(t, 1)
	_, err := pgstore.Open(t.Context(), through, &pgstore.Options{Timeout: timeout})
	if sigil.CodeOf(err) != "unavailable" || !strings.Contains(err.Error(), "--store-connections") {
		t.Error(err)
	}
}

// TestListeningWithFewConnections has two stores share the connections that a role may have.
func TestListeningWithFewConnections(t *testing.T) {
	through, _ := limited(t, 4) // two stores with two connections each
	a, b := open(t, through, &pgstore.Options{MaxConns: 2}), open(t, through, &pgstore.Options{MaxConns: 2})
	defer a.Close() // nothing is behind
	defer b.Close() // nothing is behind
	heard := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	go func() { heard <- b.Wait(ctx, sigil.DefaultTenant, 0) }()
	if _, err := engineOn(a).Encode(t.Context(), sigil.DefaultTenant, draft(1)); err != nil {
		t.Fatal(err)
	}
	if err := <-heard; err != nil {
		t.Error(err)
	}
}
