package front

import (
	"context"
	"fmt"
	"net/http"
	"sync"
)

// gate stands before the API. A hand-over shuts it: requests wait at it, none of them begun, until the next process
// or this one can answer them. So a client on a connection that this process has accepted loses nothing but time. A
// new gate is shut.
type gate struct {
	// mu guards all below
	mu sync.Mutex
	// +checklocks:mu
	handler http.Handler // nil while shut
	// +checklocks:mu
	opened chan struct{} // is closed, and made anew, by each open
	// +checklocks:mu
	inside int // requests being answered
	// +checklocks:mu
	left chan struct{} // is closed when none is inside; nil unless that is waited for
}

func newGate() *gate { return &gate{opened: make(chan struct{})} }

// ServeHTTP passes a request to the handler once the gate is open.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := g.enter(r.Context())
	if h == nil {
		elsewhere(w, "the daemon stopped before it could answer") // or the client has left, and reads nothing
		return
	}
	defer g.leave()
	h.ServeHTTP(w, r)
}

// enter waits until the gate is open and returns the handler, or nil if ctx ends first. A caller that got a handler
// must leave.
func (g *gate) enter(ctx context.Context) http.Handler {
	h, opened := g.tryEnter()
	if h != nil {
		return h
	}
	ctx, end := patient(ctx)
	defer end()
	for h == nil {
		select {
		case <-opened:
		case <-ctx.Done():
			return nil
		}
		h, opened = g.tryEnter()
	}
	return h
}

// tryEnter enters if the gate is open. If not, it returns what is closed when that opens.
func (g *gate) tryEnter() (http.Handler, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.handler != nil {
		g.inside++
	}
	return g.handler, g.opened
}

func (g *gate) isOpen() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.handler != nil
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside--; g.inside == 0 && g.left != nil {
		close(g.left)
		g.left = nil
	}
}

// open lets requests through to h, those that wait first among them.
func (g *gate) open(h http.Handler) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.handler = h
	close(g.opened)
	g.opened = make(chan struct{})
}

// shut lets no request in any more and waits until those inside have left. If ctx ends first, the error says how many
// have not; the gate is shut even so.
func (g *gate) shut(ctx context.Context) error {
	g.mu.Lock()
	g.handler = nil
	left := make(chan struct{})
	if g.inside == 0 {
		close(left)
	} else {
		g.left = left
	}
	g.mu.Unlock()
	select {
	case <-left:
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.left = nil
	if g.inside == 0 { // has just become so
		return nil
	}
	return fmt.Errorf("%d requests are still running: %w", g.inside, context.Cause(ctx))
}
