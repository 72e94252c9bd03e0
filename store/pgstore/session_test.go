package pgstore_test

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/internal/prove/pgtest"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/pgstore"
	"github.com/sigil-dna/sigil/store/storetest"
)

// hostile has defaults of a database or a role that break what the statements rely on, one at a time.
var hostile = []string{
	"default_transaction_isolation = 'serializable'", "default_transaction_deferrable = on",
	"synchronous_commit = off", "client_encoding = 'LATIN1'", "timezone = 'Pacific/Chatham'",
	"datestyle = 'SQL, DMY'", "intervalstyle = 'sql_standard'", "standard_conforming_strings = off",
	"statement_timeout = '20s'", "lock_timeout = '20s'", "idle_in_transaction_session_timeout = '20s'",
	"idle_session_timeout = '20s'", "exit_on_error = on", "search_path = 'hostile, pg_catalog'",
	"bytea_output = 'escape'", "extra_float_digits = -15", "array_nulls = off", "transform_null_equals = on",
	"quote_all_identifiers = on", "row_security = off",
}

// TestHostileDefaults runs the whole contract in a database with such defaults, and with a collation that compares letters in
// Turkish.
func TestHostileDefaults(t *testing.T) {
	notUnderRace(t)
	c := pgtest.Shared(t)
	var urls []string // emptied, to be used again
	var mu sync.Mutex
	fresh := func(t *testing.T) string {
		mu.Lock()
		defer mu.Unlock()
		if n := len(urls); n > 0 {
			u := urls[n-1]
			urls = urls[:n-1]
			return u
		}
		name, err := c.DatabaseIn(t.Context(), "locale_provider icu icu_locale 'tr-TR' locale 'C.UTF-8'")
		if err != nil {
			t.Fatal(err)
		}
		u := c.URL(name)
		// A function that is found before the catalog's.
		execute(t, u, "create schema hostile; create function hostile.pg_is_in_recovery() returns boolean language sql as 'select true'")
		for _, setting := range hostile {
			execute(t, c.URL("postgres"), fmt.Sprintf("alter database %s set %s", name, setting))
		}
		return u
	}
	storetest.Run(t, func(t *testing.T) store.Store {
		u := fresh(t)
		s := open(t, u, nil)
		t.Cleanup(func() {
			execute(t, u, "set statement_timeout = 0; "+empty)
			mu.Lock()
			defer mu.Unlock()
			urls = append(urls, u)
		})
		if err := s.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		// Times of a few milliseconds would show by themselves, and end connections of a slow machine before they are set up.
		for _, name := range []string{"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout"} {
			if got, err := s.Setting(t.Context(), name); err != nil || got == "20s" {
				t.Errorf("%s is %s, the database's default (%v)", name, got, err)
			}
		}
		return s
	})
}

// TestIsolation pins concurrently, through two stores, in a database whose transactions are serializable by default: no
// call fails because of another.
func TestIsolation(t *testing.T) {
	for _, level := range []string{"repeatable read", "serializable"} {
		t.Run(level, func(t *testing.T) {
			u := newDatabase(t)
			execute(t, u, `do $$ begin execute format('alter database %I set default_transaction_isolation = %L', current_database(), '`+level+`'); end $$`)
			var running sync.WaitGroup
			for range 2 {
				s := open(t, u, nil)
				defer s.Close() // nothing is behind
				e := engineOn(s)
				for c := range 8 {
					running.Go(func() {
						for i := range 20 {
							m, err := e.Encode(t.Context(), sigil.DefaultTenant, sigil.Draft{Data: fmt.Appendf(nil, "[%d,%d]", c, i)})
							if err == nil {
								_, err = e.Pin(t.Context(), m.Key)
							}
							if err != nil {
								t.Error(err)
							}
						}
					})
				}
			}
			running.Wait()
		})
	}
}

// TestURLSettings keeps the settings that the URL may decide, and no others.
func TestURLSettings(t *testing.T) {
	s := open(t, database(t)+"&synchronous_commit=off&statement_timeout=7s&default_transaction_isolation=serializable", nil)
	defer s.Close() // nothing is behind
	for name, want := range map[string]string{
		"synchronous_commit": "off", "statement_timeout": "7s", "default_transaction_isolation": "read committed", "timezone": "UTC", "search_path": "pg_catalog",
	} {
		if got, err := s.Setting(t.Context(), name); err != nil || got != want {
			t.Errorf("%s is %s, %v; want %s", name, got, err, want)
		}
	}
}

// TestStrongerCommit does not change a database that also waits until replicas have applied a commit.
func TestStrongerCommit(t *testing.T) {
	u := newDatabase(t)
	execute(t, u, `do $$ begin execute format('alter database %I set synchronous_commit = remote_apply', current_database()); end $$`)
	s := open(t, u, nil)
	defer s.Close() // nothing is behind
	if got, err := s.Setting(t.Context(), "synchronous_commit"); err != nil || got != "remote_apply" {
		t.Errorf("%s, %v", got, err)
	}
}

// TestEncodingOfTheDatabase checks that a database whose encoding cannot store every text is refused.
func TestEncodingOfTheDatabase(t *testing.T) {
	c := pgtest.Shared(t)
	if err := c.Exec(t.Context(), "postgres", "create database latin encoding 'LATIN1' template template0"); err != nil {
		t.Fatal(err)
	}
	_, err := pgstore.Open(t.Context(), c.URL("latin"), nil)
	if sigil.CodeOf(err) != "invalid_store" || !strings.Contains(err.Error(), "LATIN1") {
		t.Error(err)
	}
}

// bouncer starts a PgBouncer in front of a database and returns its URL.
func bouncer(t *testing.T, direct string, settings ...string) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer"
	}
	u, err := url.Parse(direct)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("/tmp", "sigilpb") // short, as a socket's path must be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	config := fmt.Sprintf("[databases]\n* = host=%s user=sigil\n[pgbouncer]\nlisten_addr =\nunix_socket_dir = %s\nunix_socket_mode = 0777\nauth_type = any\n%s\n",
		u.Query().Get("host"), dir, strings.Join(settings, "\n"))
	if err := os.WriteFile(filepath.Join(dir, "ini"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{filepath.Join(dir, "ini")}
	if os.Geteuid() == 0 { // it refuses to run as root
		args = append([]string{"-u", "postgres"}, args...)
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	var log strings.Builder
	cmd := exec.Command(program, args...)
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	until(t, "for PgBouncer", func() bool {
		conn, err := net.Dial("unix", filepath.Join(dir, ".s.PGSQL.6432"))
		return err == nil && conn.Close() == nil
	})
	return "postgres://sigil@" + u.Path + "?host=" + dir + "&port=6432"
}

// TestPooledByTransaction checks that a PgBouncer that does not give each connection a session is refused, whatever
// its other settings, and that the error says what to change. With session pooling it works like the database itself.
func TestPooledByTransaction(t *testing.T) {
	for name, settings := range map[string][]string{
		"usual":                     {"pool_mode = transaction"},
		"startup parameters passed": {"pool_mode = transaction", "ignore_startup_parameters = extra_float_digits,statement_timeout,lock_timeout,idle_in_transaction_session_timeout,synchronous_commit"},
		"in turns":                  {"pool_mode = transaction", "server_round_robin = 1", "min_pool_size = 7", "default_pool_size = 7"},
		"one server":                {"pool_mode = transaction", "default_pool_size = 1"},
		"by statement":              {"pool_mode = statement"},
	} {
		t.Run(name, func(t *testing.T) {
			through := bouncer(t, database(t), settings...)
			for range 3 { // with sessions that are there already, too
				_, err := pgstore.Open(t.Context(), through, nil)
				if !errors.Is(err, sigil.ErrInvalid) || sigil.CodeOf(err) != "sessions_shared" || !strings.Contains(err.Error(), "PgBouncer's pool_mode") {
					t.Error(err)
				}
			}
		})
	}
}

// TestPooledByTransactionUnderLoad refuses it while others keep its sessions busy.
func TestPooledByTransactionUnderLoad(t *testing.T) {
	through := bouncer(t, database(t), "pool_mode = transaction", "default_pool_size = 5")
	var stop atomic.Bool
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			for !stop.Load() {
				execute(t, through+"&default_query_exec_mode=simple_protocol", "select 1")
			}
		})
	}
	for range 20 {
		if _, err := pgstore.Open(t.Context(), through, nil); sigil.CodeOf(err) != "sessions_shared" {
			t.Error(err)
		}
	}
	stop.Store(true)
	running.Wait()
}

// TestTwoConnectionsOfAPooler runs the whole contract behind PgBouncer at its usual settings, with the minimum number of
// connections: no call holds one and waits for another.
func TestTwoConnectionsOfAPooler(t *testing.T) {
	notUnderRace(t)
	through := bouncer(t, database(t), "pool_mode = session")
	storetest.Run(t, func(t *testing.T) store.Store {
		direct, err := url.Parse(database(t))
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(through)
		if err != nil {
			t.Fatal(err)
		}
		u.Path = direct.Path
		return open(t, u.String(), &pgstore.Options{MaxConns: 2})
	})
}

// TestSettingThatAPoolerRefuses checks that the error names the setting, and does not report the database as down.
func TestSettingThatAPoolerRefuses(t *testing.T) {
	_, err := pgstore.Open(t.Context(), bouncer(t, database(t), "pool_mode = session")+"&work_mem=8MB", nil)
	if sigil.CodeOf(err) != "invalid_store" || !strings.Contains(err.Error(), "work_mem") {
		t.Error(err)
	}
}

// TestTheWordsOfAPooler checks that PgBouncer's message is in the error. Version 1.18 has one SQLSTATE for
// everything, so the store waits for an unknown database: only the message in the log shows why.
func TestTheWordsOfAPooler(t *testing.T) {
	u, err := url.Parse(bouncer(t, database(t), "pool_mode = session"))
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/nowhere"
	_, err = pgstore.Open(t.Context(), u.String(), nil)
	if !strings.Contains(fmt.Sprint(err), `"nowhere" does not exist`) {
		t.Error(err)
	}
}
