package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sigil-dna/sigil/internal/cli"
)

// person sits at a terminal at which a command runs.
type person struct {
	t      *testing.T
	screen *os.File // the person's side of the terminal: what is typed is written, what is seen is read
	tty    *os.File // the command's side
	seen   bytes.Buffer
	unread int // where in seen the person reads on
}

// patience is how long a command may take on a busy machine.
const patience = 4 * time.Minute

func sitDown(t *testing.T) *person {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminals here:", err)
	}
	t.Cleanup(func() { _ = screen.Close() })
	var number uint32
	control(t, screen, func(fd int) (err error) {
		if err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err == nil {
			number, err = unix.IoctlGetUint32(fd, unix.TIOCGPTN)
		}
		return err
	})
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tty.Close() })
	return &person{t: t, screen: screen, tty: tty}
}

func control(t *testing.T, f *os.File, do func(fd int) error) {
	t.Helper()
	conn, err := f.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var failed error
	if err := conn.Control(func(fd uintptr) { failed = do(int(fd)) }); err != nil || failed != nil {
		t.Fatal(err, failed)
	}
}

// starts runs a command at the terminal and returns where its exit code comes.
func (p *person) starts(ctx context.Context, c *command, args ...string) <-chan int {
	code := make(chan int, 1)
	go func() {
		code <- cli.Run(ctx, args, p.tty, &bytes.Buffer{}, p.tty, func(name string) string { return c.env[name] }, "v0")
	}()
	return code
}

// sees waits until text comes on the screen.
func (p *person) sees(text string) {
	p.t.Helper()
	if err := p.screen.SetReadDeadline(time.Now().Add(patience)); err != nil {
		p.t.Fatal(err)
	}
	buffer := make([]byte, 1024)
	for {
		if i := strings.Index(p.seen.String()[p.unread:], text); i >= 0 {
			p.unread += i + len(text)
			return
		}
		n, err := p.screen.Read(buffer)
		p.seen.Write(buffer[:n])
		if err != nil {
			p.t.Fatalf("no %q: %v, after %q", text, err, p.seen.String())
		}
	}
}

// echoes reports whether the terminal shows what is typed.
func (p *person) echoes() (shows bool) {
	p.t.Helper()
	control(p.t, p.tty, func(fd int) error {
		state, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		shows = err == nil && state.Lflag&unix.ECHO != 0
		return err
	})
	return shows
}

// answers types a line once it is asked for.
func (p *person) answers(question, line string) {
	p.t.Helper()
	p.asked(question)
	p.types(line)
}

// asked waits for a question, and until the terminal no longer shows what is typed.
func (p *person) asked(question string) {
	p.t.Helper()
	p.sees(question)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); p.echoes(); <-tick.C {
		if time.Now().After(deadline) {
			p.t.Fatal("the terminal would show the password")
		}
	}
}

func (p *person) types(line string) {
	p.t.Helper()
	if _, err := p.screen.WriteString(line + "\n"); err != nil {
		p.t.Fatal(err)
	}
}

// waits waits for the end of a command. The terminal must show what is typed again, and must not have shown secret.
func (p *person) waits(code <-chan int, want int, secret string) {
	p.t.Helper()
	select {
	case got := <-code:
		if got != want {
			p.t.Errorf("exit code %d, want %d", got, want)
		}
	case <-time.After(patience):
		p.t.Fatalf("the command does not end; on the screen: %q", p.seen.String())
	}
	if !p.echoes() {
		p.t.Error("the terminal no longer shows what is typed")
	}
	if secret != "" && strings.Contains(p.seen.String(), secret) {
		p.t.Errorf("on the screen: %q", p.seen.String())
	}
}

// TestPasswordIsTyped makes a key and signs with it, at a terminal.
func TestPasswordIsTyped(t *testing.T) {
	if raceEnabled {
		t.Skip("a password takes minutes under the race detector; make proof runs this")
	}
	c, dir := codeCommand(t)
	p := sitDown(t)
	file := filepath.Join(dir, "a.py")
	writeFile(t, file, "print(1)\n")

	code := p.starts(t.Context(), c, "keygen")
	p.answers("password of the new key: ", "correct horse")
	p.answers("the same again: ", "correct horse")
	p.sees("which is secret")
	p.waits(code, 0, "correct")

	code = p.starts(t.Context(), c, "sign", file)
	p.answers("code.key: ", "correct horse")
	p.sees("signed 1 file with key ")
	p.waits(code, 0, "correct")
	c.must("keys", "trust", filepath.Join(dir, "settings", "sigil", "code.key.pub"))
	c.must("verify", file)
}

// TestPasswordIsRefused types passwords that make no key.
func TestPasswordIsRefused(t *testing.T) {
	c, dir := codeCommand(t)
	p := sitDown(t)
	code := p.starts(t.Context(), c, "keygen")
	p.answers("password of the new key: ", "correct horse")
	p.answers("the same again: ", "battery staple")
	p.sees("the passwords differ")
	p.waits(code, 2, "battery")
	code = p.starts(t.Context(), c, "keygen")
	p.answers("password of the new key: ", "")
	p.sees("--no-password makes a key without one")
	p.waits(code, 2, "")
	if _, err := os.Stat(filepath.Join(dir, "settings")); !os.IsNotExist(err) {
		t.Errorf("a key was made: %v", err)
	}
}

// TestPasswordIsInterrupted: after Ctrl-C the terminal shows again what is typed.
func TestPasswordIsInterrupted(t *testing.T) {
	c, _ := codeCommand(t)
	p := sitDown(t)
	ctx, interrupt := context.WithCancel(t.Context())
	code := p.starts(ctx, c, "keygen")
	p.asked("password of the new key: ")
	interrupt()
	p.sees("interrupted")
	p.waits(code, 1, "")
	p.types("") // ends the read that the process would have taken with it
}
