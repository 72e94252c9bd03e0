package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sigil-dna/sigil"
	"github.com/sigil-dna/sigil/engine"
	"github.com/sigil-dna/sigil/internal/receipt"
	"github.com/sigil-dna/sigil/store"
)

func (r *rig) choose(q engine.EraseQuery) engine.Choice {
	r.t.Helper()
	c, err := r.Choose(r.ctx(), sigil.DefaultTenant, q, 100)
	r.ok("choose", err)
	return c
}

func tagged(d *sigil.Draft) { d.Tags = []string{"x"} }

// TestChooseShowsWhatAnErasureErases chooses live, forgotten and superseded memories, and erases them by the token.
func TestChooseShowsWhatAnErasureErases(t *testing.T) {
	r := undo(t, store.Quota{}, store.Quota{})
	first := r.encode(`"green tea"`, tagged)
	r.clock.set(time.Second)
	right, forgotten := r.correct(first.Key, `"black tea"`, nil), r.encode(`"coffee"`, tagged)
	stays := r.encode(`"milk"`, nil)
	r.forget(stays.Key)
	r.forget(forgotten.Key)
	q := engine.EraseQuery{Tags: []string{"x"}}
	c := r.choose(q)
	same(t, "counts", c.Counts, receipt.Counts{Memories: 1, Removed: 2, Bytes: int64(first.Size + right.Size + forgotten.Size)})
	same(t, "until", c.Until, start.Add(time.Second+engine.ChoiceTime))
	var shown []string
	for i := range c.First {
		kind := "live"
		if how := c.First[i].Removed; how != nil {
			kind = string(how.Kind)
		}
		shown = append(shown, fmt.Sprint(kind, " ", string(c.First[i].Memory.Data)))
	}
	slices.Sort(shown)
	same(t, "shown", strings.Join(shown, ", "), `corrected "green tea", forgotten "coffee", live "black tea"`)
	r.lives(right.Key, true)
	few, err := r.Choose(r.ctx(), sigil.DefaultTenant, q, 1)
	r.ok("choose", err)
	same(t, "shown of three", len(few.First), 1)

	q.Token = c.Token
	var reported []string
	q.Progress = func(done string) { reported = append(reported, done) }
	done, said := r.erase(q)
	same(t, "erased", done.Counts.Memories+done.Counts.Removed, 3)
	same(t, "request", said.Request, "tags")
	same(t, "left", fmt.Sprint(r.removed()), fmt.Sprint([]sigil.ID{stays.ID}))
	if said.RequestHash == "" || len(reported) > 0 && strings.Contains(strings.Join(reported, ""), "tea") {
		t.Errorf("said %+v, reported %q", said, reported)
	}
	again, _ := r.erase(q)
	same(t, "again", again.Counts, receipt.Counts{})
	same(t, "token of nothing", r.choose(engine.EraseQuery{Tags: q.Tags}).Token, "")
}

// TestATokenIsGoodForOneChoice tries the token of a choice on everything that it was not made for.
func TestATokenIsGoodForOneChoice(t *testing.T) {
	r := undo(t, store.Quota{}, store.Quota{})
	a, b := r.encode(`"a"`, tagged), r.encode(`"b"`, nil)
	byID, byTag := engine.EraseQuery{IDs: []sigil.ID{a.ID}}, engine.EraseQuery{Tags: []string{"x"}}
	token := r.choose(byID).Token
	if byOther := r.choose(byTag).Token; byOther == token {
		t.Error("the tokens of two queries are the same")
	}
	refused := func(what, tenant string, q engine.EraseQuery, kind error, code string) {
		t.Helper()
		done, err := r.Erase(r.ctx(), tenant, q)
		r.fails(what, err, kind, code, "token")
		same(t, what+": receipt", len(done.Receipt), 0)
	}
	with := func(q engine.EraseQuery, token string) engine.EraseQuery { q.Token = token; return q }
	refused("another query", sigil.DefaultTenant, with(byTag, token), sigil.ErrInvalid, "invalid_token")
	refused("other ids", sigil.DefaultTenant, with(engine.EraseQuery{IDs: []sigil.ID{a.ID, b.ID}}, token), sigil.ErrInvalid, "invalid_token")
	refused("all", sigil.DefaultTenant, with(engine.EraseQuery{All: true}, token), sigil.ErrInvalid, "invalid_token")
	refused("another tenant", "other", with(byID, token), sigil.ErrInvalid, "invalid_token")
	for _, made := range []string{"yes", token + "A", token[1:], strings.Repeat("A", len(token)), token[:20] + strings.ToUpper(token[20:21]) + "_" + token[22:]} {
		refused("made up", sigil.DefaultTenant, with(byID, made), sigil.ErrInvalid, "invalid_token")
	}

	ofTag := with(byTag, r.choose(byTag).Token)
	later := r.encode(`"c"`, tagged)
	refused("one more", sigil.DefaultTenant, ofTag, sigil.ErrConflict, "choice_changed")
	r.forget(later.Key)
	refused("one more, forgotten", sigil.DefaultTenant, ofTag, sigil.ErrConflict, "choice_changed")
	r.forget(a.Key) // the same memory
	r.correct(b.Key, `"d"`, nil)

	r.clock.set(engine.ChoiceTime)
	refused("late", sigil.DefaultTenant, with(byID, token), sigil.ErrConflict, "choice_expired")
	r.clock.set(engine.ChoiceTime - time.Millisecond)
	_, err := r.Choose(r.ctx(), sigil.DefaultTenant, engine.EraseQuery{}, 1)
	r.fails("nothing", err, sigil.ErrInvalid, "invalid_erase", "ids")
	done, err := r.another().Erase(r.ctx(), sigil.DefaultTenant, with(byID, token)) // another process
	r.ok("in time", err)
	same(t, "in time", done.Counts.Removed, 1)
}

// TestAChosenMemoryIsCorrectedMeanwhile has the choice followed by a correction, which is not erased.
func TestAChosenMemoryIsCorrectedMeanwhile(t *testing.T) {
	r := undo(t, store.Quota{}, store.Quota{})
	a := r.encode(`"a"`, nil)
	q := engine.EraseQuery{IDs: []sigil.ID{a.ID}}
	q.Token = r.choose(q).Token
	right := r.correct(a.Key, `"b"`, nil)
	done, _ := r.erase(q)
	same(t, "erased", done.Counts.Removed, 1)
	r.lives(right.Key, true)
	same(t, "history", r.versions(right.Key), `"b"`)
}
