package bus

import (
	"context"
	"sync"
	"time"

	"github.com/sigil-dna/sigil"
)

// Subscription is one reader of a tenant's journal. Only one goroutine at a time may use it.
type Subscription struct {
	bus    *Bus
	tenant string
	topic  *topic
	after  uint64
	live   bool        // it had reached the newest entry
	behind bool        // it fell behind, and has not caught up yet
	given  bool        // it was given the newest entries, and pauses before the next
	timer  *time.Timer // for its pauses
	once   sync.Once

	recalled chan []byte // messages about recalls; nil if it does not watch recalls
}

// Batch is some entries, in order. They are shared with other subscribers and must not be changed.
type Batch struct {
	Entries []Entry
	// Joined is the data of all entries, separated by commas.
	Joined []byte
	// Lagged reports that the subscriber was too slow. It is set once each time; from then on the subscriber gets
	// entries from the journal until it has caught up with Newest.
	Lagged bool
	Newest uint64
	// Recalled is a message about recalls, as [Journal] renders it. A batch with Recalled has no entries.
	Recalled []byte
}

// WatchRecalls makes Next also return messages about recalls, at most one a second. Call it once, before Next.
func (s *Subscription) WatchRecalls() { s.recalled = s.bus.recalls.watch(s.tenant) }

// After returns the position of the last entry that Next returned, or the one the subscription started after.
func (s *Subscription) After() uint64 { return s.after }

// Next waits for entries, or for recalls if they are watched. It returns ctx's error when ctx ends, [sigil.ErrClosed]
// when the bus is closed, and [sigil.ErrGone] if the next entries were dropped from the journal or the journal ends
// before them. Other errors are the journal's.
func (s *Subscription) Next(ctx context.Context) (Batch, error) {
	if err := s.pause(ctx); err != nil {
		return Batch{}, err
	}
	select {
	case m := <-s.recalled: // before entries, which may never pause
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
			s.after = l.upTo // the tenant has no entries up to there
			continue
		case len(l.part.entries) > 0:
			s.after = l.part.last()
			s.caughtUp()
			s.given = s.after >= l.upTo // if more entries are there, it does not pause
			return Batch{Entries: l.part.entries, Joined: l.part.joined, Newest: l.upTo}, nil
		}
		s.caughtUp()
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

// catchUp reads the next entries from the journal.
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
		s.live, s.behind = false, true
		s.bus.options.Lagged()
		s.bus.options.Behind(1)
	}
	s.after = all.last()
	return b, nil
}

// caughtUp records that the subscriber gets entries as they come.
func (s *Subscription) caughtUp() {
	s.live = true
	s.notBehind()
}

func (s *Subscription) notBehind() {
	if s.behind {
		s.behind = false
		s.bus.options.Behind(-1)
	}
}

// Close ends the subscription. A second Close does nothing.
func (s *Subscription) Close() {
	s.once.Do(func() {
		s.notBehind()
		if s.recalled != nil {
			s.bus.recalls.unwatch(s.tenant, s.recalled)
		}
		s.bus.leave(s.tenant, s.topic)
	})
}
