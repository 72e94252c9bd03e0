package daemon_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/sigil-dna/sigil/internal/daemon"
	"github.com/sigil-dna/sigil/store"
	"github.com/sigil-dna/sigil/store/storetest"
)

// running is a daemon under Run, with the test's own signals and settings file.
type running struct {
	daemon  *daemon.Daemon
	hooks   daemon.Hooks
	log     *logs
	level   *slog.LevelVar
	file    string
	signals chan os.Signal
	code    chan int
}

// run starts a daemon on s whose settings file contains text.
func run(t *testing.T, ctx context.Context, s store.Store, text string) *running {
	t.Helper()
	return runOpening(t, ctx, func() store.Store { return s }, text)
}

// runOpening is like run, on the store that open returns.
func runOpening(t *testing.T, ctx context.Context, open func() store.Store, text string) *running {
	t.Helper()
	data := t.TempDir()
	r := &running{
		log: newLogs(), level: new(slog.LevelVar), file: settingsFile(t, text),
		signals: make(chan os.Signal, 4), code: make(chan int, 1),
	}
	load := func() (*daemon.Loaded, error) {
		return daemon.Load([]string{"--addr=127.0.0.1:0", "--config=" + r.file, "--data=" + data}, []string{"SIGIL_HTTP=" + os.Getenv("SIGIL_HTTP")})
	}
	l, err := load()
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: r.level}))
	r.daemon = daemon.New(l.Config, &daemon.Options{Logger: log, Level: r.level, Version: "test", Open: func(_ daemon.Config, h daemon.Hooks) (store.Store, error) {
		r.hooks = h
		return open(), nil
	}})
	go func() { r.code <- daemon.Run(ctx, r.daemon, l, log, load, r.signals) }()
	t.Cleanup(func() { stop(t, r.daemon) })
	return r
}

// rewrite changes the settings file and sends the signal.
func (r *running) rewrite(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(r.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r.signals <- syscall.SIGHUP
}

func (r *running) policy(t *testing.T) string {
	t.Helper()
	_, stats := ask(t, r.daemon, "GET", "/v1/stats", "")
	_, policy, _ := strings.Cut(stats, `"policy":"`)
	policy, _, _ = strings.Cut(policy, `"`)
	return policy
}

func TestReadyLineTellsTheLifetime(t *testing.T) {
	r := run(t, t.Context(), storetest.NewModel(), "")
	r.log.await(t, "level=INFO", "untouched memory lives for 30d6h under policy halflife", "--half-life and --policy", "url=http://127.0.0.1:", "data="+os.TempDir())

	long := run(t, t.Context(), storetest.NewModel(), "policy: halflife\nhalf-life: 7d\ndecay-schedule: off\n")
	long.log.await(t, "untouched memory lives for 30d6h under policy halflife")
	long.log.await(t, "level=WARN", "decay-schedule is off")
}

func TestReload(t *testing.T) {
	r := run(t, t.Context(), storetest.NewModel(), "policy: classic\n")
	r.log.await(t, "ready")
	if p := r.policy(t); p != "classic rate=0.001 period=5s threshold=0.95" {
		t.Fatalf("policy %q", p)
	}

	r.rewrite(t, "policy: halflife\nhalf-life: 36h\nmax-memories: 1\nlog-level: debug\n")
	r.log.await(t, "read the settings again", "policy=halflife", "half-life=36h", "max-memories=1", "log-level=debug")
	if p := r.policy(t); p != "halflife h=36h threshold=0.95" {
		t.Errorf("policy %q after the reload", p)
	}
	if r.level.Level() != slog.LevelDebug {
		t.Errorf("log level %v after the reload", r.level.Level())
	}
	for range 2 { // the second takes the place of the first
		if status, body := ask(t, r.daemon, "POST", "/v1/sigils", `{"data":1}`); status != http.StatusCreated {
			t.Errorf("encode: %d %s", status, body)
		}
	}
	if _, stats := ask(t, r.daemon, "GET", "/v1/stats", ""); !strings.Contains(stats, `"memories":1`) {
		t.Errorf("max-memories has no effect: %s", stats)
	}

	r.rewrite(t, "policy: halflife\nhalf-life: 48h\nlog-level: info\nmax-page: 7\ndrain-timeout: 1m\n")
	r.log.await(t, "level=WARN", "need a restart", "max-page", "drain-timeout")
	if line := r.log.await(t, "read the settings again", "half-life=2d", "max-memories=0", "log-level=info"); strings.Contains(line, "max-page") || strings.Contains(line, "policy=") {
		t.Errorf("said to have changed: %s", line)
	}

	// A wrong file changes nothing, not even by its valid settings.
	refused := 0
	for text, want := range map[string]string{
		"half-life: never\nlog-level: debug\n": "never",
		"half-lief: 1h\nlog-level: debug\n":    "half-lief",
		"policy: [\nlog-level: debug\n":        "sigil.yaml",
	} {
		r.rewrite(t, text)
		refused++
		// Lines are counted, since an earlier line may be the same: the next file must not be written before
		// this one is read.
		r.log.awaitTimes(t, refused, "level=ERROR", "they are unchanged")
		r.log.await(t, "level=ERROR", "they are unchanged", want)
	}
	if p := r.policy(t); p != "halflife h=2d threshold=0.95" || r.level.Level() != slog.LevelInfo {
		t.Errorf("policy %q, log level %v after wrong files", p, r.level.Level())
	}
	// Neither does a missing file.
	if err := os.Remove(r.file); err != nil {
		t.Fatal(err)
	}
	r.signals <- syscall.SIGHUP
	r.log.await(t, "level=ERROR", "no such file")

	// After all of it, a valid file works.
	r.rewrite(t, "policy: classic\n")
	r.log.await(t, "read the settings again", "policy=classic", "half-life=7d")
	r.signals <- syscall.SIGTERM
	if code := wait(t, "the end", r.code); code != 0 {
		t.Errorf("exit code %d\n%s", code, r.log)
	}
}

// Signals that arrive while the daemon starts take effect when it has started, each kind once.
func TestSignalsWhileStarting(t *testing.T) {
	opening, open := make(chan struct{}), make(chan struct{})
	r := runOpening(t, t.Context(), func() store.Store {
		close(opening)
		<-open
		return storetest.NewModel()
	}, "policy: classic\n")
	letGo := sync.OnceFunc(func() { close(open) })
	t.Cleanup(letGo)
	wait(t, "the store to be opened", opening)
	for i := range 2 {
		r.rewrite(t, "policy: classic\nmax-memories: 7\n")
		r.log.awaitTimes(t, i+1, "still starting", "signal=hangup")
		r.signals <- syscall.SIGUSR2
		r.log.awaitTimes(t, i+1, "still starting", `signal="user defined signal 2"`)
	}
	letGo()
	r.log.await(t, "ready")
	r.log.await(t, "read the settings again", "max-memories=7")
	r.log.await(t, "handing over")
	r.log.await(t, "level=ERROR", "the hand-over failed", daemon.ErrNoProgram.Error())
	r.signals <- syscall.SIGTERM
	if code := wait(t, "the end", r.code); code != 0 {
		t.Errorf("exit code %d", code)
	}
	for _, once := range []string{"read the settings again", "handing over"} {
		if n := strings.Count(r.log.String(), once); n != 1 {
			t.Errorf("%q %d times, not once:\n%s", once, n, r.log)
		}
	}
}

func TestSignalStops(t *testing.T) {
	for _, s := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		model := storetest.NewModel()
		r := run(t, t.Context(), model, "")
		r.log.await(t, "ready")
		r.signals <- s
		if code := wait(t, "the end", r.code); code != 0 || !closed(model) {
			t.Errorf("%v: exit code %d, store closed: %t\n%s", s, code, closed(model), r.log)
		}
	}
}

func TestEndOfContextStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	model := storetest.NewModel()
	r := run(t, ctx, model, "")
	r.log.await(t, "ready")
	cancel()
	if code := wait(t, "the end", r.code); code != 0 || !closed(model) {
		t.Errorf("exit code %d, store closed: %t\n%s", code, closed(model), r.log)
	}

	// The same before it has begun.
	r = run(t, ctx, storetest.NewModel(), "")
	if code := wait(t, "the end", r.code); code != 0 {
		t.Errorf("exit code %d\n%s", code, r.log)
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	s := newSlow()
	r := run(t, t.Context(), s, "")
	r.log.await(t, "ready")
	a := post(r.daemon)
	wait(t, "the insert", s.entered)
	r.signals <- syscall.SIGTERM
	r.log.await(t, "stopping")
	r.signals <- syscall.SIGHUP // counts for nothing
	r.signals <- syscall.SIGINT
	if code := wait(t, "the end", r.code); code != 130 {
		t.Errorf("exit code %d, want 130", code)
	}
	close(s.letGo)
	wait(t, "the answer", a)
}

func TestFatalStoreEndsTheDaemon(t *testing.T) {
	r := run(t, t.Context(), storetest.NewModel(), "")
	r.log.await(t, "ready")
	r.hooks.Fatal(errors.New("the disk is broken"))
	if code := wait(t, "the end", r.code); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	r.log.await(t, "level=ERROR", "cannot continue", "the disk is broken")
}

// TestAShorterPolicyIsWarnedOf starts a daemon over memories with a longer policy, and sets a shorter one by SIGHUP.
func TestAShorterPolicyIsWarnedOf(t *testing.T) {
	s := storetest.NewModel()
	first := run(t, t.Context(), s, "policy: halflife\nhalf-life: 7d\n")
	first.log.await(t, "ready.")
	for range 3 {
		if status, answer := ask(t, first.daemon, "POST", "/v1/sigils", `{"data":1}`); status != http.StatusCreated {
			t.Fatalf("%d %s", status, answer)
		}
	}
	first.rewrite(t, "policy: classic\n")
	first.log.await(t, "level=WARN", "3 memories have a policy under which they live longer untouched (up to 30d6h) than under the one of the settings (95s)")

	second := run(t, t.Context(), s, "policy: halflife\nhalf-life: 1h\n")
	second.log.await(t, "level=WARN", "3 memories have a policy under which they live longer untouched (up to 30d6h)")
}
