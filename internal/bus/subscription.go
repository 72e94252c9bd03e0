package bus

import (
	"context"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
)

// Subscription is one reader of a tenant's journal. It is used by one goroutine at a time.
type Subscription struct {
	bus    *Bus
	tenant string
	topic  *topic
	after  uint64
	live   bool        // it had the newest
	given  bool        // it got the newest entries, and pauses next
	timer  *time.Timer // of its pauses
	once   sync.Once

	recalled chan []byte // messages about recalls; nil if it does not watch them
}

// Batch is some entries, in order. They are shared with other subscribers, and not to be changed.
type Batch struct {
	Entries []Entry
	// Joined is the data of all of them with a comma between two.
	Joined []byte
	// Lagged reports, once each time, that the subscriber was too slow: it gets entries from the journal until it has
	// caught up with Newest.
	Lagged bool
	Newest uint64
	// Recalled is, in a batch without entries, a message about recalls, as [Journal] renders it.
	Recalled []byte
}

// WatchRecalls makes Next also return messages about recalls, at most one a second. Call it once, before Next.
func (s *Subscription) WatchRecalls() { s.recalled = s.bus.recalls.watch(s.tenant) }

// After returns the position of the last entry that Next returned, or the one the subscription started after.
func (s *Subscription) After() uint64 { return s.after }

// Next waits for entries, or for recalls if they are watched. It returns ctx's error when that ends, [sigil.ErrClosed]
// when the bus is closed, [sigil.ErrGone] if the next entries were dropped from the journal or the journal does not go
// that far, and otherwise the journal's own error.
func (s *Subscription) Next(ctx context.Context) (Batch, error) {
	if err := s.pause(ctx); err != nil {
		return Batch{}, err
	}
	select {
	case m := <-s.recalled: // before entries, of which there may always be some
		return Batch{Recalled: m}, nil
	default:
	}
	for {
		l := s.topic.look(s.after)
		switch {
		case l.ahead != nil && s.after > *l.ahead.Newest:
			return Batch{}, l.ahead
		case l.ahead != nil:
			return Batch{}, &sigil.Error{Kind: sigil.ErrUnavailable, Code: "unavailable", Detail: "the store was restored from an older copy; continue after this reader's position, which it still has"}
		case l.ended:
			return Batch{}, &sigil.Error{Kind: sigil.ErrClosed, Code: "closed", Detail: "the service is stopping"}
		case l.behind:
			b, err := s.catchUp(ctx, l)
			if err != nil || len(b.Entries) > 0 {
				return b, err
			}
			s.after = l.upTo // there was nothing of the tenant's up to there
			continue
		case len(l.part.entries) > 0:
			s.after, s.live = l.part.last(), true
			s.given = s.after >= l.upTo // else more is there: no pause before the next
			return Batch{Entries: l.part.entries, Joined: l.part.joined, Newest: l.upTo}, nil
		}
		s.live = true
		select {
		case <-l.changed:
		case m := <-s.recalled:
			return Batch{Recalled: m}, nil
		case <-ctx.Done():
			return Batch{}, ctx.Err()
		}
	}
}

// pause waits until the subscriber's turn.
func (s *Subscription) pause(ctx context.Context) error {
	if !s.live || !s.given {
		return nil
	}
	wait := s.bus.turn(time.Now())
	if s.timer == nil {
		s.timer = time.NewTimer(wait)
	} else {
		s.timer.Reset(wait)
	}
	select {
	case <-ctx.Done():
		s.timer.Stop()
		return ctx.Err()
	case <-s.timer.C:
		return nil
	}
}

// catchUp reads the journal.
func (s *Subscription) catchUp(ctx context.Context, l look) (Batch, error) {
	entries, err := s.bus.journal.Read(ctx, s.tenant, s.after, step, nil)
	if err != nil || len(entries) == 0 {
		return Batch{}, err
	}
	size := 0
	for _, e := range entries {
		size += len(e.Data) + 1
	}
	all := newSegment(size)
	for _, e := range entries {
		all.add(e)
	}
	b := Batch{Entries: all.entries, Joined: all.joined, Lagged: s.live, Newest: max(l.upTo, all.last())}
	if s.live {
		s.live = false
		s.bus.options.Lagged()
	}
	s.after = all.last()
	return b, nil
}

// Close ends the subscription; a second Close is nothing.
func (s *Subscription) Close() {
	s.once.Do(func() {
		if s.recalled != nil {
			s.bus.recalls.unwatch(s.tenant, s.recalled)
		}
		s.bus.leave(s.tenant, s.topic)
	})
}
