package httpapi

import (
	"context"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
)

const (
	// uncounted is how many bytes of a request, and of its answer, are not counted. Most requests have no
	// more.
	uncounted = 16 << 10
	// roomTime is the maximum time that a request waits for others to release memory.
	roomTime = 5 * time.Second
)

// memory limits the bytes of all bodies and pages held at once. Requests that hold some and wait for more can
// block each other, so none waits for long.
type memory struct {
	most int64 // +checklocksignore: never changes

	mu sync.Mutex
	// +checklocks:mu
	held int64
	// +checklocks:mu
	freed chan struct{} // closed when bytes are released; nil unless a request waits for that
}

// Take reserves n bytes. It fails if other requests hold too many for too long. A request that is larger than
// the limit gets its bytes when no other request holds any.
func (m *memory) Take(ctx context.Context, n int64) error {
	freed, ok := m.try(n)
	if ok {
		return nil
	}
	late := time.NewTimer(roomTime)
	defer late.Stop()
	for !ok {
		select {
		case <-freed:
		case <-ctx.Done():
			return ctx.Err()
		case <-late.C:
			return &sigil.Error{Kind: sigil.ErrUnavailable, Code: "busy", Detail: "other requests hold the maximum number of bytes; try again later"}
		}
		freed, ok = m.try(n)
	}
	return nil
}

func (m *memory) try(n int64) (freed <-chan struct{}, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.held == 0 || m.held+n <= m.most {
		m.held += n
		return nil, true
	}
	if m.freed == nil {
		m.freed = make(chan struct{})
	}
	return m.freed, false
}

// Give releases n bytes. A negative n reserves bytes, even beyond the limit.
func (m *memory) Give(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held -= n
	if m.freed != nil && n > 0 {
		close(m.freed)
		m.freed = nil
	}
}

// hold reserves n bytes until the request ends. It does nothing if the request holds as many already.
func (c *call) hold(n int64) error {
	if n -= uncounted; n <= c.held {
		return nil
	}
	if err := c.api.memory.Take(c.r.Context(), n-c.held); err != nil {
		return err
	}
	c.held = n
	return nil
}

// settle sets the number of bytes that the request holds to n, without waiting.
func (c *call) settle(n int64) {
	n = max(n-uncounted, 0)
	if n != c.held {
		c.api.memory.Give(c.held - n)
		c.held = n
	}
}
