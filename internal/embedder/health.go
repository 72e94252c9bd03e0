package embedder

import (
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/sigil-dna/sigil/internal/meaning"
)

// health is whether the endpoint answers.
type health struct {
	mu sync.Mutex
	// +checklocks:mu
	failures int // since the last success
	// +checklocks:mu
	until time.Time // the endpoint is given time until then
}

// failed counts a failure and returns how long to wait before the next attempt: as long as the endpoint asks for, or
// twice as long each time, minus a random part, so that clients that failed together do not retry together.
func (h *health) failed(err error, p *pace) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	wait := min(p.least<<min(h.failures, 20), p.most)
	wait -= rand.N(wait/2 + 1)
	h.failures++
	var f *failure
	if errors.As(err, &f) {
		wait = max(wait, min(f.after, p.asked))
	}
	h.until = time.Now().Add(wait)
	return wait
}

// over is called after a success.
func (h *health) over() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failures, h.until = 0, time.Time{}
}

// left returns how long the endpoint is still given time.
func (h *health) left(now time.Time) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return max(0, h.until.Sub(now))
}

// maxQueries is how many queries have their vectors kept: a search is often repeated, and its pages are searches.
const maxQueries = 256

// queries has the vectors of the last queries.
type queries struct {
	mu sync.Mutex
	// +checklocks:mu
	vectors map[string]meaning.Vector
}

func (q *queries) get(text string) (v meaning.Vector, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	v, ok = q.vectors[text]
	return v, ok
}

func (q *queries) forget() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.vectors = nil
}

func (q *queries) put(text string, v meaning.Vector) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.vectors == nil || len(q.vectors) >= maxQueries {
		q.vectors = map[string]meaning.Vector{}
	}
	q.vectors[text] = v
}
