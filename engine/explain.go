package engine

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/sigil-dna/sigil"
)

// maxHistory is the maximum number of journal entries that an explanation reads.
const maxHistory = 200_000

// Explanation is the reason why one memory is alive or gone: the figures that decide it, and its journal entries.
type Explanation struct {
	Live bool
	// Memory is the memory as it is now. If it is gone, only its Meta is set, from its last journal entry.
	Memory sigil.Memory
	// At is the time of the figures: now, or the time of the last journal entry if the memory is gone.
	At time.Time
	// History is the journal's entries about the memory, oldest first. Recalls are not journaled.
	History []sigil.Event
	// HistoryComplete is false if the journal begins after the encode, or was too long to be read to its end.
	HistoryComplete bool
}

// Idle returns how long the memory had been idle at At, never less than 0.
func (x *Explanation) Idle() time.Duration { return max(0, x.Memory.Idle(x.At)) }

// Explain returns why a memory is alive or gone, and when it fades, without refreshing it. It searches the journal from
// the time of the encode on and reads at most 200,000 entries. If there is neither the memory nor a journal entry about
// it, it returns [sigil.ErrNotFound], which says so if the memory was erased.
func (e *Engine) Explain(ctx context.Context, key sigil.Key) (x Explanation, err error) {
	defer e.observe("explain", 1)(&err)
	if err := sigil.CheckTenant(key.Tenant); err != nil {
		return x, err
	}
	e.use(ctx, key.Tenant)
	x.At = e.now()
	x.Memory, err = e.store.Get(ctx, key, x.At)
	x.Live = err == nil
	if err != nil && !errors.Is(err, sigil.ErrNotFound) {
		return Explanation{}, wrap(err)
	}
	erased, err := e.history(ctx, key, &x)
	if err != nil {
		return Explanation{}, wrap(err)
	}
	if x.Live {
		return x, nil
	}
	if len(x.History) == 0 {
		gone := sigil.NewNotFound()
		if !erased.IsZero() {
			gone.Detail = fmt.Sprintf("no such memory: it was erased at %s, and nothing is left of it", erased.Format(time.RFC3339))
		}
		return Explanation{}, gone
	}
	last := &x.History[len(x.History)-1]
	x.Memory.Meta, x.At = last.Memory, last.Time
	return x, nil
}

// history sets the journal entries of x about a memory. It returns the time at which the memory was erased, or the zero time.
func (e *Engine) history(ctx context.Context, key sigil.Key, x *Explanation) (erased time.Time, err error) {
	trimmed, newest, err := e.store.JournalBounds(ctx)
	if err != nil {
		return erased, err
	}
	after, err := e.positionAt(ctx, key, trimmed, newest)
	if err != nil {
		return erased, err
	}
	for looked := 0; looked < maxHistory; {
		events, err := e.store.Events(ctx, key.Tenant, after, e.limits.Page)
		if err != nil {
			return erased, err
		}
		for i := range events {
			switch about := events[i].Memory.ID == key.ID; {
			case about && events[i].Memory.Policy != nil:
				x.History = append(x.History, events[i])
			case about && events[i].Kind == sigil.Erased:
				erased = events[i].Time
			}
			after = events[i].Position
		}
		if looked += len(events); len(events) < e.limits.Page {
			x.HistoryComplete = len(x.History) > 0 && x.History[0].Kind == sigil.Encoded
			return erased, nil
		}
	}
	return erased, nil
}

// slack is how far the times of journal entries may be out of order: an entry has the time at which its change was
// decided, not the time of its commit.
const slack = time.Minute

// positionAt returns a position before the memory's encode, whose time is in the id. If possible, binary search finds
// one near it.
func (e *Engine) positionAt(ctx context.Context, key sigil.Key, trimmed, newest uint64) (uint64, error) {
	seconds, nanos := key.ID.Time().UnixTime()
	from := time.Unix(seconds, nanos).Add(-slack)
	var failed error
	n := sort.Search(int(newest-trimmed), func(i int) bool {
		if failed != nil {
			return true
		}
		var events []sigil.Event
		events, failed = e.store.Events(ctx, key.Tenant, trimmed+uint64(i), 1)
		return len(events) == 0 || !events[0].Time.Before(from)
	})
	return trimmed + uint64(n), failed
}
