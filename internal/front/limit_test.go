package front

import (
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

func TestMoreConnectionsWait(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	const limit, all = 3, 50
	limited := newPlaces(limit, func() {}).limit(l.(*net.TCPListener))
	var open, served atomic.Int64
	var serving sync.WaitGroup
	accepting := make(chan struct{})
	go func() {
		defer close(accepting)
		for {
			c, err := limited.Accept()
			if err != nil {
				return
			}
			if n := open.Add(1); n > limit {
				t.Errorf("%d connections at once", n)
			}
			serving.Go(func() {
				io.Copy(io.Discard, c) // until the client has said all
				open.Add(-1)
				c.Close()
				c.Close() // frees its place once only
				served.Add(1)
			})
		}
	}()
	var clients sync.WaitGroup
	for range all {
		clients.Go(func() {
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			fmt.Fprint(c, "hello")
		})
	}
	clients.Wait()
	eventually(t, "all to be served", func() bool { return served.Load() == all })

	// Close also ends an Accept that waits for a place.
	var waiting []net.Conn
	for range limit + 1 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		waiting = append(waiting, c)
	}
	eventually(t, "the places to be taken", func() bool { return open.Load() == limit })
	limited.Close()
	wait(t, "the end", accepting)
	for _, c := range waiting {
		c.Close()
	}
	serving.Wait()
}
