package pgstore_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/prove/pgtest"
	"github.com/sigil-dna/sigil/store/pgstore"
)

const secret = "hushhush"

// guarded starts a database whose role careful needs the password secret, and returns it and its URL as that
// role.
func guarded(t *testing.T) (*pgtest.Cluster, string) {
	t.Helper()
	c := pgtest.Start(t, pgtest.Fast)
	if err := c.RequirePassword(t.Context(), "careful", secret); err != nil {
		t.Fatal(err)
	}
	return c, as(c.URL("postgres"), "careful:"+secret)
}

// as returns url for another user.
func as(url, user string) string { return strings.Replace(url, "sigil@", user+"@", 1) }

// TestOpenIsRefused opens databases that do not accept the role. The error says what to change, and is not
// one that suggests waiting.
func TestOpenIsRefused(t *testing.T) {
	c, right := guarded(t)
	for name, tt := range map[string]struct{ url, says string }{
		"wrong password": {as(c.URL("postgres"), "careful:mistyped"), "password"},
		"no password":    {as(c.URL("postgres"), "careful"), "password"},
		"neither":        {as(c.URL("postgres"), "nobody:mistyped"), "role"},
		"no such role":   {as(pgtest.Shared(t).URL("postgres"), "nobody"), "role"},
		"no database":    {strings.Replace(right, "/postgres?", "/nowhere?", 1), "database that does not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pgstore.Open(t.Context(), tt.url, nil)
			var known *sigil.Error
			if !errors.As(err, &known) || !errors.Is(err, sigil.ErrInvalid) || errors.Is(err, sigil.ErrUnavailable) || known.Code != "store_refused" || known.Field != "store" {
				t.Fatal(err)
			}
			if !strings.Contains(known.Detail, tt.says) || strings.Contains(err.Error(), "mistyped") || strings.Contains(err.Error(), secret) {
				t.Errorf("it says %v", err)
			}
		})
	}
	open(t, right, nil).Close()
}

// heard is a log that can be written and read concurrently.
type heard struct {
	mu sync.Mutex
	// +checklocks:mu
	text bytes.Buffer
}

func (h *heard) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.Write(b)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.String()
}

// TestRefusedLater changes the role or removes the database under an open store and ends its connections: the store is
// unavailable until the change is undone, and neither errors nor the log contain the password.
func TestRefusedLater(t *testing.T) {
	c, right := guarded(t)
	execute := func(sql string) {
		t.Helper()
		if err := c.Exec(context.WithoutCancel(t.Context()), "postgres", sql); err != nil {
			t.Fatal(err)
		}
	}
	name, err := c.Database(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for what, tt := range map[string]struct{ database, lose, restore string }{
		"password": {"postgres", "alter role careful password 'other'", "alter role careful password '" + secret + "'"},
		"login":    {"postgres", "alter role careful nologin", "alter role careful login"},
		"database": {name, "drop database " + name + " with (force)", ""},
	} {
		t.Run(what, func(t *testing.T) {
			log := &heard{}
			s := open(t, strings.Replace(right, "/postgres?", "/"+tt.database+"?", 1), &pgstore.Options{Logger: slog.New(slog.NewTextHandler(log, nil))})
			defer s.Close() // it was lost for a while
			e := engineOn(s)
			execute(tt.lose)
			until(t, "for all connections to be refused", func() bool {
				// Again and again, since a connection may have been about to begin.
				execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'careful'")
				return strings.Contains(log.String(), "listening for changes by other processes failed") && s.Ping(t.Context()) != nil
			})
			_, encoded := e.Encode(t.Context(), sigil.DefaultTenant, draft(1))
			_, listed := e.Stats(t.Context(), sigil.DefaultTenant)
			for what, err := range map[string]error{"encode": encoded, "stats": listed, "ping": s.Ping(t.Context())} {
				if !errors.Is(err, sigil.ErrUnavailable) || sigil.CodeOf(err) != "unavailable" || strings.Contains(err.Error(), secret) {
					t.Errorf("%s: %v", what, err)
				}
			}
			if strings.Contains(log.String(), secret) {
				t.Errorf("it logs the password:\n%s", log)
			}
			if tt.restore == "" {
				return
			}
			execute(tt.restore)
			until(t, "to be ready", func() bool { return s.Ping(t.Context()) == nil })
		})
	}
}
