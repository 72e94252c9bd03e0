package pgtest

import (
	"bytes"
	"context"
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Proxy stands between clients and a cluster, and simulates network failures.
type Proxy struct {
	listener net.Listener
	to       string // the cluster's socket

	mu sync.Mutex
	// +checklocks:mu
	state state
	// +checklocks:mu
	delay time.Duration
	// +checklocks:mu
	lose bool // the next answer to a command
	// +checklocks:mu
	conns map[net.Conn]bool
	// +checklocks:mu
	changed chan struct{} // closed when state changes

	running sync.WaitGroup
}

type state int

const (
	passing state = iota
	cut           // connections are refused
	frozen        // connections are accepted, but nothing passes
	closed
	// lossy passes on what clients send, and cuts the connection instead of passing on the answer.
	lossy
)

// NewProxy starts a proxy on loopback, which ends with the test.
func NewProxy(tb testing.TB, c *Cluster) *Proxy {
	tb.Helper()
	l, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &Proxy{listener: l, to: filepath.Join(c.dir, ".s.PGSQL.5432"), conns: map[net.Conn]bool{}, changed: make(chan struct{})}
	p.running.Go(p.accept)
	tb.Cleanup(p.close)
	return p
}

// URL returns the address of a database behind the proxy.
func (p *Proxy) URL(database string) string {
	return "postgres://sigil@" + p.listener.Addr().String() + "/" + database + "?sslmode=disable"
}

func (p *Proxy) set(s state, drop bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = s
	close(p.changed)
	p.changed = make(chan struct{})
	if drop {
		for c := range p.conns {
			_ = c.Close()
		}
	}
}

// Cut closes all connections, and refuses new ones.
func (p *Proxy) Cut() { p.set(cut, true) }

// Freeze stops everything without closing connections, like a pulled cable.
func (p *Proxy) Freeze() { p.set(frozen, false) }

// LoseAnswers passes on what clients send, and cuts a connection instead of passing on the answer.
func (p *Proxy) LoseAnswers() { p.set(lossy, false) }

// LoseNextAnswer cuts a connection, once, when the server reports a change or a commit outside a transaction:
// the change is kept, but the client gets no answer.
func (p *Proxy) LoseNextAnswer() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lose = true
}

// loses reports, once, whether b is the answer to lose.
func (p *Proxy) loses(b []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.lose || !committed(b) {
		return false
	}
	p.lose = false
	return true
}

// committed reports whether b ends with ReadyForQuery outside a transaction, and has a CommandComplete of
// COMMIT, DELETE, INSERT or UPDATE. It does not parse earlier messages, so a row could look like one.
func committed(b []byte) bool {
	if !bytes.HasSuffix(b, []byte("Z\x00\x00\x00\x05I")) {
		return false
	}
	for ; len(b) > 5; b = b[1:] {
		if b[0] == 'C' && b[1] == 0 && b[2] == 0 && b[3] == 0 && bytes.IndexByte([]byte("CDIU"), b[5]) >= 0 {
			return true
		}
	}
	return false
}

// Restore lets everything pass again.
func (p *Proxy) Restore() { p.set(passing, false) }

// Delay delays everything by d in each direction.
func (p *Proxy) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

func (p *Proxy) now() (state, time.Duration, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state, p.delay, p.changed
}

func (p *Proxy) close() {
	_ = p.listener.Close()
	p.set(closed, true)
	p.running.Wait()
}

func (p *Proxy) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == closed || p.state == cut {
		return false
	}
	p.conns[c] = true
	return true
}

func (p *Proxy) drop(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
	_ = c.Close()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := new(net.Dialer).DialContext(context.Background(), "unix", p.to)
		if err != nil {
			_ = client.Close()
			continue
		}
		if !p.keep(client) || !p.keep(server) {
			p.drop(client)
			p.drop(server)
			continue
		}
		p.running.Go(func() { p.pass(server, client, false) })
		p.running.Go(func() { p.pass(client, server, true) })
	}
}

// pass copies until one side ends, and then ends both.
func (p *Proxy) pass(to, from net.Conn, answers bool) {
	defer p.drop(to)
	defer p.drop(from)
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		if n > 0 && (answers && p.loses(b[:n]) || !p.through(to, b[:n], answers)) || err != nil {
			return
		}
	}
}

// through passes b on when the network allows it, and returns false if that never happens.
func (p *Proxy) through(to io.Writer, b []byte, answers bool) bool {
	for {
		s, delay, changed := p.now()
		switch {
		case s == closed || s == cut || s == lossy && answers:
			return false
		case s == frozen:
			<-changed
			continue
		}
		if delay > 0 {
			select {
			case <-time.After(delay):
			case <-changed:
				continue
			}
		}
		_, err := to.Write(b)
		return err == nil
	}
}
