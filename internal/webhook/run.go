package webhook

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
)

// errLost means that another process holds the lease.
var errLost = errors.New("another process delivers")

// run delivers whenever it holds the lease, until ctx ends.
func (h *Hook) run(ctx context.Context) {
	defer close(h.done)
	defer h.client.CloseIdleConnections()
	defer h.release(ctx)
	for ctx.Err() == nil {
		err := h.follow(ctx)
		switch {
		case ctx.Err() != nil || errors.Is(err, sigil.ErrClosed):
			return
		case errors.Is(err, errLost), errors.Is(err, sigil.ErrConflict):
			h.held = false
			h.oldest.Store(0)
			sleep(ctx, h.options.pace.look)
		default:
			sleep(ctx, h.asking.failed(err, &h.options.pace))
		}
	}
}

// follow delivers from the stored position on, until an error occurs that is not the receiver's.
func (h *Hook) follow(ctx context.Context) error {
	position, err := h.claim(ctx)
	for err == nil {
		if err = h.keep(ctx); err != nil {
			break
		}
		var events []sigil.Event
		events, err = h.source.Events(ctx, h.options.Tenant, position, h.options.Batch)
		switch {
		case errors.Is(err, sigil.ErrGone):
			position, err = h.skip(ctx, position, err)
		case err != nil:
		case len(events) == 0:
			h.asking.over()
			h.oldest.Store(0)
			err = h.wait(ctx, position)
		default:
			h.asking.over()
			h.oldest.Store(events[0].Time.UnixNano())
			if err = h.deliver(ctx, position, events); err == nil {
				position = events[len(events)-1].Position
				err = h.advance(ctx, position)
			}
		}
	}
	return err
}

// skip moves the position to where the journal begins, if it was trimmed, or to its end, if the store was restored from
// an older copy and the position is beyond its end.
func (h *Hook) skip(ctx context.Context, position uint64, err error) (uint64, error) {
	var gone *sigil.Error
	switch {
	case !errors.As(err, &gone):
		return position, err
	case gone.Newest != nil:
		h.receiving.log.Error("the journal ends before the last delivered position: the store was restored from an older copy. Positions will repeat; continuing after the newest entry",
			"delivered up to", position, "newest", *gone.Newest)
		return *gone.Newest, h.advance(ctx, *gone.Newest)
	case gone.Oldest <= position:
		return position, err
	}
	h.receiving.log.Error("journal entries were dropped before they were delivered: skipping them", "after", position, "up to", gone.Oldest)
	return gone.Oldest, h.advance(ctx, gone.Oldest)
}

// wait waits for an entry, but no longer than until the claim must be renewed.
func (h *Hook) wait(ctx context.Context, position uint64) error {
	bounded, cancel := context.WithTimeout(ctx, h.options.pace.renew)
	defer cancel()
	err := h.source.Wait(bounded, h.options.Tenant, position)
	if bounded.Err() != nil || errors.Is(err, sigil.ErrGone) { // for ErrGone, the next read returns the full error
		return ctx.Err()
	}
	return err
}

// deliver sends a batch, the events after position, until the receiver accepts it. Each attempt sends the same, except for what was
// erased meanwhile.
func (h *Hook) deliver(ctx context.Context, position uint64, events []sigil.Event) error {
	for len(events) > 0 {
		b, err := h.batch(events)
		if err != nil {
			return err
		}
		after, err := h.send(ctx, b)
		if err == nil {
			h.receiving.over()
			h.options.Delivered(len(events))
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		h.options.Failed()
		pause := h.receiving.failed(err, &h.options.pace)
		if err := h.pause(ctx, min(max(pause, after), h.options.pace.most)); err != nil {
			return err
		}
		if events, err = h.again(ctx, position, events); err != nil {
			return err
		}
	}
	return nil
}

// again reads events that were read after position once more, and returns those that are still there.
func (h *Hook) again(ctx context.Context, position uint64, events []sigil.Event) ([]sigil.Event, error) {
	last := events[len(events)-1].Position
	still, err := h.source.Events(ctx, h.options.Tenant, position, len(events))
	return slices.DeleteFunc(still, func(e sigil.Event) bool { return e.Position > last }), err
}

// pause sleeps for d, renewing the lease meanwhile.
func (h *Hook) pause(ctx context.Context, d time.Duration) error {
	end := time.Now().Add(d)
	for {
		if left := time.Until(end); left > 0 {
			sleep(ctx, min(left, h.options.pace.renew))
		}
		if err := h.keep(ctx); err != nil {
			return err
		}
		if !time.Now().Before(end) {
			return ctx.Err()
		}
	}
}

// keep renews the lease if it is due.
func (h *Hook) keep(ctx context.Context) error {
	if time.Since(h.renewed) < h.options.pace.renew {
		return ctx.Err()
	}
	_, err := h.claim(ctx)
	return err
}

// claim acquires or renews the lease, and returns the stored position, or errLost if another process holds the lease.
func (h *Hook) claim(ctx context.Context) (uint64, error) {
	h.renewed = time.Now() // set before the call, because the lease begins during it
	position, held, err := h.source.Claim(ctx, h.name, h.owner, h.options.pace.lease)
	if err != nil {
		h.held = true // unknown: the claim may have succeeded
		return 0, err
	}
	h.held = held
	if !held {
		h.asking.over()
		return 0, errLost
	}
	return position, nil
}

// advance stores the position of the last delivered event, even if ctx ends during the call.
func (h *Hook) advance(ctx context.Context, position uint64) error {
	finishing, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.options.pace.attempt)
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(h.options.pace.finishing, cancel) })()
	return h.source.Advance(finishing, h.name, h.owner, position)
}

// release ends the lease, so that the next process gets it at once.
func (h *Hook) release(ctx context.Context) {
	if !h.held {
		return
	}
	finishing, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.options.pace.finishing)
	defer cancel()
	_, _, _ = h.source.Claim(finishing, h.name, h.owner, 0) // if that fails, the lease expires
}

// streak counts failures with no success in between.
type streak struct {
	log  *slog.Logger
	what string
	n    int
}

// failed counts a failure and returns how long to wait before the next attempt: twice as long each time, minus a random
// part, so that clients that failed together do not retry together.
func (s *streak) failed(err error, p *pace) time.Duration {
	if s.n == 0 {
		s.log.Error(s.what+" failed: retrying until it succeeds", "err", err)
	}
	wait := p.least << min(s.n, 20)
	s.n++
	wait = min(wait, p.most)
	return wait - rand.N(wait/2+1)
}

func (s *streak) over() {
	if s.n > 0 {
		s.log.Info(s.what+" succeeded again", "failures", s.n)
	}
	s.n = 0
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
