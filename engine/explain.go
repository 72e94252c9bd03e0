package engine

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/sigil-dna/sigil"
)

// maxHistory is how many journal entries an explanation looks through.
const maxHistory = 200_000

// Explain tells why a memory is alive or gone, and when it fades, without refreshing it. What the journal
// tells of it is looked for from the time of its encoding on, at the cost of what was journaled since, at
// most 200,000 entries. A memory that is not there and of which the journal tells nothing is
// [sigil.ErrNotFound].
func (e *Engine) Explain(ctx context.Context, key sigil.Key) (x sigil.Explanation, err error) {
	defer e.observe("explain", 1)(&err)
	if err := sigil.CheckTenant(key.Tenant); err != nil {
		return x, err
	}
	now := e.now()
	m, err := e.store.Get(ctx, key, now)
	live := err == nil
	if err != nil && !errors.Is(err, sigil.ErrNotFound) {
		return x, wrap(err)
	}
	history, complete, err := e.history(ctx, key)
	if err != nil {
		return x, wrap(err)
	}
	if !live && len(history) == 0 {
		return x, sigil.NotFound()
	}
	x = sigil.Explanation{ID: key.ID, Live: live, History: make([]sigil.EventView, len(history)), HistoryComplete: complete}
	for i := range history {
		x.History[i] = history[i].View()
		x.LastEvent = &x.History[i]
	}
	if live {
		v := m.Outline(now)
		x.Memory = &v
		account(&x, &m.Meta, now)
		left := max(0, m.FadesAt.Sub(now).Seconds())
		if !m.FadesAt.IsZero() {
			x.SecondsLeft = &left
		}
		x.Reason = alive(&m.Meta, &x)
		return x, nil
	}
	last := &history[len(history)-1]
	account(&x, &last.Memory, last.Time)
	x.Reason = gone(last, &x)
	return x, nil
}

// account fills in the arithmetic of m at a moment.
func account(x *sigil.Explanation, m *sigil.Meta, at time.Time) {
	v := m.View(at)
	idle := max(0, at.Sub(m.LastAccessed))
	x.Policy, x.Threshold, x.FadesAt, x.Decay = v.Policy, m.Policy.Threshold(), v.FadesAt, v.Decay
	x.IdleSeconds = idle.Seconds()
	x.Formula, x.Worked = m.Policy.Formula(), m.Policy.Worked(idle)
	if m.Evictable() {
		lifetime := m.Policy.Lifetime().Seconds()
		x.LifetimeSeconds = &lifetime
	}
}

func alive(m *sigil.Meta, x *sigil.Explanation) string {
	var keeps []string
	if m.Pinned {
		keeps = append(keeps, "it is pinned")
	}
	if m.Crystallized {
		keeps = append(keeps, "it is crystallized")
	}
	switch {
	case keeps != nil && m.FadesAt.IsZero():
		return fmt.Sprintf("It does not fade: %s.", strings.Join(keeps, " and "))
	case keeps != nil:
		return fmt.Sprintf("Decay does not end it, since %s; its ttl does, at %s.", strings.Join(keeps, " and "), x.FadesAt)
	case m.FadeReason() == sigil.ReasonTTL:
		return fmt.Sprintf("Its decay %.4g is under the threshold %v. Its ttl ends it at %s, recalled or not.", x.Decay, x.Threshold, x.FadesAt)
	}
	return fmt.Sprintf("Its decay %.4g is under the threshold %v. It fades at %s unless it is recalled before.", x.Decay, x.Threshold, x.FadesAt)
}

func gone(e *sigil.Event, x *sigil.Explanation) string {
	at := sigil.Timestamp{Time: e.Time}
	switch e.Kind {
	case sigil.Forgotten:
		return fmt.Sprintf("It was forgotten at %s: somebody asked for that.", at)
	case sigil.Evicted:
		return fmt.Sprintf("It was evicted at %s: the tenant's limit of %s was reached, and it was the nearest to its deadline.", at, e.Reason)
	case sigil.Faded:
		if e.Reason == sigil.ReasonTTL {
			return fmt.Sprintf("It faded: its ttl ended at %s. Its release was journaled at %s.", x.FadesAt, at)
		}
		return fmt.Sprintf("It faded: untouched since %s, its decay reached the threshold %v at %s. Its release was journaled at %s.",
			sigil.Timestamp{Time: e.Memory.LastAccessed}, x.Threshold, x.FadesAt, at)
	}
	return "It is past its deadline, and no sweep has journaled that yet. The figures are those of its last journal entry; recalls since are not in them."
}

// history gives what the journal tells of a memory, oldest first, and whether that is all.
func (e *Engine) history(ctx context.Context, key sigil.Key) (history []sigil.Event, complete bool, err error) {
	trimmed, newest, err := e.store.Span(ctx)
	if err != nil {
		return nil, false, err
	}
	after, err := e.positionAt(ctx, key, trimmed, newest)
	if err != nil {
		return nil, false, err
	}
	for looked := 0; looked < maxHistory; {
		events, err := e.store.Events(ctx, key.Tenant, after, e.limits.Page)
		if err != nil {
			return nil, false, err
		}
		for i := range events {
			if events[i].Memory.ID == key.ID && events[i].Memory.Policy != nil {
				history = append(history, events[i])
			}
			after = events[i].Position
		}
		if looked += len(events); len(events) < e.limits.Page {
			return history, len(history) > 0 && history[0].Kind == sigil.Encoded, nil
		}
	}
	return history, false, nil
}

// slack is how far the times of journal entries may be out of order: an entry has the time at which
// its change was decided, not that of its commit.
const slack = time.Minute

// positionAt gives a position before that of a memory's encoding, which its id has the time of: near to
// it where that can be found by halves.
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
