package campaign

import (
	"context"
	"slices"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// mostRestorable is how many forgotten memories a client has at the begin of a run that it may restore, the newest of them.
const mostRestorable = 50

// forgotten returns each of n clients' memories whose forgetting was acknowledged, at most the newest of them.
func (l *Ledger) forgotten(n int) [][]*Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	lists := make([][]*Entry, n)
	for _, e := range slices.Backward(l.entries) {
		if list := &lists[e.owner%n]; len(*list) < mostRestorable && e.restorable() {
			*list = append(*list, e)
		}
	}
	return lists
}

// restorable reports whether e can be restored: its forgetting was acknowledged, and no other end was requested. mu is held.
func (e *Entry) restorable() bool {
	return e.fate == kept && e.altered.ended == sigil.Forgotten && e.altered.by == nil && !e.mayBeErased()
}

// askRestore records that e, which was forgotten, may be there again: as if its forgetting was not acknowledged. It reports whether e can be
// restored. A ttl that has ended is gone then.
func (l *Ledger) askRestore(e *Entry) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !e.restorable() {
		return false
	}
	a := &e.altered
	e.forgotten, e.gone, a.ended = false, false, ""
	e.restores++
	if now := a.all[a.now]; now.ttl > 0 {
		a.all = append(a.all, figures{now.tags, 0})
	}
	if !slices.Contains(l.alive[e.Tenant], e) {
		l.alive[e.Tenant] = append(l.alive[e.Tenant], e)
	}
	return true
}

// restored records that e was restored.
func (l *Ledger) restored(e *Entry, view *client.Memory) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.forgetAsked = false
	l.sameContent(e, view)
	l.settleFigures(e, view)
	if view.ID != e.id || !e.pinOpen && view.Pinned != e.pinned {
		l.violation("restore: %s came back as %s, pinned: %v; acknowledged was %v", e.name(), view.ID, view.Pinned, e.pinned)
	}
}

// restore brings back one of the memories that the client has forgotten.
func (w *worker) restore(ctx context.Context) outcome {
	if len(w.removed) == 0 {
		return w.encode(ctx)
	}
	i := w.rng.IntN(len(w.removed))
	e := w.removed[i]
	w.removed = slices.Delete(w.removed, i, i+1)
	if !w.load.Ledger.askRestore(e) {
		return w.encode(ctx)
	}
	view, err := w.api.Restore(ctx, e.id)
	what := w.outcome("restore", err)
	switch what {
	case done:
		w.load.Ledger.restored(e, &view)
		w.own = append(w.own, e)
	case denied:
		w.load.Ledger.ended(e, sigil.Forgotten)
	case missing: // it was acknowledged that it was forgotten, just now
		w.load.Ledger.violate("restore did not find %s", e.name())
	}
	return what
}
