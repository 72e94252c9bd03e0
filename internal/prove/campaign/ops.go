package campaign

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// ops are the operations of a client, each with its share of all.
var ops = []struct {
	name  string
	share int
	do    func(w *worker, ctx context.Context) outcome
}{
	{"encode", 30, (*worker).encode},
	{"encode and leave", 2, (*worker).encodeAndLeave},
	{"batch", 4, (*worker).encodeArray},
	{"NDJSON", 5, (*worker).encodeLines},
	{"recall", 14, (*worker).recall},
	{"recall many", 2, (*worker).recallMany},
	{"peek", 6, (*worker).peek},
	{"search", 6, (*worker).search},
	{"forget", 16, (*worker).forget},
	{"restore", 4, (*worker).restore},
	{"pin", 4, (*worker).pin},
	{"unpin", 4, (*worker).unpin},
	{"change", 6, (*worker).change},
	{"correct", 5, (*worker).correct},
	{"erase", 2, (*worker).erase},
	{"policy", 2, (*worker).setPolicy},
	{"related", 1, (*worker).related},
	{"list", 2, (*worker).page},
	{"reports", 2, (*worker).reports},
	{"sweep", 2, (*worker).sweep},
	{"register", 3, (*worker).register},
	{"revoke", 2, (*worker).revoke},
	{"look up code", 1, (*worker).lookUp},
	{"bad input", 3, (*worker).badInput},
}

// step does one operation, and reports whether to continue.
func (w *worker) step(ctx context.Context) bool {
	if n := w.sent.Add(1); w.Most > 0 && n > w.Most {
		return false
	}
	whole := 0
	for i := range ops {
		whole += ops[i].share
	}
	at := w.rng.IntN(whole)
	for i := range ops {
		if at -= ops[i].share; at < 0 {
			return ops[i].do(w, ctx) != lost
		}
	}
	return true
}

// draft makes a random draft. Each contains its serial, so that its content is unique.
func (w *worker) draft(serial int) sigil.Draft {
	size := w.rng.IntN(400)
	if w.rng.IntN(50) == 0 {
		size = w.rng.IntN(40_000)
	}
	d := sigil.Draft{Data: json.RawMessage(fmt.Sprintf(`{"n":%d,"by":%d,"word":%q,"text":%q}`, serial, w.n, word(serial), strings.Repeat("abcdefg ", size/8)))}
	if w.rng.IntN(6) == 0 {
		d.TTL = time.Duration(1+w.rng.IntN(3000)) * time.Millisecond
	}
	d.Pinned = w.rng.IntN(12) == 0
	if w.rng.IntN(12) == 0 {
		d.Policy = ownPolicy
	}
	if w.rng.IntN(4) == 0 {
		d.Tags = []string{"campaign", fmt.Sprintf("client %d", w.n)}
	}
	// One client in three encodes memories with a high potential, so that patterns crystallize, too.
	if w.n%3 == 2 && w.rng.IntN(4) != 0 || w.rng.IntN(20) == 0 {
		d.State = &sigil.State{Phi: 1, Coherence: 1, Awareness: 1, EmotionalResonance: 1}
	}
	return d
}

// attempt records one encode in the ledger, with an idempotency key if keyed is set.
func (w *worker) attempt(keyed bool) *Entry {
	return w.load.Ledger.add(w.tenant, w.n, func(serial int) sigil.Draft {
		d := w.draft(serial)
		if keyed {
			d.IdempotencyKey = fmt.Sprintf("key %d", serial)
		}
		return d
	})
}

// send sends one encode, or a batch as lines, and records the answers.
func (w *worker) send(ctx context.Context, kind string, entries []*Entry, lines bool) outcome {
	if entries[0].altered.corrects != nil {
		return w.sendCorrection(ctx, kind, entries[0])
	}
	if !lines {
		view, err := w.api.Encode(ctx, entries[0].Draft)
		what := w.outcome(kind, err)
		w.enter(entries[0], what, &view)
		return what
	}
	drafts := make([]sigil.Draft, len(entries))
	for i, e := range entries {
		drafts[i] = e.Draft
	}
	items, err := w.api.EncodeBatch(ctx, drafts)
	return w.enterItems(kind, entries, items, err)
}

// enterItems records the answers to a batch.
func (w *worker) enterItems(kind string, entries []*Entry, items []client.BatchItem, err error) outcome {
	what := w.outcome(kind, err)
	for i, e := range entries {
		switch {
		case what != done:
			w.enter(e, what, nil)
		case items[i].Problem != nil:
			w.enter(e, w.refusal(kind, items[i].Problem), nil)
		default:
			w.enter(e, done, items[i].Memory)
		}
	}
	return what
}

func (w *worker) enter(e *Entry, what outcome, view *client.Memory) {
	switch what {
	case done:
		w.load.Ledger.encoded(e, view)
		if e.owner == w.n {
			w.own = append(w.own, e)
		}
	case denied, missing:
		w.load.Ledger.refused(e)
	default:
		w.load.Ledger.unanswered(e)
	}
}

func (w *worker) encode(ctx context.Context) outcome {
	return w.send(ctx, "encode", []*Entry{w.attempt(w.rng.IntN(3) == 0)}, false)
}

// encodeAndLeave does not wait for the answer. It is used only if the process ends: otherwise the encode
// might be carried out while the ledger is checked.
func (w *worker) encodeAndLeave(ctx context.Context) outcome {
	patience := time.Duration(w.rng.IntN(2000)) * time.Microsecond
	if !w.Ends {
		return w.encode(ctx)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer time.AfterFunc(patience, cancel).Stop()
	return w.send(ctx, "encode and leave", []*Entry{w.attempt(true)}, false)
}

// attempts makes a random batch.
func (w *worker) attempts() []*Entry {
	b := &batch{}
	keyed := w.rng.IntN(2) == 0
	for range 1 + w.rng.IntN(20) {
		e := w.attempt(false)
		if e.batch = b; keyed {
			e.Draft.IdempotencyKey = fmt.Sprintf("item %d", e.serial)
		}
		b.entries = append(b.entries, e)
	}
	return b.entries
}

func (w *worker) encodeLines(ctx context.Context) outcome {
	return w.send(ctx, "NDJSON", w.attempts(), true)
}

func (w *worker) encodeArray(ctx context.Context) outcome {
	entries := w.attempts()
	items, err := postArray(ctx, w.http, w.addr, entries)
	return w.enterItems("batch", entries, items, err)
}

// mine returns a random one of the client's own memories, or nil if there is none. If take is set, the memory
// is removed from them.
func (w *worker) mine(take bool) *Entry {
	if len(w.own) == 0 {
		return nil
	}
	i := w.rng.IntN(len(w.own))
	e := w.own[i]
	if take {
		w.own = slices.Delete(w.own, i, i+1)
	}
	return e
}

func (w *worker) forget(ctx context.Context) outcome {
	e := w.mine(true)
	if e == nil {
		return w.encode(ctx)
	}
	g := w.load.Ledger.look(e)
	w.load.Ledger.askEnd(e, sigil.Forgotten, nil)
	what := w.outcome("forget", w.api.Forget(ctx, e.id))
	switch what {
	case done:
		w.load.Ledger.answered("forget", e, g, true)
		w.load.Ledger.ended(e, sigil.Forgotten)
		w.removed = append(w.removed, e)
	case missing:
		w.load.Ledger.answered("forget", e, g, false)
	}
	return what
}

func (w *worker) pin(ctx context.Context) outcome   { return w.setPinned(ctx, true) }
func (w *worker) unpin(ctx context.Context) outcome { return w.setPinned(ctx, false) }

func (w *worker) setPinned(ctx context.Context, pinned bool) outcome {
	e := w.mine(false)
	if e == nil {
		return w.encode(ctx)
	}
	kind, call := "pin", w.api.Pin
	if !pinned {
		kind, call = "unpin", w.api.Unpin
	}
	g := w.load.Ledger.look(e)
	w.load.Ledger.askPin(e)
	view, err := call(ctx, e.id)
	what := w.outcome(kind, err)
	switch what {
	case done:
		w.load.Ledger.answered(kind, e, g, true)
		w.load.Ledger.pin(e, pinned)
		if view.Pinned != pinned {
			w.load.Ledger.violate("%s %s: it is %v", kind, e.id, view.Pinned)
		}
	case missing:
		w.load.Ledger.answered(kind, e, g, false)
	}
	return what
}

// other returns a random memory of the tenant, whichever client encoded it, or nil if there is none.
func (w *worker) other() *Entry { return w.load.Ledger.any(w.tenant, w.rng.IntN) }

func (w *worker) recall(ctx context.Context) outcome {
	e := w.other()
	if e == nil {
		return w.encode(ctx)
	}
	g := w.load.Ledger.look(e)
	w.load.Ledger.askRecall(e)
	view, err := w.api.Recall(ctx, e.id)
	what := w.outcome("recall", err)
	w.recalled("recall", e, g, what, &view)
	return what
}

func (w *worker) recalled(kind string, e *Entry, g glance, what outcome, view *client.Memory) {
	switch what {
	case done:
		w.load.Ledger.answered(kind, e, g, true)
		w.load.Ledger.recalled(e, view)
	case missing:
		w.load.Ledger.answered(kind, e, g, false)
	}
}

func (w *worker) recallMany(ctx context.Context) outcome {
	var entries []*Entry
	var glances []glance
	var ids []sigil.ID
	for range 1 + w.rng.IntN(8) {
		if e := w.other(); e != nil {
			glances = append(glances, w.load.Ledger.look(e))
			w.load.Ledger.askRecall(e)
			entries, ids = append(entries, e), append(ids, e.id)
		}
	}
	items, err := w.api.RecallMany(ctx, ids)
	what := w.outcome("recall many", err)
	for i, item := range items {
		if item.Problem != nil {
			w.recalled("recall many", entries[i], glances[i], w.refusal("recall many", item.Problem), nil)
		} else {
			w.recalled("recall many", entries[i], glances[i], done, item.Memory)
		}
	}
	return what
}

func (w *worker) peek(ctx context.Context) outcome {
	e := w.other()
	if e == nil {
		return w.encode(ctx)
	}
	g := w.load.Ledger.look(e)
	view, err := w.api.Peek(ctx, e.id)
	what := w.outcome("peek", err)
	switch what {
	case done:
		w.load.Ledger.answered("peek", e, g, true)
		w.load.Ledger.read(e, &view)
	case missing:
		w.load.Ledger.answered("peek", e, g, false)
	}
	return what
}

func (w *worker) related(ctx context.Context) outcome {
	e := w.other()
	if e == nil {
		return w.encode(ctx)
	}
	g := w.load.Ledger.look(e)
	_, err := w.api.Related(ctx, e.id, client.RelatedQuery{Limit: 10})
	what := w.outcome("related", err)
	if what == done || what == missing {
		w.load.Ledger.answered("related", e, g, what == done)
	}
	return what
}

func (w *worker) page(ctx context.Context) outcome {
	_, err := w.api.List(ctx, client.ListQuery{Limit: 1 + w.rng.IntN(50)})
	return w.outcome("list", err)
}

func (w *worker) reports(ctx context.Context) outcome {
	var err error
	switch w.rng.IntN(4) {
	case 0:
		_, err = w.api.Stats(ctx)
	case 1:
		_, err = w.api.Patterns(ctx)
	case 2:
		_, err = w.api.Crystals(ctx, client.CrystalQuery{Limit: 10, Lattice: true})
	case 3:
		_, err = w.api.Identity(ctx)
	}
	return w.outcome("reports", err)
}

func (w *worker) sweep(ctx context.Context) outcome {
	job := sigil.DecayJob
	if w.rng.IntN(2) == 0 {
		job = sigil.CrystallizeJob
	}
	_, err := w.api.Sweep(ctx, job)
	return w.outcome("sweep", err)
}
