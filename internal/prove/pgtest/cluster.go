// Package pgtest starts throwaway PostgreSQL clusters for tests and benchmarks: as an unprivileged user, on a
// socket in their own folder, without a port. They end with the process that started them.
//
// It does not know what is kept in them.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Cluster is one PostgreSQL server and its data.
type Cluster struct {
	dir  string // has the data, the socket and the log
	bin  string
	as   *syscall.Credential // nil means the current user
	conf map[string]string
	keep *keeper

	mu sync.Mutex
	// +checklocks:mu
	server *exec.Cmd // nil while it is stopped
	// +checklocks:mu
	ended chan struct{} // closed when server has ended
	// +checklocks:mu
	killed bool // it has left shared memory, which the next start removes

	databases atomic.Int64
}

// Fast has settings for tests that need not survive a crash of the machine.
var Fast = map[string]string{"fsync": "off", "full_page_writes": "off"}

// Binaries returns the folder that the variable SIGIL_POSTGRES names, or that of the newest PostgreSQL of Debian's packages.
func Binaries() (string, error) {
	if dir := os.Getenv("SIGIL_POSTGRES"); dir != "" {
		return dir, nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) == 0 {
		return "", errors.New("PostgreSQL is not installed: the tests need Debian's package postgresql (make deps installs it)")
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

// New creates a cluster with settings of postgresql.conf and starts it. The caller removes it.
func New(settings map[string]string) (_ *Cluster, err error) {
	c, err := prepare(settings)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			c.Remove()
		}
	}()
	if err := c.run("initdb", "-D", c.data(), "-U", "sigil", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"); err != nil {
		return nil, err
	}
	return c, c.Start()
}

func prepare(settings map[string]string) (_ *Cluster, err error) {
	bin, err := Binaries()
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: bin, conf: map[string]string{
		"listen_addresses": "", "shared_buffers": "64MB", "max_connections": "200", "max_wal_size": "1GB",
	}}
	maps.Copy(c.conf, settings)
	// The path must be short, for the socket, and not in a test's own folder, which other users cannot enter.
	if c.dir, err = os.MkdirTemp("/tmp", "sigilpg"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(c.dir)
		}
	}()
	if os.Geteuid() == 0 { // PostgreSQL refuses to run as root
		if c.as, err = unprivileged(); err != nil {
			return nil, err
		}
		if err := os.Chown(c.dir, int(c.as.Uid), int(c.as.Gid)); err != nil {
			return nil, err
		}
	}
	c.conf["unix_socket_directories"] = c.dir
	if err := os.Chmod(c.dir, 0o711); err != nil { //nolint:gosec // any user that runs the tests may use the socket in it
		return nil, err
	}
	c.keep, err = c.watch()
	return c, err
}

// unprivileged returns the user that Debian's package creates.
func unprivileged() (*syscall.Credential, error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(err1, err2)
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

// Dir returns the folder with the socket.
func (c *Cluster) Dir() string { return c.dir }

func (c *Cluster) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(c.bin, program), args...) //nolint:noctx,gosec // a program of PostgreSQL, which ends when it is told to
	cmd.Dir = c.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
	// The server ends with us, at once, however we end.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.as, Pdeathsig: syscall.SIGQUIT}
	return cmd
}

func (c *Cluster) run(program string, args ...string) error {
	// The signal at our death is tied to the thread that starts the program.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if out, err := c.command(program, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", program, err, out)
	}
	return nil
}

// Start starts a stopped server and returns when it accepts connections.
func (c *Cluster) Start() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.server != nil {
		return errors.New("pgtest: the server is running")
	}
	args := []string{"-D", c.data()}
	for name, value := range c.conf {
		args = append(args, "-c", name+"="+value)
	}
	log, err := os.OpenFile(filepath.Join(c.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the server has its own descriptor
	server := c.command("postgres", args...)
	server.Stdout, server.Stderr = log, log
	started, ended := make(chan error), make(chan struct{})
	go func() {
		// The signal at our death is tied to the thread that started the server.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(ended)
		err := server.Start()
		started <- err
		if err == nil {
			_ = server.Wait()
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	c.server, c.ended, c.killed = server, ended, false
	return c.await(ended)
}

// await waits until the server accepts connections.
func (c *Cluster) await(ended chan struct{}) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, c.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ended:
			return fmt.Errorf("pgtest: the server ended at its start:\n%s", c.Log())
		case <-ctx.Done():
			return fmt.Errorf("pgtest: the server does not answer: %w\n%s", err, c.Log())
		case <-tick.C:
		}
	}
}

// The signals for [Cluster.Stop].
const (
	Shutdown  = syscall.SIGINT  // ends sessions, and writes everything to disk
	Immediate = syscall.SIGQUIT // like a crash of the server
)

// Stop ends the server with a signal and returns when it has ended.
func (c *Cluster) Stop(signal syscall.Signal) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.server == nil {
		return nil
	}
	err := c.server.Process.Signal(signal)
	<-c.ended
	c.server = nil
	return err
}

// Remove ends the server, like a crash, and removes its data. A second call does nothing.
func (c *Cluster) Remove() {
	c.mu.Lock()
	killed := c.killed
	c.mu.Unlock()
	if killed {
		_ = c.Start()
	}
	_ = c.Stop(Immediate)
	c.keep.end()
	_ = os.RemoveAll(c.dir)
}

// Log returns the server's log.
func (c *Cluster) Log() string {
	b, err := os.ReadFile(filepath.Join(c.dir, "log"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err.Error()
	}
	return string(b[max(0, len(b)-8<<10):])
}

// URL returns the address of a database.
func (c *Cluster) URL(database string) string {
	return "postgres://sigil@/" + database + "?host=" + c.dir
}

// Database creates a new database and returns its name.
func (c *Cluster) Database(ctx context.Context) (string, error) {
	name := "d" + strconv.FormatInt(c.databases.Add(1), 10)
	return name, c.Exec(ctx, "postgres", "create database "+name)
}

// DatabaseIn creates a new database with options of "create database", such as a locale, and returns its name.
func (c *Cluster) DatabaseIn(ctx context.Context, options string) (string, error) {
	name := "d" + strconv.FormatInt(c.databases.Add(1), 10)
	return name, c.Exec(ctx, "postgres", "create database "+name+" template template0 "+options)
}

// Copy creates a copy of a database that nobody is connected to, and returns its name.
func (c *Cluster) Copy(ctx context.Context, database string) (string, error) {
	name := "d" + strconv.FormatInt(c.databases.Add(1), 10)
	return name, c.Exec(ctx, "postgres", "create database "+name+" template "+database)
}

// Exec runs SQL in a database.
func (c *Cluster) Exec(ctx context.Context, database, sql string) error {
	conn, err := pgx.Connect(ctx, c.URL(database))
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing is lost
	_, err = conn.Exec(ctx, sql)
	return err
}

// Replica creates a standby of a running cluster, which streams from it, and starts it. From then on, commits
// on the primary wait for it.
func (c *Cluster) Replica() (_ *Cluster, err error) {
	r, err := prepare(c.conf)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			r.Remove()
		}
	}()
	if err := r.run("pg_basebackup", "-h", c.dir, "-U", "sigil", "-D", r.data(), "-R", "-X", "stream", "-c", "fast", "--no-sync"); err != nil {
		return nil, err
	}
	r.conf["primary_conninfo"] = "host=" + c.dir + " user=sigil application_name=replica"
	if err := r.Start(); err != nil {
		return nil, err
	}
	for _, sql := range []string{"alter system set synchronous_standby_names = 'replica'", "select pg_reload_conf()"} {
		if err := c.Exec(context.Background(), "postgres", sql); err != nil {
			return nil, err
		}
	}
	return r, c.awaitReplica()
}

// awaitReplica waits until commits wait for the replica.
func (c *Cluster) awaitReplica() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // nothing is lost
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		var state string
		if err := conn.QueryRow(ctx, "select coalesce(max(sync_state), '') from pg_stat_replication").Scan(&state); err != nil || state == "sync" {
			return err
		}
		<-tick.C // the query ends with ctx
	}
}

// Promote turns a replica into a primary, which does not wait for a replica.
func (c *Cluster) Promote() error {
	ctx := context.Background()
	for _, sql := range []string{"alter system set synchronous_standby_names = ''", "select pg_reload_conf()", "select pg_promote(true, 60)"} {
		if err := c.Exec(ctx, "postgres", sql); err != nil {
			return err
		}
	}
	return nil
}
