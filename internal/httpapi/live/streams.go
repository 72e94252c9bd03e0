package live

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
)

// streams are the answers that do not end by themselves. The server asks them to end before the service stops
// or is handed over.
type streams struct {
	most int // maximum number at once; 0 means no limit

	mu sync.Mutex
	// +checklocks:mu
	leaving bool
	// +checklocks:mu
	open map[*stream]bool
}

// stream is one open stream: the func that ends it.
type stream struct{ cancel context.CancelCauseFunc }

// patience is the time limit of a write to a reader. A reader that takes nothing for that long is gone.
const patience = time.Minute

var errLeave = errors.New("live: the service is stopping")

// begin adds a stream. It returns a context that ends with ctx, or with errLeave as its cause when streams
// must end. The caller calls end when the stream is over. begin fails if there are as many streams as
// allowed.
func (s *streams) begin(ctx context.Context) (_ context.Context, end func(), err error) {
	most := s.most // it never changes
	s.mu.Lock()
	defer s.mu.Unlock()
	if most > 0 && len(s.open) >= most {
		return nil, nil, &sigil.Error{Kind: sigil.ErrUnavailable, Code: "too_many_streams", Detail: "the maximum number of streams is open, so that connections remain for other requests; try again later"}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	st := &stream{cancel}
	if s.leaving {
		cancel(errLeave)
	}
	if s.open == nil {
		s.open = map[*stream]bool{}
	}
	s.open[st] = true
	return ctx, func() {
		cancel(nil)
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.open, st)
	}, nil
}

func (s *streams) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaving = true
	for st := range s.open {
		st.cancel(errLeave)
	}
}

func (s *streams) stay() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaving = false
}

// turns limits how many goroutines send entries at once. Copying a hundred kilobytes into a socket occupies a
// processor, and encodes must not wait behind all readers.
type turns chan struct{}

// turnTime is the maximum time of a turn, done or not, so that a reader that takes nothing does not delay the
// others.
const turnTime = 2 * time.Millisecond

func newTurns() turns { return make(turns, max(1, runtime.GOMAXPROCS(0)/2)) }

// take waits for a turn and returns the func that ends it.
func (t turns) take(ctx context.Context) (end func()) {
	select {
	case t <- struct{}{}:
	case <-ctx.Done():
		return func() {}
	}
	once := sync.OnceFunc(func() { <-t })
	late := time.AfterFunc(turnTime, once)
	return func() {
		late.Stop()
		once()
	}
}
