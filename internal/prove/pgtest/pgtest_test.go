package pgtest_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/sigil-dna/sigil/internal/prove/pgtest"
)

func TestMain(m *testing.M) {
	if os.Getenv(victim) != "" {
		live()
	}
	pgtest.Main(m)
}

// victim is set in a process that starts a cluster, prints its folder, and waits to be killed.
const victim = "SIGIL_PGTEST_VICTIM"

func live() {
	c, err := pgtest.New(pgtest.Fast)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(c.Dir())
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// processes returns the command lines of the processes that work in a folder.
func processes(t *testing.T, dir string) (found []string) {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if cwd, err := os.Readlink(link); err == nil && strings.HasPrefix(cwd, dir) {
			line, _ := os.ReadFile(filepath.Join(filepath.Dir(link), "cmdline"))
			found = append(found, string(line))
		}
	}
	return found
}

func TestAKilledTestLeavesNothing(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), victim+"=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	dir := strings.TrimSpace(line)
	if running := processes(t, dir); len(running) < 3 {
		t.Errorf("only %q run", running)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		left := processes(t, dir)
		_, err := os.Stat(dir)
		if len(left) == 0 && os.IsNotExist(err) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("left behind: %q, %s: %v", left, dir, err)
		}
	}
}

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
	for name, end := range map[string]func() error{
		"shutdown":  func() error { return c.Stop(pgtest.Shutdown) },
		"immediate": func() error { return c.Stop(pgtest.Immediate) },
		"kill":      c.Kill,
	} {
		if err := end(); err != nil {
			t.Fatal(name, err)
		}
		if left := processes(t, c.Dir()); len(left) != 1 { // the keeper
			t.Errorf("%s: left running: %q", name, left)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
	}
	if err := write(t, c.URL("postgres"), "select * from t"); err != nil {
		t.Fatal(err)
	}
	if err := c.Kill(); err != nil {
		t.Fatal(err)
	}
	c.Remove()
	if left := processes(t, c.Dir()); len(left) != 0 {
		t.Errorf("left running: %q", left)
	}
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
	if err := primary.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := replica.Promote(); err != nil {
		t.Fatal(err)
	}
	if err := write(t, replica.URL("postgres"), "insert into t values (2)"); err != nil {
		t.Error(err)
	}
}

func TestProxy(t *testing.T) {
	c := pgtest.Shared(t)
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) }) // after the proxy's own
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
	p.LoseNextAnswer()
	if err := write(t, url, "insert into t values (7)"); err == nil {
		t.Error("the answer came through")
	}
	if err := write(t, url, "select 1 / count(*) from t where n = 7"); err != nil {
		t.Errorf("whose answer was lost is not there: %v", err)
	}
	p.Delay(50 * time.Millisecond)
	begin := time.Now()
	if err := write(t, url, "select 1"); err != nil || time.Since(begin) < 100*time.Millisecond {
		t.Errorf("delayed by %s: %v", time.Since(begin), err)
	}
}
