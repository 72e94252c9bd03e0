package model

import (
	"context"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// remember records the word by which a memory is searched for: its data, a string in quotes, which is a phrase.
func (h *history) remember(id sigil.ID, data []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.phrases[id] = string(data)
}

// search looks for a memory by its word. It repeats a search that is incomplete, as it is for a while after a start, and
// returns when the last one was called. It returns ErrNotFound if a complete search does not find the memory.
func (h *history) search(ctx context.Context, at Target, id sigil.ID) (call time.Time, view client.Memory, err error) {
	h.mu.Lock()
	phrase := h.phrases[id]
	h.mu.Unlock()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); ; <-tick.C {
		call = time.Now()
		page, err := at.Search(ctx, client.SearchQuery{Text: phrase, Limit: 10})
		if err != nil {
			return call, view, err
		}
		for i := range page.Hits {
			if view = page.Hits[i].Memory; view.ID != id {
				h.t.Errorf("a search for %s, which only %s has, finds %s: %s", phrase, id, view.ID, view.Data)
			}
		}
		switch {
		case len(page.Hits) > 1:
			h.t.Errorf("a search for %s finds %d memories", phrase, len(page.Hits))
			return call, view, nil
		case len(page.Hits) == 1:
			return call, view, nil
		case page.Complete:
			return call, view, sigil.ErrNotFound
		case time.Since(began) > patience:
			h.t.Errorf("the search stays incomplete for %v", patience)
			return call, view, sigil.ErrNotFound
		}
	}
}

// notSeen reports whether a search in state m may not have found the memory. Unlike other calls, a search that does not
// find it at its deadline says nothing about the calls beside it, which may still defer the deadline.
func (s spec) notSeen(m state, a answer) bool {
	return m.phase != live || a.hi >= s.deadline(m.figures, m.figures.accessed)
}
