package pgstore

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sigil-dna/sigil"
)

// config parses url and adds the settings that all our connections have. conns is the maximum number of
// connections, or 0 for the number in url.
func (s *Store) config(url string, conns int) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		// The library's error hides the password.
		return nil, invalidStore("is not the address of a PostgreSQL database: "+err.Error(), err)
	}
	config.MaxConns = maxConns(config, url, conns)
	if config.MaxConns < leastConns {
		return nil, invalidStore(fmt.Sprintf("allows only %d connection; the minimum is %d", config.MaxConns, leastConns), nil)
	}
	c := config.ConnConfig
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = s.timeout
	}
	if len(c.Fallbacks) > 0 && !strings.Contains(url, "target_session_attrs") {
		c.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	if _, set := c.RuntimeParams["application_name"]; !set {
		c.RuntimeParams["application_name"] = "sigil"
	}
	settings := s.settings(c.RuntimeParams)
	c.AfterConnect = func(ctx context.Context, conn *pgconn.PgConn) error { return conn.Exec(ctx, settings).Close() }
	return config, nil
}

// MaxConns returns the maximum number of connections that [Open] makes for url if [Options.MaxConns] is
// conns.
func MaxConns(url string, conns int) int {
	config, err := pgxpool.ParseConfig(url)
	if err != nil { // Open returns the error
		return defaultConns
	}
	return int(maxConns(config, url, conns))
}

func maxConns(config *pgxpool.Config, url string, conns int) int32 {
	switch {
	case conns > 0:
		return int32(min(conns, 1<<16))
	case !strings.Contains(url, "pool_max_conns"):
		return defaultConns
	}
	return config.MaxConns
}

func invalidStore(detail string, err error) error {
	return &sigil.Error{Kind: sigil.ErrInvalid, Code: "invalid_store", Field: "store", Detail: detail, Err: err}
}

// settings returns SQL that sets the settings of a new session that the statements of this package rely on,
// whatever the defaults of the server, the database and the role are. A setting in chosen, which comes from
// the URL, is kept if the URL may decide it.
//
// They are set by a statement and not during the connection startup, because a pooler refuses most settings
// then.
func (s *Store) settings(chosen map[string]string) string {
	millis := func(d time.Duration) string { return fmt.Sprintf("'%d'", d.Milliseconds()) }
	var all []string
	add := func(name, value string) { all = append(all, fmt.Sprintf("('%s', %s)", name, value)) }
	for _, setting := range []struct{ name, value string }{
		// The server gives up before the client does, so that no statement outlives its caller.
		{"statement_timeout", millis(s.timeout)},
		{"lock_timeout", millis(s.timeout)},
		// A process that is stopped in the middle of a transaction does not hold its locks longer than this.
		{"idle_in_transaction_session_timeout", millis(2 * s.timeout)},
		{"transaction_timeout", "'0'"},
		{"idle_session_timeout", "'0'"}, // an idle connection is kept for the next burst
		{"synchronous_commit", "'on'"},
	} {
		if _, set := chosen[setting.name]; !set {
			add(setting.name, setting.value)
		}
	}
	// Changes of one row by several transactions happen one after the other.
	add("default_transaction_isolation", "'read committed'")
	add("client_encoding", "'UTF8'")
	add("timezone", "'UTC'")
	add("datestyle", "'ISO, YMD'")
	add("intervalstyle", "'postgres'")
	add("standard_conforming_strings", "'on'")
	// Our statements use errors as answers (see refusal), which must not end the session.
	add("exit_on_error", "'off'")
	// A search takes milliseconds, and to compile its statement would take more.
	add("jit", "'off'")
	// Every table is named with its schema, and no function of another schema is used.
	return "set search_path to pg_catalog; select set_config(name, value, false) from (values " + strings.Join(all, ", ") + `) as s (name, value)
where current_setting(name, true) is not null and not (name = 'synchronous_commit' and current_setting(name) = 'remote_apply')`
}

// proveSessions acquires two connections and checks that the settings of each stay with it, and only with it,
// across transactions. A pooler that pools by transaction, or a session that all connections share, would
// silently lose settings and statements.
func (s *Store) proveSessions(ctx context.Context) error {
	a, err := s.openSession(ctx, "a")
	if err != nil {
		return err
	}
	defer a.held.release()
	b, err := s.openSession(ctx, "b")
	if err != nil {
		return err
	}
	defer b.held.release()
	if a.pid == b.pid {
		return sharedSessions(nil)
	}
	for _, one := range []*session{a, b, a} {
		if err := one.keeps(ctx); err != nil {
			return err
		}
	}
	// A connection in a transaction keeps its session, so the other one gets a different session, if there is
	// one. A second query detects a pooler that assigns sessions in turn.
	for _, pair := range [][2]*session{{a, b}, {b, a}, {a, b}} {
		inside, outside := pair[0], pair[1]
		err := inside.run(ctx, "begin")
		for _, one := range []*session{inside, outside, outside, inside} {
			if err == nil {
				err = one.keeps(ctx)
			}
		}
		if err == nil {
			err = inside.run(ctx, "commit")
		}
		for _, one := range []*session{inside, outside, inside} {
			if err == nil {
				err = one.keeps(ctx)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// session is a connection whose session was marked.
type session struct {
	held      connection
	name, pid string
}

const whoAmI = "select pg_backend_pid()::text, current_setting('sigil.session', true), current_setting('default_transaction_isolation'), current_setting('server_encoding')"

func (s *Store) openSession(ctx context.Context, name string) (_ *session, err error) {
	held, err := s.pool.acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			held.release()
		}
	}()
	one := &session{held: held, name: name}
	if err := one.run(ctx, "select set_config('sigil.session', '"+name+"', false)"); err != nil {
		return nil, err
	}
	row, err := one.ask(ctx)
	if err != nil {
		return nil, err
	}
	if encoding := row[3]; encoding != "UTF8" && encoding != "SQL_ASCII" {
		return nil, invalidStore("is a database in the encoding "+encoding+", which cannot store every text: create one with encoding 'UTF8' template template0", nil)
	}
	one.pid = row[0]
	return one, nil
}

func (s *session) run(ctx context.Context, sql string) error {
	return s.held.Conn.Conn().PgConn().Exec(ctx, sql).Close()
}

// ask returns the row of whoAmI by the simple protocol, since a prepared statement could be lost, too.
func (s *session) ask(ctx context.Context) ([]string, error) {
	results, err := s.held.Conn.Conn().PgConn().Exec(ctx, whoAmI).ReadAll()
	if err != nil {
		return nil, err
	}
	row := make([]string, 4)
	if len(results) == 1 && len(results[0].Rows) == 1 {
		for i, value := range results[0].Rows[0] {
			row[i] = string(value)
		}
	}
	return row, nil
}

// keeps checks that the session is the one that was marked.
func (s *session) keeps(ctx context.Context) error {
	row, err := s.ask(ctx)
	if err == nil && (row[0] != s.pid || row[1] != s.name || row[2] != "read committed") {
		err = sharedSessions(nil)
	}
	return err
}

func sharedSessions(err error) error {
	return &sigil.Error{
		Kind: sigil.ErrInvalid, Code: "sessions_shared", Field: "store",
		Detail: "does not give each connection a session of its own: its settings are lost, or seen by others. A pooler in front of the database pools by transaction or statement " +
			"(PgBouncer's pool_mode), or one session serves all (PGlite behind a socket). Pool by session, or connect to the database itself", Err: err,
	}
}
