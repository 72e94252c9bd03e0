package live

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pipe returns a gathered connection and its other end, on which one Read returns what was sent at once.
func pipe(t *testing.T) (*gathered, net.Conn) {
	t.Helper()
	near, far := net.Pipe()
	t.Cleanup(func() {
		near.Close()
		far.Close()
	})
	return newGathered(near, nil), far
}

// begun is a write that is in progress until the rest of it is read.
func begun(t *testing.T, g *gathered, far net.Conn) (rest string) {
	t.Helper()
	go g.Write([]byte("ab")) // ends with the connection
	got(t, far, 1, "a")
	synctest.Wait()
	return "b"
}

func got(t *testing.T, far net.Conn, most int, want string) {
	t.Helper()
	b := make([]byte, most)
	if n, err := far.Read(b); err != nil || string(b[:n]) != want {
		t.Fatalf("got %.100q, %v; want %.100q", b[:n], err, want)
	}
}

func write(t *testing.T, g *gathered, text string) {
	t.Helper()
	if n, err := g.Write([]byte(text)); err != nil || n != len(text) {
		t.Errorf("write: %d, %v", n, err)
	}
}

func TestWhatIsWrittenMeanwhileIsSentTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, far := pipe(t)
		rest := begun(t, g, far)
		write(t, g, "cd")
		write(t, g, "ef")
		got(t, far, 10, rest)
		got(t, far, 10, "cdef")
	})
}

func TestWhatIsHeldIsSentTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, far := pipe(t)
		g.hold()
		write(t, g, "ab")
		write(t, g, "cd")
		go g.release()
		got(t, far, 10, "abcd")

		g.hold()
		large := string(bytes.Repeat([]byte("x"), gatherAtMost))
		go func() { // it waits for no release
			g.Write([]byte(large))
			g.release()
		}()
		got(t, far, 2*gatherAtMost, large)
	})
}

func TestWhoHasMoreThanCanWaitWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, far := pipe(t)
		rest := begun(t, g, far)
		large := string(bytes.Repeat([]byte("x"), gatherAtMost))
		write(t, g, large)
		written := false
		go func() {
			g.Write([]byte("y"))
			written = true
		}()
		synctest.Wait()
		if written {
			t.Error("it did not wait")
		}
		got(t, far, 1, rest)
		synctest.Wait()
		if !written {
			t.Error("it waited for more than room")
		}
		got(t, far, 2*gatherAtMost, large)
		got(t, far, 1, "y")
	})
}

func TestAReaderThatTakesNothingIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, far := pipe(t)
		begin := time.Now()
		if _, err := g.Write([]byte("a")); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(begin) != patience {
			t.Errorf("after %v: %v", time.Since(begin), err)
		}
		if _, err := g.Write([]byte("a")); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("then: %v", err)
		}
		if _, err := far.Read(make([]byte, 1)); err == nil {
			t.Error("the connection is open")
		}
	})
}

func TestCloseSendsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, far := pipe(t)
		g.hold()
		write(t, g, "ab")
		go g.Close()
		got(t, far, 10, "ab")
		synctest.Wait()
		g.release()
		if _, err := g.Write([]byte("c")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("written to what is closed: %v", err)
		}
	})
}

func TestCloseFreesWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, far := pipe(t)
		begun(t, g, far)
		write(t, g, string(make([]byte, gatherAtMost)))
		var err error
		go func() { _, err = g.Write([]byte("y")) }()
		synctest.Wait()
		begin := time.Now()
		g.Close()
		synctest.Wait()
		if took := time.Since(begin); !errors.Is(err, net.ErrClosed) || took != lastWords {
			t.Errorf("after %v: %v", took, err)
		}
	})
}

func TestWholeText(t *testing.T) {
	long := append([]byte{0x81, 0x80 | 126, 0, 200, 1, 2, 3, 4}, make([]byte, 200)...)
	for name, tt := range map[string]struct {
		b    []byte
		want bool
	}{
		"nothing":      {nil, false},
		"half a head":  {[]byte{0x81}, false},
		"short":        {[]byte{0x81, 0x82, 1, 2, 3, 4, 'a', 'b', 'c'}, true},
		"empty":        {[]byte{0x81, 0x80, 1, 2, 3, 4}, true},
		"all but one":  {[]byte{0x81, 0x82, 1, 2, 3, 4, 'a'}, false},
		"no mask":      {[]byte{0x81, 0x01, 'a', 'b', 'c', 'd', 'e', 'f'}, false},
		"a part":       {[]byte{0x01, 0x81, 1, 2, 3, 4, 'a'}, false},
		"a ping":       {[]byte{0x89, 0x81, 1, 2, 3, 4, 'a'}, false},
		"long":         {long, true},
		"long, no end": {long[:207], false},
		"no length":    {long[:3], false},
		"very long":    {append([]byte{0x81, 0x80 | 127, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, make([]byte, 10)...), false},
	} {
		if got := wholeText(tt.b); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestAPartedTextIsSentWholeAfterWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, far := pipe(t)
		rest := begun(t, g, far)
		write(t, g, "cd")
		sent := make(chan error, 1)
		go func() { sent <- g.text([]byte("1"), []byte("2"), []byte("3")) }() // waits for the goroutine that is sending
		synctest.Wait()
		write(t, g, "ef")
		got(t, far, 10, rest)
		all := make([]byte, len("cdef123"))
		if _, err := io.ReadFull(far, all); err != nil || !strings.Contains(string(all), "123") || !strings.Contains(string(all), "cdef") {
			t.Fatalf("got %q, %v", all, err)
		}
		if err := <-sent; err != nil {
			t.Error(err)
		}
	})
}

func TestNoTextAfterTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, far := pipe(t)
		g.lastText()
		for _, parts := range [][][]byte{nil, {[]byte("x")}} {
			if err := g.text([]byte("x"), parts...); !errors.Is(err, net.ErrClosed) {
				t.Errorf("a text in %d further parts: %v", len(parts), err)
			}
		}
		go write(t, g, "why")
		got(t, far, 10, "why")
	})
}

func TestAPartedTextIsFreedByClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, _ := pipe(t)
		sent := make(chan error, 2)
		for range 2 { // one is sending, one waits for it
			go func() { sent <- g.text([]byte("1"), []byte("2")) }()
		}
		synctest.Wait()
		g.Close()
		for range 2 {
			if err := <-sent; err == nil {
				t.Error("nothing was read, and it was sent")
			}
		}
	})
}

func TestFramed(t *testing.T) {
	for n, head := range map[int]string{
		0: "\x81\x00", 125: "\x81\x7d", 126: "\x81\x7e\x00\x7e", 65535: "\x81\x7e\xff\xff", 65536: "\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00",
	} {
		text := strings.Repeat("x", n)
		if got := framed([]byte(strings.Repeat(" ", frameRoom) + text)); string(got) != head+text {
			t.Errorf("%d bytes: %x", n, got[:min(len(got), frameRoom)])
		}
	}
}
