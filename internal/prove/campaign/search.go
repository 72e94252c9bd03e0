package campaign

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/client"
)

// word returns the word that only the memory with a serial has. It has no vowels, and ends so that no stemmer shortens it.
func word(serial int) string {
	return "q" + strings.Map(func(digit rune) rune {
		return rune("bcdfghjklmnprtvw"[strings.IndexRune("0123456789abcdef", digit)])
	}, fmt.Sprintf("%x", serial)) + "x"
}

// wordsAtOnce is the number of words in one query of a check.
const wordsAtOnce = 200

// found is what a search found, and when it was asked.
type found struct {
	ids  map[sigil.ID]bool
	from time.Time
}

// searchAll searches a tenant for the words of everything that was ever requested, whether it exists or not. It waits
// until a search is complete, which it is not for a while after a start.
func (l *Ledger) searchAll(ctx context.Context, c *client.Client, tenant string) (found, error) {
	l.mu.Lock()
	var words []string
	for _, e := range l.entries {
		if e.Tenant == tenant {
			words = append(words, word(e.serial))
		}
	}
	l.mu.Unlock()
	f := found{ids: map[sigil.ID]bool{}, from: time.Now()}
	for len(words) > 0 {
		n := min(wordsAtOnce, len(words))
		page, err := searchComplete(ctx, c, strings.Join(words[:n], " "))
		if err != nil {
			return f, err
		}
		if len(page.Hits) > n {
			l.violate("a search for %d words, each of one memory, finds %d in %s", n, len(page.Hits), tenant)
		}
		for i := range page.Hits {
			f.ids[page.Hits[i].Memory.ID] = true
		}
		words = words[n:]
	}
	return f, nil
}

// searchComplete returns what a complete search finds.
func searchComplete(ctx context.Context, c *client.Client, text string) (client.SearchPage, error) {
	ctx, cancel := context.WithTimeout(ctx, Patience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		page, err := c.Search(ctx, client.SearchQuery{Text: text, Limit: 1000, NoContent: true})
		if err != nil || page.Complete {
			return page, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return page, errors.New("the search stays incomplete")
		}
	}
}

// compareFound compares what searches found with the memories that were listed before: each is found unless it has ended
// since, and nothing else is. No memory may have begun in between. mu is held.
func (l *Ledger) compareFound(searched map[string]found, there map[sigil.ID]*listed, r *replay) {
	for tenant, f := range searched {
		for id := range f.ids {
			switch e := l.byID[id]; {
			case there[id] != nil && there[id].view.Tenant == tenant:
				l.searched++
			case e != nil:
				l.violation("a search finds %s, which does not exist", e.name())
			default:
				l.violation("a search finds %s/%s, which does not exist", tenant, id)
			}
		}
	}
	for id, m := range there {
		if f := searched[m.view.Tenant]; f.ids[id] {
			continue
		}
		life := r.memories[id] // read after the search
		if life == nil || life.ended == "" && (life.fades == nil || time.Now().Before(life.fades.Add(-slack))) {
			l.violation("a search does not find %s/%s by a word of its own", m.view.Tenant, id)
		}
	}
}

// search looks for a memory by its word.
func (w *worker) search(ctx context.Context) outcome {
	e := w.other()
	if e == nil {
		return w.encode(ctx)
	}
	g := w.load.Ledger.look(e)
	page, err := w.api.Search(ctx, client.SearchQuery{Text: word(e.serial), Limit: 5})
	what := w.outcome("search", err)
	if what != done {
		return what
	}
	there := false
	for i := range page.Hits {
		view := &page.Hits[i].Memory
		if view.ID != e.id {
			w.load.Ledger.violate("a search for the word of %s finds %s", e.id, view.ID)
			continue
		}
		there = true
		w.load.Ledger.read(e, view)
	}
	if there || page.Complete {
		w.load.Ledger.answered("search", e, g, there)
	}
	return what
}
