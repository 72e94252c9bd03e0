package campaign

import (
	"context"
	"slices"
	"time"

	"github.com/sigil-dna/sigil"
)

// change sets the tags and the ttl of one of the client's memories, and sometimes its pin. The ttl is none, or longer than a campaign.
func (w *worker) change(ctx context.Context) outcome {
	e := w.mine(false)
	if e == nil {
		return w.encode(ctx)
	}
	f := figures{tags: [][]string{nil, {"changed"}, {"campaign", "again"}}[w.rng.IntN(3)]}
	if w.rng.IntN(2) == 0 {
		f.ttl = 100 * time.Hour
	}
	c := sigil.Change{Tags: new(slices.Clone(f.tags)), TTL: new(f.ttl)}
	if w.rng.IntN(4) == 0 {
		c.Pinned = new(w.rng.IntN(2) == 0)
	}
	if w.rng.IntN(4) == 0 {
		c.Life = new(time.Duration(w.rng.IntN(3)) * 200 * time.Hour)
	}
	g := w.load.Ledger.look(e)
	w.load.Ledger.askChange(e, f)
	if c.Pinned != nil {
		w.load.Ledger.askPin(e)
	}
	view, err := w.api.Change(ctx, e.id, c)
	what := w.outcome("change", err)
	switch what {
	case done:
		w.load.Ledger.answered("change", e, g, true)
		w.load.Ledger.changed(e, &view)
		if c.Pinned != nil {
			w.load.Ledger.pin(e, *c.Pinned)
		}
	case missing:
		w.load.Ledger.answered("change", e, g, false)
	}
	return what
}

// correct sends a memory that supersedes one of the client's own.
func (w *worker) correct(ctx context.Context) outcome {
	e := w.mine(true)
	if e == nil {
		return w.encode(ctx)
	}
	n := w.attempt(w.rng.IntN(3) == 0)
	return w.sendCorrection(ctx, "correct", w.load.Ledger.correcting(n, e))
}

// sendCorrection sends n, which is to supersede another memory, and records the answer.
func (w *worker) sendCorrection(ctx context.Context, kind string, n *Entry) outcome {
	e := n.altered.corrects
	g := w.load.Ledger.look(e)
	w.load.Ledger.askEnd(e, sigil.Corrected, n)
	view, err := w.api.Correct(ctx, e.id, n.Draft)
	what := w.outcome(kind, err)
	w.enter(n, what, &view)
	switch what {
	case done:
		if view.Supersedes == nil || *view.Supersedes != e.id {
			w.load.Ledger.violate("%s: %s supersedes %v, was to supersede %s", kind, view.ID, view.Supersedes, e.id)
		}
		w.load.Ledger.ended(e, sigil.Corrected)
	case missing:
		w.load.Ledger.answered(kind, e, g, false)
	}
	return what
}

// erase erases one of the client's memories, with all that it superseded.
func (w *worker) erase(ctx context.Context) outcome {
	e := w.mine(true)
	if e == nil || w.DiskFull { // an erasure ends the process if the disk fails meanwhile
		return w.encode(ctx)
	}
	g := w.load.Ledger.look(e)
	w.load.Ledger.askEnd(e, sigil.Erased, nil)
	_, err := w.api.EraseOne(ctx, e.id)
	what := w.outcome("erase", err)
	switch what {
	case done:
		w.load.Ledger.ended(e, sigil.Erased)
	case missing:
		w.load.Ledger.answered("erase", e, g, false)
	}
	return what
}

// ownPolicy is a policy that some memories have of their own, and no tenant has.
var ownPolicy, _ = sigil.NewHalfLife(300*time.Hour, sigil.DefaultThreshold) // these figures are valid

// policies are those that a tenant may have of its own. Under none of them does a memory fade while a campaign runs.
var policies = []string{"halflife h=400h", "power s=30d", "fsrs s=20d", "halflife h=7d threshold=0.95 grace=1d", ""}

// setPolicy sets the policy that the client's tenant has of its own, or takes it away. One client of each tenant does that.
func (w *worker) setPolicy(ctx context.Context) outcome {
	if w.n >= len(w.load.Tenants) {
		return w.encode(ctx)
	}
	p := policies[w.rng.IntN(len(policies))]
	w.load.Ledger.askPolicy(w.tenant, p)
	var err error
	if p == "" {
		_, err = w.api.UnsetPolicy(ctx, false)
	} else {
		_, err = w.api.SetPolicy(ctx, p, false)
	}
	what := w.outcome("policy", err)
	if what == done {
		w.load.Ledger.hasPolicy(w.tenant)
	}
	return what
}
