package lane_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestABodyMayTakeLonger checks that net/http takes over a slow body if the header has arrived in time.
func TestABodyMayTakeLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s := open(ctx, echo)
		c := s.in.dial()
		if _, err := io.WriteString(c, "POST /fast HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second) // of the bubble
		if resp, body := c.ask(t, "llo"); resp.StatusCode != 200 || !strings.Contains(body, `"hello"`) || s.handed != 1 {
			t.Errorf("%s %s, handed on %d times", resp.Status, body, s.handed)
		}
		cancel()
		synctest.Wait()
	})
}

// TestARequestHasATime checks that the context of a request ends if the request takes too long, and only
// then, however long the connection lives.
func TestARequestHasATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s := open(ctx, func(w http.ResponseWriter, r *http.Request) {
			wait := 29 * time.Second
			if r.URL.Query().Has("long") {
				wait = time.Hour
			}
			select {
			case <-time.After(wait):
			case <-r.Context().Done():
				if cause := context.Cause(r.Context()); !errors.Is(cause, context.DeadlineExceeded) {
					t.Errorf("it ends with %v", cause)
				}
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		})
		c := s.in.dial()
		for i := range 5 {
			time.Sleep(time.Duration(i) * 7 * time.Second) // of the bubble
			if resp, _ := c.ask(t, "GET /fast HTTP/1.1\r\nHost: h\r\n\r\n"); resp.StatusCode != 200 || resp.Close {
				t.Fatalf("request %d: %s, close %v", i, resp.Status, resp.Close)
			}
		}
		begin := time.Now()
		resp, _ := c.ask(t, "GET /fast?long HTTP/1.1\r\nHost: h\r\n\r\n")
		if took := time.Since(begin); resp.StatusCode != http.StatusServiceUnavailable || !resp.Close || took != 30*time.Second {
			t.Errorf("%s, close %v, after %v", resp.Status, resp.Close, took)
		}
		c.ended(t)
		cancel()
		synctest.Wait()
	})
}

// TestIdleConnectionsMakeRoom closes idle connections, but none with a request in progress.
func TestIdleConnectionsMakeRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		finish := make(chan struct{})
		s := open(ctx, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("wait") {
				<-finish
			}
			echo(w, r)
		})
		busy, half, fresh := s.in.dial(), s.in.dial(), s.in.dial()
		for c, raw := range map[*client]string{busy: "GET /fast?wait HTTP/1.1\r\nHost: h\r\n\r\n", half: "GET /fast HTTP/1.1\r\n"} {
			if _, err := io.WriteString(c, raw); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second) // of the bubble
		used := s.in.dial()
		used.ask(t, "GET /fast HTTP/1.1\r\nHost: h\r\n\r\n")
		synctest.Wait()
		idle := s.lane.Idle(nil)
		if len(idle) != 2 || idle[0].Since.Equal(idle[1].Since) {
			t.Fatalf("idle: %v", idle)
		}
		for _, c := range idle {
			c.Close()
			c.Close()
		}
		fresh.ended(t)
		used.ended(t)
		if idle := s.lane.Idle(nil); len(idle) != 0 {
			t.Errorf("still idle: %v", idle)
		}
		close(finish)
		if resp, _ := busy.hear(t); resp.StatusCode != 200 || resp.Close {
			t.Errorf("the one under way: %s, close %v", resp.Status, resp.Close)
		}
		if resp, _ := half.ask(t, "Host: h\r\n\r\n"); resp.StatusCode != 200 || resp.Close {
			t.Errorf("the one half sent: %s, close %v", resp.Status, resp.Close)
		}
		synctest.Wait()
		late := s.lane.Idle(nil)
		time.Sleep(time.Second)                              // of the bubble
		busy.ask(t, "GET /fast HTTP/1.1\r\nHost: h\r\n\r\n") // meanwhile
		synctest.Wait()
		for _, c := range late {
			c.Close()
		}
		half.ended(t)
		if resp, _ := busy.ask(t, "GET /fast HTTP/1.1\r\nHost: h\r\n\r\n"); resp.StatusCode != 200 {
			t.Errorf("the one that had a request meanwhile: %s", resp.Status)
		}
		cancel()
		synctest.Wait()
	})
}

// TestALargeAnswerIsNotCopied checks that a large answer is sent before the handler returns, without copying it.
func TestALargeAnswerIsNotCopied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		body := strings.Repeat("x", 1<<20)
		returned := make(chan bool, 1)
		s := open(ctx, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1048576")
			_, err := io.WriteString(w, body)
			if _, again := w.Write([]byte("more")); !errors.Is(again, http.ErrContentLength) {
				t.Errorf("more than the whole: %v", again)
			}
			returned <- err == nil
		})
		c := s.in.dial()
		if _, err := io.WriteString(c, "GET /fast HTTP/1.1\r\nHost: h\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		select {
		case <-returned:
			t.Error("the handler returned before the client took anything")
		default:
		}
		for range 2 {
			if resp, got := c.hear(t); resp.StatusCode != 200 || got != body || resp.Close || !<-returned {
				t.Errorf("%s, %d bytes", resp.Status, len(got))
			}
			if _, err := io.WriteString(c, "GET /fast HTTP/1.1\r\nHost: h\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
		}
		_ = c.Close() // with an answer half sent
		synctest.Wait()
		if <-returned || s.closed != 1 {
			t.Errorf("an answer that nobody takes: %d closed", s.closed)
		}
		cancel()
		synctest.Wait()
	})
}
