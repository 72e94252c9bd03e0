package campaign_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
	"github.com/sigil-dna/sigil/internal/prove/campaign"
)

// TestReadersBesideWriters has many readers of the journal, one of them stalled, and encodes at a steady
// rate. Every reader gets every event once and in order, the stalled one as soon as it reads again, and the
// daemon's memory does not grow with that one's backlog. The latencies of encodes without readers and with
// all of them are reported, not checked, since machines differ.
//
// SIGIL_READERS, SIGIL_RATE (encodes a second) and SIGIL_SECONDS set the amounts.
func TestReadersBesideWriters(t *testing.T) {
	readers, rate := int(number(t, "SIGIL_READERS", 10)), int(number(t, "SIGIL_RATE", 500))
	duration := time.Duration(number(t, "SIGIL_SECONDS", 1)) * time.Second
	program, err := program()
	if err != nil {
		t.Fatal(err)
	}
	scratch := t.TempDir()
	child := &campaign.Child{Program: program, Data: filepath.Join(scratch, "data"), Scratch: scratch, Args: []string{"--policy=halflife"}}
	t.Cleanup(func() { _ = child.KillAll(context.Background()) })
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if err := child.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*duration+2*campaign.Patience)
	defer cancel()
	c, err := client.New(child.Addr(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseIdleConnections()

	syscall.Sync() // else what the build left in memory is written in the middle of this
	alone := apart(ctx, t, child.Addr(), rate, duration)
	stats, err := c.Stats(ctx)
	if err != nil {
		t.Fatal(err)
	}
	begin := stats.Position
	var running sync.WaitGroup
	var last atomic.Uint64 // to be read up to; 0 while that is not known
	var reads atomic.Int64
	for range readers {
		conn := upgraded(ctx, t, child.Addr(), int64(begin))
		running.Go(func() {
			defer conn.Close()
			buf, kept, at := make([]byte, 128<<10), 0, begin
			for end := last.Load(); end == 0 || at < end; end = last.Load() {
				n, err := conn.Read(buf[kept:])
				reads.Add(1)
				if err == nil {
					at, kept, err = inOrder(buf[:kept+n], at)
				}
				if err != nil {
					t.Errorf("a reader at %d: %v", at, err)
					return
				}
			}
		})
	}
	stalled := make(chan struct{})
	running.Go(func() {
		at := begin
		for e, err := range c.Follow(ctx, &client.FollowOptions{After: &begin}) {
			if err != nil || e.Position != at+1 {
				t.Errorf("the stalled reader got %d after %d: %v", e.Position, at, err)
				return
			}
			<-stalled // reads one, and then nothing for long
			if at = e.Position; last.Load() > 0 && at >= last.Load() {
				return
			}
		}
	})

	before, err := child.Vitals(ctx)
	if err != nil {
		t.Fatal(err)
	}
	beside := apart(ctx, t, child.Addr(), rate, duration)
	after, err := child.Vitals(ctx)
	if err != nil {
		t.Fatal(err)
	}
	// One more entry, so that a reader that was at the end before learns of it.
	m, err := c.Encode(ctx, sigil.Draft{Data: []byte(`"the last"`)})
	if err != nil {
		t.Fatal(err)
	}
	if stats, err = c.Stats(ctx); err != nil {
		t.Fatal(err)
	}
	last.Store(stats.Position)
	if err := c.Forget(ctx, m.ID); err != nil { // and one after the last, for those who were just there
		t.Fatal(err)
	}
	close(stalled)
	running.Wait()
	t.Logf("%d readers, %d events each in %d reads, one reader stalled; encodes: alone %s, beside them %s, p99 %.2f times; resident %d MiB before, %d MiB after",
		readers, stats.Position-begin, reads.Load(), alone, beside, float64(beside.P99)/float64(alone.P99), before.RSS>>20, after.RSS>>20)
	if grown := int64(after.RSS) - int64(before.RSS); grown > 400<<20 {
		t.Errorf("the daemon grew by %d MiB", grown>>20)
	}
}

// upgraded returns a connection on which the daemon sends the entries after a position (−1: none) as
// WebSocket frames. The test reads raw bytes: a library would cost more than the daemon, on the same
// processors.
func upgraded(ctx context.Context, t *testing.T, addr string, after int64) net.Conn {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	query := ""
	if after >= 0 {
		query = fmt.Sprintf("?after=%d", after)
	}
	fmt.Fprintf(conn, "GET /v1/ws%s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", query, addr)
	var answer []byte
	for one := make([]byte, 1); !bytes.HasSuffix(answer, []byte("\r\n\r\n")); answer = append(answer, one...) {
		if _, err := conn.Read(one); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.HasPrefix(answer, []byte("HTTP/1.1 101 ")) {
		t.Fatalf("got %s", answer)
	}
	return conn
}

// inOrder checks the entries in b, whose first follows at, and returns the position of the last. An entry that may
// continue is left for the next read, at the start of b: kept is its length.
func inOrder(b []byte, at uint64) (last uint64, kept int, err error) {
	name := []byte(`{"position":`)
	rest := b
	for {
		i := bytes.Index(rest, name)
		if i < 0 {
			rest = rest[max(0, len(rest)-len(name)+1):] // it may begin with the end of this
			break
		}
		end := bytes.IndexByte(rest[i:], ',')
		if end < 0 {
			rest = rest[i:]
			break
		}
		position, err := strconv.ParseUint(string(rest[i+len(name):i+end]), 10, 64)
		if err != nil || position != at+1 {
			return at, 0, fmt.Errorf("got %d after %d: %w", position, at, err)
		}
		at, rest = position, rest[i+end:]
	}
	return at, copy(b, rest), nil
}

// latencies are the latencies of encodes at a steady rate.
type latencies struct {
	Rate          float64
	P50, P99, Max time.Duration
}

func (l latencies) String() string {
	return fmt.Sprintf("%.0f/s p50 %s p99 %s max %s", l.Rate, l.P50.Round(10*time.Microsecond), l.P99.Round(10*time.Microsecond), l.Max.Round(10*time.Microsecond))
}

// apart runs steady in a separate process: a process that reads for hundreds is too busy to measure time.
func apart(ctx context.Context, t *testing.T, addr string, rate int, duration time.Duration) (l latencies) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, self, "-test.run=^TestSteadyEncodes$", "-test.count=1")
	cmd.Env = append(os.Environ(), "SIGIL_STEADY="+fmt.Sprintf("%s %d %s", addr, rate, duration))
	out, err := cmd.Output()
	line, _, _ := bytes.Cut(out, []byte("\n"))
	if err == nil {
		err = json.Unmarshal(line, &l)
	}
	if err != nil {
		t.Fatalf("encodes at a steady rate: %v: %s", err, out)
	}
	return l
}

// TestSteadyEncodes is the process that apart starts; by itself it does nothing.
func TestSteadyEncodes(t *testing.T) {
	var addr, span string
	var rate int
	if n, err := fmt.Sscan(os.Getenv("SIGIL_STEADY"), &addr, &rate, &span); n == 0 {
		return
	} else if err != nil {
		t.Fatal(err)
	}
	duration, err := time.ParseDuration(span)
	if err != nil {
		t.Fatal(err)
	}
	l, err := json.Marshal(steady(t.Context(), t, addr, rate, duration))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(string(l))
}

// steady encodes at a rate per second, over live connections. An encode's latency counts from when it was
// due: one that must wait for another is late. The test reads raw bytes, for the same reason as for events: a
// client that decodes them costs more than the daemon.
func steady(ctx context.Context, t *testing.T, addr string, rate int, duration time.Duration) latencies {
	t.Helper()
	const connections = 4
	due := make(chan time.Time, rate)
	var mu sync.Mutex
	var all []time.Duration
	var running sync.WaitGroup
	for range connections {
		conn := upgraded(ctx, t, addr, -1)
		sent := make(chan time.Time, 64) // as many as the daemon works on at once
		running.Go(func() {
			took, err := answers(conn, sent)
			if err != nil {
				t.Errorf("encode: %v", err)
			}
			for range sent { // if it broke, the rest is dropped
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took...)
		})
		running.Go(func() {
			defer close(sent)
			var frame []byte
			for at := range due {
				body := fmt.Sprintf(`{"id":1,"op":"encode","sigil":{"data":{"at":%d,"note":"an encode at a steady rate"}}}`, at.UnixNano())
				frame = append(frame[:0], 0x81, 0x80|126, byte(len(body)>>8), byte(len(body)), 0, 0, 0, 0) // a text, masked with zeros
				sent <- at
				if _, err := conn.Write(append(frame, body...)); err != nil {
					return // the reader reports it
				}
			}
		})
	}
	begin := time.Now()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for sent := 0; time.Since(begin) < duration && ctx.Err() == nil; <-tick.C {
		for now := time.Now(); sent < int(float64(rate)*now.Sub(begin).Seconds()); sent++ {
			due <- now
		}
	}
	close(due)
	running.Wait()
	took := time.Since(begin)
	if len(all) == 0 {
		t.Fatal("nothing was encoded")
	}
	slices.Sort(all)
	return latencies{float64(len(all)) / took.Seconds(), all[len(all)/2], all[len(all)*99/100], all[len(all)-1]}
}

// answers reads an answer for each encode that was sent. They may arrive in another order than the requests.
// Each is attributed to the request that has waited longest, so no request looks faster by more than another
// looks slower.
func answers(conn net.Conn, sent <-chan time.Time) (took []time.Duration, err error) {
	defer conn.Close()
	buf, kept := make([]byte, 64<<10), 0
	name := []byte(`{"type":"answer"`)
	good := []byte(`,"id":1,"status":201,`)
	for at := range sent {
		for {
			i := bytes.Index(buf[:kept], name)
			if i >= 0 && kept >= i+len(name)+len(good) {
				if got := buf[i+len(name) : i+len(name)+len(good)]; !bytes.Equal(got, good) {
					return took, fmt.Errorf("answered %s", buf[i:kept])
				}
				kept = copy(buf, buf[i+len(name):kept])
				break
			}
			n, err := conn.Read(buf[kept:])
			if err != nil {
				return took, err
			}
			kept += n
		}
		took = append(took, time.Since(at))
	}
	return took, nil
}
