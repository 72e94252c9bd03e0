package front

import (
	"context"
	"fmt"
	"net/http"
	"sync"
)

// gate stands before the API. A hand-over shuts it: then requests wait at it, before they begin, until the
// next process or this one can answer them. So a client whose connection this process has accepted loses only
// time. A new gate is shut.
type gate struct {
	// mu guards all fields below.
	mu sync.Mutex
	// +checklocks:mu
	handler http.Handler // nil while the gate is shut
	// +checklocks:mu
	opened chan struct{} // closed, and replaced, by each open
	// +checklocks:mu
	inside int // number of requests that are being answered
	// +checklocks:mu
	left chan struct{} // closed when no request is inside; nil unless shut waits for that
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

// enter waits until the gate is open and returns the handler, or nil if ctx ends first. A caller that got a
// handler must call leave.
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

// tryEnter enters if the gate is open. If not, it returns a channel that is closed when the gate opens.
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

// open passes requests to h, first those that wait.
func (g *gate) open(h http.Handler) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.handler = h
	close(g.opened)
	g.opened = make(chan struct{})
}

// shut stops requests from entering and waits until those inside have left. If ctx ends first, the error
// contains the number of those that have not; the gate is shut all the same.
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
	if g.inside == 0 { // the last one has just left
		return nil
	}
	return fmt.Errorf("%d requests are still running: %w", g.inside, context.Cause(ctx))
}
