package campaign

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// figures are what a change can set of a memory, except for the pin.
type figures struct {
	tags []string
	ttl  time.Duration
}

// altered is what changes, corrections and erasures have made of a memory. The ledger's mutex guards it.
type altered struct {
	// all has the figures of the draft and of every change that was requested. Those at now are acknowledged, those after
	// it may be in force.
	all []figures
	now int

	// corrects is the memory that this one was sent to supersede, by the last one that was sent to supersede this one. They are nil if there is none.
	corrects, by *Entry
	// eraseAsked means that it may be erased. Its journal entries may be gone, and its answers.
	eraseAsked bool
	// ended is the end that was acknowledged: forgotten, corrected or erased; "" if none was.
	ended sigil.EventKind
}

// has reports whether a memory has these figures.
func (f *figures) has(view *client.Memory) bool {
	return (slices.Equal(view.Tags, f.tags) || len(view.Tags)+len(f.tags) == 0) &&
		(view.TTL == nil) == (f.ttl == 0) && (view.TTL == nil || *view.TTL == sigil.FormatDuration(f.ttl))
}

// ends returns the earliest and the latest end by a ttl that e may have, or zero if it may have none.
func (e *Entry) ends() (earliest, latest time.Time) {
	for i, f := range e.altered.all[e.altered.now:] {
		var at time.Time
		if f.ttl > 0 {
			at = e.created.Add(f.ttl)
		}
		if i == 0 {
			earliest, latest = at, at
			continue
		}
		if earliest.IsZero() || !at.IsZero() && at.Before(earliest) {
			earliest = at
		}
		if at.IsZero() || !latest.IsZero() && at.After(latest) {
			latest = at
		}
	}
	return earliest, latest
}

// askChange records a change that is about to be requested.
func (l *Ledger) askChange(e *Entry, f figures) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.altered.all = append(e.altered.all, f)
}

// changed records that the last change was made.
func (l *Ledger) changed(e *Entry, view *client.Memory) {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := len(e.altered.all) - 1
	e.altered.now = last
	if !e.altered.all[last].has(view) {
		l.violation("change: %s has the tags %q and the ttl %v, was sent %+v", e.name(), view.Tags, view.TTL, e.altered.all[last])
	}
}

// settleFigures takes the figures with which a memory was found, when no request is in progress, as acknowledged. mu is held.
func (l *Ledger) settleFigures(e *Entry, view *client.Memory) {
	a := &e.altered
	at := slices.IndexFunc(a.all[a.now:], func(f figures) bool { return f.has(view) })
	if at < 0 {
		l.violation("%s has the tags %q and the ttl %v; acknowledged, or requested since, was %+v", e.name(), view.Tags, view.TTL, a.all[a.now:])
		return
	}
	a.all = append(a.all, a.all[a.now+at])
	a.now = len(a.all) - 1
}

// correcting records that n is going to be sent to supersede e. It says its own tags, ttl, pin and policy: it would get those of e.
func (l *Ledger) correcting(n, e *Entry) *Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	n.altered.corrects = e
	if n.Draft.Tags == nil {
		n.Draft.Tags = []string{}
	}
	if n.Draft.TTL == 0 {
		n.Draft.TTL = 100 * time.Hour
	}
	n.Draft.Pinned = true
	if n.Draft.Policy == nil {
		n.Draft.Policy = e.Draft.Policy
	}
	n.altered.all = []figures{{n.Draft.Tags, n.Draft.TTL}}
	return n
}

// askEnd records that e may end by a request. by is the memory that is to supersede it, or nil.
func (l *Ledger) askEnd(e *Entry, kind sigil.EventKind, by *Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.forgetAsked = true
	if by != nil {
		e.altered.by = by
	}
	for x := e; kind == sigil.Erased && x != nil; x = x.altered.corrects { // with all that it superseded
		x.altered.eraseAsked = true
	}
}

// ended records that e ended as was requested.
func (l *Ledger) ended(e *Entry, kind sigil.EventKind) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for x := e; x != nil; x = x.altered.corrects {
		if !x.forgotten {
			x.forgotten, x.forgottenAt = true, time.Now()
		}
		if x.altered.ended = kind; kind != sigil.Erased {
			break
		}
	}
}

// ofErased reports whether an entry of a copy is about a memory that may have been erased since: readers of the store may not have seen it.
func (l *Ledger) ofErased(e *client.Event) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.ID == nil {
		return false
	}
	m := l.byID[*e.ID]
	return m != nil && m.altered.eraseAsked
}

// mayEnd reports whether the journal may have e end by an entry of a kind, as far as requests go. mu is held.
func (e *Entry) mayEnd(kind sigil.EventKind) bool {
	a := &e.altered
	switch {
	case a.eraseAsked && kind == sigil.Erased:
		return true
	case a.ended != "":
		return kind == a.ended
	case kind == sigil.Corrected:
		return a.by != nil
	case kind == sigil.Erased:
		return false
	case kind == sigil.Forgotten:
		return e.forgetAsked
	}
	return true
}

// compareChains checks corrections: both memories are as before, or both are as after it. mu is held.
func (l *Ledger) compareChains(there map[sigil.ID]*listed, r *replay) {
	for _, e := range l.entries {
		n := e.altered.by
		if n == nil || e.fate != kept {
			continue
		}
		life := r.memories[e.id]
		superseded := life != nil && life.ended == sigil.Corrected
		switch {
		case n.fate == kept && there[e.id] != nil:
			l.violation("half a correction: %s is there beside %s, which supersedes it", e.name(), n.name())
		case n.fate == kept && superseded && life.by != n.id:
			l.violation("%s is superseded by %s according to the journal, and was to be by %s", e.name(), life.by, n.name())
		case superseded && n.fate == absent && n.Draft.TTL == 0 && l.Quota == 0:
			l.violation("half a correction: %s is superseded, and n=%d is not there", e.name(), n.serial)
		}
	}
}

// mostChains is how many corrected memories a check asks for, the newest of them.
const mostChains = 50

// askChains asks for memories that were corrected: the answer names the memory that took their place, whose history has them.
func (l *Ledger) askChains(ctx context.Context, clients []*client.Client) error {
	l.mu.Lock()
	var old []*Entry
	for _, e := range l.entries {
		n := e.altered.by
		if e.altered.ended == sigil.Corrected && n.fate == kept && !n.forgetAsked && !n.gone && n.Draft.TTL == 0 && len(n.altered.all) == 1 && l.Quota == 0 {
			old = append(old, e)
		}
	}
	l.mu.Unlock()
	for _, e := range old[max(0, len(old)-mostChains):] {
		c, n := clients[slices.Index(l.tenants, e.Tenant)], e.altered.by
		_, err := c.Peek(ctx, e.id)
		if by, ok := client.SupersededBy(err); !ok || by != n.id {
			l.violate("%s was corrected by %s, and is answered with %v", e.name(), n.id, err)
			if err != nil && !errors.Is(err, sigil.ErrNotFound) && !errors.Is(err, sigil.ErrGone) {
				return err
			}
		}
		page, err := c.History(ctx, e.id, client.HistoryQuery{Limit: 2})
		if err != nil {
			l.violate("%s was corrected by %s, and has no history: %v", e.name(), n.id, err)
			continue
		}
		if len(page.Versions) != 2 || page.Versions[0].Memory.ID != n.id || page.Versions[1].Memory.ID != e.id {
			l.violate("the history of %s is not it and what it superseded, %s: %+v", n.id, e.name(), page)
			continue
		}
		l.read(e, &page.Versions[1].Memory)
	}
	return nil
}
