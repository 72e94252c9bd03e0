package pgtest_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sigil-dna/sigil/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func write(t *testing.T, url, sql string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.Background()) // it may be broken
	_, err = conn.Exec(ctx, sql)
	return err
}

func TestACrashedServerStartsAgain(t *testing.T) {
	c := pgtest.Start(t, nil)
	if err := write(t, c.URL("postgres"), "create table t (n int)"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.Stop(pgtest.Immediate); err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
	}
	if err := write(t, c.URL("postgres"), "select * from t"); err != nil {
		t.Fatal(err)
	}
	c.Remove()
	if _, err := os.Stat(c.Dir()); !os.IsNotExist(err) {
		t.Errorf("left behind: %v", err)
	}
}

func TestAPromotedReplicaHasWhatWasCommitted(t *testing.T) {
	primary := pgtest.Start(t, pgtest.Fast)
	replica, err := primary.Replica()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(replica.Remove)
	if err := write(t, primary.URL("postgres"), "create table t as select 1"); err != nil {
		t.Fatal(err)
	}
	primary.Remove()
	if err := replica.Promote(); err != nil {
		t.Fatal(err)
	}
	if err := write(t, replica.URL("postgres"), "insert into t values (2)"); err != nil {
		t.Error(err)
	}
}

func TestProxy(t *testing.T) {
	c := pgtest.Shared(t)
	p := pgtest.NewProxy(t, c)
	url := p.URL("postgres")
	if err := write(t, url, "create table if not exists t (n int)"); err != nil {
		t.Fatal(err)
	}
	for name, broken := range map[string]func(){"cut": p.Cut, "frozen": p.Freeze, "lossy": p.LoseAnswers} {
		broken()
		if err := write(t, url, "select 1"); err == nil {
			t.Errorf("%s: it came through", name)
		}
		p.Restore()
		if err := write(t, url, "select 1"); err != nil {
			t.Errorf("after %s: %v", name, err)
		}
	}
	p.Delay(50 * time.Millisecond)
	begin := time.Now()
	if err := write(t, url, "select 1"); err != nil || time.Since(begin) < 100*time.Millisecond {
		t.Errorf("delayed by %s: %v", time.Since(begin), err)
	}
}
