package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/cli"
	"github.com/sigil-dna/sigil/internal/httpapi"
	"github.com/sigil-dna/sigil/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// command is the command with its own daemon behind it.
type command struct {
	t   *testing.T
	env map[string]string
}

// newCommand starts the daemon; around, if not nil, comes between it and the command.
func newCommand(t *testing.T, o *httpapi.Options, around func(http.Handler) http.Handler) *command {
	t.Helper()
	if o == nil {
		o = &httpapi.Options{}
	}
	o.Logger = slog.New(slog.DiscardHandler)
	var h http.Handler = httpapi.New(engine.New(storetest.NewModel(), &engine.Options{Settings: engine.Settings{Policy: sigil.DefaultClassic()}}), o)
	if around != nil {
		h = around(h)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return &command{t: t, env: map[string]string{"SIGIL_ADDR": s.URL}}
}

func (c *command) in(stdin string, args ...string) (code int, stdout, stderr string) {
	c.t.Helper()
	return c.run(c.t.Context(), strings.NewReader(stdin), args...)
}

func (c *command) run(ctx context.Context, stdin io.Reader, args ...string) (code int, stdout, stderr string) {
	c.t.Helper()
	var out, words bytes.Buffer
	code = cli.Run(ctx, args, stdin, &out, &words, func(name string) string { return c.env[name] }, "v0")
	return code, out.String(), words.String()
}

func TestEveryCommandHasAnExample(t *testing.T) {
	c := &command{t: t}
	_, out, _ := c.in("", "__complete", "")
	n := 0
	for line := range strings.Lines(out) {
		name, _, ok := strings.Cut(line, "\t")
		if !ok {
			continue
		}
		commands := [][]string{{name}}
		if name == "code" || name == "keys" {
			_, below, _ := c.in("", "__complete", name, "")
			for line := range strings.Lines(below) {
				if verb, _, ok := strings.Cut(line, "\t"); ok {
					commands = append(commands, []string{name, verb})
				}
			}
		}
		for _, words := range commands {
			n++
			code, help, said := c.in("", append(words, "--help")...)
			_, examples, _ := strings.Cut(help, "Examples:\n  ")
			if code != 0 || !strings.Contains(examples, "sigil "+strings.Join(words, " ")) || said != "" {
				t.Errorf("%s --help: %d\n%s%s", words, code, help, said)
			}
		}
	}
	if n < 33 {
		t.Errorf("%d commands", n)
	}
}

// TestServe: what stands after the word is handed on as it is, and so is the exit code.
func TestServe(t *testing.T) {
	for _, args := range [][]string{
		{"serve"},
		{"serve", "--help"},
		{"serve", "--addr", "x", "-h", "more"},
	} {
		var got []string
		serve := func(_ context.Context, args []string, stdout, _ io.Writer) int {
			got = args
			fmt.Fprint(stdout, "serving")
			return 7
		}
		var out, words bytes.Buffer
		code := cli.Run(t.Context(), args, strings.NewReader(""), &out, &words, func(string) string { return "" }, "", cli.Offline{Use: "serve", Run: serve})
		if code != 7 || fmt.Sprint(got) != fmt.Sprint(args[1:]) || out.String() != "serving" || words.String() != "" {
			t.Errorf("%q: %d, %q, %q, %q", args, code, got, out.String(), words.String())
		}
	}
}

func TestExitCodes(t *testing.T) {
	for _, tt := range []struct {
		status int
		code   string
		want   int
	}{
		{404, "not_found", 3},
		{404, "unknown_path", 5},
		{400, "invalid_x", 5},
		{409, "quota_full", 5},
		{403, "forbidden", 5},
		{429, "rate_limited", 5},
		{500, "internal", 1},
		{503, "unavailable", 1},
		{507, "full", 1},
	} {
		c := newCommand(t, nil, func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/problem+json")
				w.Header().Set("Retry-After", "9")
				w.WriteHeader(tt.status)
				fmt.Fprintf(w, `{"code":%q,"field":"f\u001b[31m","detail":"why\nso","requestId":"R"}`, tt.code)
			})
		})
		code, out, words := c.in("", "stats")
		if code != tt.want || out != "" || strings.Count(words, "\n") != 1 || strings.Contains(words, "\x1b") || !strings.Contains(words, `why\u000aso; try again in 9s`) {
			t.Errorf("%d %s: %d, %q", tt.status, tt.code, code, words)
		}
	}
}

func TestTimeout(t *testing.T) {
	release := make(chan struct{})
	c := newCommand(t, nil, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release })
	})
	defer close(release)
	if code, _, words := c.in("", "stats", "--timeout", "5ms"); code != 4 || !strings.Contains(words, "no answer from http://") {
		t.Errorf("%d, %s", code, words)
	}
}

// TestInterrupt: neither a daemon that is silent nor an input that is keeps the command.
func TestInterrupt(t *testing.T) {
	asked := make(chan struct{}, 1)
	c := newCommand(t, nil, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			asked <- struct{}{}
			<-r.Context().Done()
		})
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	if code, _, words := c.run(ctx, strings.NewReader(""), "stats"); code != 1 || words != "sigil: interrupted\n" {
		t.Errorf("%d, %q", code, words)
	}

	silent, writer := io.Pipe()
	defer writer.Close() // the read that stays behind ends here
	ctx, cancel = context.WithCancel(t.Context())
	started := make(chan struct{})
	go func() { <-started; cancel() }()
	code, _, words := c.run(ctx, &telling{silent, started}, "encode", "-")
	if code != 1 || !strings.Contains(words, "encoded 0, failed 0 in ") || !strings.HasSuffix(words, "sigil: interrupted\n") {
		t.Errorf("%d, %q", code, words)
	}
}

// telling closes started when it is first read from.
type telling struct {
	io.Reader
	started chan struct{}
}

func (r *telling) Read(p []byte) (int, error) {
	close(r.started)
	return r.Reader.Read(p)
}

// TestSplitBatch: a daemon that accepts less at once than is sent gets less.
func TestSplitBatch(t *testing.T) {
	var requests atomic.Int32
	c := newCommand(t, &httpapi.Options{MaxBatchBody: 300}, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			requests.Add(1)
			h.ServeHTTP(w, r)
		})
	})
	var in strings.Builder
	for i := range 100 {
		fmt.Fprintf(&in, "%d\n", i)
	}
	fmt.Fprintf(&in, "%q\n", strings.Repeat("x", 400))
	code, out, words := c.in(in.String(), "encode", "--json")
	if code != 5 || strings.Count(words, "\n") != 2 || !strings.Contains(words, "sigil: line 101: body: has more than 300 bytes\nencoded 100, failed 1 in ") {
		t.Errorf("%d, %s", code, words)
	}
	n := 0
	for dec := json.NewDecoder(strings.NewReader(out)); dec.More(); n++ {
		var v struct{ Data int }
		if err := dec.Decode(&v); err != nil || v.Data != n {
			t.Fatalf("entry %d: %d, %v", n, v.Data, err)
		}
	}
	if n != 100 || requests.Load() < 5 {
		t.Errorf("%d entries in %d requests", n, requests.Load())
	}
}

// TestTrickle: what comes slowly is kept as it comes, not when there is enough of it.
func TestTrickle(t *testing.T) {
	kept := make(chan struct{})
	c := newCommand(t, nil, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h.ServeHTTP(w, r)
			kept <- struct{}{}
		})
	})
	for _, args := range [][]string{{"encode"}, {"encode", "--idempotency-key", "k"}, {"import"}} {
		in, writer := io.Pipe()
		go func() {
			for range 3 {
				io.WriteString(writer, "1\n")
				<-kept // before there is any more input
			}
			writer.Close()
		}()
		if code, _, words := c.run(t.Context(), in, args...); code != 0 || !strings.HasPrefix(words, "encoded 3, failed 0 in ") {
			t.Errorf("%v: %d, %s", args, code, words)
		}
	}
}

// TestImport keeps many lines with several batches in flight. It reports what was refused in the order of the lines
// and, if it cannot go on, where it stopped and which later lines were kept.
func TestImport(t *testing.T) {
	var requests atomic.Int32
	broken := make(chan struct{})
	c := newCommand(t, nil, func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Prefer") != "return=minimal" {
				t.Errorf("Prefer: %q", r.Header.Get("Prefer"))
			}
			switch requests.Add(1) {
			case 6: // of the second import, the first to come
				w.WriteHeader(http.StatusServiceUnavailable)
				close(broken)
				return
			case 7, 8, 9:
				<-broken
			}
			h.ServeHTTP(w, r)
		})
	})
	var in strings.Builder
	for i := range 4500 {
		switch i {
		case 1200, 3300:
			fmt.Fprintln(&in, "not json")
		case 2000:
			fmt.Fprintln(&in, "[1e400]")
		default:
			fmt.Fprintln(&in, i)
		}
	}
	code, out, words := c.in(in.String(), "import")
	if code != 5 || out != "" || !strings.Contains(words, "encoded 4497, failed 3 in ") {
		t.Errorf("%d, %q, %s", code, out, words)
	}
	at := -1
	for _, want := range []string{"line 1201: data: is not valid JSON", "line 2001: data", "line 3301: data: is not valid JSON"} {
		i := strings.Index(words, want)
		if i <= at {
			t.Errorf("%q is not where it belongs in %s", want, words)
		}
		at = i
	}
	if n := requests.Load(); n != 5 {
		t.Fatalf("%d requests", n)
	}
	code, _, words = c.in(strings.Repeat("1\n", 4000), "import")
	_, after, _ := strings.Cut(words, "stopped at line ")
	var line int
	if _, err := fmt.Sscan(after, &line); err != nil || code != 1 || !strings.Contains(words, "encoded 3000, failed 0 in ") {
		t.Fatalf("%d, %s", code, words)
	}
	if n, want := strings.Count(words, "were kept"), 3-(line-1)/1000; n != want { // for batches behind the one that failed
		t.Errorf("%d times told what was kept, want %d: %s", n, want, words)
	}
}

// TestMemoryIsBounded: however long a line or an input is, only one batch of it is in memory.
func TestMemoryIsBounded(t *testing.T) {
	c := newCommand(t, nil, nil)
	endless := io.MultiReader(io.LimitReader(xs{}, 40<<20), strings.NewReader("\n1\n"))
	code, _, words := c.run(t.Context(), endless, "encode")
	if code != 5 || !strings.Contains(words, "line 1: data: has more than 16.0 MiB") || !strings.Contains(words, "encoded 1, failed 1 in ") {
		t.Errorf("%d, %s", code, words)
	}
}

type xs struct{}

func (xs) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestPages(t *testing.T) {
	c := newCommand(t, nil, nil)
	var in strings.Builder
	for i := range 250 {
		fmt.Fprintln(&in, i)
	}
	c.in(in.String(), "encode")
	for _, tt := range []struct {
		args []string
		want int
		more bool
	}{
		{nil, 100, true},
		{[]string{"--limit", "3"}, 3, true},
		{[]string{"--limit", "100"}, 100, true},
		{[]string{"--limit", "249"}, 249, true},
		{[]string{"--limit", "250"}, 250, false},
		{[]string{"--limit", "9999"}, 250, false},
		{[]string{"--all"}, 250, false},
	} {
		code, out, words := c.in("", append([]string{"list", "-q"}, tt.args...)...)
		if n := strings.Count(out, "\n"); code != 0 || n != tt.want || strings.Contains(words, "there is more") != tt.more {
			t.Errorf("%v: %d, %d entries, %s", tt.args, code, n, words)
		}
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestUnwritableOutput(t *testing.T) {
	c := newCommand(t, nil, nil)
	c.in("1\n2\n", "encode")
	var words bytes.Buffer
	for _, args := range [][]string{{"list"}, {"stats"}, {"version"}, {"completion", "bash"}} {
		words.Reset()
		code := cli.Run(t.Context(), args, strings.NewReader(""), brokenPipe{}, &words, func(name string) string { return c.env[name] }, "")
		if code != 1 || !strings.Contains(words.String(), "broken pipe") {
			t.Errorf("%v: %d, %q", args, code, words.String())
		}
	}
}
