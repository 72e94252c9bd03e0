package model

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// artifacts is the folder, within that of the test, where a failed history is kept.
const artifacts = "artifacts"

// checkTime is the time limit of the search for an order of one memory's history. Most take microseconds.
const checkTime = 2 * time.Minute

// check fails the test if the history of a memory, of the signatures of a body, or of a content has no order that explains every answer, or if it
// contradicts the journal.
func (h *history) check() {
	ops := map[sigil.ID][]op{}
	for _, o := range h.ops {
		ops[o.id] = append(ops[o.id], o)
	}
	// An encode that was not answered may have left a memory that another encode of its content has recalled. It counts as lost.
	maps.DeleteFunc(ops, func(_ sigil.ID, list []op) bool {
		return !slices.ContainsFunc(list, func(o op) bool { return o.verb == encode })
	})
	h.mergeJournal(ops)
	for _, id := range h.ids() {
		result, info := porcupine.CheckOperationsVerbose(h.spec.model(), operations(ops[id]), checkTime)
		if result == porcupine.Ok {
			continue
		}
		h.t.Errorf("the history of %s is not linearizable (%s); see %s", id, result, h.keep(id.String(), h.spec.model(), info))
	}
	h.checkCode()
	h.checkContents()
}

// operations returns the history of one memory in porcupine's form.
func operations(ops []op) []porcupine.Operation {
	list := make([]porcupine.Operation, len(ops))
	for i, o := range ops {
		list[i] = porcupine.Operation{ClientId: o.client, Input: o.verb, Call: o.call, Output: o.answer, Return: o.ret}
	}
	return list
}

// keep writes the visualization of a history to a file and returns its path.
func (h *history) keep(name string, m porcupine.Model, info porcupine.LinearizationInfo) string {
	err := os.MkdirAll(artifacts, 0o750)
	var path string
	if err == nil {
		path, err = filepath.Abs(filepath.Join(artifacts, fmt.Sprintf("history-%d-%s.html", h.seed, name)))
	}
	if err == nil {
		err = porcupine.VisualizePath(m, info, path)
	}
	if err != nil {
		return fmt.Sprintf("nothing: %v", err)
	}
	return path
}

// mergeJournal adds to each memory's history how it ended according to the journal. It also checks the rules
// of the journal itself: each memory is encoded first and once, ends at most once and last, and is
// alternately pinned and unpinned.
func (h *history) mergeJournal(ops map[sigil.ID][]op) {
	journal := map[sigil.ID][]client.Event{}
	returned := h.end // of the encode that made an eviction necessary: the next one in the journal
	position := uint64(0)
	for _, e := range h.events {
		if e.Position <= position {
			h.t.Errorf("journal position %d comes after %d", e.Position, position)
		}
		if position = e.Position; e.ID != nil && e.Signature == nil {
			journal[*e.ID] = append(journal[*e.ID], e)
		}
	}
	for _, e := range slices.Backward(h.events) {
		if e.ID == nil {
			continue
		}
		switch e.Kind {
		case sigil.Encoded:
			if returned = h.end; len(ops[*e.ID]) > 0 {
				returned = encodeOf(ops[*e.ID]).ret
			}
		case sigil.Evicted:
			h.ended(ops, e, evict, returned)
		case sigil.Faded:
			h.ended(ops, e, fade, h.end)
		case sigil.Forgotten:
			h.forgotten(ops, e)
		}
	}

	strangers := 0
	for id, events := range journal {
		if ops[id] == nil {
			strangers++
		}
		h.checkLife(id, events)
	}
	if strangers > h.lost {
		h.t.Errorf("the journal has %d unknown memories; %d encodes were not answered", strangers, h.lost)
	}
	for id, list := range ops {
		if journal[id] == nil {
			h.t.Errorf("%s was encoded, but is not in the journal", id)
		}
		forgotten := slices.ContainsFunc(list, func(o op) bool { return o.verb == forget && o.answer.outcome == done })
		if forgotten && !slices.ContainsFunc(journal[id], func(e client.Event) bool { return e.Kind == sigil.Forgotten }) {
			h.t.Errorf("%s was forgotten according to the answer, but not to the journal", id)
		}
	}
}

func encodeOf(ops []op) op {
	return ops[slices.IndexFunc(ops, func(o op) bool { return o.verb == encode })]
}

// ended adds an end that no client requested, at some time between the event's and the latest.
func (h *history) ended(ops map[sigil.ID][]op, e client.Event, v verb, latest int64) {
	h.tally[string(v)+" "+string(done)]++
	list := ops[*e.ID]
	if list == nil { // its encode was not answered
		return
	}
	at := e.Time.UnixMilli()
	ops[*e.ID] = append(list, op{
		client: clients, id: *e.ID, verb: v, call: e.Time.UnixNano(), ret: latest,
		answer: answer{outcome: done, figures: h.journaled(e, list), lo: at, hi: at},
	})
}

// forgotten adds the journal's figures to the answered call. If none was answered, one of the unanswered
// calls must have had this effect.
func (h *history) forgotten(ops map[sigil.ID][]op, e client.Event) {
	list, at := ops[*e.ID], e.Time.UnixMilli()
	asked := false
	for i := range list {
		o := &list[i]
		if o.verb != forget || o.answer.outcome == notFound {
			continue
		}
		asked = true
		if o.answer.outcome == unknown {
			continue
		}
		if at < o.answer.lo || at > o.answer.hi {
			h.t.Errorf("%s was forgotten at %s by a call from %s to %s", e.ID, clock(at), clock(o.answer.lo), clock(o.answer.hi))
		}
		o.answer.lo, o.answer.hi, o.answer.figures = at, at, h.journaled(e, list)
	}
	if !asked {
		h.t.Errorf("%s was forgotten according to the journal, without a request", e.ID)
	}
}

// journaled returns an event's figures. The data, which is not journaled, is that of the encode.
func (h *history) journaled(e client.Event, ops []op) figures {
	a := e.Arithmetic
	return figures{
		data: encodeOf(ops).answer.figures.data, created: a.CreatedAt.UnixMilli(), accessed: a.LastAccessed.UnixMilli(), fades: deadline(a.FadesAt),
		ttl: h.ttl(a.TTL), count: a.AccessCount, pinned: a.Pinned, crystallized: a.Crystallized,
	}
}

// checkLife checks all journal entries of one memory.
func (h *history) checkLife(id sigil.ID, events []client.Event) {
	over, pinned, count := false, false, uint64(0)
	for i, e := range events {
		a := e.Arithmetic
		wrong := (i == 0) != (e.Kind == sigil.Encoded) || over != (e.Kind == sigil.Restored) || a.AccessCount < count
		switch e.Kind {
		case sigil.Encoded:
			pinned = a.Pinned
		case sigil.Pinned, sigil.Unpinned:
			wrong = wrong || a.Pinned == pinned || a.Pinned != (e.Kind == sigil.Pinned)
			pinned = a.Pinned
		case sigil.Restored:
			over, wrong = false, wrong || a.Pinned != pinned
		case sigil.Forgotten, sigil.Faded, sigil.Evicted, sigil.Erased, sigil.Corrected:
			over, wrong = true, wrong || a.Pinned != pinned
		}
		if count = a.AccessCount; wrong {
			h.t.Errorf("the journal of %s is out of order at position %d (%s)", id, e.Position, e.Kind)
		}
	}
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.SortedFunc(maps.Keys(m), cmp.Compare)
}
